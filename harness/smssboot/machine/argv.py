"""QEMU's command line: from a plan for the harness, and the same machine for a person's shell."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

from smssboot.machine.errors import QemuMissing
from smssboot.machine.plan import LaunchPlan

# Where distributions keep QEMU's firmware, relative to the prefix of the binary.
_DATA_DIRECTORIES = ("share/qemu", "share/seabios", "share/qemu-firmware")

ICOUNT_SHIFT = 3
"""An instruction takes 2^3 ns of virtual time where instructions are counted."""

# The date is two seconds before the alarm that the PC's clock is
# born with: until it has rung, that clock keeps a timer, and a guest without work would skip a day to it.
_COUNT = f"shift={ICOUNT_SHIFT}"
_DATE = ("-rtc", "clock=vm,base=2000-12-31T23:59:58")

# Denied to QEMU from its start on: what a guest that broke out would need.
_SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


MEMORY_DISK = "diskmem"
"""QEMU's name for the memory that a disk of transport `memory` is."""


class Channels(NamedTuple):
    """QEMU's ends of what the harness made, as `-chardev` backends; None: not there."""

    console: str
    operator: str | None = None
    qmp: str | None = None
    ram: str | None = None  # path of the shared RAM file
    paused: bool = True


def qemu_path(plan: LaunchPlan) -> str:
    """The path of the plan's QEMU. Raises QemuMissing, with what to install."""
    name = plan.qemu or plan.target.binary
    candidates = [name] if os.sep in name else [os.path.join(d, name) for d in os.get_exec_path()]
    for path in candidates:
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise QemuMissing(f"{name} is not installed: apt-get install {plan.target.package}")


def firmware_path(qemu: str, plan: LaunchPlan) -> str | None:
    """The target's firmware if it needs one. Raises QemuMissing if QEMU's data lacks it."""
    name = plan.target.firmware
    if name is None:
        return None
    prefix = Path(os.path.realpath(qemu)).parent.parent
    for directory in _DATA_DIRECTORIES:
        path = prefix / directory / name
        if path.exists():
            return str(path)
    raise QemuMissing(f"{name} is not among QEMU's firmware below {prefix}: apt-get install qemu-system-data")


def escape(value: str) -> str:
    """A value inside one of QEMU's comma-separated options."""
    return value.replace(",", ",,")


def build(plan: LaunchPlan, channels: Channels) -> tuple[str, ...]:
    """The whole command line. Raises QemuMissing."""
    target = plan.target
    qemu = qemu_path(plan)
    flash: list[str] = []
    firmware = None
    machine = target.machine
    if plan.firmware == "uefi":
        machine, flash = _flash(plan, machine)
    else:
        firmware = firmware_path(qemu, plan)
    args = [qemu, "-nodefaults", "-no-user-config", "-display", "none", "-sandbox", _SANDBOX]
    reboot = "reset" if plan.max_resets else "shutdown"
    args += ["-action", f"reboot={reboot},panic=pause,watchdog=pause"]
    if channels.paused:
        args += ["-S"]
    if channels.ram is not None:
        size = plan.ram_bytes >> 20
        path = escape(channels.ram)
        args += ["-object", f"memory-backend-file,id=ram,size={size}M,mem-path={path},share=on"]
        machine += ",memory-backend=ram"
    args += flash
    args += ["-machine", machine, "-cpu", _cpu(plan), "-m", str(plan.ram_bytes >> 20), "-accel", plan.accel]
    if plan.deterministic:
        args += ["-icount", _icount(plan), *_DATE]
    if firmware is not None:
        args += ["-bios", firmware]
    args += ["-chardev", f"{channels.console},id=console", *_fill(target.console, console="console")]
    if channels.operator is not None:
        args += ["-chardev", f"{channels.operator},id=operator", *_fill(target.operator, operator="operator")]
    args += target.panic
    if channels.qmp is not None:
        args += ["-chardev", f"{channels.qmp},id=qmp", "-mon", "chardev=qmp,mode=control"]
    if plan.gdb is not None:
        args += _gdb(plan.gdb)
    if plan.disk is not None:
        args += _disk(plan)
    if plan.kernel is not None:
        args += ["-kernel", str(plan.kernel)]
    if plan.initrd is not None:
        args += ["-initrd", str(plan.initrd)]
    if plan.append:
        args += ["-append", plan.append]
    if plan.restore is not None:
        args += ["-incoming", "defer"]
    return (*args, *plan.extra)


