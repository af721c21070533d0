"""The Foata normal form: one for all orders that the model allows, another one as soon as it does not."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import expectation, trace

from smssboot.conformance import check
from smssboot.conformance.foata import fingerprint, normal_form
from smssboot.conformance.tracking import Tracker
from smssboot.model.expectation import Expectation, Graph
from smssboot.timeline.items import Event, Item


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 32), devices=st.integers(3, 9), sessions=st.integers(1, 3))
def test_every_order_that_the_model_allows_has_the_same_fingerprint(
    seed: int, devices: int, sessions: int
) -> None:
    expected = expectation("x86_64", devices, sessions)
    usual, other = trace(expected), trace(expected, seed)
    assert check(expected, other).verdict == "conforms"
    assert normal_form(expected, other) == normal_form(expected, usual)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_a_swap_that_the_model_forbids_has_another_one(seed: int) -> None:
    expected = expectation()
    items = trace(expected, seed)
    at, then = random.Random(seed).choice(ordered_neighbours(expected, items))
    swapped = list(items)
    swapped[at], swapped[then] = swapped[then], swapped[at]
    assert fingerprint(normal_form(expected, swapped)) != fingerprint(normal_form(expected, items))


def ordered_neighbours(expected: Expectation, items: list[Item]) -> list[tuple[int, int]]:
    """Positions of neighbours before the shutdown part that the model orders, and that are not alike."""
    tracker, found = Tracker(expected), []
    arrows = {(edge.first, edge.then) for edge in expected.edges}
    nodes = [tracker.see(item, at).node if isinstance(item, Event) else -1 for at, item in enumerate(items)]
    for at, (first, then) in enumerate(pairwise(nodes)):
        known = [expected.nodes[node] for node in (first, then) if node >= 0]
        plain = len(known) == 2 and not any(n.after_steady or n.voice == "evidence" for n in known)
        defining = any(n.name in ("hello", "process.create") for n in known)
        if plain and not defining and (first, then) in arrows:
            found.append((at, at + 1))
    return found


def test_levels_follow_the_model_alone() -> None:
    expected = expectation()
    items = trace(expected)
    levels = normal_form(expected, items)
    tracker = Tracker(expected)
    seen = [tracker.see(item, at).node for at, item in enumerate(items) if isinstance(item, Event)]
    known = [expected.nodes[node] for node in seen if node >= 0]
    wanted = {n.index for n in known if n.voice in ("claim", "fact") and not n.after_steady}
    graph = Graph(len(expected.nodes), expected.edges)
    depth = [0] * len(expected.nodes)
    for node in graph.order:
        above = max((depth[before] for before in graph.pred[node]), default=0)
        depth[node] = above + tracker.counts[node] * (node in wanted)
    assert len(levels) == max(depth[node] for node in wanted)
    assert sum(map(len, levels)) == sum(tracker.counts[node] for node in wanted)


def test_a_missing_event_has_another_fingerprint() -> None:
    expected = expectation()
    items = trace(expected)
    at = next(n for n, item in enumerate(items) if isinstance(item, Event) and item.name == "smss.dos-device")
    assert normal_form(expected, items) != normal_form(expected, items[:at] + items[at + 1 :])


def test_what_the_model_only_allows_has_no_place_in_it() -> None:
    expected = expectation()
    items = trace(expected)
    more = [*items[:9], Event("fact", "registry.open", {"key": "\\Registry\\Machine\\Other"}), *items[9:]]
    assert normal_form(expected, more) == normal_form(expected, items)


@pytest.mark.parametrize("levels", [(("a", "b"),), (("a",), ("b",)), (("b",), ("a",)), ()])
def test_a_fingerprint_tells_levels_apart(levels: tuple[tuple[str, ...], ...]) -> None:
    others = [(("a", "b"),), (("a",), ("b",)), (("b",), ("a",)), ()]
    assert [fingerprint(other) == fingerprint(levels) for other in others].count(True) == 1
