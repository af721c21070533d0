"""Whose record is whose, and which end belongs to which begin: what `phases` builds on.

Guests lose lines and die in the middle of things, so nothing here expects a whole log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from smssboot.timeline.items import WIRE_VOICES, Event

SYSTEM_PID: Final = 4
SYSTEM: Final = "System"

BEGIN: Final = ".begin"
END: Final = ".end"

_ABOUT_A_PROCESS: Final = ("process.", "thread.", "image.")
"""Facts whose `name` is that of the process in `pid`."""


@dataclass(slots=True)
class Life:
    """One process from its creation to its end; a process id that is used again begins another one.

    `name` is empty when the log never says it, `ended_ns` None as long as nothing says that it ended.
    """

    pid: int
    name: str = ""
    ended_ns: int | None = None


@dataclass(slots=True)
class Boot:
    """The guest's records from one `hello` to the next, by number.

    `lives[0]` is the kernel's process; `life_of` has for each record the life of the process that made it.
    `closes` has for each end that belongs to a begin that begin (both are positions), `closed` the reverse.
    """

    records: list[Event]
    lives: list[Life] = field(default_factory=list)
    life_of: list[int] = field(default_factory=list)
    closes: dict[int, int] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)


def boots(events: Iterable[Event]) -> list[Boot]:
    """The guest's records, apart for each start of its kernel: numbers and clock start afresh there.

    What has no header (evidence) is left out.  Expects the order of `order.guest_order`.
    """
    found: list[list[Event]] = []
    for event in events:
        if event.voice not in WIRE_VOICES or event.seq is None or event.time_ns is None or event.pid is None:
            continue
        if not found or (event.seq == 0 and event.name == "hello"):
            found.append([])
        found[-1].append(event)
    return [_boot(sorted(records, key=lambda event: event.seq or 0)) for records in found]


def phase_name(event: Event, suffix: str) -> str | None:
    """The phase that this record begins (or ends), None when it does not."""
    if event.voice != "claim" or not event.name.endswith(suffix):
        return None
    return event.name.removesuffix(suffix)


def _boot(records: list[Event]) -> Boot:
    boot = Boot(records, [Life(SYSTEM_PID, SYSTEM)])
    _tell_lives(boot)
    _match(boot)
    return boot


def _tell_lives(boot: Boot) -> None:
    current = {SYSTEM_PID: 0}

    def life(pid: int, anew: bool = False) -> int:
        if anew or pid not in current:
            current[pid] = len(boot.lives)
            boot.lives.append(Life(pid))
        return current[pid]

    for event in boot.records:
        assert event.pid is not None
        boot.life_of.append(life(event.pid))
        about = _pid(event.data)
        if event.voice != "fact" or about is None or not event.name.startswith(_ABOUT_A_PROCESS):
            continue
        anew = event.name == "process.create" and about not in (SYSTEM_PID, event.pid)
        known = boot.lives[life(about, anew)]
        known.name = known.name or event.data.get("name", "")
        if event.name == "process.exit":
            known.ended_ns = event.time_ns
    if boot.records[-1].name == "bye":
        for known in boot.lives:
            if known.ended_ns is None:
                known.ended_ns = boot.records[-1].time_ns


def _pid(data: Mapping[str, str]) -> int | None:
    text = data.get("pid", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None


def _match(boot: Boot) -> None:
    """An end belongs to the latest open begin of its process and name with which its data agree."""
    waiting: dict[tuple[int, str], list[int]] = {}
    for at, event in enumerate(boot.records):
        begun = phase_name(event, BEGIN)
        if begun is not None:
            waiting.setdefault((boot.life_of[at], begun), []).append(at)
        ended = phase_name(event, END)
        if ended is None:
            continue
        candidates = waiting.get((boot.life_of[at], ended), [])
        for place in range(len(candidates) - 1, -1, -1):
            begin = candidates[place]
            if _agree(boot.records[begin].data, event.data):
                del candidates[place]
                boot.closes[at], boot.closed[begin] = begin, at
                break


def _agree(begin: Mapping[str, str], end: Mapping[str, str]) -> bool:
    return all(end[key] == value for key, value in begin.items() if key in end)
