"""Patience: whose time is counted, and who is blamed when it is over."""

from __future__ import annotations

import pytest

from smssboot.machine.deadlines import Deadlines, Mark, guest_time
from smssboot.machine.host import Usage
from smssboot.machine.plan import Policy

POLICY = Policy(first_record_s=2, silence_s=3, total_s=10, shutdown_s=4, host_patience=5)


def mark(wall: float, cpu: float = 0.0, waited: float = 0.0) -> Mark:
    return Mark(wall, Usage(cpu, waited))


@pytest.fixture
def deadlines() -> Deadlines:
    deadlines = Deadlines(POLICY)
    deadlines.started(mark(100))
    return deadlines


def verdict(deadlines: Deadlines, at: Mark) -> tuple[str, str] | None:
    found = deadlines.check(at)
    return None if found is None else (found.kind, found.data["awaited"])


def test_nothing_is_due_yet(deadlines: Deadlines) -> None:
    assert deadlines.check(mark(102)) is None


def test_a_guest_that_waits(deadlines: Deadlines) -> None:
    assert verdict(deadlines, mark(102.1, cpu=0.1)) == ("silent-hang", "first record")


def test_a_guest_that_burns(deadlines: Deadlines) -> None:
    assert verdict(deadlines, mark(102.1, cpu=2.0)) == ("livelock", "first record")


def test_time_in_which_the_host_was_busy_does_not_count(deadlines: Deadlines) -> None:
    assert deadlines.check(mark(103, cpu=1.0, waited=1.5)) is None
    assert verdict(deadlines, mark(105, cpu=2.2, waited=2.5)) == ("livelock", "first record")


def test_a_host_that_never_lets_it_run(deadlines: Deadlines) -> None:
    assert deadlines.check(mark(109.9, cpu=0.1, waited=9.0)) is None
    assert verdict(deadlines, mark(110.1, cpu=0.1, waited=9.1)) == ("host-too-slow", "first record")


def test_each_record_buys_time_but_not_for_ever(deadlines: Deadlines) -> None:
    for second in range(101, 110):
        deadlines.progressed(mark(second))
        assert deadlines.check(mark(second + 0.9)) is None
    deadlines.progressed(mark(110))
    assert verdict(deadlines, mark(110.1)) == ("silent-hang", "steady state")


def test_silence_between_records(deadlines: Deadlines) -> None:
    deadlines.progressed(mark(101))
    assert deadlines.check(mark(104)) is None
    assert verdict(deadlines, mark(104.1)) == ("silent-hang", "next record")


def test_a_paused_guest_owes_nothing(deadlines: Deadlines) -> None:
    deadlines.suspended()
    assert deadlines.check(mark(1000)) is None
    deadlines.progressed(mark(1000))
    assert deadlines.check(mark(2000)) is None


def test_power_off_replaces_the_other_limits(deadlines: Deadlines) -> None:
    deadlines.power_off_requested(mark(150))
    deadlines.progressed(mark(151))
    assert deadlines.check(mark(153.9)) is None
    assert verdict(deadlines, mark(154.1)) == ("silent-hang", "power-off")


def test_a_process_that_has_gone_has_waited_for_nothing() -> None:
    assert guest_time(mark(10, waited=5), mark(12)) == 2
    assert guest_time(mark(10), mark(12, waited=0.5)) == 1.5
    assert guest_time(mark(10), mark(12, waited=9)) == 0


def test_a_slow_machine_gets_more() -> None:
    deadlines = Deadlines(POLICY, scale=10)
    deadlines.started(mark(0))
    assert deadlines.check(mark(19)) is None
    assert verdict(deadlines, mark(21)) == ("silent-hang", "first record")
