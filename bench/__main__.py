"""`python -m bench [SECTION...]`: runs the sections one after another and prints one table.

Exit codes: 0 everything was measured, whether the goals are met or not; 1 something could not be measured;
2 usage.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench.measure import BenchError
from bench.table import Figure, render
from smssboot.__main__ import GC_THRESHOLD
from smssboot.errors import SmssbootError

SECTIONS: Final = {
    "boots": "QEMU's time for the full boot against the smallest guest",
    "rivals": "smssboot run against a shell, pexpect and labgrid",
    "again": "one more boot in the same process against bare QEMU",
    "snapshots": "going on from a snapshot against booting from power-on",
    "determinism": "a boot with exact times against a free-running one; recording",
    "campaign": "a campaign against a shell loop over bare QEMU",
    "cache": "a result from the cache against booting",
    "instructions": "guest instructions to the steady state",
    "disk": "a boot with a disk against one without; what it writes",
    "throughput": "a FAT file against the disk without a file system",
    "image": "building an image",
    "engine": "growth of the check; records per second of the decoder",
    "report": "the HTML report of ten thousand events",
    "memory": "the harness's and the guest's memory",
}
ROUNDS: Final = 15


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and say whether everything could be measured."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.section if name not in SECTIONS]:
        parser.error(f"unknown section {unknown[0]!r}: there are {', '.join(SECTIONS)}")
    gc.set_threshold(GC_THRESHOLD)  # what a run does, too
    figures: list[Figure] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="smssboot-bench-") as folder:
        for name in options.section or SECTIONS:
            began = time.monotonic()
            print(f"bench: {name}: {SECTIONS[name]} ...", end=" ", file=sys.stderr, flush=True)
            try:
                figures += import_module(f"bench.{name}").figures(options.rounds, Path(folder))
                print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
            except (BenchError, SmssbootError, ImportError) as error:
                print(f"failed\nbench: {error}", file=sys.stderr)
                failed.append(name)
    if figures:
        print(render(figures))
    if options.json:
        Path(options.json).write_text(json.dumps(document(figures, failed), indent=1) + "\n", "utf-8")
    return 1 if failed else 0


def document(figures: Sequence[Figure], failed: Sequence[str]) -> dict[str, Any]:
    """Everything that the table shows, for programs."""
    rows = [{**asdict(figure), "mark": figure.mark} for figure in figures]
    return {"schema": "smssboot.bench/1", "figures": rows, "failed": list(failed)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("section", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--rounds", type=_rounds, default=ROUNDS, metavar="N", help="of each race")
    parser.add_argument("--json", metavar="F", help="also write the figures as JSON")
    return parser


def _rounds(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number of rounds, found {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
