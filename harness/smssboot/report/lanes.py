"""Where everything of a timeline is drawn: lanes by session and process, all runs on one time axis.

The layout only; `svg` draws it, for the file and for the HTML page alike.  Positions along the axis are
fractions from 0 to 1.  Each process has one lane in each run, and the lanes of the same process stand one
under the other: the same name in the same session, the first of that name with the first, and so on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from smssboot.conformance.findings import Finding
from smssboot.report.view import RunView
from smssboot.timeline.items import Event, Voice
from smssboot.timeline.spans import BEGIN, SYSTEM_PID, Boot, boots, phase_name

BREAK: Final = 0.035
"""Width of a gap that was cut out of the axis."""
MAX_ROWS: Final = 12
"""Phases of one process that are open at the same time and still have a row each."""
MAX_PROCESSES: Final = 200
"""Processes that are drawn; a guest can make as many as it likes."""
_LONG: Final = 3
"""A gap of nothing is cut when so many times its length is more than all the rest ..."""
_UNUSUAL: Final = 20
"""... and it is so many times longer than half of the gaps are."""
_MARGIN: Final = 0.01
_LEAST_NS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the axis: from `begin_ns` to `end_ns` of the guest, drawn from `left` to `right`.

    In a `cut` nobody said anything for a long time; it is drawn short.
    """

    begin_ns: int
    end_ns: int
    left: float
    right: float
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """The time axis."""

    segments: tuple[Segment, ...]

    def at(self, ns: int) -> float:
        """Where a time of the guest is; times beyond the axis are at its ends."""
        begins = [segment.begin_ns for segment in self.segments]
        piece = self.segments[max(bisect_right(begins, ns) - 1, 0)]
        share = (ns - piece.begin_ns) / max(piece.end_ns - piece.begin_ns, 1)
        return piece.left + (piece.right - piece.left) * min(max(share, 0.0), 1.0)

    @property
    def shown_ns(self) -> int:
        """How much time the axis shows, without what is cut."""
        return sum(each.end_ns - each.begin_ns for each in self.segments if not each.cut)


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase: between its two claims, `<name>.begin` and `<name>.end`.

    `what` are the data of its begin, `which` the session or the index that it is about, or empty.  `row`
    counts from 0 downwards, so that phases that are open together do not hide each other.  Without an end
    `end_ns` is where the process spoke last, and `ended` is False.
    """

    name: str
    what: str
    which: str
    begin_ns: int
    end_ns: int
    ended: bool
    row: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding in its place.  `run` and `index` say which of `runs[run].findings` it is."""

    run: int
    index: int
    finding: Finding
    at: float | None


