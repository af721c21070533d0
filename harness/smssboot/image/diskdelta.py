"""What a boot changed on its disk, as the blocks that differ from the image's: a few hundred KiB, not MiB."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final

from smssboot.image import sparse

_BLOCK: Final = 4096
_HEADER: Final = struct.Struct("<4sQ")
_MAGIC: Final = b"SBD1"
_AT: Final = struct.Struct("<QI")


def make(base: Path, changed: Path) -> bytes:
    """The difference of two raw disks of the same size.  Raises OSError or ValueError."""
    old, new = (os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in (base, changed))
    try:
        size = os.fstat(new).st_size
        if os.fstat(old).st_size != size:
            raise ValueError(f"{changed} has another size than {base}")
        places = set[int]()
        for fd in (old, new):
            for start, length in sparse.extents(fd, size):
                places.update(range(start - start % _BLOCK, start + length, _BLOCK))
        out = [_HEADER.pack(_MAGIC, size)]
        for at in sorted(places):
            block = os.pread(new, min(_BLOCK, size - at), at)
            if block != os.pread(old, min(_BLOCK, size - at), at):
                out.append(_AT.pack(at, len(block)) + block)
    finally:
        os.close(old)
        os.close(new)
    return zlib.compress(b"".join(out), 1)


def apply(base: Path, delta: bytes, target: Path) -> None:
    """Make the changed disk again from the image's.  Raises OSError; ValueError for no such difference."""
    try:
        data = zlib.decompress(delta)
        magic, size = _HEADER.unpack_from(data)
    except (zlib.error, struct.error) as error:
        raise ValueError(f"no difference of disks: {error}") from None
    if magic != _MAGIC or size != base.stat().st_size:
        raise ValueError(f"no difference to {base}")
    sparse.copy(base, target)
    fd = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    try:
        position = _HEADER.size
        while position < len(data):
            at, length = _AT.unpack_from(data, position)
            position += _AT.size
            os.pwrite(fd, data[position : position + length], at)
            position += length
    finally:
        os.close(fd)
