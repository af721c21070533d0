"""QEMU's own time for the full boot, start to exit, against the smallest guest on the same machine."""

from __future__ import annotations

from pathlib import Path

from bench.guests import EVERY, Guest
from bench.measure import race, ratio
from bench.table import Figure

SECTION = "QEMU, start to exit"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """A ratio per machine and image, with the milliseconds that it is made of."""
    out: list[Figure] = []
    for target in EVERY:
        guest, of = Guest.on(target, scratch), target.name
        bare = Guest.on(target, scratch, "diskless")
        contenders = {"smallest guest": bare.tiny(), "diskless boot": bare.full()}
        if guest.image.disk is not None:
            contenders["full boot"] = guest.full()
        times = race(contenders, rounds)
        tiny = times["smallest guest"]
        for name in ("full boot", "diskless boot"):
            if name in times:
                out.append(
                    Figure(SECTION, f"{name} / smallest guest", ratio(times[name], tiny), of, reach=5, aim=3)
                )
        for name, sample in reversed(times.items()):
            out.append(Figure(SECTION, name, sample.median * 1e3, of, form=".0f", unit=" ms"))
    return out
