"""What each address space maps, and with which rights: no page may be both writable and executable."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.guestmemory import PAGE, GuestMemory

_TABLE = struct.Struct("<512Q")
_ADDRESS = 0x0000_FFFF_FFFF_F000
_MAX_TABLES = 1 << 14
USER_SLOTS = range(256)
KERNEL_SLOTS = range(256, 512)
SESSION_SLOT = 0xFFFFF900_00000000 >> 39 & 511


@dataclass(frozen=True, slots=True)
class Rights:
    """What a mapping allows, to the kernel or, if `user`, to user mode as well."""

    writable: bool
    executable: bool
    user: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Mappings of one address space, large pages counted once."""

    mappings: int
    writable_executable: int
    user_in_kernel: int


def tally(memory: GuestMemory, root: int, *, kernel: bool) -> Tally:
    """Counts below the root table at physical `root`: the kernel's half, or a process's own part of it
    (the user half and its session's slot). Raises DamagedError when the tables do not hold together."""
    slots = KERNEL_SLOTS if kernel else (*USER_SLOTS, SESSION_SLOT)
    mappings = both = exposed = 0
    for slot, rights in _leaves(memory, root, slots):
        mappings += 1
        both += rights.writable and rights.executable
        exposed += rights.user and slot >= KERNEL_SLOTS.start
    return Tally(mappings, both, exposed)


def _leaves(memory: GuestMemory, root: int, slots: range | tuple[int, ...]) -> Iterator[tuple[int, Rights]]:
    """Every mapping below the given top-level slots: (slot, rights)."""
    rights = _x86_64 if memory.arch == "x86_64" else _aarch64
    entries = _read(memory, root)
    waiting: list[tuple[int, tuple[int, ...], int, int]] = [
        (entries[slot], (), 30, slot) for slot in slots if entries[slot] & 1
    ]
    tables = 0
    while waiting:
        entry, path, shift, slot = waiting.pop()
        tables += 1
        if tables > _MAX_TABLES:
            raise DamagedError("the page tables have no end")
        above = (*path, entry)
        for below in filter(None, _read(memory, entry)):  # most entries of most tables are empty
            if not below & 1:
                continue
            if shift > 12 and not _is_leaf(memory.arch, below):
                waiting.append((below, above, shift - 9, slot))
            else:
                yield slot, rights(above, below)


def _read(memory: GuestMemory, table: int) -> tuple[int, ...]:
    return _TABLE.unpack(memory.read(table & _ADDRESS, PAGE))


def _is_leaf(arch: str, entry: int) -> bool:
    """Whether an entry above the last level maps memory itself."""
    return bool(entry & 0x80) if arch == "x86_64" else not entry & 2


def _x86_64(path: tuple[int, ...], leaf: int) -> Rights:
    """Every level has to allow writing and user mode; any level can forbid execution."""
    every = leaf
    some = leaf
    for entry in path:
        every &= entry
        some |= entry
    return Rights(bool(every & 2), not some >> 63 & 1, bool(every & 4))


def _aarch64(path: tuple[int, ...], leaf: int) -> Rights:
    """AP[2:1] and UXN, PXN of the leaf; a table's APTable, UXNTable and PXNTable take rights away."""
    tables = 0
    for entry in path:
        tables |= entry
    user = bool(leaf & 1 << 6) and not tables & 1 << 61
    writable = not leaf & 1 << 7 and not tables & 1 << 62
    user_executes = user and not (leaf >> 54 | tables >> 60) & 1
    kernel_executes = not (leaf >> 53 | tables >> 59) & 1
    return Rights(writable, user_executes or kernel_executes, user)
