"""A crash dump inside a paging file, as a system that stopped would have left it for its next start.

The head is the documented DUMP_HEADER64 (8 KiB: signature, machine, bugcheck and its parameters, physical
memory, `RequiredDumpSpace`); what follows are pages of content that can be told from any other.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

HEADER: Final = 0x2000
REQUIRED_SPACE: Final = 0xFA0
_PAGE: Final = 4096
_MACHINES: Final = {"x86_64": 0x8664, "aarch64": 0xAA64}
_FULL: Final = 1  # DumpType
_BUILD: Final = 22631
_TIME: Final = 126_227_808_000_000_000


def make(arch: str, bugcheck: int, parameters: tuple[int, ...], size: int) -> bytes:
    """A dump of `size` bytes, the header with it.  The same bytes for the same arguments."""
    pages = (size - HEADER) // _PAGE
    header = bytearray(b"PAGE" * (HEADER // 4))
    struct.pack_into("<4s4sIIQQQQ", header, 0, b"PAGE", b"DU64", 15, _BUILD, 0, 0, 0, 0)
    struct.pack_into("<III4x4Q", header, 0x30, _MACHINES[arch], 1, bugcheck, *parameters)
    struct.pack_into("<32s", header, 0x60, b"")  # VersionUser
    struct.pack_into("<Q", header, 0x80, 0)  # KdDebuggerDataBlock
    # PHYSICAL_MEMORY_DESCRIPTOR64: one run with all pages.
    struct.pack_into("<IIQQQ", header, 0x88, 1, 0, pages, 0, pages)
    struct.pack_into("<I", header, 0xF98, _FULL)
    struct.pack_into("<QQ128s", header, REQUIRED_SPACE, size, _TIME, b"")  # SystemTime, Comment
    seed = hashlib.sha256(repr((arch, bugcheck, parameters, size)).encode()).digest()
    body = bytearray()
    for page in range(-(-(size - HEADER) // _PAGE)):
        start = hashlib.sha256(seed + page.to_bytes(8, "little")).digest()
        body += struct.pack("<Q", page) + (start * (_PAGE // len(start)))[8:]
    return bytes(header) + bytes(body[: size - HEADER])
