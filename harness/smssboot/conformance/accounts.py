"""What a timeline holds, sighting by sighting, and whether anything in it needs an explanation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from smssboot.conformance.damage import Stretch, without_end
from smssboot.conformance.ordering import suspects
from smssboot.conformance.tracking import Sighting, Tracker
from smssboot.model.expectation import Bound, Expectation, Node
from smssboot.timeline.items import Damage, Event, Item


class Account:
    """A timeline, matched with the expectation."""

    def __init__(self, expectation: Expectation, items: Sequence[Item]) -> None:
        self.expectation, self.items = expectation, items
        self.tracker = Tracker(expectation)
        self.graph = self.tracker.graph
        self.sightings: list[Sighting] = []
        self.at: dict[int, list[Sighting]] = defaultdict(list)
        self.damaged: list[int] = []
        self.stretches: list[Stretch] = without_end(items)
        events = [item for item in items if isinstance(item, Event)]
        self.tracker.processes.infer(events, _creations(expectation))
        for position, item in enumerate(items):
            if isinstance(item, Event):
                sighting = self.tracker.see(item, position)
                self.sightings.append(sighting)
                if sighting.outcome == "node":
                    self.at[sighting.node].append(sighting)
            elif isinstance(item, Damage):
                self.damaged.append(position)
        self.rank = {node: place for place, node in enumerate(self.graph.order)}
        self.moved: set[int] = set()
        self.unproved: set[int] = set()
        self.belated: set[int] = set()
        self.bugcheck = next((s for s in self.sightings if s.event.name == "bugcheck"), None)
        self.bye = next(
            (s for s in self.sightings if s.event.name == "bye" and s.event.voice == "fact"), None
        )

    @cached_property
    def by_position(self) -> dict[int, Sighting]:
        """Every event by its place in the timeline."""
        return {sighting.position: sighting for sighting in self.sightings}

    @cached_property
    def arrow_rules(self) -> dict[tuple[int, int], int]:
        """The rule behind each arrow of the expectation."""
        return {(edge.first, edge.then): edge.rule for edge in self.expectation.edges}

    @property
    def last(self) -> Sighting | None:
        """The last record of the guest that belongs to the sequence."""
        wire = [s for s in self.sightings if s.outcome == "node" and s.event.voice != "evidence"]
        return wire[-1] if wire else None

    @property
    def stopped(self) -> bool:
        """The boot ended before its end: no `bye`, or an unexpected bugcheck."""
        if self.bugcheck is not None and self.bugcheck.outcome != "node":
            return True
        return self.bye is None and not self._ends_without_bye()

    def _ends_without_bye(self) -> bool:
        """A model whose logs have no `bye` (another source) ends where it ends."""
        return not any(node.name == "bye" for node in self.expectation.nodes)

    @property
    def clean(self) -> bool:
        """Nothing is wrong: every event in its place with its data, everything there and in time."""
        counts = self.tracker.counts
        if self.stretches or self.damaged:
            return False
        if any(s.differences or s.outcome not in ("node", "pattern") for s in self.sightings):
            return False
        if any(n.terminal or counts[n.index] < n.low for n in self.expectation.nodes if n.voice):
            return False
        return not suspects(self.seen, self.graph) and not any(True for _ in self.overdue())

    @property
    def seen(self) -> list[tuple[int, int]]:
        """(position, node) of every event that has a node."""
        return [(s.position, s.node) for s in self.sightings if s.outcome == "node"]

    def overdue(self) -> Iterator[tuple[Bound, int]]:
        """Bounds on the guest's time that do not hold, with the time that it took."""
        for bound in self.expectation.bounds:
            starts, ends = self.at.get(bound.start), self.at.get(bound.end)
            if not starts or not ends:
                continue
            begin, end = starts[0].event.time_ns, ends[-1].event.time_ns
            if begin is None or end is None:
                continue
            took = end - begin
            if took < bound.low or (bound.high is not None and took > bound.high):
                yield bound, took

    def node(self, index: int) -> Node:
        """A node by number."""
        return self.expectation.nodes[index]


def _creations(expectation: Expectation) -> list[tuple[str, str, str]]:
    """Name, parent and session of each process that the model creates."""
    out: list[tuple[str, str, str]] = []
    for node in expectation.nodes:
        if node.name == "process.create" and node.voice == "fact":
            key = dict(node.key)
            out.append((key.get("name", ""), key.get("parent", ""), key.get("session", "")))
    return out
