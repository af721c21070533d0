"""Put a torn or interleaved record together again, but only when its checksum proves the result.

Nothing is guessed here: bytes are only ever *taken out*, never changed or added, and what remains must
be a whole record with the checksum that the guest wrote.

How a foreign chunk is found in linear time.  Let the text up to the checksum be A + chunk + C.  The
CRC's register after A is known for every A (run it forwards from the start), and the register that C
needs before it is known for every C (the CRC is reversible: run it backwards from the checksum).  Where
the two agree, taking out what lies between gives the right checksum.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from zlib import crc32

from smssboot.timeline.grammar import CHECKSUM, MARKER, RECORD
from smssboot.timeline.printable import ESCAPE_BYTES, printable_bytes, shorten

MAX_WINDOW: Final = 16384
"""Bytes that are looked at for one record, foreign text included."""
_MAX_TRIES: Final = 4
_MAX_CANDIDATES: Final = 64


class Repaired(NamedTuple):
    """A record in its proven form, where it began and ended in the fragment, and what was taken out."""

    line: bytes
    start: int
    end: int
    removed: bytes
    how: str


def repair(fragment: bytes) -> Repaired | None:
    """The first record in `fragment` that the checksum proves after bytes were taken out of it."""
    if len(fragment) > MAX_WINDOW:
        return None
    starts = _starts(fragment)
    for start in starts:
        found = _without_unprintable(fragment, start)
        if found:
            return found
    ends = [match.end() for match in CHECKSUM.finditer(fragment)][:_MAX_TRIES]
    for end in ends:
        for start in starts:
            if start < end - 10:
                found = _without_chunk(fragment, start, end)
                if found:
                    return found
    for start in starts:
        found = _torn_checksum(fragment, start)
        if found:
            return found
    return None


def _starts(fragment: bytes) -> list[int]:
    """Where a record may begin: the last few markers, else an `@` whose marker is torn."""
    for begin in (MARKER, MARKER[:1]):
        starts = [match.start() for match in re.finditer(re.escape(begin), fragment)]
        if starts:
            return starts[-_MAX_TRIES:]
    return []


def _proven(line: bytes) -> bool:
    match = RECORD.fullmatch(line)
    return match is not None and crc32(line[:-10]) == int(match[8], 16)


def _without_unprintable(fragment: bytes, start: int) -> Repaired | None:
    """Take out line ends, NULs, terminal sequences and bytes above 0x7E."""
    kept: list[int] = []
    escapes = {at for match in ESCAPE_BYTES.finditer(fragment, start) for at in range(*match.span())}
    for at in range(start, len(fragment)):
        if 0x20 <= fragment[at] < 0x7F and at not in escapes:
            kept.append(at)
    text = bytes(fragment[at] for at in kept)
    match = RECORD.match(text)
    if not match or not _proven(match[0]):
        return None
    end = kept[match.end() - 1] + 1
    kept_set = set(kept)
    removed = bytes(fragment[at] for at in range(start, end) if at not in kept_set)
    return Repaired(match[0], start, end, b"", _how_unprintable(removed))


def _how_unprintable(removed: bytes) -> str:
    if not removed:
        return "joined"
    if not removed.strip(b"\r\n"):
        return f"joined {removed.count(10) + 1} lines" if b"\n" in removed else "took out a carriage return"
    return f"took out {len(removed)} bytes that are no text"


def _without_chunk(fragment: bytes, start: int, end: int) -> Repaired | None:
    """Take out one chunk between `start` and the checksum that ends at `end`."""
    check = fragment[end - 8 : end]
    text = fragment[start : end - 9]
    cuts: dict[bytes, list[bytes]] = {}
    for i, j in _agreeing(text, int(check, 16)):
        cuts.setdefault(text[:i] + text[j:] + b"*" + check, []).append(text[i:j])
    proven = [line for line in cuts if _proven(line)]
    if len(proven) != 1:  # none, or no way to tell which of two is meant
        return None
    # Cuts that differ by a shift leave the same record; take the one that looks like another writer's.
    removed = max(cuts[proven[0]], key=lambda cut: (cut.startswith(b"@"), cut.endswith(b"\n")))
    return Repaired(proven[0], start, end, removed, _how_chunk(removed))


def _how_chunk(removed: bytes) -> str:
    shown = shorten(printable_bytes(removed.strip(b"\r\n")), 40)
    return f"took out {len(removed)} bytes of other text: {shown!r}"


def _agreeing(text: bytes, check: int) -> list[tuple[int, int]]:
    """Pairs i < j such that text[:i] + text[j:] ends in a blank and has the checksum `check`.

    The blank before `*` is not covered by the checksum; one step of the CRC brings it in.
    """
    size = len(text)
    forward: dict[int, list[int]] = {}
    state = 0xFFFFFFFF
    for at in range(size + 1):
        forward.setdefault(state, []).append(at)
        if at < size:
            state = _TABLE[(state ^ text[at]) & 0xFF] ^ (state >> 8)
    wanted = check ^ 0xFFFFFFFF
    state = _TABLE[(wanted ^ 0x20) & 0xFF] ^ (wanted >> 8)
    pairs: list[tuple[int, int]] = []
    for at in range(size, -1, -1):
        for i in forward.get(state, ()):
            if i < at and len(pairs) < _MAX_CANDIDATES:
                pairs.append((i, at))
        if at:
            index = _INDEX[state >> 24]
            state = (((state ^ _TABLE[index]) << 8) & 0xFFFFFFFF) | (index ^ text[at - 1])
    return pairs


def _torn_checksum(fragment: bytes, start: int) -> Repaired | None:
    """A record that is whole up to ` *`, with foreign text inside its eight digits."""
    star = fragment.find(b" *", start)
    while star >= 0:
        head = fragment[start:star]
        check = b"%08x" % crc32(head)
        if RECORD.fullmatch(head + b" *" + check):
            at = star + 2
            same = 0
            while same < 8 and fragment[at + same : at + same + 1] == check[same : same + 1]:
                same += 1
            tail = fragment.find(check[same:], at + same)
            if tail >= 0:
                removed = fragment[at + same : tail]
                return Repaired(head + b" *" + check, start, tail + 8 - same, removed, _how_chunk(removed))
        star = fragment.find(b" *", star + 1)
    return None


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return table


_TABLE: Final = _crc_table()
_INDEX: Final = {value >> 24: index for index, value in enumerate(_TABLE)}
"""The table's index by the top byte of its entry; these bytes all differ, so a step can be undone."""
