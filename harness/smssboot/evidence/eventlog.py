"""Records of an event log file (EVENTLOGRECORD, "Event Log File Format"), whatever the file holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_SIGNATURE: Final = b"LfLe"
_FIXED: Final = struct.Struct("<I4sIIIIHHHHIIIIII")


class Record(NamedTuple):
    """One record: who wrote it, its event's number, its strings joined by blanks, and its data."""

    number: int
    source: str
    id: int
    text: str
    data: bytes


def records(raw: bytes) -> Iterator[Record]:
    """Every whole record, in the order of the file: found by length and signature at both ends."""
    at = 0x30
    while at + _FIXED.size + 4 <= len(raw):
        length = struct.unpack_from("<I", raw, at)[0]
        whole = _FIXED.size + 4 <= length <= len(raw) - at and length % 4 == 0
        whole = whole and raw[at + 4 : at + 8] == _SIGNATURE
        if not whole or raw[at + length - 4 : at + length] != raw[at : at + 4]:
            at += 4
            continue
        yield _record(raw[at : at + length])
        at += length


def _record(raw: bytes) -> Record:
    fixed = _FIXED.unpack_from(raw)
    number, identity, count, strings, size, data = (fixed[i] for i in (2, 5, 7, 11, 14, 15))
    source, _ = _text(raw, _FIXED.size)
    texts: list[str] = []
    for _ in range(count):
        text, strings = _text(raw, strings)
        texts.append(text)
    return Record(number, source, identity & 0xFFFF, " ".join(texts), raw[data : data + size])


def _text(raw: bytes, at: int) -> tuple[str, int]:
    """The UTF-16 text at an offset, and where it ends."""
    end = at
    while end + 2 <= len(raw) - 4 and raw[end : end + 2] != b"\0\0":
        end += 2
    return raw[at:end].decode("utf-16-le", "replace"), end + 2
