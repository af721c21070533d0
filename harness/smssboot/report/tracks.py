"""A study as a trace viewer shows it: groups of tracks, and what begins, ends and happens on them.

Each process of the guest is a process of the trace, once per boot, with its phases (nested; claims that are
no phase are marks among them), its facts and its findings.  One more per boot is the host: the boot as a
whole, why it ended, what the host observed, and how many records had come by then.  Times are nanoseconds of
the guest's clock; what the host observed stands behind the last record before it, a nanosecond apart, with
the host's own time as an argument.

`trace.py` and `pftrace.py` write it in two formats.  All text in it is printable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from smssboot.conformance.findings import Finding
from smssboot.report.naming import run_labels
from smssboot.report.spans import Process, Span, Spans, lanes, read_spans
from smssboot.report.view import EventView, RunView, StudyView
from smssboot.timeline.items import VOICES, Voice
from smssboot.timeline.printable import printable, shorten

Args: TypeAlias = dict[str, str | int]
Edge: TypeAlias = Literal["begin", "end", "instant"]

RUN_PIDS: Final = 100_000
"""The processes of boot n have numbers from n * RUN_PIDS on, the guest's own number added where it fits."""
_GUEST_PIDS: Final = 90_000
_MAX_NAME: Final = 120
_MAX_VALUE: Final = 4000


@dataclass(frozen=True, slots=True)
class Group:
    """A process of the trace; `order` is its place on the screen, `labels` what is said beside its name."""

    pid: int
    name: str
    labels: str
    order: int


@dataclass(frozen=True, slots=True)
class Track:
    """A line of the trace within a process.  Numbers are unique over the whole trace."""

    tid: int
    pid: int
    name: str
    order: int


class Mark(NamedTuple):
    """Something on a track.  Marks stand in the order of their times, ends before begins of the same moment
    as they happened; on each track they nest.
    """

    edge: Edge
    time_ns: int
    track: Track
    name: str
    category: str
    args: Args


class Count(NamedTuple):
    """How many records of each voice had come in a boot at a moment; shown as a curve of its process."""

    time_ns: int
    pid: int
    values: Mapping[Voice, int]


@dataclass(slots=True)
class Tracks:
    """A whole trace.  `runs` describes the boots, in their order."""

    groups: list[Group] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    runs: list[Args] = field(default_factory=list)


def read_tracks(study: StudyView) -> Tracks:
    """The trace of a study."""
    trace = Tracks()
    labels = run_labels(study)
    for number, (run, label) in enumerate(zip(study.runs, labels, strict=True)):
        _Run(trace, run, printable(label), number).add()
    return trace


