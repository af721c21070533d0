"""One virtual machine: QEMU's process and its monitor together, as an async context manager."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from smssboot.machine.errors import MachineError, QemuDied
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.qmp import EventCallback, Qmp
from smssboot.machine.serial import OperatorPort, SerialLog

_CONNECT_S = 20.0
_EXIT_S = 5.0
_GPA = re.compile(r"gpa: (0x[0-9a-fA-F]+|[0-9a-fA-F]+)")


class Machine:
    """`async with Machine(plan) as vm:` spawns QEMU paused and attaches to it; leaving ends it, always.

    `process`: a QEMU that was already spawned for this plan, to overlap its start with the imports.
    """

    def __init__(self, plan: LaunchPlan, process: QemuProcess | None = None) -> None:
        self.plan = plan
        self.process = process if process is not None else QemuProcess(plan)
        self.qmp = Qmp(f"{plan.target.name}-{self.process.pid}")
        self.log = SerialLog(self.process.serial_log)
        self.gone = asyncio.Event()
        self.operator: OperatorPort
        self._early: list[tuple[str, Mapping[str, Any], int]] = []
        self._on_event: EventCallback | None = None

    async def __aenter__(self) -> Machine:
        """Attaches. Raises QemuDied with QEMU's own words."""
        asyncio.get_running_loop().add_reader(self.process.pidfd, self._exited)
        self.operator = OperatorPort(self.process.operator)
        try:
            negotiate = not self.plan.eager
            await self.qmp.connect(self.process.qmp, self._dispatch, _CONNECT_S, negotiate=negotiate)
        except BaseException as error:
            if isinstance(error, QemuDied):
                error = await self.obituary(str(error))
            await self.close()
            raise error from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def subscribe(self, on_event: EventCallback) -> None:
        """Every QMP event from the first on goes to `on_event`."""
        self._on_event = on_event
        for event in self._early:
            on_event(*event)
        self._early.clear()

    async def cont(self) -> None:
        """Lets the guest run."""
        await self.qmp.execute("cont")

    async def stop(self) -> None:
        """Pauses the guest; returns when it stands still."""
        await self.qmp.execute("stop")

    async def status(self) -> str:
        """QEMU's run state: `running`, `paused`, `guest-panicked`, `io-error`, ..."""
        answer = await self.qmp.execute("query-status")
        return str(answer["status"])

    async def hmp(self, line: str) -> str:
        """What the human monitor answers to a line."""
        return await self.qmp.hmp(line)

    async def power_button(self) -> None:
        """Presses it (`system_powerdown`); what follows is up to the guest."""
        await self.qmp.execute("system_powerdown")

    async def translate(self, virtual: int) -> int | None:
        """Guest physical address of a virtual one, as the processor now sees it; None: not mapped."""
        found = _GPA.search(await self.hmp(f"gva2gpa {virtual:#x}"))
        return None if found is None else int(found[1], 16)

    def ram(self) -> mmap.mmap:
        """Guest RAM, live; byte 0 is guest physical address `plan.target.ram_base`."""
        return self.process.ram()

    async def quit(self) -> None:
        """Ends QEMU in order, or by force if it does not listen."""
        with contextlib.suppress(MachineError):
            await self.qmp.execute("quit", timeout=_EXIT_S)
        if not await self.wait_exit(_EXIT_S):
            self.kill()

    def kill(self) -> None:
        """Ends QEMU by force, now."""
        self.process.kill()
        self.gone.set()

    async def wait_exit(self, timeout: float) -> bool:
        """Whether QEMU has ended within `timeout` seconds; its last events are delivered by then."""
        try:
            async with asyncio.timeout(timeout):
                await self.gone.wait()
                await self.qmp.drained()
        except TimeoutError:
            return self.gone.is_set()
        return True

    async def obituary(self, what: str) -> QemuDied:
        """The error that tells how QEMU died; `what` is how it was noticed."""
        await self.wait_exit(1.0)
        status = self.process.poll()
        if status is None:
            return QemuDied(what)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        words = self.process.stderr_text()
        return QemuDied(f"QEMU {how}" + (f": {words}" if words else ""), status)

    async def close(self) -> None:
        """Ends everything. May be called twice."""
        if self.process.pidfd < 0:
            return
        self.kill()
        asyncio.get_running_loop().remove_reader(self.process.pidfd)
        self.operator.close()
        await self.qmp.close()
        self.log.close()
        self.process.close()

    def _exited(self) -> None:
        if self.process.poll() is not None:
            asyncio.get_running_loop().remove_reader(self.process.pidfd)
            self.gone.set()

    def _dispatch(self, name: str, data: Mapping[str, Any], sent_ns: int) -> None:
        if self._on_event is None:
            self._early.append((name, data, sent_ns))
        else:
            self._on_event(name, data, sent_ns)
