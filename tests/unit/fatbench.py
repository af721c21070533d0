"""Drives the bench of fastfat (guest/tests/fat): the driver, the block cache and a disk that can lose power.
Names go as hex of their UTF-16 units; statuses come back as numbers."""

from __future__ import annotations

import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
CLANG = f"clang-{llvm_version()}"
FLAGS = (
    *("-std=gnu11", "-O1", "-g", "-fshort-wchar", "-fno-builtin", "-fno-strict-aliasing"),
    *("-Wall", "-Wextra", "-Werror"),
    *("-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-sanitize=alignment"),
)
RTL = ("memory", "wcs", "unicode", "unicase", "crc32", "string")

OK = 0
CANNOT_DELETE = 0xC0000121
COLLISION = 0xC0000035
NAME_INVALID = 0xC0000033
NOT_EMPTY = 0xC0000101
NOT_FOUND = 0xC0000034
PATH_NOT_FOUND = 0xC000003A
ALL_ACCESS = 0x1F01FF
OPEN, CREATE, OPEN_IF, OVERWRITE_IF, SUPERSEDE = 1, 2, 3, 5, 0
DIRECTORY, NOT_DIRECTORY, DELETE_ON_CLOSE = 0x1, 0x40, 0x1000


def run(*command: str | Path) -> str:
    """Output of a command that must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=GUEST, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compile_bench(folder: Path) -> Path:
    """The bench as a program of this machine."""
    gen = folder / "gen"
    run(sys.executable, "abi/generate.py", "--arch", "x86_64", "--out", gen)
    includes = [
        "-Itests/rtl",
        "-Iinclude",
        "-Iinclude/arch/x86_64",
        "-Ikernel/include",
        "-Ikernel/arch/x86_64",
    ]
    includes += [f"-I{gen}", "-include", "tests/rtl/rename.h"]
    guest = [*GUEST.glob("drivers/fastfat/*.c"), GUEST / "kernel/io/cache.c", GUEST / "kernel/io/pattern.c"]
    guest += [GUEST / "tests/fat/bench.c", *(GUEST / f"rtl/{name}.c" for name in RTL)]
    objects = []
    for source in guest:
        objects.append(folder / f"{source.parent.name}-{source.stem}.o")
        run(CLANG, *FLAGS, *includes, "-c", source, "-o", objects[-1])
    for name in ("disk", "host"):
        objects.append(folder / f"host-{name}.o")
        run(CLANG, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-c", f"tests/fat/{name}.c", "-o", objects[-1])
    run(CLANG, *objects, "-o", folder / "fatbench")
    return folder / "fatbench"


def make_image(path: Path, mib: int = 40, reserved: int = 2048, sectors: int = 1) -> Path:
    """A FAT32 image of dosfstools."""
    with path.open("wb") as file:
        file.truncate(mib << 20)
    run("/usr/sbin/mkfs.vfat", "-F", "32", "-R", str(reserved), "-s", str(sectors), "-n", "BENCH", path)
    return path


def fsck(path: Path) -> str:
    """What fsck.vfat says of a damaged image; empty: it is in order."""
    done = subprocess.run(
        ["/usr/sbin/fsck.vfat", "-n", str(path)], capture_output=True, text=True, timeout=120
    )
    return "" if done.returncode == 0 else done.stdout


def clear_dirty_bit(path: Path) -> None:
    """What remains for fsck is damage; after a power cut the bit is rightly set."""
    with path.open("r+b") as file:
        boot = file.read(512)
        reserved, fats = int.from_bytes(boot[14:16], "little"), boot[16]
        size = int.from_bytes(boot[36:40], "little")
        for copy in range(fats):
            file.seek((reserved + copy * size) * 512 + 7)
            top = file.read(1)[0]
            file.seek(-1, 1)
            file.write(bytes([top | 0x08]))


def hexed(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex() or "-"


def pattern(length: int, seed: int) -> bytes:
    """The data that the bench writes for a seed."""
    data = bytearray()
    for _ in range(length):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        data.append(seed >> 24)
    return bytes(data)


@dataclass(frozen=True)
class Item:
    """An entry of a directory, as the driver lists it."""

    attributes: int
    size: int
    name: str
    short: str

    @property
    def directory(self) -> bool:
        return bool(self.attributes & 0x10)


class Bench:
    """One process of the bench over one image."""

    def __init__(self, program: Path, image: Path) -> None:
        self.process = subprocess.Popen(
            [str(program), str(image)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts: list[str] = []

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def ask(self, *words: object) -> list[str]:
        """The answer to one command; a bench that died is an error."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        lines: list[str] = []
        while (line := self.process.stdout.readline()) not in (".\n", ""):
            (self.facts if line.startswith("fact ") else lines).append(line.strip())
        assert line, f"the bench died at {words}: {self.process.wait(10)}"
        return lines

    def status(self, *words: object) -> int:
        return int(self.ask(*words)[0].split()[0], 16)

    def open(
        self, handle: int, path: str, disposition: int = OPEN, options: int = 0, *,
        access: int = ALL_ACCESS, share: int = 7, attributes: int = 0, allocation: int = 0, flags: int = 0,
    ) -> int:  # fmt: skip
        return self.status(
            "open", handle, hexed(path), access, share, disposition, options, attributes, allocation, flags
        )

    def done(self, handle: int = 1) -> None:
        self.ask("close", handle)

    def list(self, path: str, wanted: str = "") -> list[Item]:
        """What a directory holds, without `.` and `..`."""
        status = self.open(30, path, OPEN, DIRECTORY)
        assert status == OK, hex(status)
        lines = self.ask("list", 30, hexed(wanted))
        self.done(30)
        items = []
        for line in lines[:-1]:
            attributes, size, name, short = line.split()
            text, brief = (
                "" if part == "-" else bytes.fromhex(part).decode("utf-16-be", "surrogatepass")
                for part in (name, short)
            )
            if text not in (".", ".."):
                items.append(Item(int(attributes, 16), int(size), text, brief))
        return items

    def read_crc(self, path: str, size: int) -> int:
        """CRC-32 of a file of that size."""
        assert self.open(29, path, OPEN, NOT_DIRECTORY, access=1) == OK
        crc = self.ask("read", 29, 0, size)[0].split() if size else ["", "", "00000000"]
        self.done(29)
        return int(crc[2], 16)

    def tree(self, path: str = "\\") -> dict[str, tuple[int, int] | None]:
        """Everything below a directory: path -> (size, CRC-32), or None for a directory."""
        found: dict[str, tuple[int, int] | None] = {}
        for item in self.list(path):
            below = path.rstrip("\\") + "\\" + item.name
            if item.directory:
                found[below] = None
                found |= self.tree(below)
            else:
                found[below] = (item.size, self.read_crc(below, item.size))
        return found


def crc(data: bytes) -> tuple[int, int]:
    """How a file with these bytes is in Bench.tree."""
    return len(data), zlib.crc32(data)
