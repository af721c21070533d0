"""FAT32 images for the tests of autochk: made with dosfstools and mtools, damaged by hand."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from pathlib import Path

MTOOLS = os.environ | {"MTOOLS_SKIP_CHECK": "1", "SOURCE_DATE_EPOCH": "1700000000", "TZ": "UTC"}
FSCK = "/usr/sbin/fsck.vfat"
LAST = 0x0FFFFFFF
FILES = {
    "readme.txt": 700,
    "A file with a rather long name.dat": 9000,
    "empty": 0,
    "Windows/System32/one.exe": 5000,
    "Windows/System32/two.dll": 20000,
    "Windows/System32/config/SYSTEM": 65536,
    "Windows/System32/config/A hive with a long name": 3000,
    "data/deep/deeper/deepest/file.bin": 4096,
}


def content(path: str) -> bytes:
    return random.Random(path).randbytes(FILES[path])


def make(image: Path, work: Path) -> None:
    """An image of 36 MiB with FILES and a directory of many small files."""
    options = ["-F", "32", "-s", "1", "-i", "12345678", "-n", "SYSTEM"]
    subprocess.run(
        ["/usr/sbin/mkfs.vfat", *options, "-C", str(image), "36864"], check=True, capture_output=True
    )
    tree = work / "tree"
    for path in FILES:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content(path))
    (tree / "many").mkdir()
    for index in range(60):
        (tree / "many" / f"entry number {index}.txt").write_text(f"{index}\n" * 300)
    names = [str(tree / name) for name in sorted(os.listdir(tree))]
    subprocess.run(["mcopy", "-i", str(image), "-s", "-m", *names, "::"], check=True, env=MTOOLS)
    Fat(image).set_dirty()


def read(image: Path, path: str) -> bytes | None:
    """A file's bytes by mtools; None when there is none."""
    command = ["mcopy", "-i", str(image), "-n", f"::{path}", "-"]
    done = subprocess.run(command, capture_output=True, env=MTOOLS)
    return done.stdout if done.returncode == 0 else None


def fsck(image: Path) -> str:
    """What fsck.vfat finds wrong; empty: nothing."""
    done = subprocess.run([FSCK, "-n", str(image)], capture_output=True, text=True, errors="replace")
    return "" if done.returncode == 0 else done.stdout


class Fat:
    """An image in memory, written back by each change."""

    def __init__(self, image: Path) -> None:
        self.image = image
        self.data = bytearray(image.read_bytes())
        self.sector, self.per_cluster, self.reserved, self.copies = struct.unpack_from("<HBHB", self.data, 11)
        self.fat_size = struct.unpack_from("<I", self.data, 36)[0] * self.sector
        self.root = struct.unpack_from("<I", self.data, 44)[0]
        self.cluster_size = self.sector * self.per_cluster
        self.fat = self.reserved * self.sector
        self.start = self.fat + self.copies * self.fat_size
        total = struct.unpack_from("<I", self.data, 32)[0] * self.sector
        self.end = 2 + (total - self.start) // self.cluster_size

    def save(self) -> None:
        self.image.write_bytes(self.data)

    def get(self, cluster: int) -> int:
        return int(struct.unpack_from("<I", self.data, self.fat + 4 * cluster)[0] & LAST)

    def set(self, cluster: int, value: int, copies: tuple[int, ...] = (0, 1)) -> None:
        for copy in copies:
            struct.pack_into("<I", self.data, self.fat + copy * self.fat_size + 4 * cluster, value)

    def set_dirty(self) -> None:
        self.set(1, self.get(1) & ~0x08000000)
        self.save()

    def dirty(self) -> bool:
        return not self.get(1) & 0x08000000

    def chain(self, first: int) -> list[int]:
        clusters = [first]
        while 2 <= (following := self.get(clusters[-1])) < self.end and following not in clusters:
            clusters.append(following)
        return clusters

    def offset(self, cluster: int) -> int:
        return self.start + (cluster - 2) * self.cluster_size

    def slots(self, first: int) -> list[int]:
        """Offsets of the slots of a directory."""
        return [self.offset(c) + i for c in self.chain(first) for i in range(0, self.cluster_size, 32)]

    def entry(self, path: str) -> int:
        """The offset of a path's short entry; its components by the beginnings of their short names."""
        first = self.root
        place = 0
        for part in path.split("/"):
            name = part.upper().replace(".", "")
            for slot in self.slots(first):
                short = self.data[slot : slot + 11].decode("latin-1")
                if self.data[slot + 11] & 8 or short[0] in "\x00\xe5.":
                    continue
                if short.replace(" ", "").startswith(name):
                    place = slot
                    break
            else:
                raise LookupError(path)
            first = self.first(place)
        return place

    def first(self, entry: int) -> int:
        high, low = (struct.unpack_from("<H", self.data, entry + at)[0] for at in (20, 26))
        return int(high << 16 | low)

    def set_first(self, entry: int, cluster: int) -> None:
        struct.pack_into("<H", self.data, entry + 20, cluster >> 16)
        struct.pack_into("<H", self.data, entry + 26, cluster & 0xFFFF)
