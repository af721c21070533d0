"""Guest instructions from reset to the steady state, counted by QEMU."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.again import conforming
from bench.guests import DEFAULTS, Guest
from bench.measure import BenchError
from bench.table import Figure
from smssboot.conformance import Monitor
from smssboot.study.boot import Boot
from smssboot.study.options import Options
from smssboot.timeline.items import Event

SECTION = "guest instructions (icount)"
NS_PER_INSTRUCTION: Final = 8
"""`-icount shift=3`: what every instruction adds to the guest's clock; idle time is skipped."""


IMAGES: Final = {"default": "with a disk", "diskless": "without a disk"}


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Two boots per architecture and image, which must count the same."""
    out: list[Figure] = []
    for recipe, words in IMAGES.items():
        counts = {target.name: count(Guest.on(target, scratch, recipe)) for target in DEFAULTS}
        least = min(counts.values())
        for name, found in counts.items():
            out += [
                Figure(SECTION, f"to steady state {words} / the other machine", found / least, name),
                Figure(SECTION, f"to steady state {words}", found / 1e6, name, form=".3f", unit=" M"),
            ]
    return out


def count(guest: Guest) -> int:
    """Instructions to the steady state. Raises BenchError when two boots differ."""
    first, second = (
        steady_ns(conforming(guest.image, Options(deterministic=True))) // NS_PER_INSTRUCTION
        for _ in range(2)
    )
    if first != second:
        raise BenchError(f"{guest.target.name}: {first:,} instructions, then {second:,}: not deterministic")
    return first


def steady_ns(boot: Boot) -> int:
    """The guest's clock, since kernel entry, at the event that completed the steady state."""
    assert boot.expected is not None
    monitor = Monitor(boot.expected)
    for item in boot.items:
        monitor.feed(item)
        if monitor.steady and isinstance(item, Event) and item.time_ns is not None:
            return item.time_ns
    raise BenchError(f"{boot.image.arch}: never steady")