class _Run:
    """Adds one boot to a trace."""

    def __init__(self, trace: Tracks, run: RunView, label: str, number: int) -> None:
        self.trace, self.run, self.label, self.number = trace, run, label, number
        self.spans: Spans = read_spans(run.events)
        self.base = (number + 1) * RUN_PIDS
        self.groups: dict[Process | None, Group] = {}
        self.lines: dict[tuple[Process | None, str], Track] = {}
        self.taken: set[int] = set()
        self.observed = -1

    def add(self) -> None:
        run = self.run
        self.trace.runs.append(
            _args(
                label=self.label, verdict=run.verdict, cause=run.cause.kind, arch=run.arch,
                profile=run.profile, recipe=run.recipe, image=run.image_id, target=run.target,
                accel=run.accel, qemu=run.qemu_version, deterministic=int(run.deterministic),
                timeline_hash=run.timeline_hash,
            )
        )  # fmt: skip
        self._group(None, f"{self.label}: host")
        for process in self.spans.processes:
            name = process.name or "process"
            self._group(process, f"{self.label}: {name} ({process.session}.{process.pid})")
        whole = self._track(None, "boot")
        first, last = self._extent()
        outcome = _args(verdict=run.verdict, cause=run.cause.kind, text=run.cause.text)
        self._mark("begin", first, whole, f"boot {self.label}", "boot", outcome)
        self._events()
        self._findings()
        for cause in (run.cause, *run.later_causes):
            said = _args(text=cause.text, infrastructure=int(cause.infrastructure))
            said |= _data(cause.data)
            self._mark("instant", last, whole, cause.kind, "cause", said)
        self._mark("end", last, whole, f"boot {self.label}", "boot", {})

    def _extent(self) -> tuple[int, int]:
        """When the boot's first and last record came."""
        times = self.spans.times_ns
        return (times[0], times[-1]) if times else (0, 0)

    def _group(self, process: Process | None, name: str) -> None:
        pid = self.base
        if process is not None:
            pid += process.pid if 0 < process.pid < _GUEST_PIDS else _GUEST_PIDS
            while pid in self.taken:
                pid += 1
        self.taken.add(pid)
        run = self.run
        labels = " ".join(word for word in (run.profile, run.target, run.accel, run.verdict) if word)
        group = Group(pid, _name(name), _name(labels), self.number * RUN_PIDS + len(self.groups))
        self.groups[process] = group
        self.trace.groups.append(group)

    def _track(self, process: Process | None, name: str) -> Track:
        """The track of that name; the first of all is made first, so phases stand above facts."""
        track = self.lines.get((process, name))
        if track is None:
            group = self.groups[process]
            order = sum(1 for owner, _ in self.lines if owner is process)
            track = Track(len(self.trace.tracks) + 1, group.pid, name, order)
            self.lines[process, name] = track
            self.trace.tracks.append(track)
        return track

    def _events(self) -> None:
        """Marks in the order of the timeline, whose times never go back."""
        starts, ends = self._phases()
        counted = dict.fromkeys(VOICES, 0)
        now = 0
        for place, view in enumerate(self.spans.views):
            now = self.spans.times_ns[place]
            for span in ends.get(place, ()):
                self._mark("end", now, self.lane[span], span.name, "claim", _event_args(view))
            for span in starts.get(place, ()):
                self._mark("begin", now, self.lane[span], span.name, "claim", _event_args(view))
            if place not in starts and place not in ends:
                self._instant(view, now, self.spans.owners[place])
            counted[view.event.voice] += 1
            self.trace.counts.append(Count(now, self.groups[None].pid, dict(counted)))
        for span in reversed(ends.get(len(self.spans.views), [])):
            args: Args = {"unfinished": "the boot ended before this phase did"}
            self._mark("end", now, self.lane[span], span.name, "claim", args)

    def _phases(self) -> tuple[dict[int, list[Span]], dict[int, list[Span]]]:
        """The phases by the places where they begin and end; chooses a track for each."""
        self.lane: dict[Span, Track] = {}
        starts: dict[int, list[Span]] = {}
        ends: dict[int, list[Span]] = {}
        owned: dict[Process, list[Span]] = {}
        for span in self.spans.spans:
            owned.setdefault(span.process, []).append(span)
        for process, own in owned.items():
            for span, lane in zip(own, lanes(own), strict=True):
                self.lane[span] = self._track(process, f"phases {lane + 1}" if lane else "phases")
        for span in self.spans.spans:
            starts.setdefault(span.first, []).append(span)
            ends.setdefault(span.last, []).append(span)
        return starts, ends

    def _instant(self, view: EventView, now: int, owner: Process | None) -> None:
        event = view.event
        if event.voice == "evidence":
            line, owner = f"evidence: {event.name.partition('.')[0]}", None
            # A nanosecond apart: a viewer stacks what happens at the same moment.
            now = max(now, self.observed + 1)
            self.observed = now
        else:
            line = "phases" if event.voice == "claim" else "facts"
        track = self._track(owner, _name(line))
        self._mark("instant", now, track, _what(view), event.voice, _event_args(view))

    def _findings(self) -> None:
        """Each finding where it happened, in its process; what never came is at the end, with the host."""
        places = {view.event.seq: place for place, view in enumerate(self.spans.views)}
        first, last = self._extent()
        found: list[Mark] = []
        for number, finding in enumerate(self.run.findings, 1):
            place = places.get(finding.seq) if finding.seq is not None else None
            owner = self.spans.owners[place] if place is not None else None
            if place is not None:
                now = self.spans.times_ns[place]
            else:
                now = last if finding.time_ns is None else min(max(finding.time_ns, first), last)
            track = self._track(owner, "findings")
            name = _name(f"{finding.code} {finding.kind}: {finding.label or finding.event or 'the log'}")
            found.append(Mark("instant", now, track, name, "finding", _finding_args(finding, number)))
        self.trace.marks += sorted(found, key=lambda mark: mark.time_ns)

    def _mark(self, edge: Edge, now: int, track: Track, name: str, category: str, args: Args) -> None:
        self.trace.marks.append(Mark(edge, now, track, _name(name), category, args))


def _what(view: EventView) -> str:
    """An event's name, with the one word of its data that tells it from its like."""
    event = view.event
    for key in ("path", "name", "key", "type", "file"):
        if event.data.get(key):
            return f"{event.name} {event.data[key]}"
    return event.name


def _event_args(view: EventView) -> Args:
    event = view.event
    args = _args(**{"status": view.status or ""})
    for key, value in (("seq", event.seq), ("line", event.line), ("time_ns", event.time_ns)):
        if value is not None:
            args[key] = value
    if event.voice == "evidence":
        args["host_ns"] = event.host_ns
    if event.repaired:
        args["repaired"] = printable(event.repaired)
    return args | _data(event.data)


def _data(data: Mapping[str, str]) -> Args:
    return {f"data.{_name(key)}": shorten(printable(value), _MAX_VALUE) for key, value in data.items()}


def _finding_args(finding: Finding, number: int) -> Args:
    args = _args(
        number=number, code=finding.code, kind=finding.kind, severity=finding.severity, text=finding.text,
        expected=finding.expected, got=finding.got, statements=" ".join(finding.statements),
        sentences=" / ".join(finding.sentences), why=finding.why, rule=finding.rule,
        likely_cause=finding.cause, repair=finding.repair, related=", ".join(finding.related),
    )  # fmt: skip
    for key, value in (("seq", finding.seq), ("line", finding.line), ("time_ns", finding.time_ns)):
        if value is not None:
            args[key] = value
    return args


def _args(**values: str | int) -> Args:
    """Those of the arguments that say something, made safe to show."""
    return {
        key: value if isinstance(value, int) else shorten(printable(value), _MAX_VALUE)
        for key, value in values.items()
        if value != ""
    }


def _name(words: str) -> str:
    """A name or key: short, printable, not empty, and without the backslash at its end (see trace.py)."""
    return shorten(printable(words), _MAX_NAME).rstrip("\\ ") or "?"
