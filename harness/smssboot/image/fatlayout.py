"""The geometry of a FAT volume: how many sectors its parts have, and its boot and FSInfo sectors."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

SECTOR: Final = 512
RESERVED: Final = 2048
"""Sectors in front of the FATs of a FAT32 volume: fastfat keeps its journal in them."""

FIRST_FAT32: Final = 65525
_FIRST_FAT16: Final = 4085
_LARGEST_CLUSTER: Final = 8  # sectors
_ROOT_ENTRIES: Final = 512
_FATS: Final = 2
_MEDIA: Final = 0xF8
_BACKUP: Final = 6
CLEAN: Final = {16: 0x8000, 32: 0x0800_0000}
"""The bit in FAT entry 1 that says that the volume was dismounted in order."""


class Geometry(NamedTuple):
    """Counts of sectors, but `clusters` and `bits` (16 or 32 of a FAT entry)."""

    sectors: int
    hidden: int
    bits: int
    reserved: int
    fat: int
    root: int
    per_cluster: int
    clusters: int

    @property
    def cluster_bytes(self) -> int:
        """Size of a cluster in bytes."""
        return self.per_cluster * SECTOR

    @property
    def data(self) -> int:
        """Sector of cluster 2."""
        return self.reserved + _FATS * self.fat + self.root

    def fat_at(self, number: int) -> int:
        """Byte offset of FAT 0 or 1."""
        return (self.reserved + number * self.fat) * SECTOR

    def cluster_at(self, cluster: int) -> int:
        """Byte offset of a cluster."""
        return (self.data + (cluster - 2) * self.per_cluster) * SECTOR


def fat16(sectors: int, hidden: int) -> Geometry:
    """A small volume (an EFI system partition), with one sector a cluster.  Raises ValueError."""
    found = _fitted(sectors, hidden, 16, 1, 1)
    if not _FIRST_FAT16 <= found.clusters < FIRST_FAT32:
        raise ValueError(f"{sectors * SECTOR} bytes do not make a FAT16 volume")
    return found


def fat32(sectors: int, hidden: int) -> Geometry:
    """A FAT32 volume with the largest cluster, up to 4 KiB, that leaves it enough clusters to be FAT32.

    Volumes beyond 2^28 clusters get larger ones.  Raises ValueError when it is too small or too large.
    """
    for per_cluster in (8, 4, 2, 1):
        found = _fitted(sectors, hidden, 32, per_cluster, RESERVED)
        # Some drivers misjudge volumes close to the border, so stay away from it.
        if found.clusters >= FIRST_FAT32 + 16:
            break
    else:
        raise ValueError("a FAT32 volume is not so small: it needs at least 34 MiB")
    while found.clusters > 0x0FFF_FFF0:
        found = _fitted(sectors, hidden, 32, found.per_cluster * 2, RESERVED)
    if sectors >= 1 << 32 or found.per_cluster > 128:
        raise ValueError("a FAT32 volume is not so large: it has less than 2 TiB")
    return found


def _fitted(sectors: int, hidden: int, bits: int, per_cluster: int, reserved: int) -> Geometry:
    root = 0 if bits == 32 else _ROOT_ENTRIES * 32 // SECTOR
    space = max(0, sectors - reserved - root)
    clusters = space // per_cluster
    fat = -(-(clusters + 2) * bits // 8 // SECTOR)
    while True:
        clusters = max(0, space - _FATS * fat) // per_cluster
        need = -(-((clusters + 2) * bits // 8) // SECTOR)
        if need <= fat:
            smaller = max(0, space - _FATS * (fat - 1)) // per_cluster
            if fat == 1 or -(-((smaller + 2) * bits // 8) // SECTOR) > fat - 1:
                break
            fat -= 1
        else:
            fat += 1
    return Geometry(sectors, hidden, bits, reserved, fat, root, per_cluster, clusters)


def boot_sector(geometry: Geometry, label: bytes, serial: int, *, dirty: bool) -> bytes:
    """Sector 0.  `label` has 11 bytes."""
    g = geometry
    small = g.sectors if g.bits == 16 and g.sectors < 0x10000 else 0
    parameters = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb\x58\x90" if g.bits == 32 else b"\xeb\x3c\x90",
        b"SMSSBOOT", SECTOR, g.per_cluster, g.reserved, _FATS, 0 if g.bits == 32 else _ROOT_ENTRIES,
        small, _MEDIA, g.fat if g.bits == 16 else 0, 63, 255, g.hidden, 0 if small else g.sectors,
    )  # fmt: skip
    if g.bits == 32:
        parameters += struct.pack("<IHHIHH12x", g.fat, 0, 0, 2, 1, _BACKUP)
    kind = b"FAT32   " if g.bits == 32 else b"FAT16   "
    parameters += struct.pack("<BBBI11s8s", 0x80, int(dirty), 0x29, serial, label, kind)
    # Not bootable by a BIOS: the code waits for an interrupt, for ever (cli; hlt; jmp).
    return (parameters + b"\xfa\xf4\xeb\xfd").ljust(510, b"\0") + b"\x55\xaa"


def fsinfo(free: int, following: int) -> bytes:
    """The FSInfo sector: free clusters, and where to look for the next one."""
    head = b"RRaA".ljust(484, b"\0")
    return head + struct.pack("<4sII12xI", b"rrAa", free, following, 0xAA55_0000)


def backup_sectors() -> tuple[int, int, int]:
    """Sectors of FSInfo, of the boot sector's copy, and of FSInfo's copy, on FAT32."""
    return 1, _BACKUP, _BACKUP + 1
