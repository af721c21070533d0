"""A recorded boot again, up to one record: there the guest stands, for a debugger to look at.

QEMU's log leads the guest there.  Only what follows the host's request to power off is not in the log; a boot
whose times are exact is then made again, with the same request at the same moment.
"""

from __future__ import annotations

import asyncio
import re
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
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.supervisor import SHUTDOWN
from smssboot.machine.vm import Machine
from smssboot.study.exactness import Stillness
from smssboot.study.recording import Recording

SENT: Final = "ExpRecordSent"
"""The kernel comes here when a record has left."""
_SENDING: Final = "HalPutSerial"
"""... and here before the next one leaves."""
_SEQUENCE: Final = "ExpSequence"
"""The number of the record after that."""
_HOLD: Final = "ExpHoldAfter"
"""The number of the record after which the kernel waits for ever."""
_PATIENCE_S: Final = 20.0
_POLL_S: Final = 0.01
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
    if not from_log and not recording.exact:
        raise UsageError(
            f"--until: record {seq} ({name}) follows the request to power off, which QEMU does not record",
            hint=f"the last one before it is {asked - 1 if asked else 0}",
        )
    where = gdb if gdb is not None else (run / "gdb.sock").absolute()
    if isinstance(where, Path) and len(str(where)) > _SOCKET_PATH:
        raise UsageError(f"{where}: too long a name for a socket", hint="--gdb PATH or --gdb PORT")
    scratch = Path(tempfile.mkdtemp(prefix="smssboot-replay-"))
    try:
        plan = recording.plan(scratch, where, from_log=from_log)
        process = QemuProcess(plan)
        try:
            stop = _Stop(recording, plan, seq)
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


class _Stop:
    """Leads the guest to the moment after one record."""

    def __init__(self, recording: Recording, plan: LaunchPlan, seq: int) -> None:
        symbols = Symbols.load(recording.symbols)
        names = (SENT, _SENDING, _SEQUENCE, _HOLD)
        self._sent, self._sending, self._next, self.hold = map(symbols.address, names)
        assert plan.gdb is not None
        self._where = plan.gdb
        self._arch = recording.arch
        self.seq = seq

    def run(self) -> None:
        """From the start of a guest that follows QEMU's log.  Raises QemuDied if it never comes there."""
        with GdbClient.connect(self._where, self._arch) as client:
            while True:
                client.run_to(self._sent)
                if client.u64(self._next) == self.seq + 1:
                    return
                client.run_to(self._sending)

    def seize(self) -> None:
        """From where the kernel holds after the record: to the same instruction as `run`."""
        with GdbClient.connect(self._where, self._arch) as client:
            client.run_to(self._sent)
            if client.u64(self._next) != self.seq + 1:
                raise QemuDied(f"the guest went past record {self.seq}")


async def _again(
    stop: _Stop, stopped: Stopped, recording: Recording, then: Callable[[Stopped], int]
) -> int:
    """The same boot without the log, asked to power off when it stands still, as it was then.

    Breakpoints would shift its time: QEMU takes a processor at a breakpoint for one that sleeps.  So the
    kernel is told, while it stands still, after which record to wait, and seized there.
    """
    async with Machine(stopped.process.plan, stopped.process) as vm:
        still = Stillness(recording.symbols)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await vm.cont()
                await still.reached(vm)
                await _hold_after(vm, stop)
                await _ask(vm, still, recording.manifest["power_off"])
                while not _came(vm, stop.seq):
                    if vm.gone.is_set():
                        raise QemuDied(f"the guest ended before record {stop.seq}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise QemuDied(f"it did not come to record {stop.seq} within {_PATIENCE_S:g} s") from None
        await vm.stop()
        await asyncio.to_thread(stop.seize)
        return await asyncio.to_thread(then, stopped)


async def _hold_after(vm: Machine, stop: _Stop) -> None:
    where = await vm.translate(stop.hold)
    if where is None:
        raise QemuDied(f"the kernel's {_HOLD} is not mapped")
    vm.process.poke(where - vm.plan.target.ram_base, stop.seq.to_bytes(8, "little"))


async def _ask(vm: Machine, stillness: Stillness, way: str) -> None:
    if way != "sac":
        await vm.power_button()
        return
    for key in SHUTDOWN[:-1]:
        await vm.operator.send(key)
        await stillness.reached(vm, again=True)
    await vm.operator.send(SHUTDOWN[-1])


def _came(vm: Machine, seq: int) -> bool:
    """Whether the first serial port has carried the whole record."""
    return re.search(rb"^@smss %d .*\n" % seq, vm.log.path.read_bytes(), re.MULTILINE) is not None


def _obituary(error: QemuDied, process: QemuProcess) -> str:
    words = process.stderr_text()
    return f"the replay did not come to its end: {error}" + (f"; QEMU said: {words}" if words else "")
