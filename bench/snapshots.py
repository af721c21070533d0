"""Going on from a snapshot at the steady state against booting there from power-on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench.again import conforming
from bench.guests import DEFAULTS, Guest
from bench.measure import BenchError, Sample, race, ratio
from bench.table import Figure
from smssboot.conformance.monitor import Monitor
from smssboot.image.built import BuiltImage
from smssboot.machine import supervisor
from smssboot.machine.vm import Machine
from smssboot.study.boot import Boot
from smssboot.study.options import Options
from smssboot.study.snapshots.snapshot import Snapshot
from smssboot.timeline.items import Item

MACHINE: Final = "snapshots: QEMU's spawn until the guest stands at its steady state"
RUN: Final = "snapshots: the whole run, to the verdict"
AIM: Final = 5
SLOW_ROUNDS: Final = 3
"""For what boots by UEFI firmware, which takes seconds."""

WAYS: Final[Mapping[str, Options]] = {
    "": Options(),
    "memory disk, ": Options(disk="memory"),
    "counted instructions, ": Options(deterministic=True),
    "by UEFI firmware, ": Options(firmware="uefi"),
}


class _ThereError(Exception):
    """The guest stands at its steady state."""


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """By architecture and way to boot: how many times faster, and the milliseconds."""
    out: list[Figure] = []
    for target in DEFAULTS:
        image, of = Guest.on(target, scratch).image, target.name
        for way, options in WAYS.items():
            times = min(rounds, SLOW_ROUNDS) if options.firmware == "uefi" else rounds
            with Snapshot.of(image, options) as snapshot:
                out += _figures(image, options, snapshot, times, way, of)
    return sorted(out, key=lambda figure: figure.section == RUN)


def _figures(
    image: BuiltImage, options: Options, snapshot: Snapshot, rounds: int, way: str, of: str
) -> list[Figure]:
    after = options._replace(restore={image.arch: snapshot})
    ways = {"cold": options, "restored": after}
    there = _in_turn({name: partial(steady, image, what) for name, what in ways.items()}, rounds)
    whole = race({name: partial(conforming, image, what) for name, what in ways.items()}, rounds)
    out = []
    for section, times, aim in ((MACHINE, there, AIM), (RUN, whole, None)):
        cold, restored = times["cold"], times["restored"]
        fast = ratio(cold, restored)
        out += [
            Figure(section, f"{way}cold / restored", fast, of, aim=aim if not way else None, more=True),
            Figure(section, f"{way}cold", cold.median * 1e3, of, form=".0f", unit=" ms"),
            Figure(section, f"{way}restored", restored.median * 1e3, of, form=".0f", unit=" ms"),
        ]
    return out


def steady(image: BuiltImage, options: Options) -> float:
    """Seconds from QEMU's spawn until the host has seen the steady state and the guest stands still there.

    Raises BenchError when it does not come.
    """
    boot = Boot.spawn(image, options)
    try:
        if boot.process is None:
            raise BenchError(str(boot.error))
        boot.load()
        assert boot.expected is not None
        monitor = Monitor(boot.expected)
        found: list[float] = []

        async def there(vm: Machine) -> Iterable[Item]:
            found.append(vm.process.elapsed_ns() / 1e9)
            raise _ThereError

        plan, policy = boot.prepared.plan, boot.policy()
        try:
            outcome = asyncio.run(
                supervisor.run(plan, lambda item: None, policy, monitor, there, None, boot.process)
            )
        except _ThereError:
            return found[0]
        raise BenchError(f"no steady state: {outcome.cause.text}")
    finally:
        boot.close()


def _in_turn(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Sample]:
    """As `measure.race`, for what times itself."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            gc.collect()
            taken = run()
            if number:
                seconds[name].append(taken)
    return {name: Sample(tuple(values)) for name, values in seconds.items()}
