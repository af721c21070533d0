"""The online check: one event at a time, in amortised constant time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smssboot.conformance.tracking import Sighting, Tracker
from smssboot.model.expectation import Expectation
from smssboot.timeline.items import Damage, Event, Item

if TYPE_CHECKING:
    from smssboot.conformance.findings import Finding

_SHOWN = 3


class Monitor:
    """Watches a boot while it runs.

    `feed` returns what is wrong for certain; `check` explains it better once the boot is over. Evidence
    is judged, but neither `steady` nor `done` wait for it: it is gathered because they are reached.

    steady    every required claim and fact before the request to switch off was seen
    settled   the boot has come to its end although something is wrong: the last events before the
              request were seen. A harness need not wait any longer.
    done      `bye` was seen, or everything required
    """

    def __init__(self, expectation: Expectation) -> None:
        self._tracker = Tracker(expectation)
        self._position = 0
        self._damaged = 0
        self._next_seq = 0
        self._need = 0
        self._need_steady = 0
        self._seen = 0
        self._bye = False
        self._open_steady: set[int] = set()
        for node in expectation.nodes:
            if node.voice in ("claim", "fact") and node.low > 0:
                self._need += 1
                if not node.after_steady:
                    self._need_steady += 1
        self._total_steady = self._need_steady
        self._last = self._last_before_steady()

    def _last_before_steady(self) -> set[int]:
        """Required wire events that no other required event before the shutdown part must follow."""
        nodes = self._tracker.expectation.nodes
        graph = self._tracker.graph
        wanted = {
            n.index for n in nodes if n.voice in ("claim", "fact") and n.low > 0 and not n.after_steady
        }
        last: set[int] = set()
        leads_on = [False] * len(nodes)
        for index in reversed(graph.order):
            onward = any(leads_on[then] or then in wanted for then in graph.succ[index])
            leads_on[index] = onward
            # A fact at the very end may belong to a step that does not take place; claims tell.
            if index in wanted and not onward and nodes[index].voice == "claim":
                last.add(index)
        return last

    def feed(self, item: Item) -> list[Finding]:
        """Take in one item of the timeline. Returns the deviations that it makes certain."""
        position = self._position
        self._position += 1
        if isinstance(item, Damage):
            from smssboot.conformance.explain import damaged_online

            self._damaged += 1
            return [damaged_online(item)]
        if not isinstance(item, Event):
            return []
        found: list[Finding] = []
        if item.seq is not None:
            if item.seq > self._next_seq and not self._damaged:
                from smssboot.conformance.explain import gap_online

                self._damaged += 1
                found.append(gap_online(self._next_seq, item))
            self._next_seq = max(self._next_seq, item.seq + 1)
        before = -1
        sighting = self._tracker.see(item, position)
        if sighting.outcome == "node":
            before = self._tracker.counts[sighting.node] - 1
            self._count(sighting.node, before)
        found.extend(self._judge(sighting))
        return found

    def _count(self, index: int, before: int) -> None:
        node = self._tracker.expectation.nodes[index]
        if node.name == "bye" and node.voice == "fact":
            self._bye = True
        if node.voice in ("claim", "fact") and node.low > 0 and before + 1 == node.low:
            self._seen += 1
            self._last.discard(index)
            if not node.after_steady:
                self._need_steady -= 1

    def _judge(self, sighting: Sighting) -> list[Finding]:
        misplaced = (sighting.early or sighting.late) and not self._damaged
        if not (misplaced or sighting.differences or sighting.outcome not in ("node", "pattern")):
            return []
        from smssboot.conformance import explain  # not needed by a boot that conforms

        expectation = self._tracker.expectation
        found = explain.of_sighting(expectation, sighting)
        if misplaced:
            waits = self._missing_before(sighting.node) if sighting.early else []
            found.append(explain.early_online(expectation, sighting, waits))
        return found

    def _missing_before(self, index: int) -> list[int]:
        """Nearest unseen predecessors of a node, for messages."""
        tracker = self._tracker
        out: list[int] = []
        stack = [index]
        seen: set[int] = set()
        while stack and len(out) < _SHOWN:
            for node in tracker.graph.pred[stack.pop()]:
                if node in seen or tracker.released[node]:
                    continue
                seen.add(node)
                if tracker.expectation.nodes[node].low > 0:
                    out.append(node)
                else:
                    stack.append(node)
        return out

    @property
    def steady(self) -> bool:
        """Every required claim and fact before the shutdown part was seen."""
        return self._need_steady == 0

    @property
    def settled(self) -> bool:
        """The boot's last claims were seen, or everything: nothing more will come by itself."""
        return self.steady or not self._last

    @property
    def done(self) -> bool:
        """The log is complete."""
        return self._bye or self._seen == self._need

    @property
    def progress(self) -> tuple[int, int]:
        """(seen, expected): required claims and facts of the whole boot."""
        return self._seen, self._need

    def next_expected(self, limit: int = _SHOWN) -> list[str]:
        """Labels of events whose turn it is: all that must precede them was seen."""
        tracker = self._tracker
        out: list[str] = []
        for node in tracker.expectation.nodes:
            wanted = node.voice in ("claim", "fact") and tracker.counts[node.index] < node.low
            if wanted and tracker.waiting[node.index] == 0:
                out.append(node.label)
                if len(out) == limit:
                    break
        return out
