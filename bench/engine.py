"""How the check grows with the log: 10 thousand and 100 thousand events of a boot that conforms."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bench import decoder
from bench.guests import DEFAULTS
from bench.measure import BenchError, best
from bench.table import Figure
from smssboot.conformance import Monitor, check
from smssboot.conformance.synthesis import synthesise
from smssboot.image.build import build
from smssboot.image.built import PLACEHOLDER
from smssboot.model.context import Context
from smssboot.model.expectation import Expectation
from smssboot.study.expect import context, ground_context
from smssboot.timeline.items import Item

SECTION = "conformance"
DEVICES: Final = r"ControlSet001\Control\Session Manager\DOS Devices"
SMALL: Final = 10_000
LARGE: Final = 100_000
ROUNDS: Final = 3


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Offline check and online monitor, as growth over that of n log n; then the decoder's figures."""
    image = build("default", DEFAULTS[0].arch)
    ground = context(image, image.profile, PLACEHOLDER)
    boots = {events: boot_of(ground, events) for events in (SMALL, LARGE)}
    out: list[Figure] = []
    for name, work in (("check", _check), ("monitor", _feed)):
        small, large = (best(partial(work, *boots[events]), ROUNDS) for events in (SMALL, LARGE))
        out += [
            Figure(SECTION, f"{name}, growth / n log n", growth(small, large), reach=1),
            Figure(SECTION, f"{name} of {SMALL:,} events", small * 1e3, form=",.0f", unit=" ms"),
            Figure(SECTION, f"{name} of {LARGE:,} events", large * 1e3, form=",.0f", unit=" ms"),
        ]
    return out + decoder.figures()


def growth(small_s: float, large_s: float, small: int = SMALL, large: int = LARGE) -> float:
    """How much longer the larger one takes, over how much longer an n log n algorithm would."""
    return (large_s / small_s) / (large * math.log(large) / (small * math.log(small)))


def boot_of(ground: Context, events: int) -> tuple[Expectation, list[Item]]:
    """A boot of about so many events: the default image with as many DOS devices as that takes."""
    plain = _events(ground_context(ground))
    each = _events(ground_context(_with_devices(ground, 1))) - plain
    expected = ground_context(_with_devices(ground, round((events - plain) / each)))
    return expected, synthesise(expected)


def _with_devices(ground: Context, count: int) -> Context:
    """Every device is a claim, a fact and a piece of evidence, with orders between them."""
    more = {f"BENCH{n}": ("REG_SZ", rf"\Device\Bench{n}") for n in range(count)}
    devices = {**ground.registry[DEVICES], **more}
    return replace(ground, registry={**ground.registry, DEVICES: devices})


def _events(expected: Expectation) -> int:
    return sum(1 for node in expected.nodes if node.voice)


def _check(expected: Expectation, items: list[Item]) -> None:
    report = check(expected, items)
    if report.verdict != "conforms":
        raise BenchError(f"a synthetic boot deviates: {report.findings[0].text}")


def _feed(expected: Expectation, items: list[Item]) -> None:
    monitor = Monitor(expected)
    for item in items:
        if monitor.feed(item):
            raise BenchError("the monitor rejects a synthetic boot")
    if not monitor.done:
        raise BenchError("the monitor misses the end of a synthetic boot")
