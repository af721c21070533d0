"""The boot modules: a cpio archive in the `newc` format, the same bytes for the same files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The archive of these files, in the order given: names with `/`, owned by root, of no date."""
    out = bytearray()
    for inode, (name, content) in enumerate([*files, ("TRAILER!!!", b"")], start=1):
        trailer = name == "TRAILER!!!"
        stored = name.encode("utf-8") + b"\0"
        mode = 0 if trailer else 0o100644
        fields = (0 if trailer else inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(stored), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + stored
        out += bytes(-len(out) % 4)
        out += content
        out += bytes(-len(out) % 4)
    return bytes(out)


def members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, offset and length of every file in an archive.  Raises ValueError when it is none."""
    at = 0
    while True:
        if data[at : at + 6] != b"070701":
            raise ValueError(f"no cpio header at byte {at}")
        size, name_size = (int(data[at + i : at + i + 8], 16) for i in (54, 94))
        name = data[at + 110 : at + 110 + name_size - 1].decode("utf-8")
        start = at + 110 + name_size
        start += -start % 4
        if name == "TRAILER!!!":
            return
        yield name, start, size
        at = start + size
        at += -at % 4
