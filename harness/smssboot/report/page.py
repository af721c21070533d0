"""What the HTML report shows, worked out from a study: findings of all architectures put together, phases
side by side, evidence as tables.  `html` and its template only have to write it down.
"""

from __future__ import annotations

import shlex
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from typing import Final

from smssboot.conformance.findings import CODES, Finding
from smssboot.report.groups import Group
from smssboot.report.spans import read_spans
from smssboot.report.terminal import seconds
from smssboot.report.view import EventView, RunView, StudyView
from smssboot.timeline.items import Console, Event
from smssboot.timeline.phases import IDLE, INSTRUCTION_NS, phases

CHUNK: Final = 200
"""Rows of one table of events; the browser lays a table out when it comes into view."""
MAX_COLUMNS: Final = 8
_BEFORE: Final = 2
_AFTER: Final = 1
_DEEPEST: Final = 5

SOURCES: Final[Mapping[str, str]] = {
    "qmp": "QEMU's own events",
    "memory": "guest memory, read while the guest was paused",
    "disk": "the disk, read after power-off",
    "hive": "the registry's hives, read after power-off",
    "pe": "the program files, read without running them",
    "eventlog": "the event log, read after power-off",
}
"""Where evidence comes from, by the first word of its name."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of an excerpt of the log."""

    line: int
    moment: str
    who: str
    text: str
    href: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is in one run.  `href` leads to the record on its line, or to the one before it."""

    label: str
    number: int
    index: int
    name: str
    moment: str
    text: str
    excerpt: tuple[LogLine, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a document, as far as it is known."""

    id: str
    source: str
    text: str


