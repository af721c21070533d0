"""Disks from PCI to the raw volume, and drivers: guest/tests/disktest as smss.exe, over both transports."""

from __future__ import annotations

import random
import re
import struct
import subprocess
import sys
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from smssboot.image import modules, regf

GUEST = Path(__file__).parents[2] / "guest"
SYSTEM32 = "Windows/System32/"
SECTOR = 512
MACHINES = {
    "q35-qboot": ("x86_64", "-M q35,sata=off -cpu max -bios qboot.rom"),
    "q35-seabios": ("x86_64", "-M q35 -cpu max"),
    "microvm": ("x86_64", "-M microvm -cpu max"),
    "virt": ("aarch64", "-M virt -cpu cortex-a57"),
}
STUB = {"x86_64": "boot-x86_64.elf", "aarch64": "boot-aarch64.img"}
DRIVERS = ("viostor", "ivshmdsk", "null", "ramdisk", "testfs")
EFI_SYSTEM = uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")
BASIC_DATA = uuid.UUID("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7")
SYSTEM_PARTITION = uuid.UUID("5d000000-0000-4000-8000-000000000002")


@dataclass
class Partition:
    """Sectors of a disk, and how the table names them."""

    start: int
    count: int
    kind: uuid.UUID = BASIC_DATA
    guid: uuid.UUID = field(default_factory=uuid.uuid4)


def noise(size: int, seed: int) -> bytearray:
    """Bytes that nobody could have guessed; the same for the same seed."""
    return bytearray(random.Random(seed).randbytes(size))


def gpt(disk: bytearray, partitions: list[Partition]) -> bytearray:
    """Puts a protective MBR, a GPT and its copy on the disk."""
    last = len(disk) // SECTOR - 1
    entries = bytearray(128 * 128)
    for i, p in enumerate(partitions):
        struct.pack_into(
            "<16s16sQQQ",
            entries,
            128 * i,
            p.kind.bytes_le,
            p.guid.bytes_le,
            p.start,
            p.start + p.count - 1,
            0,
        )

    def header(mine: int, other: int, at: int) -> bytes:
        raw = bytearray(
            struct.pack(
                "<8sIIIIQQQQ16sQIII",
                b"EFI PART", 0x10000, 92, 0, 0, mine, other, 34, last - 33, uuid.UUID(int=7).bytes_le,
                at, 128, 128, zlib.crc32(entries),
            )
        )  # fmt: skip
        struct.pack_into("<I", raw, 16, zlib.crc32(raw))
        return bytes(raw).ljust(SECTOR, b"\0")

    mbr = bytearray(SECTOR)
    struct.pack_into("<B3sB3sII", mbr, 446, 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, last)
    mbr[510:512] = b"\x55\xaa"
    disk[:SECTOR] = mbr
    disk[SECTOR : 2 * SECTOR] = header(1, last, 2)
    disk[2 * SECTOR : 34 * SECTOR] = entries
    disk[(last - 32) * SECTOR : last * SECTOR] = entries
    disk[last * SECTOR :] = header(last, 1, last - 32)
    return disk


def mbr_entry(kind: int, start: int, count: int, status: int = 0) -> bytes:
    return struct.pack("<B3sB3sII", status, b"\0\0\0", kind, b"\0\0\0", start, count)


def mbr(disk: bytearray, sector: int, entries: list[bytes], signature: int = 0) -> bytearray:
    """Puts a partition table into the sector."""
    at = sector * SECTOR
    struct.pack_into("<I", disk, at + 440, signature)
    disk[at + 446 : at + 510] = b"".join(entries).ljust(64, b"\0")
    disk[at + 510 : at + 512] = b"\x55\xaa"
    return disk


