"""The host touches a guest whose times are exact only while that guest stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import guests
from machine_help import QUICK, Recorder, boot

from smssboot.machine.plan import LaunchPlan
from smssboot.machine.vm import Machine
from smssboot.timeline.items import Event, Item

Plan = Callable[..., LaunchPlan]
LIMITS = QUICK._replace(still_s=0.3, shutdown_s=2.0, silence_s=5.0)


class Told:
    """Stands still when it is told to; `log` has what was asked."""

    def __init__(self, log: list[str], *, never: bool = False) -> None:
        self._log = log
        self._never = never

    async def reached(self, vm: Machine, *, again: bool = False) -> None:
        assert await vm.status() == "running"
        self._log.append("again" if again else "still")
        if self._never:
            await asyncio.Event().wait()


def test_evidence_and_the_button_wait_for_the_standstill(plan: Plan) -> None:
    recorder = Recorder(steady_after="hello")
    log: list[str] = []

    async def look(vm: Machine) -> Iterable[Item]:
        log.append(await vm.status())
        return [Event("evidence", "seen", {}, 0)]

    made = plan(("print", guests.HELLO), "button", "power-off")
    policy = LIMITS._replace(power_off="powerdown")
    outcome = boot(made, recorder, policy, on_steady=look, stillness=Told(log))
    assert outcome.cause.kind == "powered-off", outcome.cause
    assert log == ["still", "paused", "still"]


def test_every_key_finds_the_guest_still(plan: Plan) -> None:
    log: list[str] = []
    policy = LIMITS._replace(power_off="sac", shutdown_s=0.2)
    boot(plan(("print", guests.HELLO), "wait"), Recorder("hello"), policy, stillness=Told(log))
    assert log == ["still", "still", *["again"] * len("shutdown")]


def test_a_guest_that_never_rests_is_named_so(plan: Plan) -> None:
    log: list[str] = []
    made = plan(("print", guests.HELLO), "spin")
    outcome = boot(made, Recorder("hello"), LIMITS, stillness=Told(log, never=True))
    assert outcome.cause.kind in ("livelock", "silent-hang")  # starved, it looks idle
    assert outcome.cause.data["awaited"] == "standstill"
    assert "no standstill for" in outcome.cause.text


def test_a_guest_may_end_while_its_rest_is_awaited(plan: Plan) -> None:
    made = plan(("print", guests.HELLO), "power-off")
    outcome = boot(made, Recorder("hello"), LIMITS, stillness=Told([], never=True))
    assert [cause.kind for cause in outcome.causes] == ["powered-off"]


def test_a_crash_while_its_rest_is_awaited_is_the_cause(plan: Plan) -> None:
    made = plan(("print", guests.HELLO + guests.BUGCHECK), "panic")
    outcome = boot(made, Recorder("hello"), LIMITS, stillness=Told([], never=True))
    assert outcome.cause.kind == "bugcheck"
