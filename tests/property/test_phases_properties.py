"""Properties of the phases: no nanosecond is lost or counted twice, whatever the log looks like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smssboot.timeline.items import Event, Voice
from smssboot.timeline.phases import Busy, costs, phases

NAMES = (
    "smss.a.begin", "smss.a.end", "smss.b.begin", "smss.b.end", "smss.start", "process.create",
    "process.exit", "power.request",
)  # fmt: skip
PIDS = st.sampled_from([4, 16, 32])
KEYS = st.sampled_from(["pid", "name", "index", "session"])
DATA = st.dictionaries(KEYS, st.sampled_from(["16", "32", "x"]))
VOICES = st.sampled_from(["claim", "claim", "fact"])


@st.composite
def logs(draw: st.DrawFn, monotone: bool = True) -> list[Event]:
    """Records of a few processes with gaps in their numbers, as a damaged log has them."""
    events: list[Event] = []
    seq = time_ns = 0
    for _ in range(draw(st.integers(1, 30))):
        time_ns = time_ns + draw(st.integers(0, 50)) if monotone else draw(st.integers(0, 500))
        seq += draw(st.sampled_from([1, 1, 1, 2]))
        voice: Voice = draw(VOICES)
        name, data = draw(st.sampled_from(NAMES)), draw(DATA)
        events.append(Event(voice, name, data, 0, seq, time_ns, draw(st.integers(0, 1)), draw(PIDS), seq))
    return events


def inside(found: Sequence[object], number: int | None) -> bool:
    return number is None or 0 <= number < len(found)


@given(events=logs(monotone=False))
def test_all_own_times_add_up_to_the_last_records_time(events: list[Event]) -> None:
    found = phases(events)
    assert sum(phase.own_ns for phase in found) == events[-1].time_ns
    assert sum(costs(events).values()) == events[-1].time_ns
    assert all(inside(found[:number], phase.parent) for number, phase in enumerate(found))


@given(events=logs())
def test_no_time_is_negative_and_no_phase_has_more_than_it_lasted(events: list[Event]) -> None:
    end = events[-1].time_ns
    assert end is not None
    for phase in phases(events):
        assert phase.own_ns >= 0
        if phase.parent is not None:
            assert phase.own_ns <= (end if phase.end_ns is None else phase.end_ns) - phase.begin_ns


@given(events=logs(), places=st.lists(st.integers(0, 30), max_size=5))
def test_what_the_host_saw_changes_nothing(events: list[Event], places: list[int]) -> None:
    mixed = list(events)
    for place in places:
        mixed.insert(place, Event("evidence", "smss.a.begin", {"pid": "16", "name": "x"}, place))
    assert phases(mixed) == phases(events)


@given(events=logs(), seed=st.integers(0, 2**32 - 1))
def test_records_count_by_their_numbers(events: list[Event], seed: int) -> None:
    shuffled = random.Random(seed).sample(events, len(events))
    assert phases(shuffled) == phases(events)


@given(events=logs(), cuts=st.lists(st.integers(0, 1600), max_size=4))
def test_any_stretches_of_time_together_are_the_whole(events: list[Event], cuts: list[int]) -> None:
    busy = Busy(events)
    edges = sorted({0, events[-1].time_ns or 0, *(min(cut, events[-1].time_ns or 0) for cut in cuts)})
    total: dict[str, int] = {}
    for begin, end in pairwise(edges):
        part = busy.between(begin, end)
        assert sum(part.values()) == end - begin
        for key, ns in part.items():
            total[key] = total.get(key, 0) + ns
    assert total == {key: ns for key, ns in costs(events).items() if ns}
