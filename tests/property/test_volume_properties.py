"""The same properties with a disk: linearisations conform, faults are found, the monitor comes to rest."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from diskworld import disk_context, disk_expectation, hive, volumes
from worlds import MANAGER, OPERATORS, trace, unordered_swap

from smssboot.conformance import Monitor, check
from smssboot.model import Context, ground, load
from smssboot.timeline.items import Event

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
ARCHES = st.sampled_from(["x86_64", "aarch64"])
PROFILES = st.sampled_from(["win11/documented", "win11/observed"])
QUIET = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])


@QUIET
@given(seed=SEEDS, arch=ARCHES, profile=PROFILES)
def test_any_linearisation_conforms(seed: int, arch: str, profile: str) -> None:
    expected = disk_expectation(profile, arch)
    report = check(expected, trace(expected, seed))
    assert report.findings == ()
    assert report.verdict == "conforms"


@QUIET
@given(seed=SEEDS, profile=PROFILES)
def test_the_monitor_comes_to_rest_before_the_disk_is_read(seed: int, profile: str) -> None:
    monitor = Monitor(disk_expectation(profile))
    steady = False
    for item in trace(disk_expectation(profile), seed):
        if getattr(item, "name", "") == "power.request":
            assert steady
        assert monitor.feed(item) == []
        steady = steady or monitor.steady
    assert monitor.done


@QUIET
@given(seed=SEEDS)
def test_swapping_what_the_model_leaves_free_stays_silent(seed: int) -> None:
    expected = disk_expectation()
    items = unordered_swap(expected, trace(expected, seed), random.Random(seed))
    assert check(expected, items).findings == ()


@pytest.mark.parametrize("operator", OPERATORS)
@QUIET
@given(seed=SEEDS, profile=PROFILES)
def test_every_fault_is_found_and_named_first(operator: str, seed: int, profile: str) -> None:
    expected = disk_expectation(profile)
    mutant = OPERATORS[operator](expected, trace(expected, seed), random.Random(seed))
    if mutant is None:
        return
    report = check(expected, mutant.items)
    assert report.verdict == "deviates", mutant.told
    first = report.findings[0]
    named = {first.event, *(label.split(" ")[0] for label in first.related)}
    assert named & mutant.named, (mutant.told, first)


@QUIET
@given(seed=SEEDS)
def test_evidence_from_the_disk_that_is_missing_or_other_is_told(seed: int) -> None:
    expected = disk_expectation()
    items = trace(expected)
    kinds = ("disk.", "hive.", "event-log.")
    seen = [(n, i) for n, i in enumerate(items) if isinstance(i, Event) and i.voice == "evidence"]
    told = [n for n, item in seen if item.name.startswith(kinds)]
    at = random.Random(seed).choice(told)
    report = check(expected, items[:at] + items[at + 1 :])
    assert report.verdict == "deviates"
    assert {finding.code for finding in report.findings} <= {"E111", "E101"}


def fatal() -> Context:
    registry = hive()
    registry[rf"{MANAGER}\KnownDLLs"]["bad"] = ("REG_SZ", "text.exe")
    return disk_context(registry=registry)


def test_a_known_dll_that_is_none_ends_the_boot() -> None:
    expected = ground(load(), fatal())
    (bugcheck,) = (node for node in expected.nodes if node.name == "bugcheck")
    assert dict(bugcheck.data)["name"].args == ("STATUS_SYSTEM_PROCESS_TERMINATED",)
    items = trace(expected)
    stop = next(n for n, item in enumerate(items) if getattr(item, "name", "") == "bugcheck")
    begin = next(n for n, item in enumerate(items) if getattr(item, "name", "") == "smss.known-dlls.begin")
    assert begin < stop
    assert check(expected, trace(disk_expectation())).verdict == "deviates"


def test_full_disks_and_few_drivers_stand_on_their_own() -> None:
    for free in (0, 20 << 20, 60 << 20, 200 << 20):
        expected = ground(load(), disk_context(volumes=volumes(free)))
        assert check(expected, trace(expected)).findings == ()
