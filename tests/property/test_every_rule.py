"""For every rule of win11/documented there is a fault that only this rule forbids, and it is caught."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from worlds import expectation, node_of, renumber, trace

from smssboot.conformance import check
from smssboot.conformance.findings import Finding
from smssboot.conformance.synthesis import synthesise
from smssboot.model.expectation import Edge, Expectation, Graph, Node
from smssboot.timeline.items import Event, Item

EXPECTED = expectation()
NODES = [node.index for node in EXPECTED.nodes if node.voice and node.low > 0]


def first(items: list[Item], expected: Expectation = EXPECTED) -> Finding:
    report = check(expected, items)
    assert report.verdict == "deviates"
    return report.findings[0]


def without(node: Node) -> list[Item]:
    """The trace without every event of one node."""
    items = trace(EXPECTED)
    nodes = _nodes()
    return renumber([item for n, item in enumerate(items) if nodes.get(n) != node.index])


@lru_cache(maxsize=1)
def _nodes() -> dict[int, int]:
    return node_of(EXPECTED, trace(EXPECTED))


@pytest.mark.parametrize("index", NODES, ids=lambda i: f"{i}-{EXPECTED.nodes[i].name}")
def test_an_event_that_is_missing(index: int) -> None:
    node = EXPECTED.nodes[index]
    finding = first(without(node))
    told = " ".join([finding.label, *finding.related, finding.text])
    assert node.name in told
    assert finding.rule


def essential(expected: Expectation) -> list[Edge]:
    """Arrows that no other path implies: without the arrow the two events would be free."""
    graph = Graph(len(expected.nodes), expected.edges)
    out = []
    for edge in expected.edges:
        others = [node for node in graph.succ[edge.first] if node != edge.then]
        if edge.then not in graph.reach(others) and edge.then not in others:
            out.append(edge)
    return out


def backwards(expected: Expectation, edge: Edge) -> list[Item] | None:
    """A trace that keeps every order but this one: `then` with what precedes it comes before `first`."""
    rest = tuple(e for e in expected.edges if e != edge)
    turned = (*rest, Edge(edge.then, edge.first, edge.rule))
    graph = Graph(len(expected.nodes), turned)
    if len(graph.order) < len(expected.nodes):
        return None
    changed = replace(expected, edges=turned)
    names = {expected.nodes[edge.first].name, expected.nodes[edge.then].name}
    return synthesise(changed, graph.order if names & {"hello", "bye"} else None)


ESSENTIAL = [e for e in essential(EXPECTED) if EXPECTED.nodes[e.first].voice and EXPECTED.nodes[e.then].voice]


@pytest.mark.parametrize(
    "edge",
    ESSENTIAL,
    ids=lambda e: f"{EXPECTED.nodes[e.first].name}-{e.first}-before-{EXPECTED.nodes[e.then].name}-{e.then}",
)
def test_an_order_that_is_broken(edge: Edge) -> None:
    items = backwards(EXPECTED, edge)
    assert items is not None
    names = {EXPECTED.nodes[edge.first].name, EXPECTED.nodes[edge.then].name}
    if names & {"process.create", "hello", "bye", "bugcheck"}:
        # Who speaks is not known before its process was created: other findings may come first.
        assert check(EXPECTED, items).verdict == "deviates"
        return
    report = check(EXPECTED, items)
    assert report.verdict == "deviates"
    moved = [finding for finding in report.findings if finding.code == "E102"]
    told = {name.split(" ")[0] for f in moved for name in (f.event, *f.related)}
    assert names & told, report.findings


def test_there_are_orders_to_break() -> None:
    assert len(ESSENTIAL) > 150


FORBIDDEN = {
    "bugcheck": ("fact", {"code": "0xEF", "name": "CRITICAL_PROCESS_DIED"}),
    "qmp.GUEST_PANICKED": ("evidence", {"action": "pause"}),
    "access.denied": ("fact", {"type": "Event", "path": r"\x", "desired": "0x1"}),
    "process.exception": ("fact", {"pid": "4", "name": "csrss.exe", "code": "0xC0000005"}),
    "hard-error": ("fact", {"status": "0xC000021A", "text": "x"}),
    "memory.damaged": ("evidence", {"reason": "a list that does not end"}),
    "process.exit": ("fact", {"pid": "9", "name": "csrss.exe", "session": "0", "status": "0x0"}),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_must_never_happen(name: str) -> None:
    voice, data = FORBIDDEN[name]
    items = trace(EXPECTED)
    middle = len(items) // 3
    seq = None if voice == "evidence" else 1
    event = Event(voice, name, data, seq=seq, session=0, pid=4)  # type: ignore[arg-type]
    finding = first(renumber(items[:middle] + [event] + items[middle:]))
    assert finding.kind == "forbidden"
    assert finding.event == name


def test_every_prohibition_is_tried() -> None:
    tried = set(FORBIDDEN) | {"*"}
    assert {never.name for never in EXPECTED.nevers} == tried


def test_nothing_may_follow_bye() -> None:
    items = trace(EXPECTED)
    last = max(n for n, item in enumerate(items) if isinstance(item, Event) and item.name == "bye")
    extra = replace(items[last], voice="fact", name="registry.open", data={"key": "x"})  # type: ignore[type-var]
    changed = items[: last + 1] + [extra] + items[last + 1 :]
    assert "forbidden" in {finding.kind for finding in check(EXPECTED, changed).findings}


def test_every_bound_can_be_missed() -> None:
    items = trace(EXPECTED)
    for bound in EXPECTED.bounds:
        assert bound.high is not None
        nodes = _nodes()
        start = next(n for n in nodes if nodes[n] == bound.start)
        late: list[Item] = []
        for position, item in enumerate(items):
            if isinstance(item, Event) and item.time_ns is not None and position > start:
                item = replace(item, time_ns=item.time_ns + bound.high)
            late.append(item)
        found = [finding for finding in check(EXPECTED, late).findings if finding.code == "E107"]
        assert EXPECTED.nodes[bound.end].name in {finding.event for finding in found}
