"""Ways to damage a boot's own disk and modules: hives, programs, FAT volumes; repeatable by their seeds."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pefile

from smssboot.image import gpt, modules
from smssboot.image.built import BuiltImage
from smssboot.image.volumes import VolumeInfo
from smssboot.study.prepare import Prepared

HIVES: Final = ("SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT")
KERNEL: Final = "ntoskrnl.exe"
_CONFIG: Final = "Windows/System32/config/"
_BINS: Final = 4096
_BOOT_FIELDS: Final = 90  # bytes of a FAT32 boot sector that mean something
_CLEAN: Final = 0x0800_0000  # in the second entry of the FAT

Change = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Damage:
    """What was done. `file`: the hive's or program's base name; `spoiled`: a program whose bytes its own
    checksum denies; `dirty`: the volume has the mark that a checker looks for."""

    kind: str
    how: str
    file: str = ""
    spoiled: bool = False
    dirty: bool = False

    def __str__(self) -> str:
        return f"{self.how} {self.file or 'C:'}{' dirty' * self.dirty}"


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """One to eight bits anywhere."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def flip_head(data: bytes, chance: random.Random) -> bytes:
    """One to eight bits in the first kilobyte: headers and tables."""
    return flip_bits(data[:1024], chance) + data[1024:]


def truncate(data: bytes, chance: random.Random) -> bytes:
    """Cut at any byte."""
    return data[: chance.randrange(len(data))]


def confuse_cells(data: bytes, chance: random.Random) -> bytes:
    """Numbers in a hive's cells that are an offset of a cell become another cell's: loops, wrong kinds."""
    cells = _cells(data)
    known = set(cells)
    places = [at for at in range(_BINS, len(data) - 3, 4) if struct.unpack_from("<I", data, at)[0] in known]
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        struct.pack_into("<I", out, chance.choice(places), chance.choice(cells))
    return bytes(out)


def _cells(data: bytes) -> list[int]:
    """Offsets of all cells, as a hive counts them."""
    found = []
    at = _BINS
    while at + 32 < len(data) and data[at : at + 4] == b"hbin":
        end = at + struct.unpack_from("<I", data, at + 8)[0]
        cell = at + 32
        while cell + 4 <= min(end, len(data)):
            size = abs(struct.unpack_from("<i", data, cell)[0])
            if size < 8:
                break
            found.append(cell - _BINS)
            cell += size
        at = end
    return found


def hive(image: BuiltImage, prepared: Prepared, chance: random.Random) -> Damage:
    """Damage one hive, SYSTEM most often, on the disk and in the modules."""
    name = chance.choice(("SYSTEM", *HIVES))
    change = chance.choice((flip_bits, flip_head, truncate, confuse_cells))
    _replace(image, prepared, _CONFIG + name, change, chance)
    return Damage("hive", change.__name__, name)


def program(image: BuiltImage, prepared: Prepared, chance: random.Random) -> Damage:
    """Damage one program, library, driver or the kernel."""
    names = [name for name in image.files if name.lower().endswith((".exe", ".dll", ".sys"))]
    name = chance.choice(names)
    change = chance.choice((flip_bits, flip_head, truncate))
    damaged = _replace(image, prepared, name, change, chance)
    return Damage("program", change.__name__, name.rsplit("/", 1)[-1], spoiled=_spoiled(damaged))


def kernel(image: BuiltImage, prepared: Prepared, chance: random.Random) -> Damage:
    """Damage the kernel where nothing but its checksum can tell: a bit of its last section."""
    name = next(name for name in image.files if name.endswith("/" + KERNEL))
    damaged = _replace(image, prepared, name, lambda data, _: data[:-1] + bytes([data[-1] ^ 1]), chance)
    return Damage("program", "last bit of", KERNEL, spoiled=_spoiled(damaged))


def _spoiled(data: bytes) -> bool:
    """Whether the file is no PE image, or another one than its checksum is of (none, 0, is of any)."""
    try:
        image = pefile.PE(data=data, fast_load=True)
    except pefile.PEFormatError:
        return True
    told = image.OPTIONAL_HEADER.CheckSum
    return bool(told != 0 and told != image.generate_checksum())


def _replace(
    image: BuiltImage, prepared: Prepared, name: str, change: Change, chance: random.Random
) -> bytes:
    """Change one file wherever the guest finds it: on the system volume, and among the boot modules."""
    plan = prepared.plan
    assert plan.disk is not None
    place = f"{plan.disk}@@{system(image).offset}"
    damaged = change(_mtools("mcopy", "-n", "-i", place, f"::/{name}", "-"), chance)
    part = plan.run_dir / "damaged"
    part.write_bytes(damaged)
    _mtools("mcopy", "-o", "-D", "o", "-i", place, str(part), f"::/{name}")
    part.unlink()
    if plan.initrd is None:  # the firmware reads the disk
        return damaged
    archive = plan.initrd.read_bytes()
    members = {member: archive[at : at + size] for member, at, size in modules.members(archive)}
    if name in members:
        assert plan.initrd.is_relative_to(plan.run_dir), "the image's own modules are not ours to change"
        members[name] = damaged
        plan.initrd.write_bytes(modules.archive(members.items()))
    return damaged


