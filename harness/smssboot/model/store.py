r"""The files that a boot finds, as the model moves and removes them: volumes, or the boot modules.

Paths are Win32 paths with a drive letter (`C:\Windows\Temp`), compared without regard to case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smssboot.model.context import Context, FileInfo, ImageInfo

SYSTEM_ROOT: Final = r"C:\Windows"
SYSTEM32: Final = r"C:\Windows\System32"


@dataclass(slots=True)
class Entry:
    """One file or directory: its path as it was last spelt, and what is known of it."""

    path: str
    info: FileInfo


@dataclass(slots=True)
class Store:
    """All files by folded path; free bytes by letter. `writable` is False for the boot modules."""

    entries: dict[str, Entry] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, int] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    writable: bool = True

    def add(self, path: str, info: FileInfo) -> None:
        """Put a file there, with the directories above it."""
        parts = path.split("\\")
        for depth in range(1, len(parts)):
            above = "\\".join(parts[:depth])
            self.entries.setdefault(above.casefold(), Entry(above, FileInfo(directory=True)))
        self.entries[path.casefold()] = Entry(path, info)

    def find(self, path: str) -> FileInfo | None:
        """What is at this path."""
        found = self.entries.get(path.rstrip("\\").casefold())
        return None if found is None else found.info

    def below(self, path: str) -> list[str]:
        """Folded paths of everything below a directory."""
        prefix = path.casefold() + "\\"
        return [key for key in self.entries if key.startswith(prefix)]

    def missing(self, path: str) -> tuple[str, ...]:
        """The statuses that say that a path is not there: its last part, or one above it."""
        above = self.find(path.rpartition("\\")[0])
        if above is None:
            return ("0xC000003A", "0xC0000034")
        return ("0xC0000034",) if above.directory else ("0xC000003A",)

    def remove(self, path: str) -> None:
        """Take one entry away and give its clusters back."""
        gone = self.entries.pop(path.casefold(), None)
        letter = path[:2].upper()
        if gone is not None and letter in self.free:
            self.free[letter] += self.whole(letter, gone.info.size)

    def move(self, source: str, target: str) -> None:
        """Give an entry, and all below it, another path on the same volume."""
        for key in [source.casefold(), *self.below(source)]:
            entry = self.entries.pop(key)
            path = target + entry.path[len(source) :]
            self.entries[path.casefold()] = Entry(path, entry.info)

    def whole(self, letter: str, size: int) -> int:
        """Bytes that a file of this size takes on a volume."""
        cluster = self.clusters.get(letter, 1)
        return -(-size // cluster) * cluster

    def device(self, path: str) -> str:
        r"""`C:\a` as the file system names it: `\Device\HarddiskVolume2\a`."""
        return self.devices.get(path[:2].upper(), path[:2]) + path[2:]


def store_of(ground: Context) -> Store:
    """The files of the lettered volumes; without one, the boot modules, which nobody can change."""
    store = Store()
    for volume in ground.volumes:
        if not volume.letter:
            continue
        letter = volume.letter.upper()
        store.devices[letter], store.clusters[letter] = volume.device, volume.cluster
        store.free[letter] = volume.free
        store.add(letter, FileInfo(directory=True))
        for path, info in volume.files.items():
            store.add(letter + path, info)
    if not store.devices:
        store.writable = False
        for name in ground.files:
            kind = ground.images.get(name.lower(), ImageInfo()).kind
            store.add("C:\\" + name.replace("/", "\\"), FileInfo(readonly=True, kind=kind))
    return store


def win32(path: str) -> str:
    r"""A native path as claims show it: without `\??\`, `\SystemRoot` as the folder that it leads to."""
    if path.startswith("\\??\\"):
        return path[4:]
    if path[:12].casefold() == r"\systemroot" + "\\":
        return SYSTEM_ROOT + path[11:]
    return path
