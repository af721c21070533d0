"""The machines that a guest boots on, as data. Everything that differs between them stands here."""

from __future__ import annotations

from typing import NamedTuple


class Target(NamedTuple):
    """One QEMU machine. Arguments hold `{name}` placeholders for what a launch fills in."""

    name: str
    arch: str  # x86_64 | aarch64, as in records and paths
    binary: str
    package: str  # Debian package of the binary, for the error message
    machine: str
    cpu: str
    console: tuple[str, ...]  # first serial port, on chardev {console}
    operator: tuple[str, ...]  # second serial port, on chardev {operator}
    panic: tuple[str, ...]
    memory_mib: int = 64
    ram_base: int = 0  # guest physical address of byte 0 of the RAM file
    firmware: str | None = None  # file name in QEMU's data directory
    panic_address: int | None = None  # I/O port of the panic device, None: on PCI
    nmi: bool = False  # QMP inject-nmi reaches the guest
    power_button: bool = True
    alarm: bool = False  # its date clock (QMP: rtc-time) keeps a timer until it has rung once
    disk: str | None = None  # where a disk's device goes, None: this machine has no place for one
    memory_disk_mib: int = 0  # largest disk that the machine's window for devices can show as memory
    uefi_mib: int = 64  # RAM below which the UEFI firmware does not start
    speed: float = 1.0  # deadlines are multiplied by it


Q35 = Target(
    name="q35",
    arch="x86_64",
    binary="qemu-system-x86_64",
    package="qemu-system-x86",
    # Everything a direct boot never looks at costs start-up time.
    machine="q35,smm=off,smbus=off,sata=off,hpet=off,vmport=off,graphics=off",
    cpu="max",
    firmware="qboot.rom",
    console=("-device", "isa-serial,chardev={console},index=0"),
    operator=("-device", "isa-serial,chardev={operator},index=1"),
    panic=("-device", "pvpanic"),
    panic_address=0x505,
    nmi=True,
    alarm=True,
    disk="bus=pcie.0,addr=3",
    memory_disk_mib=512,
)

MICROVM = Target(
    name="microvm",
    arch="x86_64",
    binary="qemu-system-x86_64",
    package="qemu-system-x86",
    machine="microvm,isa-serial=off",
    cpu="max",
    console=("-device", "isa-serial,chardev={console},index=0"),
    operator=("-device", "isa-serial,chardev={operator},index=1"),
    panic=("-device", "pvpanic"),
    panic_address=0x505,
    nmi=True,
    alarm=True,
)

VIRT = Target(
    name="virt",
    arch="aarch64",
    binary="qemu-system-aarch64",
    package="qemu-system-arm",
    machine="virt",
    cpu="cortex-a57",
    ram_base=0x4000_0000,
    console=("-serial", "chardev:{console}"),
    operator=("-device", "pci-serial,chardev={operator},addr=1"),
    panic=("-device", "pvpanic-pci,addr=2"),
    disk="bus=pcie.0,addr=3",
    memory_disk_mib=256,
    uefi_mib=128,
)

TARGETS = {target.name: target for target in (Q35, MICROVM, VIRT)}

DEFAULT_TARGET = {"x86_64": Q35, "aarch64": VIRT}


def for_arch(arch: str) -> list[Target]:
    """All targets of an architecture, the default first."""
    default = DEFAULT_TARGET[arch]
    return [default, *(t for t in TARGETS.values() if t.arch == arch and t is not default)]
