"""What kind of PE image a file is, as far as a session manager cares before it starts or maps it."""

from __future__ import annotations

import array
import struct
import sys
from typing import Final

_SUBSYSTEMS: Final = {1: "native", 2: "windows", 3: "console"}
_SUBSYSTEM: Final = 24 + 68  # from the signature: file header, the field in the optional header
_CHECKSUM: Final = 24 + 64
_DLL: Final = 0x2000
_PE32_PLUS: Final = 0x20B  # PE32+


def kind(data: bytes) -> str:
    """`native`, `windows`, `console` or `subsystem-<n>` for programs and drivers, `dll` for libraries.

    With `-damaged` behind it when the header's checksum is not 0 and not that of the bytes; empty: no PE32+.
    """
    header = _header(data)
    if header is None:
        return ""
    characteristics, subsystem = _short(data, header + 22), _short(data, header + _SUBSYSTEM)
    found = "dll" if characteristics & _DLL else _SUBSYSTEMS.get(subsystem, f"subsystem-{subsystem}")
    told = struct.unpack_from("<I", data, header + _CHECKSUM)[0]
    return found if told in (0, checksum(data)) else f"{found}-damaged"


def with_subsystem(data: bytes, name: str) -> bytes:
    """The same image for another subsystem, with a right checksum.  Raises ValueError when it is none."""
    header = _header(data)
    if header is None:
        raise ValueError("no PE image")
    number = next(number for number, known in _SUBSYSTEMS.items() if known == name)
    out = bytearray(data)
    struct.pack_into("<H", out, header + _SUBSYSTEM, number)
    struct.pack_into("<I", out, header + _CHECKSUM, checksum(bytes(out)))
    return bytes(out)


def checksum(data: bytes) -> int:
    """The checksum of the image: its 16-bit words added with end-around carry, and its length."""
    header = _header(data)
    assert header is not None
    field = header + _CHECKSUM
    words = array.array("H", data[:field] + b"\0\0\0\0" + data[field + 4 :] + b"\0" * (len(data) % 2))
    if sys.byteorder == "big":
        words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def _header(data: bytes) -> int | None:
    """Where the PE signature is; None: this is no PE32+ image."""
    if data[:2] != b"MZ" or len(data) < 0x40:
        return None
    at: int = struct.unpack_from("<I", data, 0x3C)[0]
    if at + _SUBSYSTEM + 2 > len(data) or data[at : at + 4] != b"PE\0\0":
        return None
    if _short(data, at + 24) != _PE32_PLUS:
        return None
    return at


def _short(data: bytes, at: int) -> int:
    found: int = struct.unpack_from("<H", data, at)[0]
    return found


SUBSYSTEMS: Final = tuple(_SUBSYSTEMS.values())
