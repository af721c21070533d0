"""Step S17: the paging files that PagingFiles asks for (docs/volume.md, section 10), and the crash dump."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from smssboot.model.context import Context, Registry
from smssboot.model.registry import BOOT_ENVIRONMENT, MANAGER, expand, setting, strings
from smssboot.model.renames import run
from smssboot.model.store import Store

MIB: Final = 1 << 20
STEP: Final = 16 * MIB
RESERVE: Final = 32 * MIB
LARGEST: Final = 4095 * MIB
MANY_FILES: Final = 16
_LARGEST_WORD: Final = 4_294_967_295
_NO_DEVICE: Final = "0xC000000E"
_DISK_FULL: Final = "0xC000007F"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One entry of PagingFiles; sizes in bytes."""

    path: str
    minimum: int
    maximum: int
    managed: bool


def ram(memory_mib: int) -> int:
    """The machine's memory in bytes, a multiple of 16 MB."""
    return -(-memory_mib * MIB // STEP) * STEP


def _sorted(registry: Registry, memory_mib: int) -> tuple[list[str], list[Descriptor | None]]:
    """The entries of the value, and what each describes; None for one that is left out."""
    found = setting(registry, rf"{MANAGER}\Memory Management", "PagingFiles")
    listed = [r"?:\pagefile.sys"] if found is None else strings(found)
    out: list[Descriptor | None] = []
    known: set[str] = set()
    for entry in listed:
        one = _descriptor(entry, ram(memory_mib))
        if one is not None and (one.path.casefold() in known or len(known) == MANY_FILES):
            one = None
        if one is not None:
            known.add(one.path.casefold())
        out.append(one)
    return listed, out


def descriptors(registry: Registry, memory_mib: int) -> list[Descriptor]:
    """The entries that describe a file, at most 16 and each path once."""
    return [one for one in _sorted(registry, memory_mib)[1] if one is not None]


def left_out(ground: Context) -> list[str]:
    """The entries that describe no file, or none that may be made."""
    entries, used = _sorted(ground.registry, ground.memory_mib)
    return [entry for entry, one in zip(entries, used, strict=True) if one is None]


def _descriptor(entry: str, memory: int) -> Descriptor | None:
    words = [word for word in entry.replace("\t", " ").split(" ") if word]
    if not 1 <= len(words) <= 3:
        return None
    path, *told = words
    lettered = path[:1] == "?" or (path[:1].isascii() and path[:1].isalpha())
    if len(path) < 4 or not lettered or path[1:3] != ":\\":
        return None
    if any(not (w.isascii() and w.isdecimal()) or int(w) > _LARGEST_WORD for w in told):
        return None
    sizes = [int(word) * MIB for word in told]
    managed = not sizes or sizes[0] == 0
    if managed:
        small = memory < 1024 * MIB
        minimum, maximum = (memory * 3 // 2 if small else memory), 3 * memory
    else:
        minimum = sizes[0]
        maximum = max(minimum, sizes[1]) if len(sizes) == 2 else minimum
    return Descriptor(path, min(minimum, LARGEST), min(maximum, LARGEST), managed)


def descriptor_count(ground: Context) -> int:
    """How many entries describe a file."""
    return len(descriptors(ground.registry, ground.memory_mib))


@dataclass(slots=True)
class _Space:
    """Free bytes by letter, and the files that are there, while paging files take their room."""

    store: Store
    free: dict[str, int]
    made: dict[str, int] = field(default_factory=dict)

    def there(self, path: str) -> int:
        """Bytes of the volume that a file at this path has already."""
        if path.casefold() in self.made:
            return self.made[path.casefold()]
        info = self.store.find(path)
        return 0 if info is None else self.store.whole(path[:2].upper(), info.size)

    def room(self, path: str, reserve: int = RESERVE) -> int:
        """Room for a file at this path."""
        return max(0, self.free[path[:2].upper()] + self.there(path) - reserve)

    def take(self, path: str, size: int) -> None:
        """The file is there now, with this size."""
        letter = path[:2].upper()
        whole = self.store.whole(letter, size)
        self.free[letter] += self.there(path) - whole
        self.made[path.casefold()] = whole


def paging_files(ground: Context) -> list[dict[str, Any]]:
    """Every file that is tried, in order, with the sizes, status and kind that smss claims."""
    store = run(ground).store
    space = _Space(store, dict(store.free))
    told = crash_dump(ground)
    if told["dump"] and (letter := str(told["dump"])[:2].upper()) in space.free:
        space.take(str(told["dump"]), int(told["bytes"]))
        space.free[letter] = max(0, space.free[letter])
    listed = descriptors(ground.registry, ground.memory_mib)
    rows = [_make(one, space) for one in listed]
    if rows and space.free and not any(row["made"] for row in rows):
        rows.append(_emergency(space))
    return rows


def _make(one: Descriptor, space: _Space) -> dict[str, Any]:
    kind = "managed" if one.managed else "listed"
    path = _choose(one, space)
    if path is None:
        return _row(one.path, one.minimum, one.maximum, _NO_DEVICE, kind)
    room = space.room(path)
    minimum, maximum = one.minimum, one.maximum
    if minimum > room:
        minimum -= -(-(minimum - room) // STEP) * STEP
    if minimum <= 0:
        return _row(path, one.minimum, one.maximum, _DISK_FULL, kind)
    if maximum > room:
        maximum = max(minimum, maximum - -(-(maximum - room) // STEP) * STEP)
    space.take(path, minimum)
    return _row(path, minimum, maximum, "0x0", kind)


def _choose(one: Descriptor, space: _Space) -> str | None:
    """The path with the letter of its volume, or None when there is no such volume."""
    if one.path[0] != "?":
        return one.path if one.path[:2].upper() in space.free else None
    paths = [letter + one.path[2:] for letter in sorted(space.free)]
    if not paths:
        return None
    wide = [path for path in paths if space.room(path) >= one.maximum]
    return wide[0] if wide else max(paths, key=space.room)


def _emergency(space: _Space) -> dict[str, Any]:
    letter = max(sorted(space.free), key=lambda name: space.free[name])
    path = rf"{letter}\pagefile.sys"
    fits = space.room(path, 0) >= STEP
    if fits:
        space.take(path, STEP)
    return _row(path, STEP, STEP, "0x0" if fits else _DISK_FULL, "emergency")


def _row(path: str, minimum: int, maximum: int, status: str, kind: str) -> dict[str, Any]:
    return {"path": path, "minimum": minimum, "maximum": maximum, "status": status, "kind": kind,
            "made": status == "0x0"}  # fmt: skip


def crash_dump(ground: Context) -> dict[str, Any]:
    r"""Where a dump is looked for, and what is found: `dump`, `bytes` and `sha256` are those of the copy.

    The boot volume is that of `\SystemRoot`, C:. A dump that is there already is kept with Overwrite=0.
    """
    paths = [d.path for d in descriptors(ground.registry, 0) if d.path[:2].upper() in ("?:", "C:")]
    path = "C:" + (paths[0][2:] if paths else r"\pagefile.sys")
    boot = next((v for v in ground.volumes if v.letter.upper() == "C:"), None)
    dump = None if boot is None else boot.dump
    if dump is None or _plain(dump.path) != path[2:].casefold():
        return {"path": path, "found": False, "dump": "", "bytes": 0, "sha256": None}
    control = r"Control\CrashControl"
    told = str(setting(ground.registry, control, "DumpFile") or r"%SystemRoot%\MEMORY.DMP")
    target = expand(told, BOOT_ENVIRONMENT)
    store = run(ground).store
    kept = setting(ground.registry, control, "Overwrite", 1) == 0 and store.find(target) is not None
    letter = target[:2].upper()
    free = store.free.get(letter, -1) + (
        store.whole(letter, old.size) if (old := store.find(target)) else 0
    )
    if kept or dump.bytes > free:
        return {"path": path, "found": True, "dump": "", "bytes": 0, "sha256": None}
    return {"path": path, "found": True, "dump": target, "bytes": dump.bytes, "sha256": dump.sha256 or None}


def _plain(path: str) -> str:
    """A path without its letter, folded."""
    return (path[2:] if path[1:2] == ":" else path).casefold()
