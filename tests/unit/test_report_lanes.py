"""Where the timeline's things are drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import report_boots as boots

from smssboot.report.lanes import MAX_CUTS, MAX_PROCESSES, MAX_ROWS, Chart, Lane, chart
from smssboot.report.view import EventView, RunView
from smssboot.timeline.items import Event


def lane(lanes: Chart, name: str, session: int, run: int) -> Lane:
    (only,) = (
        each
        for process in lanes.processes
        if (process.name, process.session) == (name, session)
        for each in process.lanes
        if each.run == run
    )
    return only


def claims(*steps: tuple[int, str], pid: int = 16) -> RunView:
    """A run of claims: microseconds, name, and data behind the name."""
    views = []
    for seq, (time, text) in enumerate(steps):
        name, *data = text.split()
        known = dict(word.split("=") for word in data)
        views.append(EventView(Event("claim", name, known, 0, seq, time * 1000, 0, pid, seq + 1)))
    return boots.run("x86_64", events=views)


def test_a_process_has_a_lane_in_each_run_one_under_the_other() -> None:
    lanes = chart([boots.run("x86_64"), boots.run("aarch64")])
    assert [(each.session, each.name, [lane.run for lane in each.lanes]) for each in lanes.processes] == [
        (0, "System", [0, 1]),
        (0, "smss.exe", [0, 1]),
        (1, "smss.exe", [0, 1]),
    ]


def test_all_runs_are_on_one_axis() -> None:
    lanes = chart([boots.run("x86_64"), boots.run("aarch64", slow=0.5)])
    slow, quick = (lane(lanes, "smss.exe", 0, run).bars[0] for run in (0, 1))
    assert quick.begin_ns * 2 == slow.begin_ns
    assert quick.left < slow.left
    assert slow.left == lanes.scale.at(slow.begin_ns) == lanes.scale.at(2 * quick.begin_ns)


def test_a_phase_is_between_its_claims_and_below_the_one_around_it() -> None:
    bars = lane(chart([boots.run("x86_64")]), "smss.exe", 0, 0).bars
    by_name = {bar.name: bar for bar in bars}
    outer, inner = by_name["smss.boot-execute"], by_name["smss.boot-command"]
    assert outer.left < inner.left < inner.right < outer.right
    assert (outer.row, inner.row) == (0, 1)
    assert inner.ended


def test_phases_that_overlap_have_rows_of_their_own() -> None:
    every = lane(chart([boots.run("x86_64")]), "smss.exe", 0, 0).bars
    bars = [bar for bar in every if bar.name == "smss.session"]
    assert [(bar.which, bar.row) for bar in bars] == [("0", 0), ("1", 1)]
    assert bars[0].left < bars[1].left < bars[0].right < bars[1].right


def test_a_phase_without_end_reaches_to_the_last_word_of_its_process() -> None:
    (bar,) = lane(chart([claims((0, "a.start"), (10, "a.x.begin"), (40, "a.y"))]), "process 16", 0, 0).bars
    assert (bar.ended, bar.end_ns) == (False, 40_000)


def test_every_record_has_a_tick() -> None:
    run = boots.run("x86_64")
    lanes = chart([run])
    ticks = sum(len(places) for process in lanes.processes for places in process.lanes[0].ticks.values())
    assert ticks == sum(1 for view in run.events if view.event.time_ns is not None)


def test_a_finding_is_in_the_lane_of_its_record() -> None:
    lanes = chart(boots.study().runs)
    (exact, lost) = lane(lanes, "smss.exe", 0, 0).marks
    assert exact.index == 0 and exact.at == pytest.approx(lanes.scale.at(3_000_000))
    assert lost.index == 2
    assert [(mark.run, mark.index) for mark in lanes.homeless] == [(0, 1)]


def test_a_long_gap_is_cut_out_of_the_axis() -> None:
    lanes = chart([claims((0, "a.b"), (100, "a.c"), (9_000_000, "a.d"), (9_000_100, "a.e"))])
    assert [segment.cut for segment in lanes.scale.segments] == [False, True, False]
    assert lanes.scale.shown_ns == 200_000
    assert lanes.scale.at(100_000) == pytest.approx(0.4825)


def test_a_gap_that_is_not_unusual_stays() -> None:
    lanes = chart([claims((0, "a.b"), (100, "a.c"), (900, "a.d"), (1_000, "a.e"))])
    assert not any(segment.cut for segment in lanes.scale.segments)


def test_a_gap_inside_a_phase_is_never_cut() -> None:
    lanes = chart([claims((0, "a.b"), (100, "a.slow.begin"), (9_000_000, "a.slow.end"), (9_000_100, "a.e"))])
    assert not any(segment.cut for segment in lanes.scale.segments)


def test_a_second_boot_is_laid_behind_the_first() -> None:
    first, second = (claims((0, "hello"), (100, "a.b")) for _ in range(2))
    lanes = chart([boots.run("x86_64", events=[*first.events, *second.events])])
    assert len(lanes.processes) == 2
    assert [each.lanes[0].begin_ns for each in lanes.processes] == [0, 100_000]


def test_a_guest_cannot_make_the_drawing_endless() -> None:
    steps = [(number, "a.x.begin") for number in range(300)]
    assert lane(chart([claims(*steps)]), "process 16", 0, 0).rows == MAX_ROWS
    events = [
        EventView(Event("claim", "a.b", {}, 0, n, n * 1000, 0, n + 5, n)) for n in range(MAX_PROCESSES + 7)
    ]
    lanes = chart([boots.run("x86_64", events=events)])
    assert (len(lanes.processes), lanes.left_out) == (MAX_PROCESSES, 7)


def test_what_is_cut_leaves_room_for_the_rest() -> None:
    times, at = [], 0
    for power in range(1, 14):
        times += [at + step for step in range(60)]
        at += 60 + 10**power
    lanes = chart([claims(*((time, "a.b") for time in times))])
    pieces = lanes.scale.segments
    assert sum(piece.cut for piece in pieces) == MAX_CUTS
    assert all(piece.left < piece.right for piece in pieces)


def test_nothing_said_is_an_empty_chart() -> None:
    assert chart([boots.run("x86_64", events=())]).processes == ()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 10**13), st.sampled_from(["a.x.begin", "a.x.end", "a.y.begin", "a.y.end", "a.z"])
    ),
    min_size=1,
    max_size=40,
)


@given(STEPS)
def test_the_axis_keeps_the_order_of_time_whatever_comes(steps: list[tuple[int, str]]) -> None:
    steps.sort(key=lambda step: step[0])
    lanes = chart([claims(*steps)])
    places = [lanes.scale.at(time * 1000) for time, _ in steps]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    for bar in lanes.processes[0].lanes[0].bars:
        assert bar.left <= bar.right