def _mtools(*command: str) -> bytes:
    environment = {**os.environ, "MTOOLSRC": os.devnull, "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(
        command, check=True, capture_output=True, stdin=subprocess.DEVNULL, env=environment, timeout=20
    )
    return done.stdout


def system(image: BuiltImage) -> VolumeInfo:
    """The system volume."""
    return next(volume for volume in image.volumes if volume.letter == "C:")


class _Fat:
    """The FAT32 file system of an open disk, as its builder made it: all at the front, two tables."""

    def __init__(self, fd: int, info: VolumeInfo) -> None:
        self.fd = fd
        self.start = info.offset
        self.end = info.offset + info.bytes
        self.cluster = info.cluster
        boot = os.pread(fd, gpt.SECTOR, info.offset)
        reserved, sectors, self.root = (
            struct.unpack_from("<H", boot, 14)[0], *struct.unpack_from("<I4xI", boot, 36)
        )  # fmt: skip
        self.length = sectors * gpt.SECTOR
        self.table = info.offset + reserved * gpt.SECTOR
        self.data = self.table + 2 * self.length
        self.used = 2 + info.clusters - info.free // info.cluster

    def flip(self, offset: int, length: int, chance: random.Random) -> None:
        """One to eight bits of these bytes of the disk."""
        os.pwrite(self.fd, flip_bits(os.pread(self.fd, length, offset), chance), offset)

    def entry(self, cluster: int) -> int:
        """An entry of the first table."""
        number: int = struct.unpack("<I", os.pread(self.fd, 4, self.table + 4 * cluster))[0]
        return number

    def put(self, cluster: int, value: int, copies: int) -> None:
        """Set an entry in the first table, or in both."""
        for copy in range(copies):
            os.pwrite(self.fd, struct.pack("<I", value), self.table + copy * self.length + 4 * cluster)


def _boot(fat: _Fat, chance: random.Random) -> None:
    fat.flip(fat.start, _BOOT_FIELDS, chance)


def _information(fat: _Fat, chance: random.Random) -> None:
    fat.flip(fat.start + gpt.SECTOR, gpt.SECTOR, chance)


def _table(fat: _Fat, chance: random.Random) -> None:
    fat.flip(fat.table, fat.used * 4, chance)


def _chain(fat: _Fat, chance: random.Random) -> None:
    """Links to any cluster that is used: loops, and chains that run together."""
    copies = chance.choice((1, 2))
    for _ in range(chance.randint(1, 3)):
        fat.put(chance.randrange(2, fat.used), chance.randrange(2, fat.used), copies)


def _loop(fat: _Fat, chance: random.Random) -> None:
    """A link of a longer chain leads back to its own beginning."""
    chains = [at for at in range(3, fat.used) if fat.entry(at) == at + 1 and fat.entry(at - 1) != at]
    first = last = chance.choice(chains)
    while fat.entry(last) == last + 1:
        last += 1
    fat.put(chance.randint(first, last), first, 2)


def _directory(fat: _Fat, chance: random.Random) -> None:
    """Bits in the first directories: the root, and those that lie behind it."""
    cluster = fat.root + chance.choice((0, 0, 1, 2, 3, 4))
    fat.flip(fat.data + (cluster - 2) * fat.cluster, fat.cluster, chance)


def _short(fat: _Fat, chance: random.Random) -> None:
    """The disk ends somewhere in the volume, as often as not in what is used of it."""
    end = chance.choice((fat.end, fat.data + (fat.used - 2) * fat.cluster))
    os.ftruncate(fat.fd, chance.randrange(fat.start, end) // gpt.SECTOR * gpt.SECTOR)


def _mark(_fat: _Fat, _chance: random.Random) -> None:
    """Nothing is wrong but what the mark says."""


_VOLUME: Final[Mapping[str, Callable[[_Fat, random.Random], None]]] = {
    "boot": _boot, "information": _information, "table": _table, "chain": _chain, "loop": _loop,
    "directory": _directory, "mark": _mark, "short": _short,
}  # fmt: skip
_WEIGHTS: Final = (1, 1, 2, 2, 2, 3, 1, 1)


def volume(image: BuiltImage, prepared: Prepared, chance: random.Random) -> Damage:
    """Damage the FAT file system of the system volume, which mostly is marked as dirty too."""
    assert prepared.plan.disk is not None
    (how,) = chance.choices(tuple(_VOLUME), _WEIGHTS)
    with _opened(prepared.plan.disk) as fd:
        fat = _Fat(fd, system(image))
        dirty = how == "mark" or chance.random() < 0.7
        mark = fat.entry(1) & ~_CLEAN
        _VOLUME[how](fat, chance)
        if dirty and os.fstat(fd).st_size > fat.table + 2 * fat.length:
            fat.put(1, mark, 2)
    return Damage("volume", how, dirty=dirty)


@contextmanager
def _opened(disk: Path) -> Iterator[int]:
    fd = os.open(disk, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


Method = Callable[[BuiltImage, Prepared, random.Random], Damage]

KINDS: Final[Mapping[str, Method]] = {
    "hive": hive, "program": program, "volume": volume,
}  # fmt: skip
