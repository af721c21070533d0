"""Reads the kernel's structures out of an address space by the names of their fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.paging import AddressSpace
from smssboot.evidence.symbols import Symbols

_MAX_STRING = 4096  # bytes of one name


@dataclass(frozen=True)
class Layout:
    """One structure type: reads whole instances at once."""

    name: str
    size: int
    offsets: dict[str, int]

    @classmethod
    def of(cls, symbols: Symbols, name: str) -> Layout:
        """Raises EvidenceError if the symbol file does not know the structure."""
        prefix = f"{name}."
        fields = {k[len(prefix) :]: offset for k, offset in symbols.offsets.items() if k.startswith(prefix)}
        return cls(name, symbols.size(name), fields)

    def at(self, space: AddressSpace, address: int) -> Structure:
        """The instance at a virtual address. Raises DamagedError if it is not mapped."""
        return Structure(self, space, address, space.read(address, self.size))


@dataclass(frozen=True)
class Structure:
    """An instance, copied out of the guest."""

    layout: Layout
    space: AddressSpace
    address: int
    raw: bytes

    def number(self, field: str, size: int) -> int:
        """An unsigned little-endian number of `size` bytes."""
        start = self.layout.offsets[field]
        return int.from_bytes(self.raw[start : start + size], "little")

    def pointer(self, field: str) -> int:
        """A pointer or another 64-bit number."""
        return self.number(field, 8)

    def u32(self, field: str) -> int:
        return self.number(field, 4)

    def u8(self, field: str) -> int:
        return self.raw[self.layout.offsets[field]]

    def where(self, field: str) -> int:
        """Virtual address of a field."""
        return self.address + self.layout.offsets[field]

    def ascii(self, field: str, size: int) -> str:
        """A NUL-terminated string inside the structure."""
        start = self.layout.offsets[field]
        text = self.raw[start : start + size].partition(b"\0")[0]
        return text.decode("ascii", "replace")

    def unicode(self, field: str) -> str:
        """A UNICODE_STRING. Raises DamagedError if it is longer than names are or not mapped."""
        start = self.layout.offsets[field]
        length = int.from_bytes(self.raw[start : start + 2], "little")
        buffer = int.from_bytes(self.raw[start + 8 : start + 16], "little")
        if length > _MAX_STRING or length % 2:
            raise DamagedError(f"{self.layout.name}.{field} at {self.address:#x} has length {length}")
        return self.space.read(buffer, length).decode("utf-16-le", "replace") if length else ""


def linked_list(space: AddressSpace, head: int, limit: int) -> Iterator[int]:
    """Addresses of the LIST_ENTRYs behind `head`, forwards. Raises DamagedError on a broken list."""
    previous, entry = head, space.u64(head)
    for _ in range(limit):
        if entry == head:
            return
        links = space.read(entry, 16)
        if int.from_bytes(links[8:], "little") != previous:
            raise DamagedError(f"the list at {head:#x} is broken at {entry:#x}")
        yield entry
        previous, entry = entry, int.from_bytes(links[:8], "little")
    raise DamagedError(f"the list at {head:#x} has more than {limit} entries")
