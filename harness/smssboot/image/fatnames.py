"""Names in FAT directories: what is allowed, the 8.3 alias, and the entries that hold a long name."""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Final

_FORBIDDEN: Final = frozenset('"*/:<>?\\|')
_SHORT: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")
_LONGEST: Final = 255  # UTF-16 units
_UNITS: Final = 13  # of a name in one entry
_LONG_NAME: Final = 0x0F  # the attributes of such an entry


def complaint(name: str) -> str | None:
    """Why `name` can be no file's name on a FAT volume; None when it can."""
    if name in ("", ".", ".."):
        return "is no file name"
    bad = next((c for c in name if c in _FORBIDDEN or ord(c) < 32), None)
    if bad is not None:
        return f"has {bad!r} in it, which FAT forbids"
    if name[-1] in ". ":
        return "ends in a dot or a blank, which FAT forbids"
    if any(0xD800 <= ord(c) < 0xE000 for c in name):
        return "is not Unicode text"
    if len(name.encode("utf-16-le")) // 2 > _LONGEST:
        return f"has more than {_LONGEST} characters"
    return None


def folded(name: str) -> str:
    """The name as it is compared: upper case, one character for one, like NT."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in name)


def short(name: str, taken: Collection[bytes]) -> bytes:
    """The 11 bytes of the name's alias: the name itself where 8.3 can hold it, else like `PROGRA~1`."""
    base, extension = _split(name)
    if _fits(name):
        plain = _padded(base.upper(), extension.upper())
        if plain not in taken:
            return plain
    stem, ending = _stripped(base)[:8], _stripped(extension)[:3]
    number = 1
    while True:
        tail = f"~{number}"
        alias = _padded(stem[: 8 - len(tail)] + tail, ending)
        if alias not in taken:
            return alias
        number += 1


def needs_long(name: str, alias: bytes) -> bool:
    """Whether the alias alone would not say the name."""
    base, extension = _split(name)
    return not _fits(name) or _padded(base, extension) != alias


def long_entries(name: str, alias: bytes) -> bytes:
    """The directory entries in front of the alias's own, last part of the name first."""
    raw = name.encode("utf-16-le")
    parts = [raw[i : i + 2 * _UNITS] for i in range(0, len(raw), 2 * _UNITS)]
    total = checksum(alias)
    out = b""
    for i in range(len(parts), 0, -1):
        part = parts[i - 1]
        if len(part) < 2 * _UNITS:
            part = (part + b"\0\0").ljust(2 * _UNITS, b"\xff")
        order = i | (0x40 if i == len(parts) else 0)
        fields = (order, part[:10], _LONG_NAME, 0, total, part[10:22], 0, part[22:])
        out += struct.pack("<B10sBBB12sH4s", *fields)
    return out


def checksum(alias: bytes) -> int:
    """Binds a long name's entries to their alias."""
    total = 0
    for byte in alias:
        total = ((total >> 1) | (total & 1) << 7) + byte & 0xFF
    return total


def _split(name: str) -> tuple[str, str]:
    base, dot, extension = name.rpartition(".")
    return (base, extension) if dot and base else (name, "")


def _fits(name: str) -> bool:
    """Whether the name is 8.3 but for its case."""
    base, extension = _split(name)
    dotted = name.endswith("." + extension) if extension else "." not in name
    allowed = all(c in _SHORT for c in (base + extension).upper()) and name.isascii()
    return dotted and allowed and 1 <= len(base) <= 8 and len(extension) <= 3


def _stripped(part: str) -> str:
    """What of a name goes into its alias: blanks and dots go, what 8.3 has not becomes `_`."""
    return "".join(c if c in _SHORT else "_" for c in part.upper() if c not in " .")


def _padded(base: str, extension: str) -> bytes:
    return base.encode("ascii").ljust(8) + extension.encode("ascii").ljust(3)
