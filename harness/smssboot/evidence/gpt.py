"""The partition table, checked by its own checksums: protective MBR, both headers, both arrays of entries."""

from __future__ import annotations

import os
import struct
import zlib
from typing import Final, NamedTuple

SECTOR: Final = 512
_HEADER: Final = struct.Struct("<8sIIIIQQQQ16sQIII")
_MOST_ENTRIES: Final = 1024


class Partition(NamedTuple):
    """A used entry: its place on the disk in bytes."""

    number: int
    offset: int
    size: int


class Table(NamedTuple):
    """What the disk's first and last sectors say. `status` is `ok` or `damaged`, with the first `reason`."""

    partitions: tuple[Partition, ...]
    status: str
    reason: str = ""


def read(fd: int) -> Table:
    """The table of an open disk."""
    size = os.fstat(fd).st_size
    last = size // SECTOR - 1
    mbr = os.pread(fd, SECTOR, 0)
    problems: list[str] = []
    if len(mbr) < SECTOR or mbr[510:] != b"\x55\xaa" or mbr[450] != 0xEE:
        problems.append("no protective MBR")
    first, second = _header(fd, 1, last, size), _header(fd, last, 1, size)
    for name, half in (("primary", first), ("backup", second)):
        if isinstance(half, str):
            problems.append(f"{name} header: {half}")
    good = [half for half in (first, second) if not isinstance(half, str)]
    if len(good) == 2 and good[0] != good[1]:
        problems.append("the two tables differ")
    partitions = good[0] if good else ()
    return Table(partitions, "damaged" if problems else "ok", problems[0] if problems else "")


def _header(fd: int, at: int, other: int, size: int) -> tuple[Partition, ...] | str:
    """The partitions by the header at sector `at`, or what is wrong with it."""
    raw = os.pread(fd, SECTOR, at * SECTOR) if at > 0 else b""
    if len(raw) < SECTOR or raw[:8] != b"EFI PART":
        return "no signature"
    fields = _HEADER.unpack_from(raw)
    length, crc, mine, alternate, first, last = (fields[i] for i in (2, 3, 5, 6, 7, 8))
    array, count, each, entries_crc = fields[10:]
    if not _HEADER.size <= length <= SECTOR:
        return "bad length"
    if zlib.crc32(raw[:16] + bytes(4) + raw[20:length]) != crc:
        return "bad checksum"
    if (mine, alternate) != (at, other):
        return "wrong place"
    if not 128 <= each <= 4096 or each % 8 or count > _MOST_ENTRIES:
        return "bad size of entries"
    entries = os.pread(fd, count * each, array * SECTOR) if array < size // SECTOR else b""
    if len(entries) < count * each or zlib.crc32(entries) != entries_crc:
        return "bad checksum of entries"
    found: list[Partition] = []
    for number in range(count):
        entry = entries[number * each : (number + 1) * each]
        if entry[:16] == bytes(16):
            continue
        start, end = struct.unpack_from("<QQ", entry, 32)
        if not first <= start <= end <= last or end >= size // SECTOR:
            return f"partition {number + 1} is out of bounds"
        found.append(Partition(number + 1, start * SECTOR, (end - start + 1) * SECTOR))
    return tuple(found)
