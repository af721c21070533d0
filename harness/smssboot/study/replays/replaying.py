"""A recorded boot again, up to one record: there the guest stands, for a debugger to look at.

QEMU's log leads the guest there.  Only what follows the host's request to power off is not in the log; the
boot, whose times are exact, is then made again, with the same request at the same moment.
"""

from __future__ import annotations

import asyncio
import select
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from smssboot.errors import InfrastructureError, UsageError
from smssboot.evidence.errors import EvidenceError
from smssboot.evidence.symbols import Symbols
from smssboot.machine.errors import InfrastructureError as MachineFailure
from smssboot.machine.errors import QemuDied
from smssboot.machine.gdbstub import GdbClient
from smssboot.machine.launch import QemuProcess
from smssboot.machine.supervisor import SHUTDOWN
from smssboot.machine.vm import Machine
from smssboot.study.exactness import Stillness
from smssboot.study.replays.recording import Recording

SENT: Final = "ExpRecordSent"
"""The kernel comes here when a record has left,"""
HELD: Final = "ExpRecordHeld"
"""... or here, when it is the one"""
_HOLD: Final = "ExpHoldAfter"
"""... whose number stands here."""
_PATIENCE_S: Final = 20.0
_SOCKET: Final = "gdb.sock"
_SOCKET_PATH: Final = 100  # characters that fit into the address of a socket


class Stopped(NamedTuple):
    """Where the guest stands: after record `seq`.  `how`: `log` or `again`; `gdb` is for `target remote`."""

    process: QemuProcess
    gdb: str
    elf: Path | None
    seq: int
    name: str
    how: str


def replay(run: Path, until: str, gdb: Path | int | None, then: Callable[[Stopped], int]) -> int:
    """Stop the boot that was recorded in `run` at `until`, and call `then`; what it returns.

    QEMU has ended when this returns.  Raises UsageError or InfrastructureError.
    """
    recording = Recording.load(run)
    seq, name = recording.find(until)
    asked = recording.asked_to_end()
    from_log = asked is None or seq < asked
    where = gdb if gdb is not None else (run / _SOCKET).absolute()
    if isinstance(gdb, Path):
        _check_socket(gdb)
    scratch = Path(tempfile.mkdtemp(prefix="smssboot-replay-"))
    if isinstance(where, Path) and len(str(where)) > _SOCKET_PATH:
        where = scratch / _SOCKET
    try:
        plan = recording.plan(scratch, where, from_log=from_log)
        process = QemuProcess(plan)
        try:
            stop = _Stop(recording, process, seq)
            address = str(where) if isinstance(where, Path) else f"localhost:{where}"
            stopped = Stopped(process, address, recording.elf, seq, name, "log" if from_log else "again")
            if from_log:
                stop.run()
                return then(stopped)
            return asyncio.run(_again(stop, stopped, recording, then))
        except QemuDied as error:
            raise InfrastructureError(_obituary(error, process)) from None
        finally:
            process.close()
    except (MachineFailure, EvidenceError, OSError) as error:
        raise InfrastructureError(f"cannot replay {run}: {error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(where, Path):
            where.unlink(missing_ok=True)


def _check_socket(path: Path) -> None:
    """Refuse a place where no socket can be made.  Raises UsageError."""
    if len(str(path)) > _SOCKET_PATH:
        raise UsageError(f"--gdb: {path} is too long a name for a socket")
    if path.exists() and not path.is_socket():
        raise UsageError(f"--gdb: {path} is there already, and no socket")
    if not path.parent.is_dir():
        raise UsageError(f"--gdb: there is no folder {path.parent}")


class _Stop:
    """Leads the guest to the moment after one record, over its gdb port."""

    def __init__(self, recording: Recording, process: QemuProcess, seq: int) -> None:
        symbols = Symbols.load(recording.symbols)
        self._sent, self._held, self.hold = map(symbols.address, (SENT, HELD, _HOLD))
        self._process = process
        self.seq = seq

    def run(self) -> None:
        """A guest that follows QEMU's log; the kernel is told at its first record.  Raises QemuDied."""
        with self._connect() as client:
            client.run_to(self._sent)
            if self.seq > 0:
                client.put_u64(self.hold, self.seq)
                client.run_to(self._held)

    def wait(self) -> None:
        """A guest whose kernel is told by somebody else.  Raises QemuDied if it never comes there."""
        with self._connect() as client:
            client.run_to(self._held)

    def _connect(self) -> GdbClient:
        plan = self._process.plan
        assert plan.gdb is not None
        return GdbClient.connect(plan.gdb, plan.target.arch, _PATIENCE_S, self._ended)

    def _ended(self) -> bool:
        ended = select.poll()
        ended.register(self._process.pidfd, select.POLLIN)
        return bool(ended.poll(0))


async def _again(
    stop: _Stop, stopped: Stopped, recording: Recording, then: Callable[[Stopped], int]
) -> int:
    """The same boot without the log, asked to power off when it stands still, as it was then.

    A breakpoint that is met shifts the guest's time: QEMU takes a processor at one for one that sleeps.  So
    the kernel is told where to go while it stands still, and meets the only one there.
    """
    async with Machine(stopped.process.plan, stopped.process) as vm:
        asking = asyncio.create_task(_ask(vm, stop, Stillness(recording.symbols), recording))
        try:
            await asyncio.to_thread(stop.wait)
        finally:
            asking.cancel()
            await asyncio.wait({asking})
        return await asyncio.to_thread(then, stopped)


async def _hold_after(vm: Machine, stop: _Stop) -> None:
    where = await vm.translate(stop.hold)
    if where is None:
        raise QemuDied(f"the kernel's {_HOLD} is not mapped")
    vm.process.poke(where - vm.plan.target.ram_base, stop.seq.to_bytes(8, "little"))


async def _ask(vm: Machine, stop: _Stop, stillness: Stillness, recording: Recording) -> None:
    await stillness.reached(vm)
    await _hold_after(vm, stop)
    if recording.manifest["power_off"] != "sac":
        await vm.power_button()
        return
    for key in SHUTDOWN[:-1]:
        await vm.operator.send(key)
        await stillness.reached(vm, again=True)
    await vm.operator.send(SHUTDOWN[-1])


def _obituary(error: QemuDied, process: QemuProcess) -> str:
    words = process.stderr_text()
    return f"the replay did not come to its end: {error}" + (f"; QEMU said: {words}" if words else "")
