"""The names for gdb, read back by LIEF."""

from __future__ import annotations

import lief
import pytest

from smssboot.machine import symbolelf
from smssboot.machine.symbolelf import Region

BASE = 0xFFFFF80000000000
WHERE = [Region(".text", BASE + 0x1000, 0x2000, True), Region(".data", BASE + 0x4000, 0x1000, False)]
NAMES = {"Function": BASE + 0x1010, "Variable": BASE + 0x4008, "Nowhere": BASE + 0x9000}


@pytest.mark.parametrize(("arch", "machine"), [("x86_64", "X86_64"), ("aarch64", "AARCH64")])
def test_names_are_what_and_where_they_are(arch: str, machine: str) -> None:
    binary = lief.ELF.parse(list(symbolelf.write(arch, NAMES, WHERE)))
    assert binary is not None
    assert binary.header.machine_type.name == machine
    found = {symbol.name: symbol for symbol in binary.symbols if symbol.name}
    assert {name: symbol.value for name, symbol in found.items()} == {
        "Function": BASE + 0x1010,
        "Variable": BASE + 0x4008,
    }
    assert found["Function"].type.name == "FUNC"
    assert found["Variable"].type.name == "OBJECT"
    text = binary.get_section(".text")
    assert (text.virtual_address, text.size) == (BASE + 0x1000, 0x2000)


CUT = b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0\x64\x86\x05\0"


@pytest.mark.parametrize("data", [b"", b"MZ", bytes(100), CUT])
def test_what_is_no_pe_image_has_no_regions(data: bytes) -> None:
    with pytest.raises(ValueError, match="no PE image"):
        symbolelf.regions(data, BASE)
