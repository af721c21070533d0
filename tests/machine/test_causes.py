"""Each cause of a boot's end, provoked in a real QEMU by a guest of a few bytes."""

from __future__ import annotations

from collections.abc import Callable

import guests
from machine_help import QUICK, Recorder, boot

from smssboot.machine import causes
from smssboot.machine.plan import LaunchPlan
from smssboot.timeline.items import Console, Event, Item, Start

Plan = Callable[..., LaunchPlan]

# For guests that print without end and never a record: only what they print may call the boot off.
PATIENT = QUICK._replace(first_record_s=60.0, total_s=120.0)


def test_power_off(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan(("print", "OK\r\n"), "power-off"), recorder)
    assert outcome.cause.kind == "powered-off"
    assert outcome.qemu_status == 0
    assert isinstance(recorder.items[0], Start) and recorder.items[0].qemu_version[0].isdigit()
    assert "OK" in [item.text for item in recorder.items if isinstance(item, Console)]
    assert recorder.names().index("qmp.SHUTDOWN") < recorder.names().index("powered-off")


def test_records_arrive_before_the_event_that_follows_them(plan: Plan, recorder: Recorder) -> None:
    boot(plan(("print", guests.HELLO), "power-off"), recorder)
    assert recorder.names().index("hello") < recorder.names().index("qmp.SHUTDOWN")


def test_panic(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan("panic"), recorder)
    assert outcome.cause.kind == "panic"
    registers = [i for i in recorder.items if isinstance(i, Event) and i.name == "qmp.registers"]
    assert int(registers[0].data["pc"], 16) > 0
    assert "registers" in outcome.artifacts


def test_bugcheck_comes_before_its_panic(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan(("print", guests.HELLO + guests.BUGCHECK), "panic"), recorder)
    assert [cause.kind for cause in outcome.causes] == ["bugcheck", "panic"]
    assert "0x6F SESSION3_INITIALIZATION_FAILED" in outcome.cause.text
    assert causes.exit_code(outcome.cause.kind) == 1


def test_reset_without_a_request(plan: Plan, recorder: Recorder) -> None:
    assert boot(plan("crash"), recorder).cause.kind == "triple-fault"


def test_announced_reset(plan: Plan, recorder: Recorder) -> None:
    bye = guests.record(1, "bye", count="2", reason="reset")
    assert boot(plan(("print", guests.HELLO + bye), "reset"), recorder).cause.kind == "reset"


def test_reset_storm(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan("crash", max_resets=2), recorder)
    assert outcome.cause.kind == "reset-storm"
    assert recorder.names().count("qmp.RESET") >= 3


def test_silent_hang(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan(("print", guests.HELLO), "wait"), recorder)
    assert outcome.cause.kind == "silent-hang", outcome.cause
    assert outcome.cause.data["awaited"] == "next record"


def test_livelock(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan("spin"), recorder)
    assert outcome.cause.kind == "livelock", outcome.cause
    assert outcome.cause.data["awaited"] == "first record"
    events = [item for item in recorder.items if isinstance(item, Event)]
    assert "pc2" in next(event.data for event in events if event.name == "qmp.registers")


def test_the_same_line_for_ever(plan: Plan, recorder: Recorder) -> None:
    outcome = boot(plan(("spam", "again\r\n")), recorder, PATIENT._replace(max_repeats=500))
    assert outcome.cause.kind == "livelock"
    assert "'again'" in outcome.cause.text


def test_endless_output(plan: Plan, recorder: Recorder) -> None:
    policy = PATIENT._replace(max_repeats=10**9, max_output_bytes=100_000)
    outcome = boot(plan(("spam", "again\r\n")), recorder, policy)
    assert (outcome.cause.kind, "100000" in outcome.cause.text) == ("livelock", True)


def test_power_button_after_the_steady_state(plan: Plan) -> None:
    recorder = Recorder(steady_after="hello")
    seen: list[str] = []

    async def look(vm) -> list[Event]:  # type: ignore[no-untyped-def]
        seen.append(await vm.status())
        assert b"hello proto=1" in vm.ram()[:]
        return [Event("evidence", "memory.process", {"pid": "4"})]

    policy = QUICK._replace(power_off="powerdown")
    outcome = boot(plan(("print", guests.HELLO), "button", "power-off"), recorder, policy, on_steady=look)
    assert outcome.cause.kind == "powered-off"
    assert seen == ["paused"]
    names = recorder.names()
    assert names.index("hello") < names.index("memory.process") < names.index("qmp.POWERDOWN")
    d = outcome.durations
    assert d.steady and d.shutdown and d.total and d.launch and d.first_record and d.first_record <= d.steady


def test_a_boot_that_settled_without_something_is_powered_off(plan: Plan) -> None:
    class Settled(Recorder):
        def feed(self, item: Item) -> list[object]:
            self.settled = self.settled or getattr(item, "name", "") == "hello"
            return []

    policy = QUICK._replace(power_off="powerdown", settle_s=0.05)
    outcome = boot(plan(("print", guests.HELLO), "button", "power-off"), Settled(), policy)
    assert (outcome.cause.kind, outcome.steady) == ("powered-off", True)


def test_power_off_that_does_not_come(plan: Plan) -> None:
    recorder = Recorder(steady_after="hello")
    policy = QUICK._replace(power_off="powerdown")
    outcome = boot(plan(("print", guests.HELLO), "wait"), recorder, policy)
    assert (outcome.cause.kind, outcome.cause.data["awaited"]) == ("silent-hang", "power-off")
    assert outcome.steady


def test_stop_at_a_final_finding(plan: Plan) -> None:
    class Finding:
        final, text, code = True, "wrong", "E103"

    class Strict(Recorder):
        def feed(self, item) -> list[object]:  # type: ignore[no-untyped-def]
            return [Finding()] if getattr(item, "name", "") == "hello" else []

    outcome = boot(plan(("print", guests.HELLO), "spin"), Strict())
    assert (outcome.cause.kind, outcome.cause.data) == ("deviates", {"code": "E103"})
