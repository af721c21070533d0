"""Hives whose last write was cut short, made by hand."""

from __future__ import annotations

import struct

PAGE = 4096


def sealed(header: bytes) -> bytes:
    """A base block with its checksum."""
    checksum = 0
    for at in range(0, 508, 4):
        checksum ^= struct.unpack_from("<I", header, at)[0]
    return header[:508] + struct.pack("<I", {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(checksum, checksum))


def unfinished(whole: bytes, old: str, new: str) -> tuple[bytes, tuple[bytes, bytes]]:
    """The hive, and logs in which its page with the text `old` has `new` (of the same length) instead.

    The entry has no hashes: it is for readers that look at none.
    """
    at = whole.index(old.encode("utf-16-le"))
    offset = at - at % PAGE
    page = bytearray(whole[offset : offset + PAGE])
    page[at - offset : at - offset + 2 * len(new)] = new.encode("utf-16-le")
    second = struct.unpack_from("<I", whole, 8)[0]
    raw = sealed(whole[:4] + struct.pack("<II", second + 1, second) + whole[12:508]) + whole[512:]
    length = struct.unpack_from("<I", whole, 40)[0]
    size = -(-(40 + 8 + PAGE) // 512) * 512
    entry = struct.pack("<4sIIIIIQQ", b"HvLE", size, 0, second, length, 1, 0, 0)
    entry += struct.pack("<II", offset - PAGE, PAGE) + page
    base = sealed(whole[:4] + struct.pack("<II", second, second) + whole[12:28] + bytes([6]) + whole[29:508])
    return raw, (base + entry.ljust(size, b"\0"), base)
