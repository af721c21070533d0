"""memtouch's pattern in paging files: which of its pages the disk holds when the power is off."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MARK: Final = b"SMSSBOOT-PATTERN"
PAGE: Final = 4096
_SECTOR: Final = 512
_CHUNK: Final = 1 << 20
_HEAD: Final = struct.Struct("<16sQ32s")
_FILL: Final = (PAGE - _HEAD.size) // 8
_FACTOR: Final = 0x9E37_79B9_7F4A_7C15
_SAMPLES: Final = range(56, _FILL, 64)
"""The last word of each of a page's sectors."""


@dataclass(slots=True)
class Pattern:
    """What a file holds: the numbers of whole pages, how many are not whole, and whose pages they are."""

    pages: set[int] = field(default_factory=set)
    wrong: int = 0
    nonces: set[str] = field(default_factory=set)


def is_on(fd: int, offset: int, size: int) -> bool:
    """Whether a sector of that part of a disk begins with the mark.  Holes are not read."""
    for start, end in _data(fd, offset, offset + size):
        for at in range(start, end, _CHUNK):
            block = os.pread(fd, min(_CHUNK, end - at), at)
            place = block.find(MARK)
            while place >= 0:
                if (at + place - offset) % _SECTOR == 0:
                    return True
                place = block.find(MARK, place + 1)
    return False


def _data(fd: int, offset: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of a file that are no holes, in whole sectors."""
    at = offset
    while at < end:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:  # nothing but a hole up to the end
            return
        stop = min(end, os.lseek(fd, at, os.SEEK_HOLE))
        if at < stop:
            yield at - (at - offset) % _SECTOR, stop
        at = stop


def pages(content: bytes) -> Pattern:
    """The pages of the pattern in a paging file.  Sampled: the head, and a word of each sector."""
    found = Pattern()
    place = content.find(MARK)
    while place >= 0:
        if place % PAGE == 0 and place + PAGE <= len(content):
            _, number, nonce = _HEAD.unpack_from(content, place)
            if _is_whole(content, place, number):
                found.pages.add(number)
                found.nonces.add(nonce.rstrip(b"\0").decode("ascii", "backslashreplace"))
            else:
                found.wrong += 1
            place += PAGE - 1
        place = content.find(MARK, place + 1)
    return found


def _is_whole(content: bytes, place: int, number: int) -> bool:
    first = number * (PAGE // 8) + 1
    for word in _SAMPLES:
        told: int = struct.unpack_from("<Q", content, place + _HEAD.size + 8 * word)[0]
        if told != (first + word) * _FACTOR & 0xFFFF_FFFF_FFFF_FFFF:
            return False
    return True
