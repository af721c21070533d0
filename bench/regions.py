"""What lies where on a disk: which part of which volume a sector belongs to, by the disk's own FAT32."""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.measure import BenchError
from smssboot.evidence.writelog import WriteLog
from smssboot.image.volumes import VolumeInfo

SECTOR: Final = 512
_MASK: Final = 0x0FFFFFFF
_FIRST_JOURNAL: Final = 32
_DIRECTORY: Final = 0x10
_LABEL: Final = 0x08
_DELETED: Final = 0xE5
CONFIG: Final = "windows/system32/config/"


class Map:
    """The system volume of a disk as it is now."""

    def __init__(self, disk: Path, volume: VolumeInfo) -> None:
        with disk.open("rb") as file:
            file.seek(volume.offset)
            self._raw = file.read(volume.bytes)
        boot = self._raw[:SECTOR]
        self._cluster_sectors, self._reserved, fats = struct.unpack_from("<BHB", boot, 13)
        (fat,) = struct.unpack_from("<I", boot, 36)
        (root,) = struct.unpack_from("<I", boot, 44)
        self._first = volume.offset // SECTOR
        self._end = (volume.offset + volume.bytes) // SECTOR
        self._data = self._reserved + fats * fat
        at = self._reserved * SECTOR
        self._fat = array("I", self._raw[at : at + fat * SECTOR])
        self._owner: dict[int, str] = {}
        self._files: dict[str, list[int]] = {}
        self._walk(root)
        self._raw = b""

    def __getitem__(self, sector: int) -> str:
        """The name of the region that a sector of the disk is in."""
        if not self._first <= sector < self._end:
            return "other volumes"
        within = sector - self._first
        if within < self._reserved:
            return "journal" if within >= _FIRST_JOURNAL else "boot sector, FSInfo"
        if within < self._data:
            return "FAT"
        return self._owner.get((within - self._data) // self._cluster_sectors + 2, "files that are gone")

    def run(self, path: str, size: int) -> int:
        """The byte offset on the disk of a file that is so long and lies in one piece.  Raises BenchError."""
        chain = self._files.get(path, [])
        cluster = self._cluster_sectors * SECTOR
        if len(chain) != -(-size // cluster) or chain != list(range(chain[0], chain[0] + len(chain))):
            raise BenchError(f"{path} has {len(chain)} clusters, or not in one piece")
        return int(self._first + self._data + (chain[0] - 2) * self._cluster_sectors) * SECTOR

    def _walk(self, root: int) -> None:
        waiting = [("", root)]
        seen: set[int] = set()
        while waiting:
            path, first = waiting.pop()
            if first in seen:
                continue
            seen.add(first)
            clusters = self._chain(first)
            self._owner.update(dict.fromkeys(clusters, "directories"))
            for name, attributes, start in self._entries(clusters):
                if attributes & _DIRECTORY:
                    waiting.append((f"{path}{name}/", start))
                elif start:
                    chain = self._files[path + name] = self._chain(start)
                    self._owner.update(dict.fromkeys(chain, region(path + name)))

    def _chain(self, first: int) -> list[int]:
        found: dict[int, None] = {}
        while 2 <= first < len(self._fat) and first not in found:
            found[first] = None
            first = self._fat[first] & _MASK
        return list(found)

    def _entries(self, clusters: Sequence[int]) -> list[tuple[str, int, int]]:
        """Short name in lower case, attributes and first cluster of what a directory holds."""
        found: list[tuple[str, int, int]] = []
        size = self._cluster_sectors * SECTOR
        for cluster in clusters:
            base = self._data * SECTOR + (cluster - 2) * size
            for at in range(base, base + size, 32):
                raw = self._raw[at : at + 32]
                if not raw or raw[0] == 0:
                    return found
                if raw[0] in (_DELETED, ord(".")) or raw[11] & _LABEL:
                    continue
                high, low = struct.unpack_from("<H4xH", raw, 20)
                name = raw[:8].decode("latin-1").rstrip() + "." + raw[8:11].decode("latin-1")
                found.append((name.rstrip(" .").lower(), raw[11], high << 16 | low))
        return found


def region(path: str) -> str:
    """What kind of file a path (`windows/system32/config/system.log`) is."""
    if path == "pagefile.sys":
        return "paging file"
    if path.startswith(CONFIG):
        return "hives' logs" if ".log" in path else "event log" if ".evt" in path else "hives"
    return "files"


def written(log: WriteLog, regions: Map) -> dict[str, tuple[int, int]]:
    """Number of writes and bytes by region; a write over several regions counts in each."""
    writes: Counter[str] = Counter()
    sectors: Counter[str] = Counter()
    assert log.sector_size == SECTOR
    for number in log.writes:
        entry = log.entries[number]
        within = Counter(regions[sector] for sector in range(entry.sector, entry.sector + entry.sectors))
        sectors.update(within)
        writes.update(within.keys())
    return {name: (writes[name], count * SECTOR) for name, count in sectors.most_common()}