@dataclass(slots=True)
class FindingView:
    """One deviation, in all the runs of a group that have it."""

    finding: Finding
    means: str
    quotes: tuple[Quote, ...]
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cost:
    """Own time of a phase in one run; `share` of the longest one, from 0 to 100."""

    own_ns: int
    instructions: int | None
    share: float


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase in all runs; `ratios` are those of the second and later runs to the first."""

    key: str
    depth: int
    costs: tuple[Cost | None, ...]
    ratios: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Evidence of one kind, as a table.  `rows`: in which runs it was seen, and a cell for each column."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]


def findings(group: Group, study: StudyView) -> list[FindingView]:
    """The findings of a group, the root causes first; those that several runs share are shown once."""
    found: dict[tuple[str, ...], FindingView] = {}
    for label, number, run in zip(group.labels, group.numbers, group.runs, strict=True):
        finder = _Log(run, number)
        for index, finding in enumerate(run.findings):
            key = (finding.code, finding.kind, finding.label or finding.event, finding.expected, finding.got)
            view = found.get(key)
            if view is None:
                means = CODES.get(finding.code, "")
                view = found[key] = FindingView(finding, means, tuple(_quotes(finding, study)))
            view.places.append(finder.place(finding, index, label))
    return list(found.values())


def _quotes(finding: Finding, study: StudyView) -> Iterator[Quote]:
    for statement, sentence in zip_longest(finding.statements, finding.sentences, fillvalue=""):
        known = study.statements.get(statement)
        if known is None:
            yield Quote(statement, "", sentence)
        else:
            source = ", ".join(word for word in (known.document, known.section) if word)
            yield Quote(known.id, source, known.text)


class _Log:
    """The log of a run by line: records and console text."""

    def __init__(self, run: RunView, number: int) -> None:
        self._run = run
        lines: list[tuple[int, LogLine]] = []
        for index, view in enumerate(run.events):
            event = view.event
            if event.line is not None:
                lines.append((event.line, _record(event, f"#e{number}-{index}")))
        lines += [(text.line, _console(text, number)) for text in run.console]
        self._lines = [entry for _, entry in sorted(lines, key=lambda entry: entry[0])]
        self._numbers = [entry.line for entry in self._lines]
        self._number = number

    def place(self, finding: Finding, index: int, label: str) -> Place:
        """Where one finding is."""
        run = self._run
        moments = [] if finding.time_ns is None else [f"{seconds(finding.time_ns)} s"]
        moments += [] if finding.seq is None else [f"seq {finding.seq}"]
        name = run.log if finding.line is None else f"{run.log}:{finding.line}"
        excerpt, href = self._excerpt(finding)
        text = finding.text
        return Place(label, self._number, index, name, ", ".join(moments), text, tuple(excerpt), href)

    def _excerpt(self, finding: Finding) -> tuple[list[LogLine], str]:
        if finding.line is None:
            return [], ""
        at = bisect_right(self._numbers, finding.line)
        is_there = at > 0 and self._numbers[at - 1] == finding.line
        before = self._lines[max(at - _BEFORE - is_there, 0) : at - is_there]
        if is_there:
            here = self._lines[at - 1]
            shown = LogLine(here.line, here.moment, here.who, here.text, here.href, here=True)
            href = here.href
        else:
            shown = LogLine(finding.line, "", "", "damaged or lost", here=True)
            href = before[-1].href if before else ""
        return [*before, shown, *self._lines[at : at + _AFTER]], href


def _record(event: Event, href: str) -> LogLine:
    said = " ".join([event.voice, event.name, *(f"{key}={value}" for key, value in event.data.items())])
    moment = "" if event.time_ns is None else seconds(event.time_ns)
    return LogLine(event.line or 0, moment, f"{event.session}.{event.pid}", said, href)


def _console(text: Console, number: int) -> LogLine:
    return LogLine(text.line, "", "console", text.text, f"#c{number}-{text.line}")


def phase_rows(group: Group) -> list[PhaseRow]:
    """The phases of all runs, each below the one around it, otherwise in the order in which they began."""
    tables = [_phases(run) for run in group.runs]
    children = _tree(tables)
    longest = max((own for table in tables for key, (own, _) in table.items() if key != IDLE), default=0)
    rows = []
    waiting = [(key, 0) for key in reversed(children.get(None, []))]
    while waiting:
        key, depth = waiting.pop()
        waiting += [(child, depth + 1) for child in reversed(children.pop(key, []))]
        costs = [
            _cost(key, table[key][0], run, longest) if key in table else None
            for table, run in zip(tables, group.runs, strict=True)
        ]
        rows.append(PhaseRow(key, min(depth, _DEEPEST), tuple(costs), tuple(_ratios(costs))))
    return rows


def _tree(tables: Sequence[Mapping[str, tuple[int, str | None]]]) -> dict[str | None, list[str]]:
    """By key, the keys of the phases inside it: those of the first run, and what only others have behind
    what it follows there.
    """
    follower: dict[tuple[str | None, str | None], str | None] = {}
    around: dict[str, str | None] = {}
    for table in tables:
        last: dict[str | None, str] = {}
        for key, (_, parent) in table.items():
            if key not in around:
                around[key] = parent
                before = (parent, last.get(parent))
                follower[parent, key] = follower.get(before)
                follower[before] = key
            last[around[key]] = key
    children: dict[str | None, list[str]] = {}
    for parent in (None, *around):
        after = follower.get((parent, None))
        while after is not None:
            children.setdefault(parent, []).append(after)
            after = follower[parent, after]
    return children


def _phases(run: RunView) -> dict[str, tuple[int, str | None]]:
    """By key: own time, and the key of the phase around it."""
    every = phases([view.event for view in run.events])
    found: dict[str, tuple[int, str | None]] = {}
    for phase in every:
        around = None if phase.parent is None else every[phase.parent].key
        own, parent = found.get(phase.key, (0, around if around != phase.key else None))
        found[phase.key] = (own + phase.own_ns, parent)
    return found


def _cost(key: str, own: int, run: RunView, longest: int) -> Cost:
    instructions = own // INSTRUCTION_NS if run.deterministic and key != IDLE else None
    return Cost(own, instructions, min(100.0, 100 * own / longest) if longest and key != IDLE else 0.0)


def _ratios(costs: Sequence[Cost | None]) -> Iterator[float | None]:
    first = costs[0]
    for cost in costs[1:]:
        yield cost.own_ns / first.own_ns if cost and first and first.own_ns else None


def totals(rows: Iterable[PhaseRow], runs: int) -> PhaseRow:
    """The sum of all phases: everything but the waiting."""
    sums = [0] * runs
    counted = [0] * runs
    exact = [True] * runs
    for row in rows:
        for at, cost in enumerate(row.costs):
            if cost is not None and row.key != IDLE:
                sums[at] += cost.own_ns
                exact[at] &= cost.instructions is not None
                counted[at] += cost.instructions or 0
    costs = [Cost(own, counted[at] if exact[at] else None, 0.0) for at, own in enumerate(sums)]
    return PhaseRow("all but waiting", 0, tuple(costs), tuple(_ratios(costs)))


def evidence(group: Group) -> list[tuple[str, str, list[Kind]]]:
    """Evidence by where it comes from: first word, explanation, and a table for each kind."""
    seen: dict[str, dict[tuple[tuple[str, str], ...], list[tuple[str, EventView]]]] = {}
    for label, run in group.labelled:
        for view in run.events:
            if view.event.voice == "evidence":
                rows = seen.setdefault(view.event.name, {})
                entry = rows.setdefault(tuple(view.event.data.items()), [])
                entry.append((label, view))
    ordered = sorted(seen, key=lambda name: name.partition(".")[0])
    return [
        (word, SOURCES.get(word, ""), [_kind(name, seen[name], len(group.runs)) for name in names])
        for word, names in groupby(ordered, key=lambda name: name.partition(".")[0])
    ]


def _kind(
    name: str, seen: Mapping[tuple[tuple[str, str], ...], list[tuple[str, EventView]]], runs: int
) -> Kind:
    keys = tuple(dict.fromkeys(key for data in seen for key, _ in data))
    columns, rest = keys[:MAX_COLUMNS], keys[MAX_COLUMNS:]
    rows = []
    for items, views in seen.items():
        data = dict(items)
        cells = [data.get(key, "") for key in columns]
        if rest:
            cells.append(" ".join(f"{key}={value}" for key, value in items if key not in columns))
        labels = list(dict.fromkeys(label for label, _ in views))
        where = "all" if len(labels) == runs > 1 else ", ".join(labels)
        bad = [view.status for _, view in views if view.status not in ("ok", None)]
        rows.append((where, bad[0] or "" if bad else "", tuple(cells)))
    return Kind(name, (*columns, "more") if rest else columns, tuple(rows))


def process_names(run: RunView) -> dict[int, str]:
    """The name of the process that made a record, by the `id()` of its event."""
    spans = read_spans(run.events)
    return {
        id(view.event): owner.name
        for view, owner in zip(spans.views, spans.owners, strict=True)
        if owner is not None
    }


def finding_links(group: Group) -> dict[tuple[int, int], str]:
    """By run and position of an event: the anchor of the first finding about it."""
    found: dict[tuple[int, int], str] = {}
    for number, run in zip(group.numbers, group.runs, strict=True):
        by_seq = {
            view.event.seq: index for index, view in enumerate(run.events) if view.event.seq is not None
        }
        for index, finding in enumerate(run.findings):
            at = None if finding.seq is None else by_seq.get(finding.seq)
            if at is not None:
                found.setdefault((number, at), f"f{number}-{index}")
    return found


def command_line(argv: Sequence[str]) -> list[str]:
    """QEMU's command line for a shell, as lines: each option begins one."""
    lines: list[str] = []
    for at, word in enumerate(argv):
        if at == 0 or word.startswith("-"):
            lines.append(shlex.quote(word))
        else:
            lines[-1] += f" {shlex.quote(word)}"
    return [
        f"{'  ' if at else ''}{line}{' ' + chr(92) if at + 1 < len(lines) else ''}"
        for at, line in enumerate(lines)
    ]
