"""Page tables walked by the host: 4 levels, 4 KiB granule, 48-bit addresses, on both architectures."""

from __future__ import annotations

from collections.abc import Callable

from smssboot.evidence.errors import DamagedError, PagedOutError
from smssboot.evidence.guestmemory import PAGE, GuestMemory

_LEVELS = ((39, False), (30, True), (21, True), (12, True))  # (shift, may map memory)
_ADDRESS = {"x86_64": 0x000F_FFFF_FFFF_F000, "aarch64": 0x0000_FFFF_FFFF_F000}
_KERNEL_HALF = 1 << 63


_TRANSITION, _PAGED_OUT = 1, 2  # kinds of software entries (arch.h); the kind is in bits 1 and 2


def software_entry(memory: GuestMemory, root: int, virtual: int) -> tuple[int, int] | None:
    """(kind, value) of a last-level entry that the processor takes for empty; None: it is empty or a page."""
    mask = _ADDRESS[memory.arch]
    table = root & mask
    for shift, _ in _LEVELS:
        try:
            entry = memory.u64(table + (virtual >> shift & 511) * 8)
        except DamagedError:
            return None
        if shift == 12:
            return None if entry & 1 or not entry else (entry >> 1 & 3, entry >> 12)
        if not entry & 1:
            return None
        table = entry & mask
    return None


def walk(memory: GuestMemory, root: int, virtual: int) -> int | None:
    """Guest physical address of a virtual one by the tables at physical `root`; None: not mapped."""
    mask = _ADDRESS[memory.arch]
    table = root & mask
    for shift, maps in _LEVELS:
        try:
            entry = memory.u64(table + (virtual >> shift & 511) * 8)
        except DamagedError:
            return None
        if not entry & 1:
            return None
        if memory.arch == "x86_64":
            leaf = shift == 12 or (maps and bool(entry & 0x80))
        else:  # bit 1: a table above level 3, a page on it
            leaf = shift == 12 or not entry & 2
            if (shift == 12 and not entry & 2) or (leaf and not maps):
                return None
        if leaf:
            inside = (1 << shift) - 1
            return entry & mask & ~inside | virtual & inside
        table = entry & mask
    return None


class AddressSpace:
    """Memory as one process sees it; translations are kept, so the guest must stand still."""

    def __init__(
        self,
        memory: GuestMemory,
        kernel_root: int,
        user_root: int | None = None,
        pager: Callable[[int], bytes] | None = None,
    ) -> None:
        """`user_root`: the table of the lower half, None for the kernel's own view. `pager` gives the
        bytes of a page by its slot in a paging file; without one, reading such a page is an error."""
        self.memory = memory
        self.pager = pager
        self.kernel_root = kernel_root
        self._user_root = user_root
        self._pages: dict[int, int] = {}

    def with_user(self, root: int) -> AddressSpace:
        """The same kernel half with a process's lower half."""
        return AddressSpace(self.memory, self.kernel_root, root, self.pager)

    def read(self, virtual: int, size: int) -> bytes:
        """Bytes at a virtual address. Raises DamagedError if a page is not mapped, PagedOutError if it is
        in a paging file that cannot be read."""
        offset = virtual & PAGE - 1
        if offset + size <= PAGE:
            return self._part(virtual, size)
        parts = []
        while size > 0:
            part = min(size, PAGE - (virtual & PAGE - 1))
            parts.append(self._part(virtual, part))
            virtual += part
            size -= part
        return b"".join(parts)

    def u64(self, virtual: int) -> int:
        """An unsigned 64-bit number, a pointer for example."""
        return int.from_bytes(self.read(virtual, 8), "little")

    def _part(self, virtual: int, size: int) -> bytes:
        """Bytes of one page."""
        offset = virtual & PAGE - 1
        try:
            return self.memory.read(self._page(virtual - offset) + offset, size)
        except PagedOutError as error:
            if self.pager is None:
                raise
            return self.pager(error.slot)[offset : offset + size]

    def _page(self, virtual: int) -> int:
        """Physical address of a page. Raises PagedOutError."""
        physical = self._pages.get(virtual)
        if physical is None:
            root = self.kernel_root if virtual & _KERNEL_HALF else self._user_root
            physical = None if root is None else walk(self.memory, root, virtual)
            if physical is None and root is not None:
                physical = self._software(root, virtual)
            if physical is None:
                raise DamagedError(f"virtual address {virtual:#x} is not mapped")
            self._pages[virtual] = physical
        return physical

    def _software(self, root: int, virtual: int) -> int | None:
        """The page behind a software entry, if it is in memory."""
        kind, value = software_entry(self.memory, root, virtual) or (0, 0)
        if kind == _PAGED_OUT:
            raise PagedOutError(virtual, value)
        return value << 12 if kind == _TRANSITION else None


def find_kernel_root(memory: GuestMemory, variable: int, hint: int | None = None) -> int | None:
    """The kernel's root table: the one under which the pointer at virtual `variable` names itself.

    `hint` is the physical address of that variable where QEMU could tell it; without one (an ARM64
    processor in user mode translates no kernel address) every page of RAM is tried as the root.
    """
    if hint is not None:
        try:
            root = memory.u64(hint)
        except DamagedError:
            return None
        return root if walk(memory, root, variable) == hint else None
    slot = (variable >> 39 & 511) * 8
    for frame in memory.frames():
        if not memory.u64(frame + slot) & 1:
            continue
        found = walk(memory, frame, variable)
        if found is not None and found - memory.base <= len(memory.ram) - 8 and found >= memory.base:
            root = memory.u64(found)
            if root & _ADDRESS[memory.arch] == frame:
                return root
    return None
