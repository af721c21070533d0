"""Guests of a few dozen bytes, assembled here, for the tests of the machine.

x86-64: 32-bit code in an ELF with a PVH note (what `-kernel` boots with qboot's firmware, paging off).
aarch64: raw words, which `-kernel` puts at 0x40080000 and starts with the MMU off.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from smssboot.machine.probe import pvh_elf
from smssboot.machine.targets import Target
from smssboot.timeline.wire import encode

_X86_BASE = 0x100000

# Where the x86 machines switch off, and where they show a pressed power button.
_X86_OFF = {
    "q35": bytes.fromhex("66ba0406 66b80020 66ef"),  # mov dx,604h; mov ax,2000h; out dx,ax
    "microvm": bytes.fromhex("c6050002a0fe34"),  # mov byte [0FEA00200h],34h
}
_X86_BUTTON = {
    # mov dx,602h; mov ax,100h; out dx,ax; mov dx,600h; again: in ax,dx; test ah,1; jz again
    "q35": bytes.fromhex("66ba0206 66b80001 66ef 66ba0006 66ed f6c401 74f9"),
    # again: mov eax,[0FEA00000h]; test al,2; jz again
    "microvm": bytes.fromhex("a10000a0fe a802 74f7"),
}


def write(directory: Path, target: Target, *parts: str | tuple[str, str]) -> Path:
    """A kernel file for `target` that does each part in turn.

    Parts: ("print", text), ("spam", line, for ever), "panic", "power-off", "reset", "crash" (x86: triple
    fault, aarch64: PSCI reset), "wait" (halted, nothing will come), "spin", "button" (until pressed).
    """
    path = directory / f"{target.name}.kernel"
    code = _x86(target, parts) if target.arch == "x86_64" else _arm(parts)
    path.write_bytes(code)
    return path


def record(seq: int, event: str, /, voice: str = "fact", **data: str) -> str:
    """A record as a guest prints it."""
    assert voice in ("fact", "claim")
    line = encode(seq, seq * 1000, 0, 4, voice, event, data)  # type: ignore[arg-type]
    return line.decode("ascii")


HELLO = record(0, "hello", proto="1", arch="x86_64", profile="win11/documented", image="t", nonce="0")
BUGCHECK = record(
    1, "bugcheck", code="0x6F", name="SESSION3_INITIALIZATION_FAILED", p1="0", p2="0", p3="0", p4="0"
)


def _x86(target: Target, parts: tuple[str | tuple[str, str], ...]) -> bytes:
    code = b""
    for part in parts:
        match part:
            case ("print", text):
                code += _x86_print(text)
            case ("spam", text):
                body = _x86_print(text)
                code += body + b"\xe9" + struct.pack("<i", -len(body) - 5)  # jmp body
            case "panic":
                code += bytes.fromhex("66ba0505 b001 ee")  # mov dx,505h; mov al,1; out dx,al
            case "power-off":
                code += _X86_OFF[target.name]
            case "reset" | "crash":
                # lidt of an empty table, which is pushed first; ud2
                code += bytes.fromhex("6a006a00 0f011c24 0f0b")
            case "wait":
                code += bytes.fromhex("fa f4 ebfd")  # cli; again: hlt; jmp again
            case "spin":
                code += bytes.fromhex("ebfe")
            case "button":
                code += _X86_BUTTON[target.name]
            case _:
                raise ValueError(part)
    prologue = b"\xbc" + struct.pack("<I", _X86_BASE + 0x8000)  # mov esp
    return pvh_elf(prologue + code + bytes.fromhex("fa f4 ebfd"))


def _x86_print(text: str) -> bytes:
    data = text.encode() + b"\0"
    # call over the text, which leaves its address on the stack; pop esi
    head = b"\xe8" + struct.pack("<i", len(data)) + data + bytes.fromhex("5e 66baf803")
    # again: lodsb; test al,al; jz end; out dx,al; jmp again
    return head + bytes.fromhex("ac 84c0 7403 ee ebf8")


def _arm(parts: tuple[str | tuple[str, str], ...]) -> bytes:
    code = b""
    for part in parts:
        match part:
            case ("print", text):
                code += _arm_print(text)
            case ("spam", text):
                body = _arm_print(text)
                code += body + _branch(-len(body))
            case "panic":
                code += _arm_panic()
            case "power-off":
                code += _words(0x52800100, 0x72B08000, 0xD4000002)  # w0 = 84000008h; hvc #0
            case "reset" | "crash":
                code += _words(0x52800120, 0x72B08000, 0xD4000002)  # w0 = 84000009h; hvc #0
            case "wait":
                code += _words(0xD503207F, 0x17FFFFFF)  # again: wfi; b again
            case "spin":
                code += _words(0x14000000)
            case "button":
                code += _arm_button()
            case _:
                raise ValueError(part)
    return code + _words(0xD503207F, 0x17FFFFFF)


def _words(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def _branch(offset: int) -> bytes:
    return _words(0x14000000 | (offset // 4) & 0x3FFFFFF)


def _movz(register: int, value: int, half: int) -> int:
    """movz x<register>, #value, lsl #(16 * half)"""
    return 0xD2800000 | half << 21 | value << 5 | register


def _movk(register: int, value: int, half: int) -> int:
    return 0xF2800000 | half << 21 | value << 5 | register


def _arm_print(text: str) -> bytes:
    data = text.encode() + b"\0"
    data += bytes(-len(data) % 4)
    loop = _words(
        _movz(1, 0x0900, 1),  # x1 = the PL011
        0x38401402,  # again: ldrb w2, [x0], #1
        0x34000062,  # cbz w2, end
        0x39000022,  # strb w2, [x1]
        0x17FFFFFD,  # b again
    )
    # adr x0, text: two words further on, behind the branch over it
    return _words(0x10000040) + _branch(len(data) + 4) + data + loop


def _arm_panic() -> bytes:
    """Gives pvpanic-pci (slot 2) an address and tells it."""
    return _words(
        _movz(1, 0x40, 2),
        _movk(1, 0x1001, 1),  # x1 = configuration space of 00:02.0
        _movz(2, 0x1000, 1),  # x2 = 10000000h
        0xB9001022,  # str w2, [x1, #10h]: BAR 0
        _movz(3, 2, 0),
        0x79000823,  # strh w3, [x1, #4]: memory space on
        _movz(3, 1, 0),
        0x39000043,  # strb w3, [x2]
    )


def _arm_button() -> bytes:
    """Waits for the rising edge at pin 3 of the PL061."""
    return _words(
        _movz(1, 0x0903, 1),  # x1 = the PL061
        _movz(2, 8, 0),
        0xB9040C22,  # str w2, [x1, #40Ch]
        0xB9041022,  # str w2, [x1, #410h]
        0xB9441423,  # again: ldr w3, [x1, #414h]
        0x361FFFE3,  # tbz w3, #3, again
    )


Assembler = Callable[[Path, Target], Path]
