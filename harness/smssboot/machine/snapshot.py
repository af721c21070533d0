"""Saves a machine that stands still, and lets another QEMU of the same machine go on from there.

QEMU writes and reads only its devices' state, some hundred KiB: guest RAM is a file that the harness shares
with it, and the disk is one anyway, so both are copied as files, by whoever keeps them. QEMU may spawn
nothing (sandbox): it gets a descriptor.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.machine.argv import ICOUNT_SHIFT, MEMORY_DISK
from smssboot.machine.errors import InfrastructureError, MachineError, QemuDied, RestoreFailed

if TYPE_CHECKING:
    from smssboot.machine.vm import Machine

_LIMIT_S = 60.0
_POLL_S = 0.001
_NAME = "state"
_ICOUNT_MARK = b"\x0ctimer/icount"  # names, with their lengths, of what follows in the state
_PL031_MARK = b"\x05pl031"


async def save(vm: Machine, path: Path) -> None:
    """Writes the paused machine's device state to `path`. Its guest can go on afterwards.

    Raises MachineError, with QEMU's own words, when a device cannot be saved.
    """
    await _give(vm, path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    await vm.qmp.execute("migrate", uri=f"fd:{_NAME}")
    until = time.monotonic() + _LIMIT_S
    while (answer := await vm.qmp.execute("query-migrate"))["status"] != "completed":
        if answer["status"] == "failed":
            reason = answer.get("error-desc", "no reason given")
            raise InfrastructureError(f"QEMU could not save the machine: {reason}")
        await _pause(until, "save")
    if vm.plan.disk is not None and vm.plan.transport == "memory":
        _forget_place(path, vm.plan.disk.stat().st_size)
    if vm.plan.deterministic:
        _settle_alarm(path)


async def load(vm: Machine, path: Path) -> None:
    """Reads the device state into a machine that was started for it (`LaunchPlan.restore`); it stays paused.

    Raises RestoreFailed for a state that does not fit, which ends QEMU, with QEMU's own words.
    """
    try:
        await _give(vm, path, os.O_RDONLY)
        await vm.qmp.execute("migrate-incoming", uri=f"fd:{_NAME}")
        until = time.monotonic() + _LIMIT_S
        while await vm.status() == "inmigrate":
            await _pause(until, "restore")
    except QemuDied as error:
        raise RestoreFailed(f"cannot go on from {path}: {await vm.obituary(str(error))}") from None
    except (MachineError, OSError) as error:
        raise RestoreFailed(f"cannot go on from {path}: {error}") from None


def _settle_alarm(path: Path) -> None:
    """Has the ARM64 machine's date clock (PL031) ring at once, when instructions are counted.

    Its alarm is born at 0 and nobody sets it, but QEMU does when it reads the state: for when the date, of 32
    bits, comes round to 0. A guest without work would skip the century until then. An alarm that is due
    now is over at once, and its interrupt is masked, so that the guest hears nothing of it.
    """
    data = bytearray(path.read_bytes())
    count, clock = data.find(_ICOUNT_MARK), data.find(_PL031_MARK)
    if count < 0 or clock < 0:
        return
    bias, executed = struct.unpack_from(">qq", data, count + len(_ICOUNT_MARK) + 4)  # behind a version
    fields = clock + len(_PL031_MARK) + 8  # behind instance and version
    born, alarm, _, _, mask, _ = struct.unpack_from(">6I", data, fields)
    if alarm == 0 and mask == 0:
        seconds = (bias + (executed << ICOUNT_SHIFT)) // 10**9
        struct.pack_into(">I", data, fields + 4, (born + seconds) % (1 << 32))
        path.write_bytes(data)


def _forget_place(path: Path, size: int) -> None:
    """Takes from the state where the guest has mapped the disk that is memory.

    QEMU refuses shared memory that is somewhere else than where it was. This one is where the guest has put
    the device's BAR; in a new QEMU it is nowhere until the device's own state says so, later in the file.
    """
    data = path.read_bytes()
    mark = b"/" + MEMORY_DISK.encode() + size.to_bytes(8, "big")  # end of its name, length; then the place
    if data.count(mark) != 1:
        raise InfrastructureError(f"QEMU could not save the machine: no memory {MEMORY_DISK!r} in {path}")
    at = data.index(mark) + len(mark)
    path.write_bytes(data[:at] + bytes(8) + data[at + 8 :])


async def _give(vm: Machine, path: Path, flags: int) -> None:
    """Hands QEMU the state's file, and tells it that RAM is not in there."""
    capability = {"capability": "x-ignore-shared", "state": True}
    await vm.qmp.execute("migrate-set-capabilities", capabilities=[capability])
    fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        await vm.qmp.give(_NAME, fd)
    finally:
        os.close(fd)


async def _pause(until: float, what: str) -> None:
    if time.monotonic() > until:
        raise InfrastructureError(f"QEMU did not {what} the machine within {_LIMIT_S:g} s")
    await asyncio.sleep(_POLL_S)
