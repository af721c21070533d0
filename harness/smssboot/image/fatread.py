"""What the boot sector, the FAT and FSInfo of a volume tell of it, for volumes that others made."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from typing import NamedTuple

from smssboot.image.fatlayout import CLEAN, FIRST_FAT32, SECTOR

_FIRST_FAT16 = 4085


class Told(NamedTuple):
    """`cluster` in bytes, `data` the byte offset of cluster 2, `free` in clusters as the FAT has it."""

    bits: int
    cluster: int
    data: int
    clusters: int
    free: int
    dirty: bool
    label: str
    serial: int


def volume(source: Callable[[int, int], bytes]) -> Told:
    """Read a volume; `source` (byte offset in it, length).  Raises ValueError, worded for people."""
    boot = source(0, SECTOR)
    if len(boot) < SECTOR or boot[510:] != b"\x55\xaa":
        raise ValueError("it has no boot sector")
    sector, per_cluster, reserved, fats, root_entries, small = struct.unpack_from("<HBHBHH", boot, 11)
    fat16, large, fat32 = *struct.unpack_from("<H", boot, 22), *struct.unpack_from("<II", boot, 32)
    fat = fat16 or fat32
    if sector != SECTOR or per_cluster & (per_cluster - 1) or not (per_cluster and reserved and fats and fat):
        raise ValueError("it is no FAT volume with sectors of 512 bytes")
    data = reserved + fats * fat + -(-root_entries * 32 // SECTOR)
    clusters = ((small or large) - data) // per_cluster
    if clusters < _FIRST_FAT16:
        raise ValueError("it is FAT12, or no FAT volume")
    bits = 16 if clusters < FIRST_FAT32 else 32
    raw = source(reserved * SECTOR, (clusters + 2) * bits // 8)
    if len(raw) < (clusters + 2) * bits // 8:
        raise ValueError("its partition is shorter than its boot sector says")
    table = array("I" if bits == 32 else "H", raw)
    free = sum(1 for entry in table[2:] if not entry & 0x0FFF_FFFF)
    extended = 0x40 if bits == 32 else 0x24
    serial, label = struct.unpack_from("<I11s", boot, extended + 3)
    return Told(
        bits=bits,
        cluster=per_cluster * SECTOR,
        data=data * SECTOR,
        clusters=clusters,
        free=free,
        dirty=bool(boot[extended + 1] & 1) or not table[1] & CLEAN[bits],
        label=label.decode("ascii", "replace").strip(),
        serial=serial,
    )
