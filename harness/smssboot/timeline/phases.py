"""Where a boot's time went: the phases that its programs announced, each with the time of its own.

A phase opens with the claim `X.begin` of a process and closes with `X.end` of the same process.  The time
between two consecutive records of the guest belongs to the phase that the later record's process was in: the
record was made by what happened before it.  So each nanosecond belongs to exactly one phase, and the own
times of all phases add up to the time of the last record, whatever is damaged, missing or interleaved.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from smssboot.timeline.items import Event
from smssboot.timeline.spans import BEGIN, SYSTEM, Boot, boots, phase_name

__all__ = ["IDLE", "INSTRUCTION_NS", "SYSTEM", "Busy", "Phase", "costs", "phases"]

INSTRUCTION_NS: Final = 8
"""Guest nanoseconds of one instruction in a deterministic run (icount, shift=3)."""

IDLE: Final = "idle"
"""The phase to which waiting belongs.  It runs no instructions, and it shrinks when something else grows."""

_REQUEST: Final = "power.request"
"""The fact with which a boot's shutdown begins; it comes from outside."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of one process, or (with `parent` None) the process itself, named as the process is.

    `name` holds what tells it from others of the same kind (`smss.boot-command index=1`).  `session` is the
    one that the phase is about: `smss.session` of session 1 is the master's.  `begin_ns` and `end_ns` are
    guest time; `end_ns` is None when no end was seen.  `own_ns` is the time that belongs to this phase and to
    none inside it.  `parent` is the number, in the same list, of the phase around it.

    A process's own time is what it spends outside all phases.  The kernel's process, `System`, begins at 0
    and also has the time before each process's first record: creating and loading it.  `IDLE` is the time in
    which every program waited, for a timer of the kernel or for a request from outside.
    """

    name: str
    session: int
    process: str
    begin_ns: int
    end_ns: int | None
    own_ns: int
    parent: int | None

    @property
    def key(self) -> str:
        """The name by which phases of different boots are compared; phases that repeat share it."""
        return f"{self.name} session={self.session}" if self.session else self.name

    @property
    def instructions(self) -> int | None:
        """Instructions of the own time, if the boot was deterministic; None for waiting, which runs none."""
        return None if self.name == IDLE else round(self.own_ns / INSTRUCTION_NS)


def phases(events: Sequence[Event]) -> tuple[Phase, ...]:
    """All phases, by begin; a phase comes behind the one around it.

    `sum(own_ns)` is the time of the last record (after a restart, of the last record of each start).
    """
    found: list[Phase] = []
    for boot in boots(events):
        found += _Walk(boot, len(found)).phases()
    return tuple(found)


def costs(events: Sequence[Event]) -> dict[str, int]:
    """Own time in nanoseconds by `Phase.key`, in the order in which the phases began."""
    found: dict[str, int] = {}
    for phase in phases(events):
        found[phase.key] = found.get(phase.key, 0) + phase.own_ns
    return found


class Busy:
    """Which phases any stretch of a boot's time belongs to (of the last start, where the guest restarted)."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._stretches: list[tuple[int, int, str]] = []
        for boot in boots(events)[-1:]:
            walk = _Walk(boot, 0)
            keys = [phase.key for phase in walk.phases()]
            self._stretches = sorted((then, now, keys[owner]) for then, now, owner in walk.stretches)

    def between(self, begin_ns: int, end_ns: int) -> dict[str, int]:
        """Nanoseconds by `Phase.key` from `begin_ns` to `end_ns`; phases with none of it are left out."""
        found: dict[str, int] = {}
        first = bisect_left(self._stretches, (begin_ns,))
        for then, now, key in self._stretches[max(first - 1, 0) :]:
            if then >= end_ns:
                break
            own = min(now, end_ns) - max(then, begin_ns)
            if own > 0:
                found[key] = found.get(key, 0) + own
        return found


@dataclass(slots=True)
class _Open:
    """A phase while its boot is walked through.  `begin` is its begin's position, None for a process."""

    life: int
    begin: int | None
    session: int
    begin_ns: int
    parent: int | None
    end_ns: int | None = None
    own_ns: int = 0


