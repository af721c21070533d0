"""`smssboot run --deterministic` of an image whose result is known, against booting it."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.guests import DEFAULTS
from bench.measure import Command, race, ratio
from bench.table import Figure

SECTION = "a result from the cache, a process from start to exit"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """How often the one goes into the other, and the milliseconds of both."""
    program = str(Path(sys.executable).with_name("smssboot"))
    out: list[Figure] = []
    for target in DEFAULTS:
        line = (program, "run", "--deterministic", "--arch", target.arch)
        times = race(
            {
                "fresh": Command((*line, "--no-cache"), proof=b"verdict: conforms (exit 0)"),
                "cached": Command(line, proof=b", cached, booted 2"),
            },
            rounds,
        )
        of = target.name
        gain = ratio(times["fresh"], times["cached"])
        out.append(Figure(SECTION, "fresh / cached", gain, of, reach=2, aim=3, more=True))
        out += [
            Figure(SECTION, name, sample.median * 1e3, of, form=".0f", unit=" ms")
            for name, sample in times.items()
        ]
    return out
