"""A boot on one clock: for each event its time and process, and the phases from begin to end.

Builds on `timeline.spans`, which says whose record is whose and which end belongs to which begin; adds what
the host observed, and puts the starts of a guest that restarted behind each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from smssboot.report.view import EventView
from smssboot.timeline.order import guest_order
from smssboot.timeline.spans import BEGIN, SYSTEM, SYSTEM_PID, boots, phase_name


@dataclass(slots=True, eq=False)
class Process:
    """A process of the guest; `name` is empty when nobody said it."""

    pid: int
    session: int
    name: str = ""


@dataclass(slots=True, eq=False)
class Span:
    """A phase of a process.  `first` and `last` are the places of its two claims among the views; `last` is
    behind all of them for a phase that was never left, which then lasts until the last record.
    """

    name: str
    process: Process
    first: int
    last: int
    begin_ns: int
    end_ns: int
    ended: bool


@dataclass(slots=True)
class Spans:
    """The events of a boot in the guest's order (`views`), with what is known about each of them.

    `times_ns` never goes back: it is the guest's clock, on which a restart begins where the guest ended
    before.  What the host observed has the time of the last record before it, of the first one at the start.
    `owners` has for each event its process; None for observations of the host.
    """

    views: list[EventView]
    processes: list[Process] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)
    owners: list[Process | None] = field(default_factory=list)


def read_spans(views: Sequence[EventView]) -> Spans:
    """Processes of one boot in the order in which they spoke, phases by their begin."""
    by_event = {id(view.event): view for view in views}
    ordered = [by_event[id(item)] for item in guest_order([view.event for view in views])]
    found = Spans(ordered)
    times, owners, pairs = _read_records(ordered)
    now = next((times[id(view.event)] for view in ordered if id(view.event) in times), 0)
    places: dict[int, int] = {}
    for place, view in enumerate(ordered):
        known = id(view.event)
        now = max(now, times.get(known, now))
        owner = owners.get(known)
        places[known] = place
        found.times_ns.append(now)
        found.owners.append(owner)
    found.processes = list(dict.fromkeys(owner for owner in found.owners if owner is not None))
    for view in ordered:
        name, owner = phase_name(view.event, BEGIN), owners.get(id(view.event))
        if name is None or owner is None:
            continue
        first = places[id(view.event)]
        last = places.get(pairs.get(id(view.event), 0), len(ordered))
        if last > first:
            end_ns = found.times_ns[last] if last < len(ordered) else now
            span = Span(name, owner, first, last, found.times_ns[first], end_ns, last < len(ordered))
            found.spans.append(span)
    return found


def _read_records(views: Sequence[EventView]) -> tuple[dict[int, int], dict[int, Process], dict[int, int]]:
    """For each record (by identity) its time and its process, and for each begin its end."""
    times: dict[int, int] = {}
    owners: dict[int, Process] = {}
    pairs: dict[int, int] = {}
    offset = 0
    for boot in boots(view.event for view in views):
        lives: dict[int, Process] = {}
        for at, event in enumerate(boot.records):
            number = boot.life_of[at]
            life = boot.lives[number]
            if number not in lives:
                name = life.name or (SYSTEM if life.pid == SYSTEM_PID else "")
                lives[number] = Process(life.pid, event.session or 0, name)
            owners[id(event)] = lives[number]
            times[id(event)] = offset + (event.time_ns or 0)
        for begin, end in boot.closed.items():
            pairs[id(boot.records[begin])] = id(boot.records[end])
        offset = max([offset, *(times[id(event)] for event in boot.records)])
    return times, owners, pairs


def lanes(spans: Iterable[Span]) -> list[int]:
    """For each phase of one process a lane, from 0, such that on every lane phases nest.

    `spans` are in the order of their begin.  Two phases that overlap without one holding the other are on
    different lanes.
    """
    every: list[list[int]] = []
    chosen: list[int] = []
    for span in spans:
        for ends in every:
            while ends and ends[-1] < span.first:
                ends.pop()
        lane = next((n for n, ends in enumerate(every) if not ends or ends[-1] >= span.last), len(every))
        if lane == len(every):
            every.append([])
        every[lane].append(span.last)
        chosen.append(lane)
    return chosen
