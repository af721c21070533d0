"""The budget of boots: counted over processes, given back by whoever ends, in whatever way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smssboot.errors import InfrastructureError
from smssboot.study.budget import Budget, processors

HOLDER = """
import sys, time
from pathlib import Path
from smssboot.study.budget import Budget
place = Budget(Path(sys.argv[1]), int(sys.argv[2])).take()
print(place.number, flush=True)
sys.stdin.read()
"""

COUNTER = """
import sys, time
from pathlib import Path
from smssboot.study.budget import Budget
folder, places, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
input()
for _ in range(rounds):
    with Budget(folder, places).place():
        begin = time.monotonic_ns()
        time.sleep(0.02)
        print(begin, time.monotonic_ns(), flush=True)
"""


@contextmanager
def holder(folder: Path, places: int = 1) -> Iterator[subprocess.Popen[str]]:
    """Another process that has a place, or waits for one, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(places)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def has_place(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None and process.stdout.readline().strip().isdecimal()


def test_by_default_there_are_as_many_places_as_processors(tmp_path: Path) -> None:
    assert Budget(tmp_path).places == processors() == len(os.sched_getaffinity(0))


def test_places_run_out_and_come_back(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 2)
    first, second = budget.take(), budget.take()
    assert {first.number, second.number} == {0, 1}
    assert budget.try_take() is None
    first.free()
    first.free()
    third = budget.try_take()
    assert third is not None and third.number == 0
    assert budget.try_take() is None


def test_a_forgotten_place_is_free(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1)
    place = budget.take()
    assert budget.try_take() is None
    del place
    assert budget.try_take() is not None


def test_a_place_is_free_after_an_exception(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1)
    with pytest.raises(KeyError), budget.place():
        raise KeyError
    assert budget.try_take() is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_whoever_is_killed_gives_its_place_back(number: signal.Signals, tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1)
    with holder(tmp_path) as other:
        has_place(other)
        assert budget.try_take() is None
        other.send_signal(number)
        with budget.place() as place:
            assert place.number == 0


def test_a_program_that_was_started_holds_no_place(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1)
    place = budget.take()
    command = [sys.executable, "-c", "print('here', flush=True); input()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, close_fds=False) as child:
        assert child.stdout is not None and child.stdout.readline() == "here\n"
        place.free()
        assert budget.try_take() is not None
        child.kill()


def test_one_who_waits_can_be_interrupted(tmp_path: Path) -> None:
    class Alarm(BaseException):
        pass

    def ring(_number: int, _frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with holder(tmp_path) as first:
            has_place(first)
            for _ in range(2):  # first in line, then behind somebody who is
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(Alarm):
                    Budget(tmp_path, 1).take()
                second = threading.Thread(target=Budget(tmp_path, 1).take, daemon=True)
                second.start()
                time.sleep(0.05)
        second.join(10)
        assert not second.is_alive()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert Budget(tmp_path, 1).try_take() is not None, "who was interrupted holds nothing"


@pytest.mark.parametrize("places", [1, 2])
def test_never_more_at_a_time_than_there_are_places(places: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNTER, str(tmp_path), str(places), "8"]
    pipe = subprocess.PIPE
    others = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for other in others:
        assert other.stdout is not None and other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
    edges: list[tuple[int, int]] = []
    for other in others:
        out, _ = other.communicate(timeout=60)
        for line in out.splitlines():
            begin, end = map(int, line.split())
            edges += [(begin, 1), (end, -1)]
    assert len(edges) == 2 * 4 * 8
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    assert most == places, "all places are used, and not one more"


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InfrastructureError, match="cannot make"):
        Budget(tmp_path / "file" / "below")
    budget = Budget(tmp_path / "gone", 1)
    budget.folder.rmdir()
    with pytest.raises(InfrastructureError, match="cannot write to"):
        budget.take()
