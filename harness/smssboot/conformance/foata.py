"""One text for all orders of a boot that the model does not tell apart, so that a harmless swap is no change.

Two events depend on each other when the model orders them.  The Foata normal form of a trace puts each event
on the first level above all earlier ones on which it depends; swapping neighbours that do not depend on each
other leaves it as it is, and swapping two that do gives another one (Cartier and Foata, 1969).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from smssboot.conformance.accounts import Account
from smssboot.model.expectation import Expectation, Graph
from smssboot.timeline.items import WIRE_VOICES, Item

Levels = tuple[tuple[str, ...], ...]


def normal_form(
    expectation: Expectation, items: Iterable[Item], labels: Sequence[str] | None = None
) -> Levels:
    """The boot's claims and facts up to the shutdown part, level by level, each level sorted.

    Events that the model allows but does not expect have no order and are left out.  `labels` name the nodes;
    None: by voice and label.  O(n * levels) for n events, with bitsets over the expectation's nodes.
    """
    nodes = expectation.nodes
    names = labels or [f"{node.voice} {node.label}" for node in nodes]
    account = Account(expectation, list(items))
    seen = [
        sighting.node
        for sighting in account.sightings
        if sighting.outcome == "node"
        and nodes[sighting.node].voice in WIRE_VOICES
        and not nodes[sighting.node].after_steady
    ]
    dependent = _dependent(account.graph, sorted(set(seen)))
    members: list[list[int]] = []
    masks: list[int] = []
    for node in seen:
        level = len(masks)
        while level and not masks[level - 1] & dependent[node]:
            level -= 1
        if level == len(masks):
            members.append([])
            masks.append(0)
        members[level].append(node)
        masks[level] |= 1 << node
    return tuple(tuple(sorted(names[node] for node in level)) for level in members)


def fingerprint(levels: Levels) -> str:
    """SHA-256 of a normal form, in hexadecimal."""
    digest = hashlib.sha256()
    for level in levels:
        digest.update("\0".join(level).encode("utf-8", "surrogatepass") + b"\n\n")
    return digest.hexdigest()


def _dependent(graph: Graph, wanted: list[int]) -> dict[int, int]:
    """For each node those that the model orders before or after it, and itself, as a bitset."""
    places = graph.ancestors_within(wanted)
    found = {node: 1 << node for node in wanted}
    for node, mask in places.items():
        while mask:
            low = mask & -mask
            before = wanted[low.bit_length() - 1]
            found[node] |= 1 << before
            found[before] |= 1 << node
            mask ^= low
    return found
