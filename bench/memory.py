"""What memory it takes: the harness's own at its peak, and the RAM that the guest boots in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.again import conforming
from bench.guests import DEFAULTS, Guest
from bench.measure import BenchError
from bench.table import Figure
from smssboot.study.options import Options

SECTION = "memory"
HARNESS_MIB: Final = 100
GUEST_MIB: Final = 64

# Its own peak, not that of the QEMUs which it waited for.
_PROGRAM: Final = """
import gc, pathlib, sys
from smssboot.__main__ import GC_THRESHOLD
from smssboot.cli import main
gc.set_threshold(GC_THRESHOLD)
status = main(["run", "--arch", "all"])
print(pathlib.Path("/proc/self/status").read_text(), file=sys.stderr)
sys.exit(status)
"""


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Peak resident size of a run of both architectures; a conforming boot in the default RAM of a target."""
    peak = harness_peak_mib()
    out = [
        Figure(SECTION, "harness, peak / 100 MiB", peak / HARNESS_MIB, reach=1),
        Figure(SECTION, "harness, peak", peak, form=".0f", unit=" MiB"),
    ]
    for target in DEFAULTS:
        boot = conforming(Guest.on(target, scratch).image, Options(memory_mib=GUEST_MIB))
        given = boot.prepared.plan.ram_bytes / (GUEST_MIB << 20)
        out.append(Figure(SECTION, "RAM that the guest conforms in / 64 MiB", given, target.name, reach=1))
    return out


def harness_peak_mib() -> float:
    """VmHWM of `smssboot run --arch all`, in MiB. Raises BenchError when the run fails."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=120)
    found = re.search(r"^VmHWM:\s+(\d+) kB$", done.stderr, re.MULTILINE)
    if done.returncode or found is None:
        raise BenchError(f"smssboot run --arch all ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return int(found[1]) / 1024