@dataclass(frozen=True, slots=True)
class Lane:
    """One process of one run."""

    run: int
    pid: int
    bars: tuple[Bar, ...] = ()
    ticks: Mapping[Voice, tuple[float, ...]] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    begin_ns: int = 0
    end_ns: int = 0

    @property
    def rows(self) -> int:
        """Rows of bars."""
        return max((bar.row + 1 for bar in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class Process:
    """The lanes of one process in all runs that have it, in the order of the runs."""

    session: int
    name: str
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All lanes.  `homeless` are findings that no lane can show: they have no time.  `left_out` counts the
    processes beyond `MAX_PROCESSES`.
    """

    scale: Scale
    processes: tuple[Process, ...]
    homeless: tuple[Mark, ...] = ()
    left_out: int = 0


def chart(runs: Sequence[RunView]) -> Chart:
    """The lanes of runs that belong together: the same image on several architectures."""
    traces = [_trace(run) for run in runs]
    scale = _scale(traces)
    lanes: dict[tuple[int, str, int], list[Lane]] = {}
    homeless: list[Mark] = []
    for number, (run, trace) in enumerate(zip(runs, traces, strict=True)):
        marks = _marks(number, run, trace, scale)
        homeless += marks.pop(None, [])
        seen: dict[tuple[int, str], int] = {}
        for key, process in trace.items():
            nth = seen[process.session, process.name] = seen.get((process.session, process.name), -1) + 1
            lane = _lane(number, process, marks.get(key, ()), scale)
            lanes.setdefault((process.session, process.name, nth), []).append(lane)
    order = sorted(lanes, key=lambda key: (key[0], not _is_system(lanes[key])))
    drawn = order[:MAX_PROCESSES]
    processes = tuple(Process(key[0], key[1], tuple(lanes[key])) for key in drawn)
    return Chart(scale, processes, tuple(homeless), len(order) - len(drawn))


def _is_system(lanes: Sequence[Lane]) -> bool:
    return lanes[0].pid == SYSTEM_PID


@dataclass(slots=True)
class _Process:
    """One process of one run.  `spans` are its phases: begin, end if there is one, and row."""

    session: int
    pid: int
    name: str
    events: list[Event] = field(default_factory=list)
    spans: list[tuple[Event, Event | None, int]] = field(default_factory=list)


_Key = tuple[int, int]
"""A process: the start of the kernel, and the life in it."""


def _trace(run: RunView) -> dict[_Key, _Process]:
    """The processes of a run in the order of their first record, with their phases.

    When the kernel started again, its clock did too: the second boot is laid behind the first.
    """
    found: dict[_Key, _Process] = {}
    passed = 0
    for number, boot in enumerate(boots([view.event for view in run.events])):
        records = [replace(event, time_ns=passed + (event.time_ns or 0)) for event in boot.records]
        rows = dict(_rows(boot))
        for at, (event, life) in enumerate(zip(records, boot.life_of, strict=True)):
            process = found.get((number, life))
            if process is None:
                known = boot.lives[life]
                name = known.name or f"process {known.pid}"
                process = found[number, life] = _Process(event.session or 0, known.pid, name)
            process.events.append(event)
            if at in rows:
                closed = boot.closed.get(at)
                process.spans.append((event, None if closed is None else records[closed], rows[at]))
        passed = max(passed, *(_time(event) for event in records))
    return found


def _rows(boot: Boot) -> Iterator[tuple[int, int]]:
    """For the position of each begin the row in which its phase has room."""
    users: dict[int, list[int]] = {}
    given: dict[int, int] = {}
    for at, (event, life) in enumerate(zip(boot.records, boot.life_of, strict=True)):
        busy = users.setdefault(life, [0] * MAX_ROWS)
        if phase_name(event, BEGIN) is not None:
            given[at] = busy.index(min(busy))
            busy[given[at]] += 1
            yield at, given[at]
        elif at in boot.closes:
            busy[given[boot.closes[at]]] -= 1


def _scale(traces: Sequence[Mapping[_Key, _Process]]) -> Scale:
    """From the guest's power-on to its last record; gaps longer than a third of all the rest are cut.

    Never a gap inside a phase: a phase that takes nearly all the time has to look like that.
    """
    processes = [process for trace in traces for process in trace.values()]
    times = sorted({0, *(_time(event) for process in processes for event in process.events)})
    busy = _union(
        (_time(begin), _time(end) if end else _time(process.events[-1]))
        for process in processes
        for begin, end, _ in process.spans
    )
    starts = [begin for begin, _ in busy]

    def idle(gap: tuple[int, int]) -> bool:
        at = bisect_right(starts, gap[0]) - 1
        inside = at >= 0 and busy[at][1] > gap[0]
        following = at + 1 < len(busy) and busy[at + 1][0] < gap[1]
        return not inside and not following

    rest = times[-1] - times[0]
    cuts: set[tuple[int, int]] = set()
    gaps = sorted(pairwise(times), key=lambda gap: gap[0] - gap[1])
    usual = gaps[len(gaps) // 2][1] - gaps[len(gaps) // 2][0] if gaps else 0
    for gap in gaps:
        length = gap[1] - gap[0]
        if length * _LONG <= rest - length or length <= usual * _UNUSUAL:
            break
        if idle(gap) and rest > length:
            cuts.add(gap)
            rest -= length
    return Scale(tuple(_segments(times, sorted(cuts), max(rest, _LEAST_NS))))


def _segments(times: Sequence[int], cuts: Sequence[tuple[int, int]], shown_ns: int) -> Iterable[Segment]:
    room = 1 - 2 * _MARGIN - BREAK * len(cuts)
    at, left = times[0], _MARGIN
    for begin, end in cuts:
        right = left + room * (begin - at) / shown_ns
        yield Segment(at, begin, left, right)
        yield Segment(begin, end, right, right + BREAK, cut=True)
        at, left = end, right + BREAK
    yield Segment(at, max(times[-1], at + 1), left, 1 - _MARGIN)


def _union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time covered by intervals that do not touch, in order."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _lane(run: int, process: _Process, marks: Sequence[Mark], scale: Scale) -> Lane:
    first, last = _time(process.events[0]), _time(process.events[-1])
    bars = []
    for begin, end, row in process.spans:
        ends = _time(end) if end else last
        said = " ".join(f"{key}={value}" for key, value in begin.data.items())
        name = begin.name.removesuffix(".begin")
        place = (scale.at(_time(begin)), scale.at(ends))
        bars.append(
            Bar(
                name,
                said,
                begin.data.get("session") or begin.data.get("index", ""),
                _time(begin),
                ends,
                end is not None,
                row,
                *place,
            )
        )
    ticks: dict[Voice, list[float]] = {}
    for event in process.events:
        ticks.setdefault(event.voice, []).append(scale.at(_time(event)))
    placed = {voice: tuple(every) for voice, every in ticks.items()}
    return Lane(run, process.pid, tuple(bars), placed, tuple(marks), first, last)


def _marks(
    number: int, run: RunView, trace: Mapping[_Key, _Process], scale: Scale
) -> dict[_Key | None, list[Mark]]:
    """Findings by the lane they are in.  Without a time of its own a finding is at the record on its line,
    or before it; what has neither (evidence) is under None.
    """
    by_seq: dict[int, tuple[_Key, Event]] = {}
    by_line: list[tuple[int, _Key, Event]] = []
    for key, process in trace.items():
        for event in process.events:
            if event.seq is not None:
                by_seq[event.seq] = (key, event)
            if event.line is not None:
                by_line.append((event.line, key, event))
    by_line.sort(key=lambda entry: entry[0])
    lines = [line for line, _, _ in by_line]
    found: dict[_Key | None, list[Mark]] = {}
    for index, finding in enumerate(run.findings):
        place: tuple[_Key, Event] | None = None
        if finding.seq is not None:
            place = by_seq.get(finding.seq)
        if place is None and finding.line is not None and by_line:
            _, key, event = by_line[max(bisect_right(lines, finding.line) - 1, 0)]
            place = (key, event)
        at = None if place is None else scale.at(_time(place[1]))
        found.setdefault(place[0] if place else None, []).append(Mark(number, index, finding, at))
    return found


def _time(event: Event) -> int:
    return event.time_ns or 0
