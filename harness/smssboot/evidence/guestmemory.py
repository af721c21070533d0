"""Guest RAM as the host sees it: bytes at guest physical addresses, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from smssboot.evidence.errors import DamagedError

PAGE = 4096
_U64 = struct.Struct("<Q")


class Bytes(Protocol):
    """What `mmap` and `bytes` have in common: length and slices."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: slice, /) -> bytes: ...


@dataclass(frozen=True)
class GuestMemory:
    """`ram[0]` is guest physical address `base`. `arch`: x86_64 or aarch64."""

    ram: Bytes
    base: int
    arch: str

    def read(self, physical: int, size: int) -> bytes:
        """Raises DamagedError outside RAM."""
        start = physical - self.base
        if start < 0 or start + size > len(self.ram):
            raise DamagedError(f"physical address {physical:#x} is outside guest memory")
        return self.ram[start : start + size]

    def u64(self, physical: int) -> int:
        """An unsigned 64-bit little-endian number."""
        number: int = _U64.unpack(self.read(physical, 8))[0]
        return number

    def frames(self) -> Iterator[int]:
        """Physical addresses of all pages."""
        return iter(range(self.base, self.base + len(self.ram), PAGE))
