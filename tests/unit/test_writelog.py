"""Logs of a disk's writes: read, cut at any place, with any unflushed write lost."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from smssboot.evidence import writelog
from smssboot.machine.errors import MachineError

SECTOR = 512


def make(path: Path, entries: list[tuple[int, bytes, int]]) -> Path:
    """A log of (sector, data, flags)."""
    out = struct.pack("<QQQI", writelog.MAGIC, writelog.VERSION, len(entries), SECTOR).ljust(SECTOR, b"\0")
    for sector, data, flags in entries:
        head = struct.pack("<QQQQ", sector, len(data) // SECTOR, flags, 0)
        out += head.ljust(SECTOR, b"\0") + data
    path.write_bytes(out)
    return path


@pytest.fixture
def log(tmp_path: Path) -> writelog.WriteLog:
    entries = [
        (0, b"a" * SECTOR, 0),
        (2, b"b" * 2 * SECTOR, 0),
        (0, b"", writelog.FLUSH),
        (1, b"c" * SECTOR, 0),
        (0, b"d" * SECTOR, 0),
    ]
    return writelog.read(make(tmp_path / "log", entries))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(b"." * 4 * SECTOR)
    return path


def disk(path: Path) -> str:
    """The first letter of each sector."""
    data = path.read_bytes()
    return "".join(chr(data[at]) for at in range(0, len(data), SECTOR))


def test_every_prefix(log: writelog.WriteLog, base: Path, tmp_path: Path) -> None:
    found = []
    for count in range(len(log.entries) + 1):
        writelog.replay(log, base, tmp_path / "cut", count)
        found.append(disk(tmp_path / "cut"))
    assert found == ["....", "a...", "a.bb", "a.bb", "acbb", "dcbb"]
    assert log.writes == (0, 1, 3, 4)
    assert log.bytes_written() == 5 * SECTOR


def test_what_was_not_flushed_may_be_lost_and_nothing_else(
    log: writelog.WriteLog, base: Path, tmp_path: Path
) -> None:
    writelog.replay(log, base, tmp_path / "cut", 5, lost=[3])
    assert disk(tmp_path / "cut") == "d.bb"
    assert log.epoch_start(5) == 3
    assert log.epoch_start(2) == 0
    with pytest.raises(ValueError, match="only writes from 3 to 5"):
        writelog.replay(log, base, tmp_path / "cut", 5, lost=[1])


def test_a_write_may_be_torn_between_its_sectors(
    log: writelog.WriteLog, base: Path, tmp_path: Path
) -> None:
    writelog.replay(log, base, tmp_path / "cut", 2, torn={1: 1})
    assert disk(tmp_path / "cut") == "a.b."
    with pytest.raises(ValueError, match="only writes from 3 to 4"):
        writelog.replay(log, base, tmp_path / "cut", 4, torn={1: 1})


def test_the_disk_that_it_starts_from_stays(log: writelog.WriteLog, base: Path, tmp_path: Path) -> None:
    writelog.replay(log, base, tmp_path / "cut", 5)
    assert disk(base) == "...."


TORN = struct.pack("<QQQI", writelog.MAGIC, 1, 3, 512).ljust(512, b"\0")


@pytest.mark.parametrize("data", [b"", b"x" * 512, TORN])
def test_what_is_no_log(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(MachineError, match="log"):
        writelog.read(path)
