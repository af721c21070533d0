"""Drives one boot from the paused machine to the cause of its end.

Records, QMP events, QEMU's exit, silence and deadlines race; the first cause wins, later ones are
recorded. Everything that is seen goes to the sink at once, in order, so that a killed run still
explains itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from smssboot.machine import autopsy, host, snapshot
from smssboot.machine.causes import is_infrastructure
from smssboot.machine.deadlines import Deadlines, Mark, guest_time
from smssboot.machine.errors import MachineError, RestoreFailed
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import Durations, LaunchPlan, Outcome, Policy
from smssboot.machine.serial import CHUNK
from smssboot.machine.symptoms import Diagnosis, Symptoms, flat
from smssboot.machine.vm import Machine
from smssboot.timeline.items import Cause, Event, Item, Sample, Start
from smssboot.timeline.wire import Decoder

Sink = Callable[[Item], None]
SteadyHook = Callable[[Machine], Awaitable[Iterable[Item]]]
Hook = Callable[[Machine], Awaitable[None]]

_POLL_S = (0.002, 0.010)  # between looks at the serial log: while it grows, and after a quiet while
_TICK_S = 0.1  # between looks at deadlines
_SAMPLE_S = 1.0  # between host samples
_PROMPT = "SAC>"  # of the operator's console
_PROMPT_S = 0.02  # between looks at what else happened while the prompt is awaited
_EXIT_S = 5.0  # QEMU's own way out after its guest powered off
SHUTDOWN = "shutdown\r"  # for the operator's console

# The guest stands still at its own wish, or QEMU is ending: waiting for more words is no use.
_SELF_ENDING = frozenset({"powered-off", "reset", "triple-fault", "qemu-died", "interrupted"})


class Monitor(Protocol):
    """What the supervisor needs from `conformance.Monitor`."""

    def feed(self, item: Item, /) -> Iterable[Any]:
        """Findings that this item makes certain; one with `final` ends the boot."""

    @property
    def steady(self) -> bool:
        """Everything before power-off has been seen."""

    @property
    def settled(self) -> bool:
        """The last of it has been seen: whatever else is missing will hardly come."""


class Stillness(Protocol):
    """Knows when a guest whose times are exact does nothing more by itself (study/exactness.py)."""

    async def reached(self, vm: Machine, /, *, again: bool = False) -> None:
        """Returns when the guest stands still; `again`: and has woken up since it last did."""


async def run(
    plan: LaunchPlan,
    sink: Sink,
    policy: Policy | None = None,
    monitor: Monitor | None = None,
    on_steady: SteadyHook | None = None,
    before_start: Hook | None = None,
    process: QemuProcess | None = None,
    stillness: Stillness | None = None,
) -> Outcome:
    """Launches and supervises one boot. Raises InfrastructureError if QEMU cannot be launched."""
    async with Machine(plan, process) as vm:
        return await supervise(vm, sink, policy, monitor, on_steady, before_start, stillness)


async def supervise(
    vm: Machine,
    sink: Sink,
    policy: Policy | None = None,
    monitor: Monitor | None = None,
    on_steady: SteadyHook | None = None,
    before_start: Hook | None = None,
    stillness: Stillness | None = None,
) -> Outcome:
    """Runs a paused machine to its end, which the outcome tells; the caller still closes the machine.

    At the monitor's steady state the guest is paused and `on_steady(vm)` called, whose items join the
    timeline; then the guest is asked to power off as the policy says. Without a monitor the guest runs
    until it ends by itself or a deadline passes. With `stillness` the host touches only a guest that stands
    still, so that what it does comes at the same guest time in every run. Raises only CancelledError, with
    the cause recorded, and RestoreFailed, as nothing was seen of the guest then.
    """
    boot = _Boot(vm, sink, policy or Policy(), monitor, stillness)
    try:
        try:
            await boot.drive(on_steady, before_start)
        except RestoreFailed:
            raise
        except MachineError as error:
            await boot.lost(error)
        await boot.conclude()
    except asyncio.CancelledError:
        boot.end(Diagnosis("interrupted", "the boot was called off"))
        raise
    finally:
        boot.detach()
    return boot.outcome()


class _Boot:
    """The state of one supervised boot."""

    def __init__(
        self, vm: Machine, sink: Sink, policy: Policy, monitor: Monitor | None, stillness: Stillness | None
    ) -> None:
        self._vm = vm
        self._stillness = stillness
        self._sink = sink
        self._policy = policy
        self._monitor = monitor
        self._decoder = Decoder()
        self._symptoms = Symptoms(policy, vm.plan.max_resets or 0)
        self._deadlines = Deadlines(policy, vm.plan.target.speed)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()  # steady or ended
        self._causes: list[Cause] = []
        self._steady = False
        self._artifacts: dict[str, Path] = {}
        self._records = 0
        self._records_at_tick = 0
        self._quiet_since: Mark | None = None  # None: the first serial port has just said something
        self._next_tick = self._next_sample = 0.0
        self._poll_s = _POLL_S[0]
        self._timer: asyncio.TimerHandle | None = None
        self._launched = vm.process.elapsed_ns()
        self._started: int | None = None  # these are nanoseconds since the spawn
        self._first_record: int | None = None
        self._steady_ns: int | None = None
        self._asked: int | None = None
        self._ended: int | None = None

    async def drive(self, on_steady: SteadyHook | None, before_start: Hook | None) -> None:
        """From the paused machine to the first cause."""
        vm = self._vm
        plan, target = vm.plan, vm.plan.target
        self._see(
            Start(
                arch=target.arch,
                profile=plan.profile,
                image=plan.image,
                image_sha256=plan.image_sha256,
                nonce=plan.nonce,
                accel=plan.accel,
                target=target.name,
                qemu_version=vm.qmp.version,
                argv=vm.process.argv,
            )
        )
        self._artifacts["serial"] = vm.log.path
        vm.subscribe(self._on_qmp)
        if before_start is not None:
            await before_start(vm)
        if plan.restore is not None:
            await self._restore(plan.restore)
        self._deadlines.started(self._mark())
        # Restored at the steady state it stands as it should, unless it was saved before it stood still.
        if not plan.eager and (not self._steady or on_steady is None or self._stillness is not None):
            await vm.cont()
        self._poll()
        await self._steady_or_ended()
        if self._causes:
            return
        if not await self._still():
            return
        await self._inspect(on_steady)
        if await self._still() and await self._operate() and await self._ask_for_power_off():
            await self._any_cause()

    async def lost(self, error: MachineError) -> None:
        """QEMU stopped answering: its own end tells more than the error."""
        if not self._causes:
            if self._vm.gone.is_set() or await self._vm.wait_exit(1.0):
                await self._exited()
            else:
                self.end(Diagnosis("qemu-died", str(error)))

    async def conclude(self) -> None:
        """After the first cause: last words, registers, and the end of QEMU."""
        vm = self._vm
        first = self._causes[0]
        if first.kind in _SELF_ENDING:
            await vm.wait_exit(_EXIT_S)
        else:
            if first.kind != "deviates" or not await self._still():
                await self._last_words()
            if not vm.gone.is_set() and not is_infrastructure(first.kind):
                await self._examine(twice=first.kind in ("silent-hang", "livelock"))
        if not vm.gone.is_set():
            await vm.quit()
        await vm.wait_exit(_EXIT_S)
        self._drain()
        self._items(self._decoder.close(self._now()))
        self._sample()
        self._ended = self._now()
        if vm.process.stderr_text():
            self._artifacts["qemu.stderr"] = vm.process.stderr_log

    def end(self, diagnosis: Diagnosis) -> None:
        """Records a cause; the first one ends the boot."""
        cause = Cause(self._now(), diagnosis.kind, diagnosis.text, dict(diagnosis.data))
        self._causes.append(cause)
        self._see(cause)
        self._changed.set()

    def detach(self) -> None:
        """Stops looking."""
        if self._timer is not None:
            self._timer.cancel()

    def outcome(self) -> Outcome:
        """What became of the boot."""
        process = self._vm.process
        return Outcome(
            cause=self._causes[0],
            causes=tuple(self._causes),
            durations=Durations(
                launch=_seconds(0, self._launched),
                first_record=_seconds(self._started, self._first_record),
                steady=_seconds(self._started, self._steady_ns),
                shutdown=_seconds(self._asked, self._ended),
                total=_seconds(0, self._ended),
            ),
            steady=self._steady,
            qemu_version=self._vm.qmp.version,
            qemu_status=process.poll(),
            argv=process.argv,
            artifacts=dict(self._artifacts),
        )

    # What arrives

    def _poll(self) -> None:
        """Looks at the serial log, and now and then at the clock; then sleeps for a little."""
        self._timer = None
        self._poll_s = _POLL_S[0] if self._drain() else min(self._poll_s * 1.5, _POLL_S[1])
        if time.monotonic() >= self._next_tick:
            self._tick()
        elif self._settled():
            self._reached_steady()
        self._timer = self._loop.call_later(self._poll_s, self._poll)

    def _settled(self) -> bool:
        """Something is missing for good; the guest is asked to power off as if it were not."""
        if self._monitor is None or self._steady or not self._monitor.settled:
            return False
        return self._quiet_s() >= self._policy.settle_s

    def _quiet_s(self) -> float:
        """Guest time since the first serial port last said something."""
        now = self._mark()
        if self._quiet_since is None:
            self._quiet_since = now
        return guest_time(self._quiet_since, now)

    def _drain(self) -> bool:
        """Whether the first serial port had anything new."""
        heard = False
        while data := self._vm.log.read():
            heard = True
            self._quiet_since = None
            self._items(self._decoder.feed(data, self._now()))
            self._diagnose(self._symptoms.on_output(self._vm.log.size))
            if len(data) < CHUNK or self._flooded():
                break  # a guest that prints without end must not keep us here
        return heard

    def _flooded(self) -> bool:
        return self._vm.log.size > self._policy.max_output_bytes + CHUNK

    def _items(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, Event):
                self._records += 1
                self._first_record = self._first_record or item.host_ns
            self._see(item, self._symptoms.on_item(item))

    def _see(self, item: Item, diagnosis: Diagnosis | None = None) -> None:
        """Everything that is seen passes here, in order. What the guest says of itself outranks a finding."""
        self._sink(item)
        findings = tuple(self._monitor.feed(item)) if self._monitor is not None else ()
        self._diagnose(diagnosis)
        for finding in findings:
            if finding.final and not self._causes and self._policy.stop_on_deviation:
                self.end(Diagnosis("deviates", finding.text, {"code": finding.code}))
        if self._monitor is not None and self._monitor.steady:
            self._reached_steady()

    def _reached_steady(self) -> None:
        if not self._steady:
            self._steady = True
            self._steady_ns = self._now()
            self._changed.set()

    def _on_qmp(self, name: str, data: Mapping[str, Any], sent_ns: int) -> None:
        self._drain()  # what the guest wrote before the event comes before it
        if name == "RESUME" and self._started is None:
            self._started = sent_ns - self._vm.process.born_unix_ns
        if name == "MIGRATION":
            return  # the machine is being saved or restored, of which the guest knows nothing
        if name == "SHUTDOWN" and data.get("reason") == "host-qmp-quit":
            return  # our own `quit` says nothing about the guest
        diagnosis = self._symptoms.on_qmp(name, data)
        self._see(Event("evidence", f"qmp.{name}", flat(data), self._now()), diagnosis)

    def _diagnose(self, diagnosis: Diagnosis | None) -> None:
        if diagnosis is not None and not any(cause.kind == diagnosis.kind for cause in self._causes):
            self.end(diagnosis)

    def _tick(self) -> None:
        now = time.monotonic()
        self._next_tick = now + _TICK_S
        mark = self._mark()
        if self._records != self._records_at_tick:
            self._records_at_tick = self._records
            self._deadlines.progressed(mark)
        if now >= self._next_sample:
            self._next_sample = now + _SAMPLE_S
            self._sample()
        if not self._causes:
            self._diagnose(self._deadlines.check(mark))

    # What is done

    async def _steady_or_ended(self) -> None:
        await self._until(lambda: self._steady or bool(self._causes))

    async def _any_cause(self) -> None:
        await self._until(lambda: bool(self._causes))

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Waits for steady state, cause or QEMU's exit, whichever `reached` accepts."""
        gone = asyncio.create_task(self._vm.gone.wait())
        try:
            while not reached():
                if gone.done():
                    await self._exited()
                    return
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({changed, gone}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            gone.cancel()

    async def _exited(self) -> None:
        """QEMU has ended. Its last event or output may tell why; else it died."""
        await self._vm.wait_exit(_EXIT_S)
        self._drain()
        if not self._causes:
            error = await self._vm.obituary("QEMU ended without a reason")
            self.end(Diagnosis("qemu-died", str(error), {"status": str(error.status)}))

    async def _inspect(self, on_steady: SteadyHook | None) -> None:
        """The host's own look at the guest, which stands still meanwhile."""
        if on_steady is None:
            return
        self._deadlines.suspended()
        await self._vm.stop()
        self._drain()  # what the guest wrote before it stood comes before what is seen now
        for item in await on_steady(self._vm):
            self._see(replace(item, host_ns=item.host_ns or self._now()))
        await self._vm.cont()

    async def _restore(self, state: Path) -> None:
        """The saved machine, paused; what its guest had said is heard before it goes on."""
        await snapshot.load(self._vm, state)
        self._started = self._now()
        self._drain()

    async def _still(self, *, again: bool = False) -> bool:
        """Waits until the guest stands still, if its times are exact; False if it ended before it did."""
        if self._stillness is None:
            return True
        known = len(self._causes)
        self._deadlines.stillness_awaited(start := self._mark())
        reached = asyncio.create_task(self._stillness.reached(self._vm, again=again))
        gone = asyncio.create_task(self._vm.gone.wait())
        try:
            while not reached.done():
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait(
                    {reached, gone, changed}, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED
                )
                changed.cancel()
                if gone.done():
                    await self._exited()
                    return False
                late = known and time.monotonic() - start.wall > self._policy.still_s
                if len(self._causes) > known or late:
                    return False
            reached.result()
            return True
        finally:
            reached.cancel()
            gone.cancel()

    async def _operate(self) -> bool:
        """Types what the operator has to say, a prompt after each line; False if the guest ended."""
        port = self._vm.operator
        for line in self._policy.operator:
            heard = port.size
            self._deadlines.typed(self._mark())
            if not await self._type(line + "\r"):
                return False
            while not self._causes and not self._vm.gone.is_set():
                if await port.wait_for(_PROMPT, _PROMPT_S, heard):
                    break
            self._drain()
            if self._symptoms.ending:  # then nobody has to ask for it any more
                self._asked = self._now()
                self._deadlines.power_off_requested(self._mark())
                await self._any_cause()
            if self._vm.gone.is_set():
                await self._exited()
            if self._causes or not await self._still(again=True):
                return False
        return True

    async def _type(self, keys: str) -> bool:
        """Types on the operator's console; False if the guest ended before all was typed."""
        if self._stillness is None:
            await self._vm.operator.send(keys)
            return True
        # Key by key: the port takes one at a time, and the guest shall stand still for each.
        for key in keys[:-1]:
            await self._vm.operator.send(key)
            if not await self._still(again=True):
                return False
        await self._vm.operator.send(keys[-1])
        return True

    async def _ask_for_power_off(self) -> bool:
        """As the policy says; False if the guest ended otherwise before it was asked."""
        self._asked = self._now()
        if self._policy.power_off == "sac" and not await self._type(SHUTDOWN):
            return False
        self._asked = self._now()
        self._deadlines.power_off_requested(self._mark())
        if self._policy.power_off == "powerdown":
            await self._vm.power_button()
        return True

    async def _last_words(self) -> None:
        """Lets the guest speak until it is quiet, for as long as the policy grants."""
        self._quiet_since = start = self._mark()
        limit = self._policy.grace_s
        while guest_time(start, now := self._mark()) < limit and self._quiet_s() < self._policy.quiet_s:
            if now.wall - start.wall > limit * self._policy.host_patience:
                return
            if await self._vm.wait_exit(_POLL_S[1]):
                return

    async def _examine(self, twice: bool) -> None:
        found = await autopsy.examine(self._vm, twice)
        if found is not None:
            self._artifacts["registers"] = found.path
            self._see(Event("evidence", "qmp.registers", found.data, self._now()))

    def _sample(self) -> None:
        pid = self._vm.process.pid
        usage = self._vm.process.final_usage or host.usage(pid)
        data = {"cpu_s": usage.cpu, "waited_s": usage.waited, "rss_bytes": float(host.resident_bytes(pid))}
        self._see(Sample(self._now(), "qemu", data))

    def _now(self) -> int:
        return self._vm.process.elapsed_ns()

    def _mark(self) -> Mark:
        return Mark(time.monotonic(), host.usage(self._vm.process.pid))


def _seconds(since_ns: int | None, until_ns: int | None) -> float | None:
    return None if since_ns is None or until_ns is None else (until_ns - since_ns) / 1e9
