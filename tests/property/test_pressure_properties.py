"""The rules about memory pressure: each is needed, and names what is missing or too little."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from diskworld import NONCE, disk_context, pressed
from worlds import renumber, trace

from smssboot.conformance import check
from smssboot.model import Expectation, ground, load
from smssboot.timeline.items import Event, Item


@lru_cache(maxsize=1)
def world() -> Expectation:
    return ground(load(), disk_context(registry=pressed(), memory_mib=32))


def items() -> list[Item]:
    """A boot in which 8,192 of 16,384 pages had to go to the disk."""
    made = trace(world())
    end = next(n for n, item in enumerate(made) if getattr(item, "name", "") == "bye")
    data = {"path": r"C:\pagefile.sys", "pages-out": "8192", "pages-in": "8192"}
    use = Event("fact", "paging-file.use", data, seq=1, session=0, pid=4)
    return renumber([*made[:end], use, *made[end:]])


def changed(name: str, **data: str) -> list[Item]:
    return [
        replace(item, data={**item.data, **data}) if isinstance(item, Event) and item.name == name else item
        for item in items()
    ]


def test_a_boot_under_pressure_conforms() -> None:
    assert check(world(), items()).verdict == "conforms"


@pytest.mark.parametrize("name", ["memtouch.done", "memtouch.refused", "disk.pattern"])
def test_what_is_missing_is_named(name: str) -> None:
    left = renumber([item for item in items() if getattr(item, "name", "") != name])
    finding = check(world(), left).findings[0]
    assert name in f"{finding.event} {finding.text}"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("memtouch.done", {"bad": "1"}, "wrong data"),
        ("memtouch.done", {"pages": "1024"}, "wrong data"),
        ("memtouch.refused", {"status": "0xC0000017"}, "wrong data"),
        ("disk.pattern", {"pages": "8191"}, "wrong data"),
        ("disk.pattern", {"wrong": "1"}, "wrong data"),
        ("disk.pattern", {"nonce": NONCE[::-1]}, "wrong data"),
        ("paging-file.use", {"pages-out": "8191"}, "forbidden"),
    ],
)
def test_what_is_too_little_or_wrong_is_named(name: str, data: dict[str, str], kind: str) -> None:
    finding = check(world(), changed(name, **data)).findings[0]
    assert (finding.event, finding.kind) == (name, kind)
