"""Sparse files: written with holes for zeros, copied with their holes, digested by what they hold."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Final

_BLOCK: Final = 4096
_ZEROS: Final = bytes(_BLOCK)


class SparseFile:
    """A file of fixed size that is all zeros until it is written to.  A context manager."""

    def __init__(self, path: Path, size: int) -> None:
        self.size = size
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._fd, size)

    def __enter__(self) -> SparseFile:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self._fd)

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` there; blocks of zeros that were never written stay holes."""
        assert offset >= 0 and offset + len(data) <= self.size
        view = memoryview(data)
        at = 0
        while at < len(data):
            end = min(len(data), at + _BLOCK - (offset + at) % _BLOCK)
            start = at
            while at < len(data) and view[at:end] != _ZEROS[: end - at]:
                at, end = end, min(len(data), end + _BLOCK)
            if at > start:
                written = start
                while written < at:
                    written += os.pwrite(self._fd, view[written:at], offset + written)
            else:
                at = end

    def read(self, offset: int, length: int) -> bytes:
        """What is there; fewer bytes at the end of the file."""
        return os.pread(self._fd, length, offset)

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite, zeros too."""
        os.pwrite(self._fd, data, offset)


def extents(fd: int, size: int) -> list[tuple[int, int]]:
    """Offset and length of every range that may hold something, in order."""
    found = []
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here on
                break
            return [(0, size)]  # a file system that does not know its holes
        at = os.lseek(fd, start, os.SEEK_HOLE)
        found.append((start, at - start))
    return found


def copy(source: Path | str, target: Path | str, offset: int = 0, length: int | None = None) -> None:
    """Copy a file, or `length` bytes of it from `offset` on, holes and all.  Raises OSError."""
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(reader).st_size
        end = size if length is None else offset + length
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(writer, end - offset)
            for start, count in extents(reader, size):
                first, last = max(start, offset), min(start + count, end)
                if first < last:
                    _copy_range(reader, writer, first, last - first, offset)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def fill(source: Path | str, writer: int) -> None:
    """Copy what is in a file into another one that is open, and nothing but holes so far.  Raises OSError."""
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for start, count in extents(reader, os.fstat(reader).st_size):
            _copy_range(reader, writer, start, count, 0)
    finally:
        os.close(reader)


def _copy_range(reader: int, writer: int, at: int, length: int, origin: int) -> None:
    """Copy what is at `at` to the place that far behind `origin`."""
    end = at + length
    with contextlib.suppress(OSError):  # not between these file systems
        while at < end and (done := os.copy_file_range(reader, writer, end - at, at, at - origin)):
            at += done
    with contextlib.suppress(OSError):  # one copy, where reading and writing make two
        os.lseek(writer, at - origin, os.SEEK_SET)
        while at < end and (done := os.sendfile(writer, reader, at, end - at)):
            at += done
    while at < end:
        chunk = os.pread(reader, min(1 << 20, end - at), at)
        if not chunk:
            return
        at += os.pwrite(writer, chunk, at - origin)


def digest(path: Path) -> bytes:
    """SHA-256 of all blocks that are not zero, with their places: whether zeros are holes is no matter."""
    import hashlib

    total = hashlib.sha256()
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        total.update(size.to_bytes(8, "little"))
        for start, length in extents(fd, size):
            first = start - start % _BLOCK
            for at in range(first, start + length, _BLOCK):
                block = os.pread(fd, min(_BLOCK, size - at), at)
                if block != _ZEROS[: len(block)]:
                    total.update(at.to_bytes(8, "little") + block)
    finally:
        os.close(fd)
    return total.digest()
