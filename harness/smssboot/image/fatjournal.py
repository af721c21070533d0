"""The journal of fastfat.sys as docs/volume.md has it: what of a volume's metadata is not yet in its place.

Other readers do not know it. A volume whose last write was cut short is one for them only when the journal
that was complete then has been applied, as the next mount does.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import Final, NamedTuple

from smssboot.image.fatlayout import SECTOR

FIRST: Final = 32
"""The header's sector on the volume."""

_MAGIC: Final = 0x314C_4E4A_5441_4653
_HEADER: Final = struct.Struct("<QQIII")
_CHECKSUM: Final = 24
_MIRROR_OFF: Final = 0x80


class Journal(NamedTuple):
    """`state` as in `volume.mount`: `none` (no room for one), `clean`, `torn`, `replayed` (to be applied);
    `sectors` are the new contents by sector of the volume, the FAT's copies included."""

    state: str
    sectors: tuple[tuple[int, bytes], ...] = ()


def read(fd: int, base: int) -> Journal:
    """The journal of the volume at byte `base` of a disk; `none` also for what is no FAT32 volume."""
    boot = os.pread(fd, SECTOR, base)
    if len(boot) < SECTOR or boot[510:] != b"\x55\xaa":
        return Journal("none")
    bytes_per_sector, _, reserved, fats = struct.unpack_from("<HBHB", boot, 11)
    small, fat, flags = *struct.unpack_from("<H", boot, 22), *struct.unpack_from("<IH", boot, 36)
    total, serial = *struct.unpack_from("<I", boot, 32), *struct.unpack_from("<I", boot, 67)
    if bytes_per_sector != SECTOR or small or reserved < 2 * FIRST:
        return Journal("none")
    head = os.pread(fd, SECTOR, base + FIRST * SECTOR)
    magic, _, owner, count, checksum = _HEADER.unpack_from(head)
    if magic != _MAGIC or owner != serial or count == 0:
        return Journal("clean")
    listed = -(-count * 4 // SECTOR)
    if FIRST + 1 + listed + count > reserved:
        return Journal("torn")
    body = os.pread(fd, (listed + count) * SECTOR, base + (FIRST + 1) * SECTOR)
    blank = head[:_CHECKSUM] + bytes(4) + head[_CHECKSUM + 4 :]
    if zlib.crc32(body, zlib.crc32(blank)) != checksum:
        return Journal("torn")
    mirrored = not flags & _MIRROR_OFF
    active = reserved if mirrored else reserved + (flags & 0x0F) * fat
    info = struct.unpack_from("<H", boot, 48)[0]
    out: list[tuple[int, bytes]] = []
    for number, sector in enumerate(struct.unpack_from(f"<{count}I", body)):
        at = (listed + number) * SECTOR
        in_fat = active <= sector < active + fat
        if not (in_fat or sector == info or reserved + fats * fat <= sector < total):
            return Journal("torn")
        copies = range(fats) if in_fat and mirrored else range(1)
        out += [(sector + copy * fat, body[at : at + SECTOR]) for copy in copies]
    return Journal("replayed", tuple(out))


def apply(fd: int, base: int) -> str:
    """Put a complete journal of the volume at `base` in its place; what there was to do (`Journal.state`)."""
    found = read(fd, base)
    for sector, data in found.sectors:
        os.pwrite(fd, data, base + sector * SECTOR)
    return found.state
