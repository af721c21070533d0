"""Rights in page tables, against tables made by hand."""

from __future__ import annotations

import struct

import pytest

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.guestmemory import PAGE, GuestMemory
from smssboot.evidence.walk_mappings import SESSION_SLOT, tally

BASE = {"x86_64": 0, "aarch64": 0x4000_0000}
TABLE = {"x86_64": 0x7, "aarch64": 0x3}
# (writable, executable, user) -> the low and high bits of a page's entry
PAGE_BITS = {
    "x86_64": lambda w, x, u: 1 | w << 1 | u << 2 | (not x) << 63,
    "aarch64": lambda w, x, u: (
        3 | u << 6 | (not w) << 7 | (1 << 53 | (not x) << 54 if u else (not x) << 53 | 1 << 54)
    ),
}


class Tables:
    """A root with one chain of tables per slot, each table in a page of its own."""

    def __init__(self, arch: str) -> None:
        self.arch = arch
        self.ram = bytearray(64 * PAGE)
        self.next = 1

    def put(self, table: int, index: int, entry: int) -> None:
        struct.pack_into("<Q", self.ram, table * PAGE + index * 8, entry)

    def new(self, table: int, index: int, extra: int = 0) -> int:
        page = self.next
        self.next += 1
        self.put(table, index, BASE[self.arch] + page * PAGE | TABLE[self.arch] | extra)
        return page

    def map(self, slot: int, *rights: tuple[bool, bool, bool], extra: int = 0) -> None:
        table = 0
        for index in (slot, 0, 0):
            table = self.new(table, index, extra if index == slot else 0)
        for index, (w, x, u) in enumerate(rights):
            self.put(table, index, PAGE_BITS[self.arch](w, x, u) | BASE[self.arch] + 0x5000)

    def memory(self) -> GuestMemory:
        return GuestMemory(bytes(self.ram), BASE[self.arch], self.arch)


RX, RW, RO, RWX = (False, True), (True, False), (False, False), (True, True)


@pytest.mark.parametrize("arch", list(BASE))
def test_rights_are_counted(arch: str) -> None:
    tables = Tables(arch)
    tables.map(0, (*RX, True), (*RW, True), (*RO, True), (*RWX, True))
    tables.map(SESSION_SLOT, (*RX, False), (*RWX, False))
    tables.map(300, (*RWX, False))
    found = tally(tables.memory(), BASE[arch], kernel=False)
    assert (found.mappings, found.writable_executable, found.user_in_kernel) == (6, 2, 0)
    found = tally(tables.memory(), BASE[arch], kernel=True)
    assert (found.mappings, found.writable_executable) == (3, 2)


@pytest.mark.parametrize("arch", list(BASE))
def test_a_kernel_page_open_to_user_mode_is_seen(arch: str) -> None:
    tables = Tables(arch)
    tables.map(400, (*RO, True), (*RO, False))
    assert tally(tables.memory(), BASE[arch], kernel=True).user_in_kernel == 1


@pytest.mark.parametrize(("arch", "extra"), [("x86_64", 1 << 63), ("aarch64", 1 << 59 | 1 << 60)])
def test_a_table_takes_the_right_to_execute_away(arch: str, extra: int) -> None:
    tables = Tables(arch)
    tables.map(0, (*RWX, True), extra=extra)
    assert tally(tables.memory(), BASE[arch], kernel=False).writable_executable == 0


@pytest.mark.parametrize("arch", list(BASE))
def test_tables_that_run_in_a_circle_or_outside_memory_are_damage(arch: str) -> None:
    tables = Tables(arch)
    outside = Tables(arch)
    outside.put(0, 0, 0x7000_0000 | TABLE[arch])
    with pytest.raises(DamagedError):
        tally(outside.memory(), BASE[arch], kernel=False)
    for index in range(512):
        tables.put(0, index, BASE[arch] | TABLE[arch])
    with pytest.raises(DamagedError):
        tally(tables.memory(), BASE[arch], kernel=False)
