"""GUID partition tables: writes both copies and the protective MBR, and reads them back.

A partition is a range of 512-byte sectors; everything is little-endian, GUIDs in their mixed-endian form.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

SECTOR: Final = 512
ESP_TYPE: Final = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
BASIC_DATA_TYPE: Final = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")

_SIGNATURE: Final = b"EFI PART"
_ENTRIES: Final = 128
_ENTRY_SIZE: Final = 128
_TABLE_SECTORS: Final = _ENTRIES * _ENTRY_SIZE // SECTOR
_HEADER_SIZE: Final = 92
_MOST_ENTRIES: Final = 4096  # of a table that others made: more is no table


class Partition(NamedTuple):
    """`first` and `sectors` in sectors of the disk; `name` has at most 36 UTF-16 units."""

    type: uuid.UUID
    guid: uuid.UUID
    first: int
    sectors: int
    name: str


def usable(sectors: int) -> tuple[int, int]:
    """First and last sector that partitions of a disk of so many sectors may have."""
    return 2 + _TABLE_SECTORS, sectors - _TABLE_SECTORS - 2


def write(sink: Callable[[int, bytes], None], sectors: int, disk: uuid.UUID, parts: list[Partition]) -> None:
    """Give `sink` (byte offset, bytes) the protective MBR, both headers and both tables."""
    table = b"".join(_entry(part) for part in parts).ljust(_ENTRIES * _ENTRY_SIZE, b"\0")
    last = sectors - 1
    sink(0, _protective_mbr(sectors))
    sink(SECTOR, _header(1, last, 2, sectors, disk, table))
    sink(2 * SECTOR, table)
    sink((last - _TABLE_SECTORS) * SECTOR, table)
    sink(last * SECTOR, _header(last, 1, last - _TABLE_SECTORS, sectors, disk, table))


def read(source: Callable[[int, int], bytes]) -> list[Partition]:
    """The partitions of a disk; `source` (byte offset, length) reads it.

    Raises ValueError, worded for people, when there is no sound primary table.
    """
    header = source(SECTOR, SECTOR)
    if header[:8] != _SIGNATURE:
        raise ValueError("it has no GUID partition table")
    size, crc = struct.unpack_from("<II", header, 12)
    if not _HEADER_SIZE <= size <= SECTOR:
        raise ValueError("the header of its partition table is damaged")
    whole = header[:16] + bytes(4) + header[20:size]
    if zlib.crc32(whole) != crc:
        raise ValueError("the header of its partition table has a wrong checksum")
    at, count, entry_size, table_crc = struct.unpack_from("<QIII", header, 72)
    if entry_size < _ENTRY_SIZE or entry_size % 8 or count > _MOST_ENTRIES or entry_size > 4096:
        raise ValueError("the header of its partition table is damaged")
    table = source(at * SECTOR, count * entry_size)
    if len(table) != count * entry_size or zlib.crc32(table) != table_crc:
        raise ValueError("its partition table has a wrong checksum")
    parts = []
    for i in range(count):
        kind, guid, first, last = struct.unpack_from("<16s16sQQ", table, i * entry_size)
        if any(kind):
            if last < first:
                raise ValueError(f"its partition {i + 1} ends before it begins")
            name = table[i * entry_size + 56 : i * entry_size + 128].decode("utf-16-le", "replace")
            ids = uuid.UUID(bytes_le=kind), uuid.UUID(bytes_le=guid)
            parts.append(Partition(*ids, first, last - first + 1, name.partition("\0")[0]))
    return parts


def _protective_mbr(sectors: int) -> bytes:
    covered = min(sectors - 1, 0xFFFFFFFF)
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, covered)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _entry(part: Partition) -> bytes:
    name = part.name.encode("utf-16-le")[:72]
    last = part.first + part.sectors - 1
    fields = (part.type.bytes_le, part.guid.bytes_le, part.first, last, 0, name)
    return struct.pack("<16s16sQQQ72s", *fields)


def _header(own: int, other: int, table_at: int, sectors: int, disk: uuid.UUID, table: bytes) -> bytes:
    first, last = usable(sectors)

    def packed(crc: int) -> bytes:
        return struct.pack(
            "<8sIIIIQQQQ16sQIII", _SIGNATURE, 0x00010000, _HEADER_SIZE, crc, 0, own, other, first, last,
            disk.bytes_le, table_at, _ENTRIES, _ENTRY_SIZE, zlib.crc32(table),
        )  # fmt: skip

    return packed(zlib.crc32(packed(0))).ljust(SECTOR, b"\0")
