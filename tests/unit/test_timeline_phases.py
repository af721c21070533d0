"""Phases of a boot: nesting, names, and whose the time is, also where the log is not whole."""

from __future__ import annotations

import pytest

from smssboot.timeline.items import Event, Voice
from smssboot.timeline.phases import IDLE, SYSTEM, Phase, costs, phases


class Log:
    """Records one after the other; each `at` is its time in ns."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.seq = 0
        self.fact(100, "hello", 4)

    def _add(self, voice: Voice, at: int, name: str, by: int, data: dict[str, str]) -> Log:
        self.events.append(Event(voice, name, data, 0, self.seq, at, 0, by, self.seq + 1))
        self.seq += 1
        return self

    def claim(self, at: int, name: str, by: int = 16, /, **data: str) -> Log:
        return self._add("claim", at, name, by, data)

    def fact(self, at: int, name: str, by: int = 16, /, **data: str) -> Log:
        return self._add("fact", at, name, by, data)

    def create(self, at: int, name: str, pid: int, by: int = 4) -> Log:
        return self.fact(at, "process.create", by, pid=str(pid), name=name)

    def lose(self) -> Log:
        self.seq += 1
        return self

    def phases(self) -> dict[str, Phase]:
        found = phases(self.events)
        assert sum(phase.own_ns for phase in found) == self.events[-1].time_ns
        assert all(phase.parent is None or phase.parent < number for number, phase in enumerate(found))
        assert len({phase.key for phase in found}) == len(found), "two of one name: ask for them by hand"
        return {phase.key: phase for phase in found}

    def parent(self, key: str) -> str | None:
        found = phases(self.events)
        (parent,) = [phase.parent for phase in found if phase.key == key]
        return None if parent is None else found[parent].key


def started() -> Log:
    return Log().create(200, "smss.exe", 16).claim(300, "smss.start")


def test_the_time_before_a_record_belongs_to_the_phase_in_which_it_was_made() -> None:
    log = started().claim(310, "smss.a.begin").fact(350, "object.create").claim(357, "smss.a.end")
    log.claim(359, "smss.b.begin").claim(360, "smss.b.end").fact(400, "object.create")
    found = log.phases()
    assert costs(log.events) == {SYSTEM: 300, "smss.exe": 10 + 2 + 40, "smss.a": 47, "smss.b": 1}
    assert found["smss.a"] == Phase("smss.a", 0, "smss.exe", 310, 357, 47, 1)
    assert (found[SYSTEM].begin_ns, found["smss.exe"].begin_ns) == (0, 300)


def test_phases_nest() -> None:
    log = started().claim(310, "smss.a.begin").claim(320, "smss.b.begin")
    log.claim(325, "smss.b.end").claim(332, "smss.a.end")
    assert costs(log.events) == {SYSTEM: 300, "smss.exe": 10, "smss.a": 10 + 7, "smss.b": 5}
    assert log.parent("smss.b") == "smss.a"
    assert log.parent("smss.a") == "smss.exe"


def test_processes_do_not_open_each_others_phases() -> None:
    log = started().claim(310, "smss.a.begin").create(320, "autochk.exe", 32, by=16)
    log.claim(330, "autochk.volume.begin", 32, volume="C:").claim(350, "autochk.volume.end", 32, volume="C:")
    log.claim(351, "autochk.done", 32).claim(360, "smss.a.end")
    assert costs(log.events) == {
        SYSTEM: 300 + 10, "smss.exe": 10, "smss.a": 10 + 9, "autochk.volume": 20, "autochk.exe": 1,
    }  # fmt: skip
    assert log.parent("autochk.volume") == "autochk.exe"
    assert log.parent("autochk.exe") is None


def test_a_session_is_named_unless_it_is_0_and_data_say_which_a_phase_is_about() -> None:
    log = started().claim(310, "smss.session.begin", session="0")
    log.claim(320, "smss.session.begin", session="1")
    log.claim(340, "smss.session.end", session="0").claim(345, "smss.session.end", session="1")
    found = log.phases()
    assert [key for key in found if "session" in key] == ["smss.session", "smss.session session=1"]
    assert found["smss.session"].end_ns == 340
    assert found["smss.session session=1"].end_ns == 345
    assert log.parent("smss.session session=1") == "smss.exe", "they overlap; neither is inside the other"
    assert costs(log.events)["smss.session"] == 10 + 20


def test_entries_of_a_list_are_told_apart() -> None:
    log = started()
    for index, at in ((0, 310), (1, 330)):
        log.claim(at, "smss.boot-command.begin", index=str(index)).claim(
            at + 5, "smss.boot-command.end", index=str(index)
        )
    for volume, at in (("C:", 350), ("D:", 360)):
        log.claim(at, "autochk.volume.begin", volume=volume, dirty="0")
        log.claim(at + 3, "autochk.volume.end", volume=volume)
    known = costs(log.events)
    assert known["smss.boot-command index=0"] == 5
    assert known["autochk.volume volume=D:"] == 3


def test_a_single_phase_needs_no_data_in_its_name() -> None:
    log = started().claim(310, "smss.api-port.begin", path="\\SmApiPort").claim(320, "smss.api-port.end")
    assert "smss.api-port" in log.phases()


def test_a_phase_that_repeats_is_one_cost() -> None:
    log = started()
    for at in (310, 330):
        log.claim(at, "smss.a.begin").claim(at + 4, "smss.a.end")
    assert [phase.name for phase in phases(log.events)].count("smss.a") == 2
    assert costs(log.events)["smss.a"] == 8


def test_a_phase_in_which_the_boot_ended_stays_open_with_all_around_it() -> None:
    log = started().claim(310, "smss.a.begin").claim(320, "smss.b.begin").fact(390, "object.create")
    found = log.phases()
    assert (found["smss.a"].end_ns, found["smss.b"].end_ns) == (None, None)
    assert found["smss.b"].own_ns == 70
    assert log.parent("smss.b") == "smss.a"


def test_an_end_closes_what_was_left_open_inside() -> None:
    log = started().claim(310, "smss.a.begin").claim(320, "smss.b.begin").claim(330, "smss.a.end")
    log.claim(333, "smss.c.begin").claim(334, "smss.c.end")
    assert log.parent("smss.c") == "smss.exe"
    assert log.phases()["smss.b"].end_ns is None
    assert costs(log.events)["smss.exe"] == 10 + 3


def test_an_end_that_was_lost_does_not_swallow_the_rest() -> None:
    log = started().claim(310, "smss.a.begin").lose().claim(330, "smss.b.begin").claim(340, "smss.b.end")
    log.fact(400, "object.create")
    assert log.parent("smss.b") == "smss.exe"
    assert costs(log.events)["smss.exe"] == 10 + 60


def test_an_end_without_its_begin_is_a_record_like_others() -> None:
    log = started().claim(310, "smss.a.end").claim(320, "smss.boot-command.begin", index="1")
    log.claim(330, "smss.boot-command.end", index="0").claim(340, "smss.boot-command.end", index="1")
    assert log.phases()["smss.boot-command index=1"].own_ns == 20


def test_facts_open_no_phase_and_evidence_does_not_count() -> None:
    log = started().fact(310, "smss.a.begin").fact(320, "smss.a.end")
    log.events.append(Event("evidence", "process", {}, 5))
    assert {phase.name for phase in phases(log.events)} == {SYSTEM, "smss.exe"}


def test_a_name_comes_from_other_facts_when_the_creation_was_lost() -> None:
    log = Log().lose().fact(200, "image.map", 4, pid="16", name="smss.exe", path="ntdll.dll")
    log.fact(210, "privilege.adjust", 16, pid="16", name="SeLoadDriverPrivilege").claim(220, "smss.a.begin")
    assert "smss.exe" in log.phases()
    assert "process 99" in Log().claim(300, "x.y", 99).phases()


def test_a_process_id_that_is_used_again_is_another_process() -> None:
    log = started().create(310, "one.exe", 32, by=16).claim(320, "one.a.begin", 32)
    log.fact(330, "process.exit", 32, pid="32", name="one.exe")
    log.create(340, "two.exe", 32, by=16).claim(350, "two.a.begin", 32).claim(355, "two.a.end", 32)
    found = log.phases()
    assert log.parent("two.a") == "two.exe"
    assert found["one.exe"].end_ns == 330
    assert found["two.exe"].begin_ns == 350


def test_waiting_is_no_ones_work() -> None:
    log = started().claim(310, "smss.a.begin").claim(320, "smss.a.end")
    log.fact(5_000, "hive.flush", 4).fact(5_010, "file.create", 4)
    log.fact(90_000, "power.request", 4).fact(90_010, "process.exit", 16, pid="16").fact(90_030, "bye", 4)
    known = costs(log.events)
    assert known[IDLE] == (5_000 - 320) + (90_000 - 5_010)
    assert known[SYSTEM] == 300 + 10 + 20
    found = log.phases()[IDLE]
    assert (found.process, found.begin_ns, found.end_ns, found.parent) == (SYSTEM, 320, 90_000, None)


def test_a_restart_begins_anew() -> None:
    log = started()
    hello = Event("fact", "hello", {}, 0, 0, 90, 0, 4, 9)
    events = [*log.events, hello, Event("claim", "smss.start", {}, 0, 1, 95, 0, 16, 10)]
    assert costs(events) == {SYSTEM: 300 + 95, "smss.exe": 0, "process 16": 0}
    assert sum(phase.own_ns for phase in phases(events)) == 300 + 95


@pytest.mark.parametrize("events", [[], [Event("evidence", "process", {})], [Event("claim", "x.begin", {})]])
def test_no_records_no_phases(events: list[Event]) -> None:
    assert phases(events) == ()
    assert costs(events) == {}
