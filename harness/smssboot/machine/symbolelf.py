"""The kernel's names as an ELF file without code, which every gdb reads; not every one reads the kernel's."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

_MACHINE: Final = {"x86_64": 62, "aarch64": 183}
_HEADER: Final = 64
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_SYMTAB, _STRTAB, _NOBITS = 2, 3, 8
_ALLOC_WRITE, _ALLOC_EXEC = 3, 6
_GLOBAL_OBJECT, _GLOBAL_FUNCTION = 0x11, 0x12


class Region(NamedTuple):
    """A section of the kernel as it lies in memory."""

    name: str
    address: int
    size: int
    code: bool


def regions(image: bytes, base: int) -> list[Region]:
    """The sections of a PE image that is loaded at `base`.  Raises ValueError when it is none."""
    try:
        header = struct.unpack_from("<I", image, 0x3C)[0]
        if image[header : header + 4] != b"PE\0\0":
            raise ValueError("no PE image")
        (count,) = struct.unpack_from("<H", image, header + 6)
        (optional,) = struct.unpack_from("<H", image, header + 20)
        found = []
        for number in range(count):
            at = header + 24 + optional + 40 * number
            name, size, address = struct.unpack_from("<8sII", image, at)
            flags = struct.unpack_from("<I", image, at + 36)[0]
            text = name.rstrip(b"\0").decode("latin-1")
            found.append(Region(text, base + address, size, bool(flags & 0x2000_0000)))
        return found
    except struct.error:
        raise ValueError("no PE image") from None


def write(arch: str, symbols: Mapping[str, int], where: list[Region]) -> bytes:
    """An ELF with those regions, and each symbol (an address) as function or variable, as its region says."""
    names = bytearray(b"\0")
    table = bytearray(_SYMBOL.size)  # the first symbol is none
    for name, address in sorted(symbols.items(), key=lambda item: item[1]):
        found = next((n for n, r in enumerate(where) if r.address <= address < r.address + r.size), None)
        if found is None:
            continue
        kind = _GLOBAL_FUNCTION if where[found].code else _GLOBAL_OBJECT
        table += _SYMBOL.pack(len(names), kind, 0, found + 1, address, 0)
        names += name.encode() + b"\0"
    titles = bytearray(b"\0")
    headers = [bytes(_SECTION.size)]

    def section(name: str, kind: int, flags: int, address: int, at: int, size: int, link: int = 0) -> None:
        info, entry = (1, _SYMBOL.size) if kind == _SYMTAB else (0, 0)
        headers.append(_SECTION.pack(len(titles), kind, flags, address, at, size, link, info, 8, entry))
        titles.extend(name.encode() + b"\0")

    for region in where:
        flags = _ALLOC_EXEC if region.code else _ALLOC_WRITE
        section(region.name, _NOBITS, flags, region.address, _HEADER, region.size)
    strings = _HEADER + len(table)
    section(".symtab", _SYMTAB, 0, 0, _HEADER, len(table), link=len(where) + 2)
    section(".strtab", _STRTAB, 0, 0, strings, len(names))
    at = strings + len(names)
    titles_size = len(titles) + len(".shstrtab") + 1
    section(".shstrtab", _STRTAB, 0, 0, at, titles_size)
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, _MACHINE[arch], 1, 0, 0, at + titles_size, 0, _HEADER, 0, 0,
                        _SECTION.size, len(headers), len(headers) - 1)  # fmt: skip
    return head + bytes(table) + bytes(names) + bytes(titles) + b"".join(headers)
