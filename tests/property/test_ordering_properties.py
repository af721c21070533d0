"""The smallest set of misplaced events, against brute force and against a second method."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from smssboot.conformance.bipartite import maximum_matching
from smssboot.conformance.ordering import _koenig, conflicts, misplaced
from smssboot.model.expectation import Edge, Graph

SMALL = settings(deadline=None, max_examples=200)


def poset(seed: int, size: int) -> Graph:
    chance = random.Random(seed)
    share = chance.random()
    edges = [
        Edge(a, b, 0) for a in range(size) for b in range(a + 1, size) if chance.random() < share
    ]
    return Graph(size, tuple(edges))


def shuffled(seed: int, size: int) -> list[tuple[int, int]]:
    nodes = list(range(size))
    random.Random(seed + 1).shuffle(nodes)
    return list(enumerate(nodes))


def broken(seen: list[tuple[int, int]], graph: Graph) -> bool:
    below = {node: graph.reach([node]) for _, node in seen}
    return any(a in below[b] for (_, a), (_, b) in combinations(seen, 2))


def brute_force(seen: list[tuple[int, int]], graph: Graph) -> int:
    for size in range(len(seen) + 1):
        for out in combinations(seen, size):
            if not broken([entry for entry in seen if entry not in out], graph):
                return size
    raise AssertionError


@SMALL
@given(seed=st.integers(0, 2**32), size=st.integers(1, 8))
def test_as_few_as_brute_force_finds(seed: int, size: int) -> None:
    graph, seen = poset(seed, size), shuffled(seed, size)
    moves = misplaced(seen, graph, {n: n for n in range(size)})
    assert len(moves) == brute_force(seen, graph)
    blamed = {seen[move.event] for move in moves}
    assert not broken([entry for entry in seen if entry not in blamed], graph)


@SMALL
@given(seed=st.integers(0, 2**32), size=st.integers(1, 30))
def test_two_methods_agree(seed: int, size: int) -> None:
    graph, seen = poset(seed, size), shuffled(seed, size)
    everything = list(range(size))
    relation = conflicts(seen, graph, everything)
    cover = {seen[n] for n in _koenig(relation)}
    moves = misplaced(seen, graph, {n: n for n in range(size)})
    assert len(cover) == len(moves)
    assert not broken([entry for entry in seen if entry not in cover], graph)


@SMALL
@given(seed=st.integers(0, 2**32), left=st.integers(0, 7), right=st.integers(0, 7))
def test_the_matching_is_maximum(seed: int, left: int, right: int) -> None:
    chance = random.Random(seed)
    arcs = [[v for v in range(right) if chance.random() < 0.4] for _ in range(left)]
    pair_left, pair_right = maximum_matching(arcs, right)
    for u, v in enumerate(pair_left):
        assert v == -1 or (v in arcs[u] and pair_right[v] == u)

    def best(u: int, used: frozenset[int]) -> int:
        if u == left:
            return 0
        skip = best(u + 1, used)
        return max([skip, *(1 + best(u + 1, used | {v}) for v in arcs[u] if v not in used)])

    assert sum(1 for v in pair_left if v != -1) == best(0, frozenset())


def test_a_conforming_order_moves_nothing() -> None:
    graph = poset(5, 40)
    seen = list(enumerate(graph.order))
    assert misplaced(seen, graph, {}) == []
