"""Pages that left the guest's RAM: read from the disk, where the kernel's table says they lie."""

from __future__ import annotations

from pathlib import Path

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.guestmemory import PAGE
from smssboot.evidence.paging import AddressSpace
from smssboot.evidence.structures import Layout
from smssboot.evidence.symbols import Symbols

_TABLE = "MmPagingFile"
_FILE_SHIFT, _PAGE_MASK = 28, (1 << 28) - 1  # a slot: number of the file, page of the file (mmpaging.h)
_MAX_EXTENTS = 1 << 16


class PagingFiles:
    """The paging files of a guest that stands still."""

    def __init__(self, space: AddressSpace, symbols: Symbols, disk: Path) -> None:
        """`space`: the kernel's view; `disk`: the raw disk. Raises EvidenceError without the symbols."""
        self._space = space
        self._disk = disk
        self._table = symbols.address(_TABLE)
        self._file = Layout.of(symbols, "MMPAGING_FILE")
        self._extent = Layout.of(symbols, "MI_EXTENT")

    def page(self, slot: int) -> bytes:
        """The bytes of a slot. Raises DamagedError when the table or the disk has no such page."""
        number, offset = slot >> _FILE_SHIFT, (slot & _PAGE_MASK) * PAGE
        address = self._space.u64(self._table + 8 * number) if number < 16 else 0
        if not address or not offset:
            raise DamagedError(f"slot {slot:#x} belongs to no paging file")
        file = self._file.at(self._space, address)
        parts = []
        end = offset + PAGE
        for index in range(min(file.u32("ExtentCount"), _MAX_EXTENTS)):
            extent = self._extent.at(self._space, file.pointer("Extents") + index * self._extent.size)
            inside = offset - extent.pointer("FileOffset")
            size = min(end - offset, extent.pointer("Length") - inside)
            if inside < 0 or size <= 0:
                continue
            start = file.pointer("VolumeStart") + extent.pointer("VolumeOffset") + inside
            parts.append(self._read(start, size))
            offset += size
        if offset != end:
            raise DamagedError(f"slot {slot:#x} lies behind the end of its paging file")
        return b"".join(parts)

    def _read(self, start: int, size: int) -> bytes:
        try:
            with self._disk.open("rb") as disk:
                disk.seek(start)
                found = disk.read(size)
        except (OSError, ValueError) as error:
            raise DamagedError(f"the disk cannot be read at {start:#x}: {error}") from None
        if len(found) != size:
            raise DamagedError(f"the disk ends before {start + size:#x}")
        return found
