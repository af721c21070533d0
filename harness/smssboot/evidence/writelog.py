"""The order in which a guest wrote its disk, from QEMU's `blklogwrites`: any moment of it can be had again.

The log is a superblock and one entry per request, each a sector of header and then its data (the format of
Linux' dm-log-writes).  A cut is a prefix of the writes; what was written after the last flush may be missing
in any combination, for a disk's cache promises nothing about it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from smssboot.image import sparse
from smssboot.machine.errors import MachineError

MAGIC: Final = 0x6A736677736872
VERSION: Final = 1
FLUSH: Final = 1
FUA: Final = 2
DISCARD: Final = 4
_SUPER: Final = struct.Struct("<QQQI")
_ENTRY: Final = struct.Struct("<QQQQ")


class LogEntry(NamedTuple):
    """One request: `sector` and `sectors` in the log's sectors; `at` is the data's place in the log."""

    sector: int
    sectors: int
    flags: int
    at: int

    @property
    def is_write(self) -> bool:
        """It carries data."""
        return self.sectors > 0 and not self.flags & DISCARD

    @property
    def is_barrier(self) -> bool:
        """Everything before it is on the medium when it is done."""
        return bool(self.flags & (FLUSH | FUA))


class WriteLog(NamedTuple):
    """A whole log: where it is, its sector size in bytes, its entries in order."""

    path: Path
    sector_size: int
    entries: tuple[LogEntry, ...]

    @property
    def writes(self) -> tuple[int, ...]:
        """The numbers of the entries that write."""
        return tuple(number for number, entry in enumerate(self.entries) if entry.is_write)

    def bytes_written(self) -> int:
        """All bytes of all writes."""
        return sum(entry.sectors for entry in self.entries if entry.is_write) * self.sector_size

    def epoch_start(self, count: int) -> int:
        """The first entry after the last barrier among the first `count` entries."""
        for number in range(count - 1, -1, -1):
            if self.entries[number].is_barrier:
                return number + 1
        return 0


def read(path: Path) -> WriteLog:
    """Read a log.  Raises MachineError when it is none, or torn."""
    with path.open("rb") as file:
        head = file.read(_SUPER.size)
        if len(head) < _SUPER.size:
            raise MachineError(f"{path}: no write log: {len(head)} bytes")
        magic, version, count, sector_size = _SUPER.unpack(head)
        if magic != MAGIC or version != VERSION or not 512 <= sector_size <= 65536:
            raise MachineError(f"{path}: no write log: magic {magic:#x}, version {version}")
        return WriteLog(path, sector_size, tuple(_entries(file.fileno(), count, sector_size, path)))


def _entries(fd: int, count: int, sector_size: int, path: Path) -> Iterator[LogEntry]:
    at = sector_size
    for number in range(count):
        raw = os.pread(fd, _ENTRY.size, at)
        if len(raw) < _ENTRY.size:
            raise MachineError(f"{path}: entry {number} of {count} is missing")
        sector, sectors, flags, _length = _ENTRY.unpack(raw)
        entry = LogEntry(sector, sectors, flags, at + sector_size)
        yield entry
        at = entry.at + (sectors * sector_size if entry.is_write else 0)


def replay(
    log: WriteLog,
    base: Path,
    out: Path,
    count: int,
    lost: Sequence[int] = (),
    torn: Mapping[int, int] | None = None,
) -> None:
    """Make `out` what the disk `base` was after the first `count` entries without those in `lost`.

    Of a write in `torn` only that many first sectors are there: a disk writes whole sectors and stops
    anywhere. Both may hold writes since the last barrier only (`WriteLog.epoch_start`); raises ValueError
    for others.
    """
    start, kept = log.epoch_start(count), dict(torn or {})
    if any(not start <= number < count for number in (*lost, *kept)):
        raise ValueError(f"only writes from {start} to {count} can be lost: {sorted({*lost, *kept})}")
    sparse.copy(base, out)
    kept.update(dict.fromkeys(lost, 0))
    with log.path.open("rb") as source, out.open("r+b") as target:
        for number, entry in enumerate(log.entries[:count]):
            if not entry.is_write:
                continue
            sectors = min(entry.sectors, kept.get(number, entry.sectors))
            source.seek(entry.at)
            target.seek(entry.sector * log.sector_size)
            target.write(source.read(sectors * log.sector_size))
