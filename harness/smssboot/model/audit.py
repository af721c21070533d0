"""What a model covers: per statement its rules, voices and tests, and guards that no context makes true."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smssboot.model.catalogue import Statement, statements
from smssboot.model.context import Context
from smssboot.model.errors import Problem
from smssboot.model.expectation import Expectation
from smssboot.model.grounding import ground
from smssboot.model.language import Model

_NOT_YET = "not in this profile's steps"


@dataclass(frozen=True, slots=True)
class Row:
    """One statement. `status` is `covered`, `open`, or `contradicted` by better sources (the rules then hold
    the resolution); `standing` is the statement's own status; `tests` demonstrate it."""

    id: str
    text: str
    document: str
    standing: str
    status: str
    rules: tuple[str, ...]
    voices: tuple[str, ...]
    note: str
    tests: tuple[str, ...] = ()


class CoverageTable(tuple[Row, ...]):
    """The rows, printed as a table."""

    def __str__(self) -> str:
        covered = sum(1 for row in self if row.rules)
        shown = sum(1 for row in self if row.tests)
        lines = [f"{covered} of {len(self)} statements are covered"]
        if shown:
            lines[0] += f", {shown} shown by tests of their own"
        for row in self:
            voices = ", ".join(row.voices) or "-"
            words = textwrap.shorten(row.text.replace('"', ""), 62, placeholder="...")
            lines.append(f"{row.id}  {row.status:<8} {row.standing:<12} {voices:<24} {words}")
            if row.rules:
                lines += [f"       {line}" for line in textwrap.wrap(", ".join(row.rules), 100)]
            elif row.note:
                lines.append(f"       {row.note}")
            lines += [f"       test {test}" for test in row.tests]
        return "\n".join(lines) + "\n"


def coverage(model: Model, tests: Mapping[str, Sequence[str]] | None = None) -> CoverageTable:
    """Which rules speak for which statement, on which voices, and what is still open.

    `tests` names those that demonstrate a statement, by its number.
    """
    shown = tests or {}
    rules: dict[str, list[str]] = defaultdict(list)
    voices: dict[str, set[str]] = defaultdict(set)
    for event in model.events.values():
        for statement in event.statements:
            rules[statement].append(event.label)
            voices[statement].add(event.voice)
    for chain in model.chains:
        for statement in chain.statements:
            rules[statement].append(f"{chain.name} ({chain.mark})")
            voices[statement].add("order")
    for timing in model.timings:
        for statement in timing.statements:
            rules[statement].append(f"{timing.name} ({timing.mark})")
            voices[statement].add("time")
    for never in model.nevers:
        for statement in never.statements:
            rules[statement].append(f"{never.name} ({never.mark})")
            voices[statement].add(never.voice or "fact")
    return CoverageTable(
        _row(model, s, rules[s.id], voices[s.id], shown.get(s.id, ())) for s in statements().values()
    )


def _row(
    model: Model, statement: Statement, rules: Iterable[str], voices: Iterable[str], tests: Sequence[str]
) -> Row:
    named = tuple(dict.fromkeys(rules))
    status = "covered" if named else "open"
    note = "" if named else model.open_statements.get(statement.id, _NOT_YET)
    if statement.status == "contradicted":
        # Other sources say otherwise; the rules hold the resolution.
        status, note = "contradicted", statement.evidence
    return Row(
        id=statement.id,
        text=statement.text,
        document=statement.document,
        standing=statement.status,
        status=status,
        rules=named,
        voices=tuple(sorted(voices)),
        note=note,
        tests=tuple(tests),
    )


def lint(model: Model, contexts: Iterable[Context]) -> list[Problem]:
    """Faults that only show over many contexts: events that no context expects, bounds without a solution.

    Unknown names, cycles and contradictory single bounds are refused when a model is loaded or grounded.
    """
    grounded = [ground(model, context) for context in contexts]
    problems: list[Problem] = []
    alive = {e.rules[node.rule].name for e in grounded for node in e.nodes if node.voice}
    for event in model.events.values():
        if event.label not in alive:
            problems.append(Problem(event.mark, f"`{event.label}` is expected in no context"))
    for expectation in grounded:
        problems += [p for p in impossible_bounds(expectation) if p not in problems]
    return problems


def impossible_bounds(expectation: Expectation) -> list[Problem]:
    """Bounds that contradict each other or the order: a negative cycle of the simple temporal network.

    Bellman and Ford, O(V * C).
    """
    if not expectation.bounds:
        return []
    arcs = [(edge.then, edge.first, 0, edge.rule) for edge in expectation.edges]
    for bound in expectation.bounds:
        arcs.append((bound.end, bound.start, -bound.low, bound.rule))
        if bound.high is not None:
            arcs.append((bound.start, bound.end, bound.high, bound.rule))
    distance = [0] * len(expectation.nodes)
    guilty = -1
    for _ in range(len(expectation.nodes) + 1):
        guilty = -1
        for start, end, weight, rule in arcs:
            if distance[start] + weight < distance[end]:
                distance[end] = distance[start] + weight
                guilty = rule
        if guilty < 0:
            return []
    rule_ = expectation.rules[guilty]
    return [Problem(None, f"{rule_.where}: {rule_.name}: the bounds contradict each other or the order")]
