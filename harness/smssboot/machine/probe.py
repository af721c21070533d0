"""A guest of a few instructions that shows whether an accelerator runs kernel code at a useful speed."""

from __future__ import annotations

import struct

LOOPS = 1_000_000
WORD = b"K"
"""What the guest prints after its loop, before it powers off."""

_X86_BASE = 0x100000


def image(arch: str) -> bytes:
    """A kernel file for `-kernel`, on q35 or virt."""
    return _x86() if arch == "x86_64" else _aarch64()


def pvh_elf(code: bytes) -> bytes:
    """32-bit code for 0x100000 in an ELF with the note that makes QEMU enter it in protected mode."""
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", _X86_BASE)
    note_at, code_at = 0x200, 0x1000
    ident = b"\x7fELF\x02\x01\x01"
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 2, 62, 1, _X86_BASE, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 7, code_at, _X86_BASE, _X86_BASE, len(code), 0x10000, 0x1000)
    notes = struct.pack("<IIQQQQQQ", 4, 4, note_at, 0, 0, len(note), len(note), 4)
    return ((header + load + notes).ljust(note_at, b"\0") + note).ljust(code_at, b"\0") + code


def _x86() -> bytes:
    count = b"\xb9" + struct.pack("<I", LOOPS) + bytes.fromhex("49 75fd")  # mov ecx; dec ecx; jnz
    say = bytes.fromhex("66baf803 b0") + WORD + b"\xee"  # out 3F8h
    off = bytes.fromhex("66ba0406 66b80020 66ef fa f4 ebfd")  # out 604h; cli; hlt
    return pvh_elf(count + say + off)


def _aarch64() -> bytes:
    words = (
        0xD2A00000 | (LOOPS >> 16) << 5,  # movz x0, #LOOPS, lsl #16
        0xD1000400,  # sub x0, x0, #1
        0xB5FFFFE0,  # cbnz x0, -4
        0xD2A12001,  # movz x1, #0x0900, lsl #16
        0x52800002 | WORD[0] << 5,  # movz w2, #'K'
        0x39000022,  # strb w2, [x1]
        0x52800100,  # w0 = 84000008h
        0x72B08000,
        0xD4000002,  # hvc #0
        0x14000000,
    )
    return struct.pack(f"<{len(words)}I", *words)