class _Walk:
    """One walk through the records of one start of the kernel.

    `stretches` are (from, to, number of the phase) for the time before each record.
    """

    def __init__(self, boot: Boot, first: int) -> None:
        self._boot = boot
        self.stretches: list[tuple[int, int, int]] = []
        self._first = first
        self._found = [_Open(0, None, 0, 0, None)]
        self._process: dict[int, int] = {0: 0}
        self._of: dict[int, int] = {}
        self._stacks: dict[int, list[int]] = defaultdict(list)
        self._idle: int | None = None
        self._requested = False
        for at in range(len(boot.records)):
            self._see(at)

    def phases(self) -> Iterator[Phase]:
        names = _names(self._boot)
        for number, known in enumerate(self._found):
            life = self._boot.lives[known.life]
            process = life.name or f"process {life.pid}"
            name, end_ns = process, life.ended_ns
            if number == self._idle:
                name, end_ns = IDLE, known.end_ns
            elif known.begin is not None:
                name, end_ns = names[known.begin], known.end_ns
            parent = None if known.parent is None else known.parent + self._first
            yield Phase(name, known.session, process, known.begin_ns, end_ns, known.own_ns, parent)

    def _see(self, at: int) -> None:
        event, life = self._boot.records[at], self._boot.life_of[at]
        before = self._boot.records[at - 1] if at else None
        now, then = event.time_ns or 0, before.time_ns or 0 if before else 0
        owner = self._owner(at, life) if not self._woke_up(at) else self._idle_phase(then)
        self._found[owner].own_ns += now - then
        self.stretches.append((then, now, owner))
        if owner == self._idle:
            self._found[owner].end_ns = now
        if before is not None and event.seq != (before.seq or 0) + 1:
            self._forget_the_endless()
        if life not in self._process:
            self._process[life] = len(self._found)
            self._found.append(_Open(life, None, event.session or 0, now, None))
        if phase_name(event, BEGIN) is not None:
            self._of[at] = len(self._found)
            self._found.append(_Open(life, at, _session(event), now, self._around(at, life)))
            self._stacks[life].append(self._of[at])
        elif at in self._boot.closes:
            self._close(self._of[self._boot.closes[at]], life, now)

    def _woke_up(self, at: int) -> bool:
        """Whether all programs waited before this record: the kernel made it by itself, after one of theirs.

        After the request to shut down there is no waiting any more.
        """
        self._requested, requested = self._requested or self._is_request(at), self._requested
        if self._is_request(at):
            return True
        lives = self._boot.life_of
        return at > 0 and lives[at] == 0 != lives[at - 1] and not requested

    def _is_request(self, at: int) -> bool:
        event = self._boot.records[at]
        return event.voice == "fact" and event.name == _REQUEST

    def _idle_phase(self, begin_ns: int) -> int:
        if self._idle is None:
            self._idle = len(self._found)
            self._found.append(_Open(0, None, 0, begin_ns, None))
        return self._idle

    def _owner(self, at: int, life: int) -> int:
        """The phase to which the time before a record belongs."""
        if at in self._boot.closes:
            return self._of[self._boot.closes[at]]
        if life not in self._process:
            return 0
        stack = self._stacks[life]
        return stack[-1] if stack else self._process[life]

    def _around(self, at: int, life: int) -> int:
        """The phase inside which one begins: the innermost that does not end before it does."""
        closed = self._boot.closed
        for phase in reversed(self._stacks[life]):
            begin = self._found[phase].begin
            if begin is not None and closed.get(begin, math.inf) > closed.get(at, 0):
                return phase
        return self._process[life]

    def _close(self, phase: int, life: int, now: int) -> None:
        """A phase ends, and with it those inside that never said their end; others overlap and go on."""
        self._found[phase].end_ns = now
        stack = self._stacks[life]
        place = stack.index(phase)
        stack[place:] = [inner for inner in stack[place + 1 :] if not self._endless(inner)]

    def _forget_the_endless(self) -> None:
        """Records are missing here: the end of a phase that has none may be among them."""
        for stack in self._stacks.values():
            stack[:] = [phase for phase in stack if not self._endless(phase)]

    def _endless(self, phase: int) -> bool:
        return self._found[phase].begin not in self._boot.closed


def _session(event: Event) -> int:
    """The session that a phase is about."""
    text = event.data.get("session", "")
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    return event.session or 0


def _names(boot: Boot) -> dict[int, str]:
    """A name for each begin, with its `index`, or with what tells several of one session apart."""
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, event in enumerate(boot.records):
        begun = phase_name(event, BEGIN)
        if begun is not None:
            alike[begun, _session(event)].append(at)
    names: dict[int, str] = {}
    for (name, _), begins in alike.items():
        key = _telling(boot, begins)
        for at in begins:
            value = boot.records[at].data.get(key) if key else None
            names[at] = name if value is None else f"{name} {key}={value}"
    return names


def _telling(boot: Boot, begins: Iterable[int]) -> str | None:
    """The first key whose value is another one in each of these records."""
    data = [boot.records[at].data for at in begins]
    if "index" in data[0]:
        return "index"
    if len(data) > 1:
        for key in data[0]:
            if len({known.get(key) for known in data}) == len(data):
                return key
    return None
