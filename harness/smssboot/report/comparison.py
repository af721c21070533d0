"""Two runs side by side, for people: their phases, and in what they diverge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smssboot.conformance.comparison import Comparison, Divergence, Which
from smssboot.conformance.declared import Sorted
from smssboot.report.costs import by_key
from smssboot.report.table import Cell, count, milliseconds, ratio, table
from smssboot.report.terminal import Line, Span
from smssboot.report.view import RunView
from smssboot.timeline.phases import IDLE, INSTRUCTION_NS
from smssboot.timeline.printable import printable, shorten

_VALUE: Final = 100
_WORTH_SHOWING: Final = 0.01
"""Phases that take a smaller part of both boots are counted and not shown."""
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase in both runs; None where it did not take place, instructions also where none were counted."""

    key: str
    process: str
    a_ns: int | None
    b_ns: int | None
    a_instructions: int | None
    b_instructions: int | None


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Two runs that were compared.

    `names` are what they are called, `by_model` says whether the model of both was known, `anyway` in what
    they differ so that they should not have been compared.
    """

    a: RunView
    b: RunView
    names: tuple[str, str]
    comparison: Comparison
    sorted: Sorted
    by_model: bool = True
    anyway: tuple[str, ...] = ()

    @property
    def diverges(self) -> bool:
        """Whether there is a divergence that nobody declared."""
        return bool(self.sorted.undeclared)

    def name(self, which: Which | None) -> str:
        """What one of the two runs is called."""
        return self.names[0 if which == "a" else 1]


def phase_rows(view: ComparisonView) -> list[PhaseRow]:
    """All phases of both runs, by their begin in the first; waiting is left out."""
    a, b = by_key(view.a), by_key(view.b)
    rows: list[PhaseRow] = []
    for key in [*a, *(key for key in b if key not in a)]:
        if key == IDLE:
            continue
        x, y = a.get(key), b.get(key)
        phase = (x or y or (0, view.a.phases[0]))[1]
        x_ns, y_ns = (None if x is None else x[0]), (None if y is None else y[0])
        rows.append(
            PhaseRow(key, phase.process, x_ns, y_ns, _counted(view.a, x_ns), _counted(view.b, y_ns))
        )
    return rows


def lines(view: ComparisonView, everything: bool = False) -> Iterator[Line]:
    """The comparison; short phases and data that differ rightly only if `everything` is wanted."""
    yield from _runs(view)
    yield []
    yield from _phases(view, everything)
    yield []
    if everything:
        for allowed in view.comparison.allowed:
            values = _values(view, allowed.label, allowed.key, allowed.a, allowed.b)
            yield [Span(f"by the {allowed.why}: ", "quiet"), *values]
    for divergence in view.sorted.undeclared[:_MOST]:
        yield [Span(f"divergence[{divergence.kind}]", "bad"), Span(": "), *_divergence(view, divergence)]
    more = len(view.sorted.undeclared) - _MOST
    if more > 0:
        yield [Span(f"{more} more divergences; all of them are in the JSON document", "strong")]
    for divergence, declared in view.sorted.declared:
        spans = _divergence(view, divergence)
        why = Span(f" (declared: {printable(declared.why)})", "quiet")
        yield [Span(f"declared[{divergence.kind}]", "good"), Span(": "), *spans, why]
    for unused in view.sorted.unused:
        said = f"a declared divergence did not occur: {printable(unused.event)} ({printable(unused.why)})"
        yield [Span("note", "strong"), Span(f": {printable(unused.place)}: {said}")]
    yield _summary(view)


def _runs(view: ComparisonView) -> Iterator[Line]:
    rows: list[list[Cell]] = []
    for which, run in (("A", view.a), ("B", view.b)):
        name = view.names[0 if which == "A" else 1]
        machine = "/".join(word for word in (run.target, run.accel) if word)
        counted = "deterministic" if run.deterministic else "free-running"
        words = [run.recipe, run.profile, run.image_id, machine, counted, run.verdict]
        rows.append([Span(name, "strong"), *words])
    yield from table(rows, left=range(7))
    for difference in view.anyway:
        yield [Span("compared anyway", "warn"), Span(f": {printable(difference)}")]
    if not view.by_model:
        said = "the model of these boots is not known: data are compared as they are, order within processes"
        yield [Span("note", "strong"), Span(f": {said}")]


def _phases(view: ComparisonView, everything: bool) -> Iterator[Line]:
    rows = phase_rows(view)
    wholes = [sum(row.a_ns or 0 for row in rows), sum(row.b_ns or 0 for row in rows)]

    def worth(row: PhaseRow) -> bool:
        if everything or row.a_ns is None or row.b_ns is None:
            return True
        parts = zip((row.a_ns, row.b_ns), wholes, strict=True)
        return any(ns >= whole * _WORTH_SHOWING for ns, whole in parts)

    a, b = view.names
    head = ["phase", a, b, "ratio", f"instr. {a}", f"instr. {b}"]
    shown: list[list[Cell]] = [[Span(word, "strong") for word in head]]
    for row in rows:
        if worth(row):
            shown.append([Span(row.key), *_costs(row)])
    left_out = [row for row in rows if not worth(row)]
    if left_out:
        shown.append([Span(f"{len(left_out)} more", "quiet"), *_costs(_total("", left_out, view))])
    shown.append([Span("all", "strong"), *_costs(_total("all", rows, view))])
    yield from table(shown)


def _costs(row: PhaseRow) -> list[Cell]:
    both = "-" if row.a_ns is None or row.b_ns is None else ratio(row.b_ns, row.a_ns)
    counts = (count(row.a_instructions), count(row.b_instructions))
    return [_duration(row.a_ns), _duration(row.b_ns), both, *counts]


def _duration(ns: int | None) -> Cell:
    return Span("absent", "bad") if ns is None else milliseconds(ns)


def _total(name: str, rows: list[PhaseRow], view: ComparisonView) -> PhaseRow:
    a, b = sum(row.a_ns or 0 for row in rows), sum(row.b_ns or 0 for row in rows)
    return PhaseRow(name, "", a, b, _counted(view.a, a), _counted(view.b, b))


def _counted(run: RunView, ns: int | None) -> int | None:
    return round(ns / INSTRUCTION_NS) if ns is not None and run.deterministic else None


def _divergence(view: ComparisonView, one: Divergence) -> list[Span]:
    label = shorten(printable(one.label), _VALUE)
    who = f"{one.voice} " if one.voice else ""
    match one.kind:
        case "presence":
            times = f", {one.times} times" if one.times > 1 else ""
            return [Span(f"only in {view.name(one.only)}: "), Span(f"{who}{label}", "strong"), Span(times)]
        case "order":
            against = f" (against {shorten(printable(one.near), _VALUE)})" if one.near else ""
            where = Span(f"out of place in {view.name(one.only)}: ")
            return [where, Span(f"{who}{label}", "strong"), Span(against)]
        case _:
            return _values(view, f"{who}{one.label}", one.key, one.a, one.b)


def _values(view: ComparisonView, label: str, key: str, a: str, b: str) -> list[Span]:
    shown = [f"{name} {_quoted(value)}" for name, value in zip(view.names, (a, b), strict=True)]
    which = f" {printable(key)}" if key else ""
    return [Span(shorten(printable(label), _VALUE), "strong"), Span(f"{which}: {', '.join(shown)}")]


def _quoted(value: str) -> str:
    return f"`{shorten(printable(value), _VALUE)}`" if value else "absent"


def _summary(view: ComparisonView) -> Line:
    known = view.comparison
    why = [one.why for one in known.allowed]
    facts = [f"{known.matched} events in both"]
    if known.allowed:
        reasons = f"{why.count('model')} by the model, {why.count('machine')} by the machine"
        facts.append(f"{len(why)} data differ rightly ({reasons})")
    if known.reordered:
        facts.append(f"{known.reordered} stand elsewhere where nothing orders them")
    if known.background:
        facts.append(f"{known.background} of the kernel's background work in one only")
    count_open, count_declared = len(view.sorted.undeclared), len(view.sorted.declared)
    words = "no divergence" if not count_open else f"{count_open} divergence{'s' if count_open > 1 else ''}"
    if count_declared:
        words += f", {count_declared} declared"
    style = "bad" if count_open else "good"
    return [Span(f"{', '.join(facts)}: "), Span(words, style), Span(f" (exit {1 if view.diverges else 0})")]
