"""What ends a boot, from records, console lines and QMP events: no QEMU needed."""

from __future__ import annotations

import pytest

from smssboot.machine import causes
from smssboot.machine.plan import Policy
from smssboot.machine.symptoms import Symptoms, flat
from smssboot.timeline.items import Console, Event


@pytest.fixture
def symptoms() -> Symptoms:
    return Symptoms(Policy(max_repeats=3, max_output_bytes=100), max_resets=1)


def kind(diagnosis: object) -> str | None:
    found = getattr(diagnosis, "kind", None)
    assert found is None or found in causes.KINDS
    return found


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("SHUTDOWN", {"guest": True, "reason": "guest-shutdown"}, "powered-off"),
        ("SHUTDOWN", {"guest": True, "reason": "guest-reset"}, "triple-fault"),
        ("SHUTDOWN", {"guest": True, "reason": "guest-panic"}, "panic"),
        ("SHUTDOWN", {"guest": False, "reason": "host-qmp-quit"}, None),
        ("SHUTDOWN", {"guest": False, "reason": "host-signal"}, "interrupted"),
        ("GUEST_PANICKED", {"action": "pause"}, "panic"),
        ("WATCHDOG", {"action": "pause"}, "watchdog"),
        (
            "BLOCK_IO_ERROR",
            {"action": "stop", "device": "d", "operation": "read", "reason": "EIO"},
            "io-error",
        ),
        ("BLOCK_IO_ERROR", {"action": "report", "device": "d", "operation": "read"}, None),
        ("RESET", {"guest": False, "reason": "host-qmp-system-reset"}, None),
        ("RESUME", {}, None),
    ],
)
def test_qmp_events(symptoms: Symptoms, event: str, data: dict[str, object], expected: str | None) -> None:
    assert kind(symptoms.on_qmp(event, data)) == expected


def test_windows_stop_code_of_a_panic(symptoms: Symptoms) -> None:
    info = {"type": "hyper-v", "arg1": 0xC000021A, "arg2": 1, "arg3": 2, "arg4": 3, "arg5": 4}
    diagnosis = symptoms.on_qmp("GUEST_PANICKED", {"action": "pause", "info": info})
    assert diagnosis is not None and "0xc000021a" in diagnosis.text
    assert diagnosis.data["info.type"] == "hyper-v"


@pytest.mark.parametrize(
    "announcement",
    [
        Event("fact", "bye", {"reason": "reset", "count": "9"}),
        Event("fact", "system.shutdown", {"action": "reset", "pid": "8"}),
    ],
)
def test_an_announced_reset(symptoms: Symptoms, announcement: Event) -> None:
    assert symptoms.on_item(announcement) is None
    assert kind(symptoms.on_qmp("SHUTDOWN", {"reason": "guest-reset"})) == "reset"


def test_a_claim_announces_nothing_and_stops_nothing(symptoms: Symptoms) -> None:
    assert symptoms.on_item(Event("claim", "bugcheck", {"code": "0x6F"})) is None
    assert symptoms.on_item(Event("claim", "bye", {"reason": "reset"})) is None
    assert kind(symptoms.on_qmp("SHUTDOWN", {"reason": "guest-reset"})) == "triple-fault"


def test_bugcheck(symptoms: Symptoms) -> None:
    data = {"code": "0x6B", "name": "PROCESS1_INITIALIZATION_FAILED", "p1": "0xC000007B"}
    diagnosis = symptoms.on_item(Event("fact", "bugcheck", data))
    assert kind(diagnosis) == "bugcheck"
    assert diagnosis is not None and "PROCESS1_INITIALIZATION_FAILED (0xC000007B ? ? ?)" in diagnosis.text


@pytest.mark.parametrize("who", ["boot stub", "boot loader"])
def test_last_words_of_what_boots_the_kernel(symptoms: Symptoms, who: str) -> None:
    diagnosis = symptoms.on_item(Console(f"\x1b[2Jsmssboot: {who}: ntoskrnl.exe is no PE image"))
    assert kind(diagnosis) == "panic"
    assert diagnosis is not None and diagnosis.text == f"{who}: ntoskrnl.exe is no PE image"
    assert symptoms.on_item(Event("fact", "hello")) is None
    assert symptoms.on_item(Console(f"smssboot: {who}: a program says so")) is None


def test_resets_up_to_a_storm(symptoms: Symptoms) -> None:
    reset = {"guest": True, "reason": "guest-reset"}
    assert [kind(symptoms.on_qmp("RESET", reset)) for _ in range(3)] == [None, "reset-storm", "reset-storm"]


def test_repeated_lines(symptoms: Symptoms) -> None:
    assert symptoms.on_item(Console("a")) is None
    assert symptoms.on_item(Console("b")) is None
    assert symptoms.on_item(Console("b")) is None
    assert symptoms.on_item(Event("fact", "kernel.phase1")) is None  # a record is progress
    lines = [kind(symptoms.on_item(Console("b"))) for _ in range(3)]
    assert lines == [None, None, "livelock"]


def test_blank_lines_are_no_repetition(symptoms: Symptoms) -> None:
    assert [symptoms.on_item(Console("")) for _ in range(10)] == [None] * 10


def test_endless_output(symptoms: Symptoms) -> None:
    assert (symptoms.on_output(100), kind(symptoms.on_output(101))) == (None, "livelock")


def test_flat_data() -> None:
    assert flat({"guest": True, "n": 3, "info": {"type": "x", "in": {"a": False}}}) == {
        "guest": "true",
        "n": "3",
        "info.type": "x",
        "info.in.a": "false",
    }


def test_kinds_never_mix_infrastructure_and_deviation() -> None:
    for name, entry in causes.KINDS.items():
        assert (entry.exit_code, entry.junit) in {(0, "pass"), (1, "failure"), (2, "error"), (3, "error")}
        assert causes.is_infrastructure(name) == (entry.exit_code == 3)
