"""Which events must be called misplaced: the exact smallest set.

Let R hold the pairs (a, b) where the model wants a before b and the trace shows b before a. R is the
intersection of the model's order with the reversed order of the trace, hence a strict partial order.
The largest set of events that agree with the model is a maximum antichain of R; by Dilworth's theorem
and König's, one bipartite matching gives its size, and the events outside it are the fewest to move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smssboot.conformance.bipartite import maximum_matching
from smssboot.model.expectation import Graph

_MOST = 1000
"""Conflicting events that are explained; R has up to the square of this many pairs."""
_EXACT_TIES = 120
"""Up to so many conflicting events, ties between equally small sets are broken one by one."""


@dataclass(frozen=True, slots=True)
class Move:
    """An event that is misplaced. Numbers index the list of (position, node) given to `misplaced`.

    `late` means that it came too late: some `partners` must follow it and were seen before. `partners`
    are all events with which it conflicts, `instead` others that could be blamed just as well.
    """

    event: int
    late: bool
    partners: tuple[int, ...]
    instead: tuple[int, ...] = ()


def misplaced(seen: Sequence[tuple[int, int]], graph: Graph, usual: Mapping[int, int]) -> list[Move]:
    """The smallest set of events to move. `seen` are (position, node), sorted by position.

    `usual` is each node's rank in some linearisation; it breaks ties. O(V + E) when nothing is wrong. Of a
    log that is in disorder from end to end only the first thousand conflicting events are explained.
    """
    found = suspects(seen, graph)[:_MOST]
    if not found:
        return []
    return _blame(seen, found, conflicts(seen, graph, found), usual)


def suspects(seen: Sequence[tuple[int, int]], graph: Graph) -> list[int]:
    """Events that take part in at least one conflict (numbers into `seen`)."""
    size = len(graph.succ)
    first = [1 << 60] * size
    last = [-1] * size
    for position, node in seen:
        first[node] = min(first[node], position)
        last[node] = max(last[node], position)
    latest = [-1] * size  # latest position among all ancestors
    for node in graph.order:
        reach = max(latest[node], last[node])
        for then in graph.succ[node]:
            if reach > latest[then]:
                latest[then] = reach
    earliest = [1 << 60] * size  # earliest position among all descendants
    for node in reversed(graph.order):
        for then in graph.succ[node]:
            reach = min(earliest[then], first[then])
            if reach < earliest[node]:
                earliest[node] = reach
    return [
        number
        for number, (position, node) in enumerate(seen)
        if position < latest[node] or position > earliest[node]
    ]


def conflicts(
    seen: Sequence[tuple[int, int]], graph: Graph, numbers: Sequence[int]
) -> list[list[int]]:
    """For each of these events, those that were seen later and must come before it (indices)."""
    nodes = sorted({seen[number][1] for number in numbers})
    above = graph.ancestors_within(nodes)
    bit = {node: i for i, node in enumerate(nodes)}
    out: list[list[int]] = []
    for i, number in enumerate(numbers):
        mask = above[seen[number][1]]
        out.append([j for j in range(i + 1, len(numbers)) if mask >> bit[seen[numbers[j]][1]] & 1])
    return out


def _blame(
    seen: Sequence[tuple[int, int]],
    numbers: Sequence[int],
    before: list[list[int]],
    usual: Mapping[int, int],
) -> list[Move]:
    """Choose the events to blame; of equally small sets the one that repairs most per event."""
    count = len(numbers)
    after: list[list[int]] = [[] for _ in range(count)]
    for i, others in enumerate(before):
        for j in others:
            after[j].append(i)
    degree = [len(before[i]) + len(after[i]) for i in range(count)]
    chosen = _cover(before, degree, _displacement(seen, numbers, usual))
    moves: list[Move] = []
    for i in sorted(chosen):
        partners = [*after[i], *before[i]]
        late = len(after[i]) >= len(before[i]) if after[i] and before[i] else bool(after[i])
        instead: tuple[int, ...] = ()
        if len(partners) == 1 and degree[partners[0]] == 1:
            instead = (numbers[partners[0]],)
        moves.append(Move(numbers[i], late, tuple(numbers[p] for p in sorted(partners)), instead))
    return moves


def _displacement(
    seen: Sequence[tuple[int, int]], numbers: Sequence[int], usual: Mapping[int, int]
) -> list[int]:
    ranked = sorted(range(len(seen)), key=lambda n: (usual.get(seen[n][1], 0), n))
    rank = {number: place for place, number in enumerate(ranked)}
    return [abs(rank[number] - number) for number in numbers]


def _cover(before: list[list[int]], degree: list[int], displaced: list[int]) -> list[int]:
    """A minimum vertex cover of the conflict graph, by König from a maximum matching of R."""
    count = len(before)
    matched = sum(1 for partner in maximum_matching(before, count)[0] if partner != -1)
    if count > _EXACT_TIES:
        return _koenig(before)
    alive = [True] * count
    chosen: list[int] = []
    for candidate in sorted(range(count), key=lambda i: (-degree[i], -displaced[i], -i)):
        if matched == 0:
            break
        if not alive[candidate]:
            continue
        alive[candidate] = False
        left = [[j for j in before[i] if alive[j]] if alive[i] else [] for i in range(count)]
        rest = sum(1 for partner in maximum_matching(left, count)[0] if partner != -1)
        if rest == matched - 1:  # this event lies in some smallest explanation
            chosen.append(candidate)
            matched = rest
        else:
            alive[candidate] = True
    return chosen


def _koenig(before: list[list[int]]) -> list[int]:
    """Elements outside one maximum antichain of the partial order R (Dilworth by König).

    In the split graph the vertices reachable from unmatched left ones by alternating paths give a
    minimum cover; an element is outside the antichain iff one of its two copies is in the cover.
    """
    count = len(before)
    pair_left, pair_right = maximum_matching(before, count)
    left_seen = [partner == -1 for partner in pair_left]
    right_seen = [False] * count
    stack = [u for u in range(count) if left_seen[u]]
    while stack:
        u = stack.pop()
        for v in before[u]:
            if not right_seen[v]:
                right_seen[v] = True
                w = pair_right[v]
                if w != -1 and not left_seen[w]:
                    left_seen[w] = True
                    stack.append(w)
    return [i for i in range(count) if not left_seen[i] or right_seen[i]]
