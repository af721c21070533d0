"""Properties of the comparison: what the model leaves free is no divergence, every fault is one, by name."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from worlds import OPERATORS, expectation, trace

from smssboot.conformance.comparison import Comparison, compare
from smssboot.conformance.critical import chain
from smssboot.conformance.identity import Side
from smssboot.timeline.items import Event, Item

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
ARCHES = st.sampled_from(["x86_64", "aarch64"])
QUIET = settings(deadline=None, max_examples=15)


def side(arch: str, items: list[Item], model: bool = True) -> Side:
    events = [item for item in items if isinstance(item, Event)]
    return Side(arch, events, expectation(arch) if model else None, "00112233")


def compared(arches: tuple[str, str], items: tuple[list[Item], list[Item]]) -> Comparison:
    return compare(side(arches[0], items[0]), side(arches[1], items[1]))


@QUIET
@given(one=SEEDS, other=SEEDS, arches=st.tuples(ARCHES, ARCHES))
def test_two_boots_that_conform_do_not_diverge(one: int, other: int, arches: tuple[str, str]) -> None:
    items = trace(expectation(arches[0]), one), trace(expectation(arches[1]), other)
    found = compared(arches, items)
    assert found.divergences == ()
    assert found.matched == sum(1 for item in items[0] if isinstance(item, Event))
    assert arches[0] != arches[1] or found.allowed == ()
    assert arches[0] == arches[1] or "model" in {allowed.why for allowed in found.allowed}


@pytest.mark.parametrize("operator", OPERATORS)
@QUIET
@given(seed=SEEDS, arches=st.tuples(ARCHES, ARCHES), first=st.booleans())
def test_a_fault_of_one_boot_is_a_divergence_that_names_it(
    operator: str, seed: int, arches: tuple[str, str], first: bool
) -> None:
    good, bad = trace(expectation(arches[0])), expectation(arches[1])
    mutant = OPERATORS[operator](bad, trace(bad, seed), random.Random(seed))
    if mutant is None:
        return
    if first:
        found = compared((arches[1], arches[0]), (mutant.items, good))
    else:
        found = compared(arches, (good, mutant.items))
    named = {one.event for one in found.divergences} | {one.near.split(" ")[0] for one in found.divergences}
    assert named & mutant.named, (mutant.told, found.divergences)


@QUIET
@given(seed=SEEDS, arch=ARCHES)
def test_the_same_boot_is_the_same_also_without_a_model(seed: int, arch: str) -> None:
    items = trace(expectation(arch), seed)
    found = compare(side(arch, items, model=False), side(arch, items, model=False))
    assert (found.divergences, found.allowed, found.reordered, found.background) == ((), (), 0, 0)


@QUIET
@given(seed=SEEDS, arch=ARCHES, model=st.booleans())
def test_a_chain_leads_back_to_the_beginning_and_adds_up(seed: int, arch: str, model: bool) -> None:
    known = side(arch, trace(expectation(arch), seed), model)
    found = chain(known.events, known.expectation)
    times = [link.time_ns for link in found.links]
    assert times == sorted(times, reverse=True)
    assert all(link.own_ns >= 0 for link in found.links)
    assert sum(link.own_ns for link in found.links) == times[0]
    assert found.by_model is model
    assert not model or found.links[-1].event.name == "hello"
