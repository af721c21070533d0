"""Properties of the check: every linearisation conforms, every fault is found and named first."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from worlds import OPERATORS, expectation, trace, unordered_swap

from smssboot.conformance import Monitor, check
from smssboot.timeline.items import Event

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
ARCHES = st.sampled_from(["x86_64", "aarch64"])
QUIET = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])


@QUIET
@given(seed=SEEDS, arch=ARCHES, devices=st.integers(0, 9), sessions=st.integers(2, 4))
def test_any_linearisation_conforms(seed: int, arch: str, devices: int, sessions: int) -> None:
    expected = expectation(arch, devices, sessions)
    items = trace(expected, seed)
    report = check(expected, items)
    assert report.findings == ()
    assert report.verdict == "conforms"
    assert report.seen == report.expected
    assert all(status in ("ok", None) for status in report.statuses)


@QUIET
@given(seed=SEEDS, action=st.sampled_from(["poweroff", "reset"]))
def test_the_monitor_is_silent_and_comes_to_rest(seed: int, action: str) -> None:
    expected = expectation(action=action)
    monitor = Monitor(expected)
    steady_at = request_at = None
    for position, item in enumerate(trace(expected, seed)):
        assert monitor.feed(item) == []
        if monitor.steady and steady_at is None:
            steady_at = position
        if getattr(item, "name", "") == "power.request":
            request_at = position
    assert steady_at is not None and request_at is not None
    assert steady_at < request_at
    assert monitor.done
    assert monitor.progress[0] == monitor.progress[1]
    assert monitor.next_expected() == []


@QUIET
@given(seed=SEEDS)
def test_swapping_what_the_model_leaves_free_stays_silent(seed: int) -> None:
    expected = expectation()
    chance = random.Random(seed)
    items = unordered_swap(expected, trace(expected, seed), chance)
    assert check(expected, items).findings == ()


@pytest.mark.parametrize("operator", OPERATORS)
@QUIET
@given(seed=SEEDS, arch=ARCHES)
def test_every_fault_is_found_and_named_first(operator: str, seed: int, arch: str) -> None:
    expected = expectation(arch)
    mutant = OPERATORS[operator](expected, trace(expected, seed), random.Random(seed))
    if mutant is None:
        return
    report = check(expected, mutant.items)
    assert report.verdict == "deviates", mutant.told
    first = report.findings[0]
    named = {first.event, *(label.split(" ")[0] for label in first.related)}
    assert named & mutant.named, (mutant.told, first)
    assert first.text and first.code


@pytest.mark.parametrize("operator", sorted(set(OPERATORS) - {"delete", "truncate"}))
@QUIET
@given(seed=SEEDS)
def test_the_monitor_finds_it_while_the_boot_runs(operator: str, seed: int) -> None:
    expected = expectation()
    mutant = OPERATORS[operator](expected, trace(expected, seed), random.Random(seed))
    if mutant is None:
        return
    monitor = Monitor(expected)
    found = [finding for item in mutant.items for finding in monitor.feed(item)]
    assert found, mutant.told


@QUIET
@given(seed=SEEDS, arch=ARCHES)
def test_a_lost_record_is_damage_and_nothing_else(seed: int, arch: str) -> None:
    expected = expectation(arch)
    items = trace(expected, seed)
    records = [n for n, item in enumerate(items) if isinstance(item, Event) and item.seq is not None]
    at = random.Random(seed).choice(records[:-1])
    findings = check(expected, items[:at] + items[at + 1 :]).findings
    assert [finding.code for finding in findings] == ["E109"], (items[at], findings)
    lost = items[at]
    assert isinstance(lost, Event)
    assert findings[0].seq == lost.seq