def system_hive(mounted: dict[str, bytes]) -> bytes:
    """A SYSTEM hive with the drivers' services; those of disks at boot, and not in the alphabet's order."""
    root = regf.Key()
    root.open("Select", create=True).values["Current"] = regf.Value("REG_DWORD", 1)  # type: ignore[union-attr]

    def key(path: str) -> regf.Key:
        found = root.open("ControlSet001\\" + path, create=True)
        assert found is not None
        return found

    def service(name: str, start: int, **values: regf.Value) -> None:
        key("Services\\" + name).values.update(
            {"Start": regf.Value("REG_DWORD", start), "Type": regf.Value("REG_DWORD", 1), **values}
        )

    group = regf.Value("REG_SZ", "SCSI miniport")
    service("ivshmdsk", 0, Group=group, Tag=regf.Value("REG_DWORD", 9))
    service("viostor", 0, Group=group, Tag=regf.Value("REG_DWORD", 4))
    service("aaa", 0, ImagePath=regf.Value("REG_EXPAND_SZ", "System32\\drivers\\aaa.sys"))
    service("null", 1)
    service("ramdisk", 1, ImagePath=regf.Value("REG_EXPAND_SZ", "System32\\drivers\\ramdisk.sys"))
    service("testfs", 0, Type=regf.Value("REG_DWORD", 2))
    service("missing", 3)
    service("program", 3, Type=regf.Value("REG_DWORD", 16))
    key("Services\\ramdisk\\Parameters").values["DiskSizeKb"] = regf.Value("REG_DWORD", 48)
    key("Control\\ServiceGroupOrder").values["List"] = regf.Value(
        "REG_MULTI_SZ", ["Boot Bus Extender", "SCSI miniport"]
    )
    key("Control\\GroupOrderList").values["SCSI miniport"] = regf.Value(
        "REG_BINARY", struct.pack("<III", 2, 4, 9)
    )
    devices = root.open("MountedDevices", create=True)
    assert devices is not None
    devices.values.update(
        {rf"\DosDevices\{letter}:": regf.Value("REG_BINARY", data) for letter, data in mounted.items()}
    )
    return regf.write(root)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The guest's build, per architecture."""
    built = {}
    for arch, stub in STUB.items():
        out = built[arch] = tmp_path_factory.mktemp(f"disktest-{arch}")
        wanted = [stub, "ntoskrnl.exe", "ntdll.dll", "disktest.exe", *(f"{name}.sys" for name in DRIVERS)]
        subprocess.run(
            ["make", "-s", "-C", GUEST, f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}", *wanted],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return built


class Boot:
    """One boot of the test program with disks; `said` is its serial text."""

    def __init__(
        self,
        out: Path,
        machine: str,
        disks: list[tuple[str, Path]],
        mounted: dict[str, bytes] | None = None,
        append: str = "",
        extra: str = "",
        where: Path | None = None,
    ) -> None:
        arch, options = MACHINES[machine]
        files = [(SYSTEM32 + "ntoskrnl.exe", "ntoskrnl.exe"), (SYSTEM32 + "ntdll.dll", "ntdll.dll")]
        files += [(f"{SYSTEM32}drivers/{name}.sys", f"{name}.sys") for name in DRIVERS]
        files += [(SYSTEM32 + "smss.exe", "disktest.exe")]
        archive = modules.archive(
            [(name, (out / file).read_bytes()) for name, file in files]
            + [(SYSTEM32 + "config/SYSTEM", system_hive(mounted or {}))]
        )
        initrd = (where or out) / "modules"
        initrd.write_bytes(archive)
        qemu = f"qemu-system-{arch} -accel tcg {options} -m 64 -display none -nodefaults -no-reboot {extra}"
        argv = qemu.split()
        for i, (transport, path) in enumerate(disks):
            if transport == "memory":
                size = path.stat().st_size
                argv += ["-object", f"memory-backend-file,id=m{i},share=on,mem-path={path},size={size}"]
                argv += ["-device", f"ivshmem-plain,memdev=m{i}"]
            else:
                readonly = ",readonly=on" if transport == "read-only" else ""
                legacy = "" if transport == "transitional" else ",disable-legacy=on"
                argv += ["-drive", f"if=none,id=d{i},format=raw,file={path}{readonly}"]
                argv += ["-device", f"virtio-blk-pci,drive=d{i}{legacy}"]
        argv += ["-kernel", str(out / STUB[arch]), "-initrd", str(initrd), "-serial", "stdio"]
        done = subprocess.run(
            [*argv, "-append", f"nonce=0 {append}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
        )
        self.said = done.stdout
        self.lines = done.stdout.splitlines()

    def facts(self, event: str) -> list[str]:
        """The data of all facts of this kind, in order."""
        found = [
            re.search(rf"@smss .* fact {re.escape(event)} (.*) \*[0-9a-f]{{8}}$", line) for line in self.lines
        ]
        return [match[1] for match in found if match]

    def volumes(self) -> list[tuple[int, str]]:
        """Size and checksum of each volume as the guest read it."""
        return [(int(size), crc) for size, crc in re.findall(r"^volume \d+ (\d+) (\w+)\r?$", self.said, re.M)]

    def links(self) -> dict[str, str]:
        return dict(re.findall(r"^link (\S+) (\S+)\r?$", self.said, re.M))

    def passed(self) -> bool:
        return "done 0" in self.lines and not any(line.startswith("FAILED") for line in self.lines)


def content(disk: bytes | bytearray, start: int, count: int) -> tuple[int, str]:
    """Size and checksum of some sectors."""
    part = disk[start * SECTOR : (start + count) * SECTOR]
    return len(part), f"{zlib.crc32(part):08x}"


def scratch() -> bytes:
    """What the program writes on the last volume, from its sector 5 on."""
    return bytes((i * 7 + i // SECTOR) & 0xFF for i in range(300 * SECTOR))


PARTITIONS = [
    Partition(2048, 4096, EFI_SYSTEM),
    Partition(8192, 8000, BASIC_DATA, SYSTEM_PARTITION),
    Partition(20000, 6000, BASIC_DATA),
]


@pytest.mark.parametrize("machine", ["q35-qboot", "q35-seabios", "virt"])
@pytest.mark.parametrize("transport", ["virtio", "memory", "transitional"])
def test_a_disk_is_found_read_and_written(
    programs: dict[str, Path], tmp_path: Path, machine: str, transport: str
) -> None:
    before = gpt(noise(16 << 20, 1), PARTITIONS)
    path = tmp_path / "disk"
    path.write_bytes(before)
    boot = Boot(programs[MACHINES[machine][0]], machine, [(transport, path)], where=tmp_path)
    assert boot.passed(), boot.said[-3000:]
    driver = "ivshmdsk" if transport == "memory" else "viostor"
    assert boot.facts("disk.attach") == [
        rf"device=\Device\Harddisk0\DR0 driver={driver} bytes={16 << 20} readonly=0"
    ]
    assert boot.volumes() == [content(before, p.start, p.count) for p in PARTITIONS]
    assert [line.strip() for line in boot.lines if line.startswith("device ")] == [
        f"device {16 << 20} 512 2 0 0 00000000",  # PARTITION_STYLE_RAW: the disk as a whole
        f"device {8000 * SECTOR} 512 1 2 {8192 * SECTOR} 5d000000",
    ]
    at = (PARTITIONS[2].start + 5) * SECTOR
    before[at : at + 300 * SECTOR] = scratch()
    assert path.read_bytes() == before, "what the guest wrote, and nothing else, is on the host's disk"


def test_drivers_start_in_the_order_of_the_registry(programs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(gpt(noise(4 << 20, 2), []))
    boot = Boot(programs["aarch64"], "virt", [("memory", path), ("virtio", path)], where=tmp_path)
    started = [line for line in boot.facts("driver.start") if "ramdisk" not in line]
    grouped_then_not = ("viostor", "ivshmdsk", "testfs")
    assert started == [rf"path=\SystemRoot\System32\drivers\{d}.sys status=0x0" for d in grouped_then_not]
    attached = [re.search(r"DR(\d) driver=(\w+)", line) for line in boot.facts("disk.attach")]
    assert [match.groups() for match in attached if match] == [("0", "viostor"), ("1", "ivshmdsk")]


@pytest.mark.parametrize("machine", ["q35-qboot", "microvm", "virt"])
def test_without_a_disk_there_is_none(programs: dict[str, Path], tmp_path: Path, machine: str) -> None:
    boot = Boot(programs[MACHINES[machine][0]], machine, [], where=tmp_path)
    assert "ok it loads again" in boot.lines
    assert boot.facts("disk.attach") == []
    assert boot.links()[r"\SystemRoot"] == r"\Device\BootModules\Windows"
    failed = [line for line in boot.facts("driver.start") if line.endswith("status=0xC000000E")]
    assert len(failed) == 2, "drivers without a device leave"


@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
def test_names_and_letters(programs: dict[str, Path], tmp_path: Path, machine: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(gpt(noise(16 << 20, 3), PARTITIONS))
    logical = mbr(noise(8 << 20, 4), 0, [mbr_entry(0x0C, 64, 1000), mbr_entry(0x05, 2048, 10000)], 0xCAFE0001)
    mbr(logical, 2048, [mbr_entry(0x06, 32, 800), mbr_entry(0x05, 4096, 2000)])
    mbr(logical, 6144, [mbr_entry(0x06, 32, 1500)])
    second.write_bytes(logical)
    mounted = {
        "X": b"DMIO:ID:" + PARTITIONS[2].guid.bytes_le,
        "C": struct.pack("<IQ", 0xCAFE0001, 64 * SECTOR),  # the boot modules' letter
        "F": struct.pack("<IQ", 0xCAFE0001, (2048 + 32) * SECTOR),
    }
    boot = Boot(
        programs[MACHINES[machine][0]],
        machine,
        [("virtio", first), ("virtio", second)],
        mounted,
        where=tmp_path,
    )
    assert boot.passed(), boot.said[-3000:]
    assert boot.volumes()[3:] == [
        content(logical, 64, 1000),
        content(logical, 2080, 800),
        content(logical, 6176, 1500),
    ]
    links = boot.links()
    assert {k: v for k, v in links.items() if k.startswith(r"\GLOBAL??") and k.endswith(":")} == {
        r"\GLOBAL??\C:": r"\Device\BootModules",
        r"\GLOBAL??\D:": r"\Device\HarddiskVolume2",
        r"\GLOBAL??\E:": r"\Device\HarddiskVolume4",
        r"\GLOBAL??\F:": r"\Device\HarddiskVolume5",
        r"\GLOBAL??\G:": r"\Device\HarddiskVolume6",
        r"\GLOBAL??\X:": r"\Device\HarddiskVolume3",
    }
    assert links[r"\GLOBAL??\PhysicalDrive1"] == r"\Device\Harddisk1\DR1"
    assert links[r"\Device\Harddisk1\Partition3"] == r"\Device\HarddiskVolume6"
    assert links[r"\ArcName\multi(0)disk(0)rdisk(1)partition(3)"] == r"\Device\Harddisk1\Partition3"


@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
def test_a_file_system_is_mounted_and_shut_down(
    programs: dict[str, Path], tmp_path: Path, machine: str
) -> None:
    disk = gpt(noise(16 << 20, 13), PARTITIONS)
    path = tmp_path / "disk"
    at, broken = PARTITIONS[1].start * SECTOR, PARTITIONS[0].start * SECTOR
    disk[at : at + 6] = b"TESTFS"
    disk[broken : broken + 6] = b"BROKEN"
    path.write_bytes(disk)
    boot = Boot(programs[MACHINES[machine][0]], machine, [("virtio", path)], where=tmp_path)
    assert boot.passed(), boot.said[-3000:]
    assert re.findall(r"^path (\d) (\w+)\r?$", boot.said, re.M) == [
        ("1", "0xC0000032"),
        ("2", "0x0"),
        ("3", "0xC000014F"),
    ]
    assert f"file 512 {content(disk, PARTITIONS[1].start + 1, 1)[1]}" in boot.lines
    assert boot.facts("volume.mount") == [
        r"device=\Device\HarddiskVolume2 letter=D: filesystem=TESTFS serial=0012-ABCD "
        r'label="A LABEL" bytes=4096000 cluster=1024 free=7168 dirty=1 journal=none'
    ]
    assert boot.facts("volume.dismount") == [r"device=\Device\HarddiskVolume2 clean=1"]
    assert path.read_bytes()[at + 2 * SECTOR :].startswith(b"CLEAN" + disk[at + 2 * SECTOR + 5 :][:507])


def damaged_tables() -> dict[str, tuple[bytearray, list[tuple[int, int]]]]:
    """Disks whose tables lie, and the partitions (start, count) that a careful reader finds."""
    whole = [(p.start, p.count) for p in PARTITIONS]
    disks: dict[str, tuple[bytearray, list[tuple[int, int]]]] = {}

    disk = gpt(noise(16 << 20, 5), PARTITIONS)
    disk[SECTOR + 60] ^= 1
    disks["primary header"] = disk, whole
    disk = gpt(noise(16 << 20, 5), PARTITIONS)
    disk[2 * SECTOR + 40] ^= 1
    disks["primary entries"] = disk, whole
    disk = gpt(noise(16 << 20, 5), PARTITIONS)
    disk[2 * SECTOR + 40] ^= 1
    disk[-SECTOR + 60] ^= 1
    disks["both copies"] = disk, []
    many = [
        *PARTITIONS,
        Partition(9000, 10),
        Partition(30000, 1 << 40),
        Partition(30000, 0),
        Partition(1, 10),
    ]
    disks["entries that cannot be"] = gpt(noise(16 << 20, 6), many), whole
    disk = mbr(
        noise(8 << 20, 7),
        0,
        [
            mbr_entry(0x0C, 64, 1000),
            mbr_entry(0x0C, 1000, 100),
            mbr_entry(0x0C, 0, 9),
            mbr_entry(0x07, 9000, 1 << 30),
        ],
    )
    disks["mbr entries that cannot be"] = disk, [(64, 1000)]
    disk = mbr(noise(8 << 20, 8), 0, [mbr_entry(0x05, 2048, 10000)])
    mbr(disk, 2048, [mbr_entry(0x06, 32, 800), mbr_entry(0x05, 2048, 2000)])
    mbr(disk, 4096, [mbr_entry(0x06, 32, 1500), mbr_entry(0x05, 2048, 2000)])
    disks["a chain that is a ring"] = disk, [(2080, 800), (4128, 1500)]
    return disks


@pytest.mark.parametrize("name", damaged_tables())
def test_a_table_that_lies(programs: dict[str, Path], tmp_path: Path, name: str) -> None:
    disk, wanted = damaged_tables()[name]
    path = tmp_path / "disk"
    path.write_bytes(disk)
    boot = Boot(programs["x86_64"], "q35-qboot", [("virtio", path)], where=tmp_path)
    assert boot.passed(), boot.said[-3000:]
    assert boot.volumes() == [content(disk, *part) for part in wanted]


@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
@pytest.mark.parametrize("wanted", [str(SYSTEM_PARTITION), str(uuid.UUID(int=9)), "mbr:00000001:64"])
def test_a_system_partition_that_cannot_be_used(
    programs: dict[str, Path], tmp_path: Path, machine: str, wanted: str
) -> None:
    path = tmp_path / "disk"
    path.write_bytes(gpt(noise(16 << 20, 9), PARTITIONS))
    out = programs[MACHINES[machine][0]]
    boot = Boot(out, machine, [("virtio", path)], append=f"systempartition={wanted}", where=tmp_path)
    status = "0xC000014F" if wanted == str(SYSTEM_PARTITION) else "0xC000000E"
    assert "INACCESSIBLE_BOOT_DEVICE" in boot.said
    assert f"system partition {wanted} cannot be used: {status}" in boot.said


def test_a_disk_that_is_only_read(programs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "disk"
    disk = gpt(noise(16 << 20, 10), PARTITIONS)
    path.write_bytes(disk)
    boot = Boot(programs["x86_64"], "q35-qboot", [("read-only", path)], where=tmp_path)
    assert boot.facts("disk.attach")[0].endswith("readonly=1")
    assert "FAILED the volume opens for writing: 0xC00000A2, expected 0x0" in boot.lines
    assert path.read_bytes() == disk


@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
def test_a_large_memory_disk_lies_above_4_gib(
    programs: dict[str, Path], tmp_path: Path, machine: str
) -> None:
    path = tmp_path / "disk"
    size = 2 << 30
    start, body = size // SECTOR - 3000, noise(2000 * SECTOR, 11)
    with path.open("wb") as file:
        file.truncate(size)  # a hole, but for the table and the partition near the end
        file.write(mbr(bytearray(SECTOR), 0, [mbr_entry(0x0C, start, 2000)]))
        file.seek(start * SECTOR)
        file.write(body)
    boot = Boot(programs[MACHINES[machine][0]], machine, [("memory", path)], where=tmp_path)
    assert boot.passed(), boot.said[-3000:]
    assert boot.volumes() == [content(body, 0, 2000)]


@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
def test_a_disk_that_fails(programs: dict[str, Path], tmp_path: Path, machine: str) -> None:
    path = tmp_path / "disk"
    path.write_bytes(gpt(noise(16 << 20, 12), PARTITIONS))
    config = tmp_path / "blkdebug"
    wanted = {"event": "read_aio", "iotype": "read", "errno": "5", "once": "off", "sector": "8200"}
    config.write_text("[inject-error]\n" + "".join(f'{key} = "{value}"\n' for key, value in wanted.items()))
    extra = (
        f"-drive if=none,id=bad,format=raw,file=blkdebug:{config}:{path},rerror=report "
        "-device virtio-blk-pci,drive=bad,disable-legacy=on"
    )
    boot = Boot(programs[MACHINES[machine][0]], machine, [], extra=extra, where=tmp_path)
    assert "FAILED a volume ends: 0xC0000185, expected 0xC0000011" in boot.lines
    assert any(line.startswith("done ") for line in boot.lines), "the guest goes on"


@pytest.mark.full
@pytest.mark.parametrize("machine", ["q35-qboot", "virt"])
def test_a_disk_that_does_not_answer(programs: dict[str, Path], tmp_path: Path, machine: str) -> None:
    extra = (
        "-blockdev driver=null-co,node-name=deaf,size=16777216,latency-ns=11000000000 "
        "-device virtio-blk-pci,drive=deaf,disable-legacy=on"
    )
    boot = Boot(programs[MACHINES[machine][0]], machine, [], extra=extra, where=tmp_path)
    assert any("no partition table that can be read (0xC00000B5)" in line for line in boot.lines), boot.said
    assert boot.volumes() == []
    assert any(line.startswith("done ") for line in boot.lines), "the guest goes on"
