"""Leftovers that belong together: an event that nobody expected and one that nobody saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from smssboot.conformance import explain
from smssboot.conformance.findings import Finding
from smssboot.conformance.matching import same
from smssboot.conformance.tracking import Sighting
from smssboot.model.expectation import Node

if TYPE_CHECKING:
    from smssboot.conformance.absence import Absence
    from smssboot.conformance.accounts import Account
    from smssboot.conformance.deviations import Placed

_ALIKE: Final = 0.8
"""From this likeness on a name counts as misspelt."""
_MOST: Final = 200
"""Leftovers beyond this number are not compared with each other."""


@dataclass(slots=True)
class Pairs:
    """What pairing explains: positions of events, nodes, and the findings about them."""

    explained: set[int] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    findings: list[Placed] = field(default_factory=list)


def pair(account: Account, gone: Absence) -> Pairs:
    """Pair unexpected events with missing ones: the same name under another key, or a similar name."""
    pairs = Pairs()
    extra = [s for s in account.sightings if s.outcome in ("unexpected", "duplicate")][:_MOST]
    missing = [account.node(i) for i in gone.missing if account.node(i).low > account.tracker.counts[i]]
    missing = missing[:_MOST]
    candidates: list[tuple[float, Sighting, Node]] = []
    for sighting in extra:
        for node in missing:
            likeness = _likeness(gone, sighting, node)
            if likeness > 0:
                candidates.append((likeness, sighting, node))
    candidates.sort(key=lambda c: (-c[0], c[1].position, c[2].index))
    for _, sighting, node in candidates:
        if sighting.position in pairs.explained or node.index in pairs.nodes:
            continue
        pairs.explained.add(sighting.position)
        pairs.nodes.add(node.index)
        pairs.findings.append((float(sighting.position), _finding(account, sighting, node)))
    return pairs


def _likeness(gone: Absence, sighting: Sighting, node: Node) -> float:
    """How probably this event is that node; 0 for no."""
    event = sighting.event
    if event.voice != node.voice:
        return 0.0
    legal = gone.lower[node.index] < sighting.position < gone.upper[node.index]
    wanted = [*node.key, *((k, m.args[0]) for k, m in node.data if m.kind == "eq")]
    agree = sum(1 for k, v in wanted if k in sighting.data and same(k, v, sighting.data[k]))
    share = (agree + 1) / (len(wanted) + 1)
    if event.name == node.name:
        if sighting.outcome == "duplicate" and share <= 0.5:
            return 0.0
        return 2.0 + share + (0.5 if legal else 0.0)
    likeness = SequenceMatcher(None, event.name, node.name).ratio()
    return likeness * share if likeness >= _ALIKE and legal and share > 0.5 else 0.0


def _finding(account: Account, sighting: Sighting, node: Node) -> Finding:
    event = sighting.event
    seen = explain.label_of(event, [key for key, _ in node.key])
    if event.name != node.name:
        text = f"`{seen}` stands where `{node.label}` was expected: renamed?"
        finding = explain.base(account.expectation, "E105", "unexpected", text, node=node, event=event)
        return replace(finding, event=event.name, expected=node.label, got=seen, related=(node.label,))
    wrong = [
        (key, value, sighting.data.get(key, ""))
        for key, value in node.key
        if not same(key, value, sighting.data.get(key, ""))
    ]
    parts = [f"{explain.header(k)} should be `{w}`, is `{g}`" for k, w, g in wrong]
    text = f"`{seen}` instead of `{node.label}`: {'; '.join(parts) or 'it was seen twice'}."
    finding = explain.base(account.expectation, "E105", "wrong data", text, node=node, event=event)
    return replace(finding, expected=node.label, got=seen)
