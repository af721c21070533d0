"""Where everything of a timeline is drawn: lanes by session and process, all runs on one time axis.

The layout only; `svg` draws it, for the file and for the HTML page alike.  Positions along the axis are
fractions from 0 to 1.  Each process has one lane in each run, and the lanes of the same process stand one
under the other: the same name in the same session, the first of that name with the first, and so on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from smssboot.conformance.findings import Finding
from smssboot.report.spans import Span, Spans, read_spans
from smssboot.report.view import EventView, RunView
from smssboot.timeline.items import Event, Voice
from smssboot.timeline.spans import SYSTEM_PID

BREAK: Final = 0.035
"""Width of a gap that was cut out of the axis."""
MAX_ROWS: Final = 12
"""Phases of one process that are open at the same time and still have a row each."""
MAX_PROCESSES: Final = 200
"""Processes that are drawn; a guest can make as many as it likes."""
MAX_CUTS: Final = 8
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
    read = [read_spans(run.events) for run in runs]
    traces = [_trace(spans) for spans in read]
    scale = _scale([process for trace in traces for process in trace])
    lanes: dict[tuple[int, str, int], list[Lane]] = {}
    homeless: list[Mark] = []
    for number, (run, spans, trace) in enumerate(zip(runs, read, traces, strict=True)):
        marks = _marks(number, run, trace, scale)
        homeless += marks.pop(None, [])
        seen: dict[tuple[int, str], int] = {}
        for at, process in enumerate(trace):
            nth = seen[process.session, process.name] = seen.get((process.session, process.name), -1) + 1
            lane = _lane(number, process, spans.views, marks.get(at, ()), scale)
            lanes.setdefault((process.session, process.name, nth), []).append(lane)
    order = sorted(lanes, key=lambda key: (key[0], not _is_system(lanes[key])))
    drawn = order[:MAX_PROCESSES]
    processes = tuple(Process(key[0], key[1], tuple(lanes[key])) for key in drawn)
    return Chart(scale, processes, tuple(homeless), len(order) - len(drawn))


def _is_system(lanes: Sequence[Lane]) -> bool:
    return lanes[0].pid == SYSTEM_PID


@dataclass(slots=True)
class _Process:
    """One process of one run: its records with their times, its phases, and for each of these a row."""

    session: int
    pid: int
    name: str
    records: list[tuple[int, Event]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    @property
    def ends_ns(self) -> int:
        """When it spoke last."""
        return self.records[-1][0]

    def end_ns(self, span: Span) -> int:
        """The end of a phase; one that was never left lasts until the process spoke last."""
        return span.end_ns if span.ended else self.ends_ns


def _trace(spans: Spans) -> list[_Process]:
    """The processes of a run in the order of their first record, with their phases."""
    found: dict[int, _Process] = {}
    for now, view, owner in zip(spans.times_ns, spans.views, spans.owners, strict=True):
        if owner is not None:
            name = owner.name or f"process {owner.pid}"
            process = found.setdefault(id(owner), _Process(owner.session, owner.pid, name))
            process.records.append((now, view.event))
    for span in spans.spans:
        found[id(span.process)].spans.append(span)
    return list(found.values())


def _rows(spans: Iterable[Span]) -> Iterator[int]:
    """For each phase the row in which it has room, counted downwards.  `spans` are in the order of begin."""
    users = [0] * MAX_ROWS
    open_: list[tuple[int, int]] = []
    for span in spans:
        while open_ and open_[0][0] < span.first:
            users[heappop(open_)[1]] -= 1
        row = users.index(min(users))
        users[row] += 1
        heappush(open_, (span.last, row))
        yield row


def _scale(processes: Sequence[_Process]) -> Scale:
    """From the guest's power-on to its last record; gaps longer than a third of all the rest are cut.

    Never a gap inside a phase: a phase that takes nearly all the time has to look like that.
    """
    times = sorted({0, *(now for process in processes for now, _ in process.records)})
    busy = _union((span.begin_ns, process.end_ns(span)) for process in processes for span in process.spans)
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
        if length * _LONG <= rest - length or length <= usual * _UNUSUAL or len(cuts) == MAX_CUTS:
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


def _lane(
    run: int, process: _Process, views: Sequence[EventView], marks: Sequence[Mark], scale: Scale
) -> Lane:
    bars = []
    for span, row in zip(process.spans, _rows(process.spans), strict=True):
        data, ends = views[span.first].event.data, process.end_ns(span)
        said = " ".join(f"{key}={value}" for key, value in data.items())
        which = data.get("session") or data.get("index", "")
        place = (scale.at(span.begin_ns), scale.at(ends))
        bars.append(Bar(span.name, said, which, span.begin_ns, ends, span.ended, row, *place))
    ticks: dict[Voice, list[float]] = {}
    for now, event in process.records:
        ticks.setdefault(event.voice, []).append(scale.at(now))
    placed = {voice: tuple(every) for voice, every in ticks.items()}
    return Lane(run, process.pid, tuple(bars), placed, tuple(marks), process.records[0][0], process.ends_ns)


def _marks(
    number: int, run: RunView, trace: Sequence[_Process], scale: Scale
) -> dict[int | None, list[Mark]]:
    """Findings by the number of the process whose lane they are in.  Without a time of its own a finding is
    at the record on its line, or before it; what has neither (evidence) is under None.
    """
    by_seq: dict[int, tuple[int, int]] = {}
    by_line: list[tuple[int, int, int]] = []
    for at, process in enumerate(trace):
        for now, event in process.records:
            if event.seq is not None:
                by_seq[event.seq] = (at, now)
            if event.line is not None:
                by_line.append((event.line, at, now))
    by_line.sort()
    lines = [line for line, _, _ in by_line]
    found: dict[int | None, list[Mark]] = {}
    for index, finding in enumerate(run.findings):
        place = None if finding.seq is None else by_seq.get(finding.seq)
        if place is None and finding.line is not None and by_line:
            place = by_line[max(bisect_right(lines, finding.line) - 1, 0)][1:]
        where, when = place if place is not None else (None, None)
        mark = Mark(number, index, finding, None if when is None else scale.at(when))
        found.setdefault(where, []).append(mark)
    return found
