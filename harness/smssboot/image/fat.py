"""Writes a FAT16 or FAT32 volume from a tree of files, the same bytes for the same tree.

Files lie in one piece, directories first.  Only what is not zero is written, so that a large volume, or a
large file of zeros, costs no space on the host.  Where each file lies is known afterwards.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from smssboot.image import fatlayout, fatnames
from smssboot.image.fatlayout import SECTOR, Geometry

READ_ONLY: Final = 0x01
HIDDEN: Final = 0x02
SYSTEM: Final = 0x04
DIRECTORY: Final = 0x10
ARCHIVE: Final = 0x20
_VOLUME: Final = 0x08

LONGEST_FILE: Final = 0xFFFF_FFFF
_DATE: Final = (2001 - 1980) << 9 | 1 << 5 | 1  # every file is of 2001-01-01, like the hives
_ENTRY: Final = 32
_MOST_ENTRIES: Final = 65536  # of a directory
_END: Final = {16: 0xFFFF, 32: 0x0FFF_FFFF}

Sink = Callable[[int, bytes], None]


class FatError(Exception):
    """The tree does not fit the volume.  The text says why, for people."""


@dataclass(slots=True)
class File:
    """A file of `size` bytes, which begins with `data` and goes on with zeros; or a directory.

    `first` and `clusters` are set by the volume's layout; `claimed` is the size that the directory tells,
    if it is another one.
    """

    data: bytes = b""
    size: int = 0
    attributes: int = ARCHIVE
    children: dict[str, File] | None = None
    first: int = 0
    clusters: int = 0
    claimed: int | None = None

    @classmethod
    def directory(cls, attributes: int = 0) -> File:
        """An empty directory."""
        return cls(attributes=attributes | DIRECTORY, children={})

    @classmethod
    def of(cls, data: bytes, attributes: int = 0) -> File:
        """A file that holds `data`."""
        return cls(data, len(data), attributes | ARCHIVE)

    def find(self, name: str) -> str | None:
        """The name of a child as it is written, whatever its case."""
        wanted = fatnames.folded(name)
        return next((known for known in self.children or () if fatnames.folded(known) == wanted), None)

    def walk(self, path: str = "") -> Iterator[tuple[str, File]]:
        """Path (`\\Windows\\...`) and node of everything below this directory, parents first."""
        for name, child in (self.children or {}).items():
            yield f"{path}\\{name}", child
            yield from child.walk(f"{path}\\{name}")


@dataclass(slots=True)
class Volume:
    """One volume before it is written: `layout()` gives the files their clusters, `write()` writes.

    `table` is the FAT, `second` holds entries of its copy that differ, `told_free` the free clusters that
    FSInfo tells if that is not the truth: damage is done between the two calls.
    """

    geometry: Geometry
    root: File
    label: str
    serial: int
    dirty: bool = False
    table: array[int] = field(default_factory=lambda: array("I"))
    second: dict[int, int] = field(default_factory=dict)
    told_free: int | None = None

    def layout(self) -> None:
        """Give every directory and file its clusters.  Raises FatError when they do not fit."""
        g = self.geometry
        end = _END[g.bits]
        self.table = array("I", [end & ~0xFF | 0xF8, end])
        if g.bits == 32:
            self._place(self.root, self._directory_bytes(self.root, is_root=True))
        elif self._directory_bytes(self.root, is_root=True) > g.root * SECTOR:
            raise FatError("too many files in the root directory")
        nodes = [node for _, node in self.root.walk()]
        for node in nodes:
            if node.children is not None:
                self._place(node, self._directory_bytes(node, is_root=False))
        for node in nodes:
            if node.children is None:
                self._place(node, node.size)
        if self.dirty:
            self.table[1] &= ~fatlayout.CLEAN[g.bits]

    @property
    def free_clusters(self) -> int:
        """Clusters that nothing uses."""
        return self.geometry.clusters + 2 - len(self.table) + self.table.count(0)

    def offset(self, path: str) -> int:
        """Byte offset in the volume of a file's first byte.  The file is there and not empty."""
        node = self.root
        for name in filter(None, path.split("\\")):
            known = node.find(name)
            assert known is not None and node.children is not None
            node = node.children[known]
        assert node.first
        return self.geometry.cluster_at(node.first)

    def take(self, count: int) -> int:
        """Take the next free clusters as one chain; its first cluster.  Raises FatError."""
        first = len(self.table)
        if count > self.geometry.clusters + 2 - first:
            raise FatError("the files do not fit the volume")
        self.table.extend(range(first + 1, first + count))
        self.table.append(_END[self.geometry.bits])
        return first

    def write(self, sink: Sink) -> None:
        """Give `sink` (byte offset in the volume, bytes) everything that is not zero."""
        g = self.geometry
        label = _label_bytes(self.label)
        boot = fatlayout.boot_sector(g, label, self.serial, dirty=self.dirty)
        sink(0, boot)
        if g.bits == 32:
            free = self.free_clusters if self.told_free is None else self.told_free
            info, boot_copy, info_copy = fatlayout.backup_sectors()
            sector = fatlayout.fsinfo(free, min(len(self.table), g.clusters + 1))
            sink(info * SECTOR, sector)
            sink(boot_copy * SECTOR, boot)
            sink(info_copy * SECTOR, sector)
        for number in (0, 1):
            sink(g.fat_at(number), self._fat_bytes(self.second if number else {}))
        root_at = g.cluster_at(self.root.first) if g.bits == 32 else (g.data - g.root) * SECTOR
        self._write_directory(sink, self.root, root_at, None, label)

    def _place(self, node: File, size: int) -> None:
        node.clusters = -(-size // self.geometry.cluster_bytes)
        node.first = self.take(node.clusters) if node.clusters else 0

    def _fat_bytes(self, changed: dict[int, int]) -> bytes:
        table = self.table
        if changed:
            table = array("I", table)
            table.extend([0] * (max(changed) + 1 - len(table)))
            for cluster, entry in changed.items():
                table[cluster] = entry
        return struct.pack(f"<{len(table)}{'I' if self.geometry.bits == 32 else 'H'}", *table)

    def _directory_bytes(self, node: File, *, is_root: bool) -> int:
        """Size of a directory, at least one cluster's worth."""
        entries = 1 if is_root else 2
        taken: set[bytes] = set()
        for name in node.children or ():
            alias = fatnames.short(name, taken)
            taken.add(alias)
            units = len(name.encode("utf-16-le")) // 2
            entries += 1 + (-(-units // 13) if fatnames.needs_long(name, alias) else 0)
        if entries >= _MOST_ENTRIES:
            raise FatError("too many files in one directory")
        return entries * _ENTRY

    def _write_directory(
        self, sink: Sink, node: File, at: int, parent: File | None, label: bytes | None = None
    ) -> None:
        out = bytearray()
        if label is not None:
            out += _entry(label, _VOLUME, 0, 0)
        else:
            above = parent.first if parent is not None and parent is not self.root else 0
            out += _entry(b".          ", DIRECTORY, node.first, 0)
            out += _entry(b"..         ", DIRECTORY, above, 0)
        taken: set[bytes] = set()
        for name, child in (node.children or {}).items():
            alias = fatnames.short(name, taken)
            taken.add(alias)
            if fatnames.needs_long(name, alias):
                out += fatnames.long_entries(name, alias)
            size = child.size if child.claimed is None else child.claimed
            out += _entry(alias, child.attributes, child.first, size)
            if child.children is not None:
                self._write_directory(sink, child, self.geometry.cluster_at(child.first), node)
            elif child.data:
                sink(self.geometry.cluster_at(child.first), child.data)
        sink(at, bytes(out))


def _entry(name: bytes, attributes: int, first: int, size: int) -> bytes:
    fields = (name, attributes, 0, 0, 0, _DATE, _DATE, first >> 16, 0, _DATE, first & 0xFFFF, size)
    return struct.pack("<11sBBBHHHHHHHI", *fields)


def _label_bytes(label: str) -> bytes:
    return (label.upper() or "NO NAME").encode("ascii").ljust(11)