def for_shell(plan: LaunchPlan, console: str = "stdio", operator: str = "null") -> tuple[str, ...]:
    """The same machine without the harness: no monitor, and not paused.

    `console`, `operator`: backends of the two serial ports. With the operator's port on `stdio` (and the
    console in a file), a shell can type for the operator: `printf 'shutdown\r' | qemu-system-...`.
    """
    return build(plan, Channels(console=console, operator=operator, paused=False))


def quoted(args: tuple[str, ...]) -> str:
    """One line to paste into a shell."""
    return shlex.join(args)


def machine(plan: LaunchPlan) -> tuple[str, ...]:
    """What makes two QEMUs the same machine: the command line without what differs from boot to boot."""
    plan = plan._replace(restore=None)
    ram = "ram" if plan.shared_ram else None
    channels = Channels(console="console", operator="operator", qmp="qmp", ram=ram)
    own = {str(path): path.name for path in (plan.kernel, plan.initrd, plan.disk, plan.variables) if path}
    words = build(plan, channels)[1:]
    for path, name in own.items():
        words = tuple(word.replace(escape(path), name).replace(path, name) for word in words)
    return words


def _icount(plan: LaunchPlan) -> str:
    """Idle time is skipped when nothing that the guest could wait for takes time of the host.

    Else it passes at the host's pace: skipping it, a guest would find that every request has timed out.
    """
    counting = f"{_COUNT},sleep={'on' if plan.inexact else 'off'}"
    if plan.record is not None:
        counting += f",rr=record,rrfile={escape(str(plan.record))}"
    elif plan.replay is not None:
        counting += f",rr=replay,rrfile={escape(str(plan.replay))}"
    return counting


def _gdb(where: Path | int) -> list[str]:
    place = f"path={escape(str(where))}" if isinstance(where, Path) else f"host=127.0.0.1,port={where}"
    return ["-chardev", f"socket,{place},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]


def _disk(plan: LaunchPlan) -> list[str]:
    """The disk and its device.

    The host's own flushes are left out: what QEMU wrote is in the host's page cache, and outlives QEMU
    however it ends.  Only a host that loses power would lose it, and then the boot is lost anyway.
    """
    assert plan.disk is not None and plan.target.disk is not None
    path = escape(str(plan.disk))
    where = plan.target.disk
    if plan.transport == "memory":
        size = plan.disk.stat().st_size
        backend = f"memory-backend-file,id={MEMORY_DISK},share=on,mem-path={path},size={size}"
        # `master` alone lets the machine be saved: this side owns the memory, and nobody else has it.
        return ["-object", backend, "-device", f"ivshmem-plain,memdev={MEMORY_DISK},master=on,{where}"]
    device = f"virtio-blk-pci,drive=disk,disable-legacy=on,{where}"
    if plan.firmware == "uefi":
        device += ",bootindex=0"
    raw = "disk" if plan.write_log is None else "diskraw"
    args = [
        "-blockdev", f"driver=file,node-name=diskfile,filename={path},cache.no-flush=on",
        "-blockdev", f"driver=raw,node-name={raw},file=diskfile,cache.no-flush=on",
    ]  # fmt: skip
    if plan.write_log is not None:
        log = escape(str(plan.write_log))
        args += [
            "-blockdev", f"driver=file,node-name=writelog,filename={log}",
            "-blockdev", f"driver=blklogwrites,node-name=disk,file={raw},log=writelog,log-sector-size=512",
        ]  # fmt: skip
    return [*args, "-device", device]


def _flash(plan: LaunchPlan, machine: str) -> tuple[str, list[str]]:
    """The machine with UEFI firmware in its flash memory.  Raises QemuMissing without any."""
    from smssboot.machine import firmware

    code = escape(str(firmware.find(plan.target).code))
    variables = escape(str(plan.variables))
    return machine + ",pflash0=code,pflash1=variables", [
        "-blockdev", f"driver=file,node-name=code,filename={code},read-only=on",
        "-blockdev", f"driver=file,node-name=variables,filename={variables},cache.no-flush=on",
    ]  # fmt: skip


def _cpu(plan: LaunchPlan) -> str:
    """What was asked for; else hardware acceleration runs the host's own processor, no model of another."""
    return plan.cpu or (plan.target.cpu if plan.accel.startswith("tcg") else "host")


def _fill(options: tuple[str, ...], **names: str) -> list[str]:
    return [option.format(**names) for option in options]
