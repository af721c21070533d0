"""What a boot is asked to do (`LaunchPlan`, `Policy`) and what became of it (`Outcome`).

Named tuples, here and in what else is needed before QEMU is spawned: every boot waits for their making, and
`dataclasses` alone, with what it imports, would cost it as much as QEMU's spawning.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from smssboot.machine.targets import Target

if TYPE_CHECKING:
    from smssboot.timeline.items import Cause

PowerOff = Literal["powerdown", "sac", "none"]
Transport = Literal["virtio", "memory"]
FirmwareKind = Literal["direct", "uefi"]


class LaunchPlan(NamedTuple):
    """One QEMU process, ready to be spawned. Paths are used as they are; nothing is copied.

    `run_dir` is a directory of this boot alone: the serial log, QEMU's standard error and the register
    dump are left there. `disk` is a raw disk that the guest writes to; with `firmware` "uefi" the machine
    boots from it (no `kernel`, no `initrd`), with `variables` as the firmware's own memory. `image`,
    `image_sha256`, `profile` and `nonce` only label the timeline.
    """

    target: Target
    run_dir: Path
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    memory_mib: int | None = None  # None: the target's default
    cpu: str | None = None  # QEMU's `-cpu`; None: the target's
    accel: str = "tcg"  # what QEMU gets; `accel.choose` resolves "auto"
    deterministic: bool = False  # count instructions; times and records repeat bit by bit, unless
    inexact: str = ""  # ... the guest waits for something of the host's pace: why
    record: Path | None = None  # QEMU writes down there what a replay needs (deterministic only)
    replay: Path | None = None  # ... and does what was recorded there
    gdb: Path | int | None = None  # a gdb port: a socket to be made there, or a TCP port of this host
    max_resets: int | None = None  # the guest may reset so often; None: a reset ends the boot
    eager: bool = False  # the guest runs as soon as QEMU is up, while the harness still loads itself
    shared_ram: bool = True  # False: no host view of guest memory
    qemu: str | None = None  # another QEMU binary than the target's
    disk: Path | None = None
    transport: Transport = "virtio"  # virtio-blk on PCI, or memory that PCI shows (ivshmem-plain)
    write_log: Path | None = None  # the disk's writes in their order go there (an empty file; virtio only)
    firmware: FirmwareKind = "direct"
    variables: Path | None = None
    restore: Path | None = None  # device state to go on from (snapshot.py); who spawns puts RAM and disk back
    extra: tuple[str, ...] = ()  # appended to QEMU's arguments
    profile: str = ""
    image: str = ""
    image_sha256: str = ""
    nonce: str = ""

    @property
    def ram_bytes(self) -> int:
        """Size of guest RAM in bytes."""
        return (self.memory_mib or self.target.memory_mib) << 20


class Policy(NamedTuple):
    """When a boot is called off, in seconds of time that the guest could really use.

    Time in which QEMU was runnable but got no host processor does not count, up to `host_patience`
    times the limit; beyond that the host is too slow and the guest is not to blame.
    """

    first_record_s: float = 10.0  # from the start of the guest to its first record
    silence_s: float = 10.0  # between two records before the steady state
    settle_s: float = 0.3  # of silence after the last expected event, when an earlier one is missing
    total_s: float = 60.0  # from the start of the guest to the steady state
    shutdown_s: float = 10.0  # from the request to power off to QEMU's end
    grace_s: float = 0.5  # after the first cause: the longest wait for last words
    quiet_s: float = 0.05  # ... which ends when the guest says nothing for so long
    host_patience: float = 6.0
    still_s: float = 20.0  # until a guest with exact times stands still
    power_off: PowerOff = "powerdown"
    operator: tuple[str, ...] = ()  # lines typed at the steady state; one that ends the system ends the boot
    stop_on_deviation: bool = True  # a definitive finding of the monitor ends the boot
    max_output_bytes: int = 64 << 20  # more serial output than this is a guest that runs wild
    max_repeats: int = 2000  # the same console line in a row


class Durations(NamedTuple):
    """Seconds. `launch`: spawn until the harness was attached; `first_record`, `steady`: since the guest
    was let run until the harness saw them; `shutdown`: request to power off until QEMU was gone;
    `total`: spawn to the end."""

    launch: float | None = None
    first_record: float | None = None
    steady: float | None = None
    shutdown: float | None = None
    total: float | None = None


class Outcome(NamedTuple):
    """How a boot ended. `cause` is the first of `causes`; its kind is one of `causes.KINDS`."""

    cause: Cause
    causes: tuple[Cause, ...]
    durations: Durations
    steady: bool  # the monitor's steady state was reached
    qemu_version: str
    qemu_status: int | None  # QEMU's wait status as an exit code, negative for a signal
    argv: tuple[str, ...]
    artifacts: Mapping[str, Path] = MappingProxyType({})
