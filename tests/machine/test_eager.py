"""A guest that runs before the harness listens: nothing that happened meanwhile is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import guests

from conftest import QUICK, Recorder
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.supervisor import run
from smssboot.timeline.items import Event

Plan = Callable[..., LaunchPlan]


def test_a_guest_that_ended_before_anybody_listened(plan: Plan, recorder: Recorder) -> None:
    eager = plan(("print", guests.HELLO), "power-off", eager=True)
    process = QemuProcess(eager)
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    outcome = asyncio.run(run(eager, recorder, QUICK, recorder, process=process))
    assert outcome.cause.kind == "powered-off"
    assert outcome.qemu_version[0].isdigit()
    names = recorder.names()
    assert "hello" in names
    assert "qmp.RESUME" in names
    assert "qmp.SHUTDOWN" in names


def test_a_guest_that_panicked_before_anybody_listened(plan: Plan, recorder: Recorder) -> None:
    eager = plan(("print", guests.HELLO + guests.BUGCHECK), "panic", eager=True)
    process = QemuProcess(eager)
    time.sleep(0.5)
    outcome = asyncio.run(run(eager, recorder, QUICK, recorder, process=process))
    assert [cause.kind for cause in outcome.causes] == ["bugcheck", "panic"]
    assert any(isinstance(item, Event) and item.name == "qmp.registers" for item in recorder.items)
