"""Assigning events to what the model expects, one at a time; the heart of both checks.

The tracker knows for every node how often it was seen and how many of its predecessors are still open,
so that each event costs its number of conditions plus its out-degree, amortised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from smssboot.conformance.matching import folded, meets, wish
from smssboot.conformance.processes import ProcessTable
from smssboot.model.expectation import Expectation, Graph, Match, Never, Node, Pattern
from smssboot.timeline.items import Event

Outcome = Literal["node", "pattern", "duplicate", "unexpected", "forbidden"]
Difference = tuple[str, str, str]
"""Key, what was expected, what was found (empty when the key is absent)."""

_ALIKE = 8
"""How many equal nodes are weighed against each other; more are taken as they come."""


@dataclass(slots=True)
class Sighting:
    """One event and what it was taken for. `early` means that a predecessor had not been seen yet."""

    position: int
    event: Event
    data: Mapping[str, str]
    outcome: Outcome
    node: int = -1
    rule: int = -1
    differences: tuple[Difference, ...] = ()
    early: bool = False
    late: bool = False


@dataclass(slots=True)
class _Slot:
    """The nodes of one voice and name that are told apart by the same keys."""

    keys: tuple[str, ...]
    table: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(list))


class Tracker:
    """The state of one check."""

    def __init__(self, expectation: Expectation, graph: Graph | None = None) -> None:
        self.expectation = expectation
        self.graph = graph or Graph(len(expectation.nodes), expectation.edges)
        self.processes = ProcessTable()
        self.counts = [0] * len(expectation.nodes)
        self.waiting = [len(p) for p in self.graph.pred]
        self.released = [False] * len(expectation.nodes)
        self.run: Mapping[str, str | None] = {"nonce": expectation.nonce, "image": expectation.image}
        self._slots: dict[tuple[str, str], list[_Slot]] = {}
        self._patterns: dict[tuple[str, str], list[Pattern]] = defaultdict(list)
        self._wide_patterns: list[Pattern] = []
        self._nevers: dict[tuple[str, str], list[Never]] = {}
        self._index()
        for node in expectation.nodes:
            if self.waiting[node.index] == 0 and node.low == 0:
                self._release(node.index)

    def _index(self) -> None:
        for node in self.expectation.nodes:
            if not node.voice:
                continue
            slots = self._slots.setdefault((node.voice, node.name), [])
            keys = tuple(key for key, _ in node.key)
            slot = next((s for s in slots if s.keys == keys), None)
            if slot is None:
                slot = _Slot(keys)
                slots.append(slot)
                # The most particular description is tried first.
                slots.sort(key=lambda s: -len(s.keys))
            slot.table[tuple(folded(key, value) for key, value in node.key)].append(node.index)
        for pattern in self.expectation.patterns:
            if "*" in pattern.name:
                self._wide_patterns.append(pattern)
            else:
                self._patterns[pattern.voice, pattern.name].append(pattern)

    # -- one event -------------------------------------------------------------------------------------

    def see(self, event: Event, position: int) -> Sighting:
        """Take in one event and say what it is."""
        data = self.processes.describe(event)
        forbidden = self._forbidden(event, data)
        if forbidden is not None:
            return Sighting(position, event, data, "forbidden", rule=forbidden.rule)
        found, full = self._find(event, data)
        if found is not None:
            return self._take(found, Sighting(position, event, data, "node", found.index, found.rule))
        if full is not None:
            return Sighting(position, event, data, "duplicate", full.index, full.rule)
        pattern = self._pattern(event, data)
        if pattern is not None:
            return Sighting(position, event, data, "pattern", rule=pattern.rule)
        return Sighting(position, event, data, "unexpected")

    def differences(self, node: Node, data: Mapping[str, str]) -> tuple[Difference, ...]:
        """Conditions of a node that the data do not meet."""
        out: list[Difference] = []
        for key, match in node.data:
            if not meets(match, key, data, self.run):
                out.append((key, wish(match, key, data, self.run), data.get(key, "")))
        return tuple(out)

    def _take(self, node: Node, sighting: Sighting) -> Sighting:
        index = node.index
        sighting.differences = self.differences(node, sighting.data)
        sighting.early = self.waiting[index] > 0
        again = self.counts[index] >= node.low
        self.counts[index] += 1
        if not self.released[index] and self.counts[index] >= node.low:
            self._release(index)
        elif again:
            sighting.late = any(self.counts[then] for then in self.graph.succ[index])
        return sighting

    def _release(self, index: int) -> None:
        """What waited for this node waits no longer; joins and optional nodes pass it on."""
        stack = [index]
        nodes = self.expectation.nodes
        while stack:
            done = stack.pop()
            if self.released[done]:
                continue
            self.released[done] = True
            for then in self.graph.succ[done]:
                self.waiting[then] -= 1
                if self.waiting[then] == 0 and not self.released[then] and nodes[then].low == 0:
                    stack.append(then)

    def _find(self, event: Event, data: Mapping[str, str]) -> tuple[Node | None, Node | None]:
        """(a node that still wants this event, else a node that has had enough of it)."""
        full: Node | None = None
        for slot in self._slots.get((event.voice, event.name), ()):
            values = [data.get(key) for key in slot.keys]
            if None in values:
                indices = self._guess(slot, values)
            else:
                key = tuple(folded(k, v) for k, v in zip(slot.keys, values, strict=True) if v is not None)
                indices = slot.table.get(key, [])
            best: Node | None = None
            best_score = (-1, -1, -1)
            considered = 0
            for index in indices:
                node = self.expectation.nodes[index]
                if self.counts[index] >= node.high:
                    full = node
                    continue
                if len(indices) == 1:
                    return node, None
                score = self._score(node, data)
                if score > best_score:
                    best, best_score = node, score
                considered += 1
                if best_score == (1, 1, 1) or considered >= _ALIKE:
                    break
            if best is not None:
                return best, None
        return None, full

    def _score(self, node: Node, data: Mapping[str, str]) -> tuple[int, int, int]:
        """How well an event suits one of several equal nodes: data, then place in the order."""
        ready = self.waiting[node.index] == 0
        fits = not self.differences(node, data)
        opened = not any(self.counts[then] for then in self.graph.succ[node.index])
        return (int(fits), int(ready), int(opened))

    def _guess(self, slot: _Slot, values: list[str | None]) -> list[int]:
        """Nodes that agree in the keys that are known: a header field is lost with a lost record."""
        pairs = zip(slot.keys, values, strict=True)
        if any(value is None and not key.startswith("@") for key, value in pairs):
            return []
        wanted = [None if v is None else folded(k, v) for k, v in zip(slot.keys, values, strict=True)]
        out: list[int] = []
        for key, indices in slot.table.items():
            if all(w is None or w == k for w, k in zip(wanted, key, strict=True)):
                out.extend(indices)
        return out

    def _pattern(self, event: Event, data: Mapping[str, str]) -> Pattern | None:
        for pattern in self._patterns.get((event.voice, event.name), ()):
            if self._all(pattern.data, data):
                return pattern
        for pattern in self._wide_patterns:
            named = pattern.voice == event.voice and fnmatchcase(event.name, pattern.name)
            if named and self._all(pattern.data, data):
                return pattern
        return None

    def _all(self, conditions: tuple[tuple[str, Match], ...], data: Mapping[str, str]) -> bool:
        return all(meets(match, key, data, self.run) for key, match in conditions)

    def _forbidden(self, event: Event, data: Mapping[str, str]) -> Never | None:
        kind = (event.voice, event.name)
        nevers = self._nevers.get(kind)
        if nevers is None:
            nevers = self._nevers[kind] = self._nevers_for(*kind)
        for never in nevers:
            if never.before and all(self.counts[node] for node in never.before):
                continue
            if never.after and not any(self.counts[node] for node in never.after):
                continue
            if all(key in data for key, _ in never.data) and self._all(never.data, data):
                return never
        return None

    def _nevers_for(self, voice: str, name: str) -> list[Never]:
        """The prohibitions that may concern events of one voice and name."""
        return [
            never
            for never in self.expectation.nevers
            if never.voice in ("", voice)
            and fnmatchcase(name, never.name)
            and not any(fnmatchcase(name, excepted) for excepted in never.excepted)
        ]
