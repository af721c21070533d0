"""QEMU's own time for the full boot, start to exit, against the smallest guest on the same machine."""

from __future__ import annotations

from pathlib import Path

from bench.guests import EVERY, Guest
from bench.measure import race, ratio
from bench.table import Figure

SECTION = "QEMU, start to exit"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """A ratio per machine, with the milliseconds that it is made of."""
    out: list[Figure] = []
    for target in EVERY:
        guest, of = Guest.on(target, scratch), target.name
        times = race({"full": guest.full(), "tiny": guest.tiny()}, rounds)
        full, tiny = times["full"], times["tiny"]
        out += [
            Figure(SECTION, "full boot / smallest guest", ratio(full, tiny), of, reach=5, aim=3),
            Figure(SECTION, "full boot", full.median * 1e3, of, form=".0f", unit=" ms"),
            Figure(SECTION, "smallest guest", tiny.median * 1e3, of, form=".0f", unit=" ms"),
        ]
    return out
