"""Pages that the guest took out of RAM: found on the disk, told when they cannot be, never guessed."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_kernel import IMAGE, OFFSETS, PEB_VA, SIZES, SYMBOLS, FakeKernel

from smssboot.evidence import memory
from smssboot.evidence.symbols import Symbols
from smssboot.timeline.items import Event

TABLE = IMAGE + 0x1100
VOLUME = 0x10_0000  # where the volume begins on the disk
PAGING = Symbols(
    image_base=SYMBOLS.image_base,
    symbols={**SYMBOLS.symbols, "MmPagingFile": TABLE - IMAGE},
    offsets={
        **OFFSETS,
        **{"MMPAGING_FILE.VolumeStart": 0, "MMPAGING_FILE.Extents": 8, "MMPAGING_FILE.ExtentCount": 16},
        **{"MI_EXTENT.FileOffset": 0, "MI_EXTENT.VolumeOffset": 8, "MI_EXTENT.Length": 16},
    },
    sizes={**SIZES, "MMPAGING_FILE": 24, "MI_EXTENT": 24},
)
PAGED_OUT, TRANSITION = 2, 1
ENVIRONMENT = ["OS=Windows_NT", "Path=C:\\Windows"]


@pytest.fixture(params=["x86_64", "aarch64"])
def kernel(request: pytest.FixtureRequest) -> FakeKernel:
    made = FakeKernel(request.param)
    made.process(8, 4, "smss.exe", environment=ENVIRONMENT)
    extents = struct.pack("<6Q", 0, 0x4000, 0x2800, 0x2800, 0x9000, 0x5800)
    file = made.allocate(struct.pack("<QQII", VOLUME, made.allocate(extents), 2, 0))
    made.poke(TABLE, struct.pack("<Q", file))
    return made


def entry_of(kernel: FakeKernel) -> int:
    """Physical address of the last-level entry of the PEB's page."""
    root = next(
        kernel.peek64(kernel.physical(address + 24))
        for address in [kernel.peek64(kernel.physical(IMAGE + 0x1010)) - 80]
    )
    table = root
    for shift in (39, 30, 21):
        table = kernel.peek64(table + (PEB_VA >> shift & 511) * 8) & 0x0000_FFFF_FFFF_F000
    return table + (PEB_VA >> 12 & 511) * 8


def page_out(kernel: FakeKernel, disk: Path, slot: int) -> None:
    """Moves the PEB's page to a slot, whose bytes may lie in two places; its frame is overwritten."""
    at = entry_of(kernel)
    frame = kernel.peek64(at) & 0x0000_FFFF_FFFF_F000
    page = bytes(kernel.ram[frame - kernel.base : frame - kernel.base + 4096])
    kernel.poke_physical(frame, b"\xcc" * 4096)
    kernel.poke_physical(at, struct.pack("<Q", slot << 12 | PAGED_OUT << 1))
    raw = bytearray(VOLUME + 0x10000)
    for n, byte in enumerate(page):
        offset = (slot & 0x0FFF_FFFF) * 4096 + n
        raw[VOLUME + (0x4000 + offset if offset < 0x2800 else 0x9000 + offset - 0x2800)] = byte
    disk.write_bytes(raw)


def look(kernel: FakeKernel, disk: Path | None) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in memory.inspect(kernel.memory(), PAGING, disk=disk):
        found.setdefault(event.name, []).append(event)
    return found


@pytest.mark.parametrize("slot", [1, 2, 3])  # 2 lies in both extents
def test_a_page_is_read_from_the_paging_file(kernel: FakeKernel, tmp_path: Path, slot: int) -> None:
    page_out(kernel, tmp_path / "disk", slot)
    found = look(kernel, tmp_path / "disk")
    assert [event.data["block"] for event in found["memory.environment"]] == ["\0".join(ENVIRONMENT)]
    assert "memory.damaged" not in found and "memory.paged-out" not in found


def test_without_a_disk_the_evidence_says_so(kernel: FakeKernel, tmp_path: Path) -> None:
    page_out(kernel, tmp_path / "disk", 1)
    found = look(kernel, None)
    assert "memory.environment" not in found and "memory.damaged" not in found
    (event,) = found["memory.paged-out"]
    assert event.data["pid"] == "8" and "paged out" in event.data["reason"]


@pytest.mark.parametrize("slot", [0, 8, 1 << 28 | 1, (1 << 32) - 1])
def test_a_slot_that_is_not_there_is_damage(kernel: FakeKernel, tmp_path: Path, slot: int) -> None:
    page_out(kernel, tmp_path / "disk", 1)
    kernel.poke_physical(entry_of(kernel), struct.pack("<Q", slot << 12 | PAGED_OUT << 1))
    found = look(kernel, tmp_path / "disk")
    assert "memory.environment" not in found
    assert len(found["memory.damaged"]) == 1


def test_a_short_disk_is_damage(kernel: FakeKernel, tmp_path: Path) -> None:
    page_out(kernel, tmp_path / "disk", 1)
    (tmp_path / "disk").write_bytes(bytes(VOLUME))
    assert len(look(kernel, tmp_path / "disk")["memory.damaged"]) == 1


def test_a_page_that_must_not_be_touched_is_in_memory(kernel: FakeKernel) -> None:
    at = entry_of(kernel)
    frame = kernel.peek64(at) & 0x0000_FFFF_FFFF_F000
    kernel.poke_physical(at, struct.pack("<Q", frame | TRANSITION << 1))
    assert len(look(kernel, None)["memory.environment"]) == 1
