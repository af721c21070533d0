"""Partition tables: read back by us, by dissect.volume and by sfdisk; damaged ones are refused."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import pytest
from fat_help import MIB, SFDISK

from smssboot.image import gpt, sparse

SECTORS = 64 * MIB // 512
DISK = uuid.uuid5(uuid.NAMESPACE_URL, "disk")
PARTS = [
    gpt.Partition(gpt.ESP_TYPE, uuid.uuid5(DISK, "1"), 2048, 8192, "EFI system partition"),
    gpt.Partition(gpt.BASIC_DATA_TYPE, uuid.uuid5(DISK, "2"), 10240, 20480, "Grüße"),
    gpt.Partition(gpt.BASIC_DATA_TYPE, uuid.uuid5(DISK, "3"), 30720, 2048, ""),
]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    with sparse.SparseFile(path, SECTORS * 512) as out:
        gpt.write(out.write, SECTORS, DISK, PARTS)
    return path


def read(raw: bytes) -> list[gpt.Partition]:
    return gpt.read(lambda at, length: raw[at : at + length])


def test_we_read_what_we_wrote(disk: Path) -> None:
    assert read(disk.read_bytes()) == PARTS


def test_sfdisk_finds_no_fault(disk: Path) -> None:
    done = subprocess.run([SFDISK, "--verify", str(disk)], capture_output=True, text=True)
    assert done.returncode == 0
    assert "No errors detected" in done.stdout
    dumped = subprocess.run([SFDISK, "-d", str(disk)], capture_output=True, text=True).stdout
    assert f"label-id: {str(DISK).upper()}" in dumped
    assert dumped.count("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7") == 2


def test_the_copy_at_the_end_serves_as_well(disk: Path) -> None:
    """sfdisk takes the second header when the first is gone."""
    raw = bytearray(disk.read_bytes())
    raw[512:1024] = bytes(512)
    disk.write_bytes(raw)
    dumped = subprocess.run([SFDISK, "-d", str(disk)], capture_output=True, text=True).stdout
    assert str(PARTS[1].guid).upper() in dumped


def test_dissect_reads_the_same(disk: Path) -> None:
    from dissect.volume.disk import Disk

    with disk.open("rb") as file:
        found = Disk(file).partitions
        # dissect.volume leaves the last sector out.
        assert [(p.offset, p.size + 512, p.guid) for p in found] == [
            (p.first * 512, p.sectors * 512, p.guid) for p in PARTS
        ]
        assert found[1].name == "Grüße"


@pytest.mark.parametrize(
    ("at", "said"), [(512, "has no GUID"), (520 + 60, "wrong checksum"), (1024 + 40, "wrong checksum")]
)
def test_a_damaged_table_is_refused(disk: Path, at: int, said: str) -> None:
    raw = bytearray(disk.read_bytes())
    raw[at] ^= 1
    with pytest.raises(ValueError, match=said):
        read(bytes(raw))


def test_what_is_no_disk_at_all() -> None:
    for raw in (b"", bytes(4096), b"EFI PART" * 1000):
        with pytest.raises(ValueError):
            read(raw)
