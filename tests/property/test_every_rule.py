"""For every rule of win11/documented there is a fault that only this rule forbids, and it is caught."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from diskworld import disk_expectation
from worlds import expectation, node_of, renumber, trace

from smssboot.conformance import check
from smssboot.conformance.findings import Finding
from smssboot.conformance.synthesis import synthesise
from smssboot.model.expectation import Edge, Expectation, Graph, Node
from smssboot.timeline.items import Event, Item

WORLDS = {
    "no disk": expectation(),
    "disk": disk_expectation(),
    "observed": disk_expectation("win11/observed"),
}
EXPECTED = WORLDS["no disk"]
NODES = [(w, node.index) for w, e in WORLDS.items() for node in e.nodes if node.voice and node.low > 0]


def first(items: list[Item], expected: Expectation = EXPECTED) -> Finding:
    report = check(expected, items)
    assert report.verdict == "deviates"
    return report.findings[0]


def without(node: Node, world: str) -> list[Item]:
    """The trace without every event of one node."""
    items = trace(WORLDS[world])
    nodes = _nodes(world)
    return renumber([item for n, item in enumerate(items) if nodes.get(n) != node.index])


@lru_cache(maxsize=4)
def _nodes(world: str) -> dict[int, int]:
    return node_of(WORLDS[world], trace(WORLDS[world]))


@pytest.mark.parametrize(
    ("world", "index"), NODES, ids=[f"{w}-{i}-{WORLDS[w].nodes[i].name}" for w, i in NODES]
)
def test_an_event_that_is_missing(world: str, index: int) -> None:
    node = WORLDS[world].nodes[index]
    finding = first(without(node, world), WORLDS[world])
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


def spoken(expected: Expectation) -> list[Edge]:
    """Essential arrows between two events that are seen."""
    nodes = expected.nodes
    return [e for e in essential(expected) if nodes[e.first].voice and nodes[e.then].voice]


ESSENTIAL = [(world, edge) for world, expected in WORLDS.items() for edge in spoken(expected)]


def _named(world: str, edge: Edge) -> str:
    nodes = WORLDS[world].nodes
    return f"{world}-{nodes[edge.first].name}-{edge.first}-before-{nodes[edge.then].name}-{edge.then}"


@pytest.mark.parametrize(("world", "edge"), ESSENTIAL, ids=[_named(w, e) for w, e in ESSENTIAL])
def test_an_order_that_is_broken(world: str, edge: Edge) -> None:
    expected = WORLDS[world]
    items = backwards(expected, edge)
    assert items is not None
    names = {expected.nodes[edge.first].name, expected.nodes[edge.then].name}
    if names & {"process.create", "hello", "bye", "bugcheck"}:
        # Who speaks is not known before its process was created: other findings may come first.
        assert check(expected, items).verdict == "deviates"
        return
    report = check(expected, items)
    assert report.verdict == "deviates"
    moved = [finding for finding in report.findings if finding.code == "E102"]
    told = {name.split(" ")[0] for f in moved for name in (f.event, *f.related)}
    assert names & told, report.findings


def test_there_are_orders_to_break() -> None:
    assert len(ESSENTIAL) > 700


FORBIDDEN = {
    "bugcheck": ("fact", {"code": "0xEF", "name": "CRITICAL_PROCESS_DIED"}),
    "qmp.GUEST_PANICKED": ("evidence", {"action": "pause"}),
    "access.denied": ("fact", {"type": "Event", "path": r"\x", "desired": "0x1"}),
    "process.exception": ("fact", {"pid": "4", "name": "csrss.exe", "code": "0xC0000005"}),
    "hard-error": ("fact", {"status": "0xC000021A", "text": "x"}),
    "memory.damaged": ("evidence", {"reason": "a list that does not end"}),
    "process.exit": ("fact", {"pid": "9", "name": "csrss.exe", "session": "0", "status": "0x0"}),
    "volume.write-enable": ("fact", {"device": r"\Device\HarddiskVolume2"}),
    "hive.flush": ("fact", {"path": r"\Registry\Machine\SYSTEM", "sequence": "2", "bytes": "512"}),
    "hive.load-failed": ("fact", {"path": r"\Registry\Machine\SAM", "status": "0xC000014C"}),
    "hive.flush-failed": ("fact", {"path": r"\Registry\Machine\SAM", "status": "0xC000007F"}),
    "hive.file": ("evidence", {"path": r"C:\x", "status": "dirty", "readers": "agree"}),
    "hive.value": ("evidence", {"key": r"\Registry", "name": "PendingFileRenameOperations", "data": ""}),
    "disk.file": ("evidence", {"path": r"C:\Temp\A.TMP", "size": "5"}),
    "disk.volume": ("evidence", {"volume": "EFI", "fsck": "dirty", "dirty": "1"}),
    "disk.table": ("evidence", {"scheme": "gpt", "status": "damaged"}),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_must_never_happen(name: str) -> None:
    voice, data = FORBIDDEN[name]
    expected = WORLDS["disk"]
    items = trace(expected)
    early = next(n for n, item in enumerate(items) if getattr(item, "name", "") == "smss.init.begin")
    seq = None if voice == "evidence" else 1
    event = Event(voice, name, data, seq=seq, session=0, pid=4)  # type: ignore[arg-type]
    finding = first(renumber(items[:early] + [event] + items[early:]), expected)
    assert finding.kind == "forbidden"
    assert finding.event == name


def test_readers_of_a_hive_that_differ_are_told() -> None:
    expected = WORLDS["disk"]
    data = {"path": r"C:\x", "status": "clean", "readers": "differ"}
    finding = first([*trace(expected), Event("evidence", "hive.file", data)], expected)
    assert finding.kind == "forbidden"


def test_a_volume_that_a_stopped_guest_left_dirty_is_not_the_cause() -> None:
    expected = WORLDS["disk"]
    items = trace(expected)
    names = [getattr(item, "name", "") for item in items]
    step = names.index("smss.sessions-directory.begin")
    host = [item for item in items if isinstance(item, Event) and item.voice == "evidence"]
    left = {"dirty": "1", "fsck": "dirty"}
    found = [replace(e, data={**e.data, **left}) if e.name == "disk.volume" else e for e in host]
    assert check(expected, items[:step] + found).findings[0].code == "E106"


def test_every_prohibition_is_tried() -> None:
    tried = set(FORBIDDEN) | {"*"}
    assert {never.name for never in WORLDS["disk"].nevers} == tried


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
        nodes = _nodes("no disk")
        start = next(n for n in nodes if nodes[n] == bound.start)
        late: list[Item] = []
        for position, item in enumerate(items):
            if isinstance(item, Event) and item.time_ns is not None and position > start:
                item = replace(item, time_ns=item.time_ns + bound.high)
            late.append(item)
        found = [finding for finding in check(EXPECTED, late).findings if finding.code == "E107"]
        assert EXPECTED.nodes[bound.end].name in {finding.event for finding in found}
