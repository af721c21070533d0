"""The offline check: the whole timeline against the expectation, with the smallest explanation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final

from smssboot.conformance.accounts import Account
from smssboot.conformance.findings import Finding, Report, Status
from smssboot.conformance.projection import EVERYTHING, WIRE, project
from smssboot.model.expectation import Expectation
from smssboot.timeline.items import Event, Item, Start

_MAX_BRANCHES: Final = 64
"""Combinations of `one_of` branches that are tried."""

_MAX_FINDINGS: Final = 500
"""A log that is nothing but wrong is told so in no more findings than these."""


def sources_of(items: Sequence[Item]) -> tuple[str, ...]:
    """What a timeline can show: a harness's own shows everything, a bare serial log no evidence."""
    for item in items:
        if isinstance(item, Start) or (isinstance(item, Event) and item.voice == "evidence"):
            return EVERYTHING
    return WIRE


def check(
    expectation: Expectation, items: Iterable[Item], sources: Iterable[str] | None = None
) -> Report:
    """Judge a timeline. `sources` says what it can show (`voice:glob`), None finds out by itself.

    O(n log n) in the number of items when the timeline conforms.
    """
    return _best(expectation, list(items), sources)[1]


def resolve(expectation: Expectation, items: Sequence[Item]) -> Expectation:
    """What a timeline is held against: projected onto what it can show, its choices made as it made them."""
    if not expectation.choices:
        return project(expectation, sources_of(items))
    return _best(expectation, items, None)[0]


def _best(
    expectation: Expectation, timeline: Sequence[Item], sources: Iterable[str] | None
) -> tuple[Expectation, Report]:
    shown = sources_of(timeline) if sources is None else tuple(sources)
    best: tuple[Expectation, Report] | None = None
    for variant in _variants(project(expectation, shown)):
        report = _check(variant, timeline)
        if best is None or len(report.findings) < len(best[1].findings):
            best = variant, report
        if not best[1].findings:
            break
    assert best is not None
    return best


def _variants(expectation: Expectation) -> Iterable[Expectation]:
    """One expectation per combination of `one_of` branches; what is not chosen may not happen."""
    if not expectation.choices:
        yield expectation
        return
    for chosen in islice(product(*expectation.choices), _MAX_BRANCHES):
        kept = {node for branch in chosen for node in branch}
        dropped = {n for choice in expectation.choices for branch in choice for n in branch} - kept
        nodes = tuple(
            node._replace(low=0, high=0) if node.index in dropped else node for node in expectation.nodes
        )
        yield replace(expectation, nodes=nodes)


def _check(expectation: Expectation, items: Sequence[Item]) -> Report:
    account = Account(expectation, items)
    findings = () if account.clean else _explain(account)
    required = [node for node in expectation.nodes if node.voice and node.low > 0]
    seen = sum(1 for node in required if account.tracker.counts[node.index] >= node.low)
    bad = any(finding.severity == "error" for finding in findings)
    return Report(
        verdict="deviates" if bad else "conforms",
        findings=findings,
        statuses=tuple(_statuses(account)),
        expected=len(required),
        seen=seen,
        ended=next((n.name for n in required if n.terminal and account.tracker.counts[n.index] >= n.low), ""),
    )


def _explain(account: Account) -> tuple[Finding, ...]:
    """All findings, the root cause first. Its modules are loaded only when something is wrong."""
    from smssboot.conformance import absence, deviations
    from smssboot.conformance.pairing import pair

    gone = absence.Absence(account)
    pairs = pair(account, gone)
    placed: list[tuple[float, Finding]] = []
    placed += deviations.damage(account, gone)
    placed += pairs.findings
    placed += deviations.events(account, pairs)
    placed += deviations.moves(account)
    placed += absence.findings(account, gone, pairs)
    placed += deviations.timing(account)
    placed.sort(key=lambda entry: entry[0])
    findings = [finding for _, finding in placed[:_MAX_FINDINGS]]
    more = len(placed) - len(findings)
    if more:
        last = findings[-1]
        findings[-1] = replace(last, text=f"{last.text} {more} further findings are left out.")
    return tuple(findings)


def _statuses(account: Account) -> list[Status | None]:
    """One status per item of the timeline."""
    out: list[Status | None] = [None] * len(account.items)
    for position in account.damaged:
        out[position] = "damaged"
    for sighting in account.sightings:
        status: Status = "ok"
        if sighting.outcome in ("duplicate", "unexpected", "forbidden"):
            status = sighting.outcome
        elif sighting.differences:
            status = "wrong data"
        elif sighting.position in account.unproved:
            status = "unproved"
        elif sighting.position in account.belated:
            status = "too late"
        out[sighting.position] = status
    for position in account.moved:
        out[position] = "out of order"
    return out
