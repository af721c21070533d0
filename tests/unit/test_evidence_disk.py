"""Evidence from a disk: images made by other people's tools, whole and damaged, and names that hurt."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import hive_help
import pytest

from smssboot.errors import InfrastructureError
from smssboot.evidence import disk, eventlog, fatvolume, gpt, hives, tools
from smssboot.image import regf
from smssboot.image.volumes import DumpInfo, VolumeInfo
from smssboot.timeline.items import Event

MIB = 1 << 20
OFFSET, SIZE = 34 * MIB, 64 * MIB
PATHS = os.environ["PATH"] + ":/usr/sbin"
ENVIRONMENT = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8", "PATH": PATHS}


def tool(*command: str | Path, text: str | None = None) -> None:
    subprocess.run(
        [os.fspath(part) for part in command], check=True, input=text, text=True, env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def hive() -> bytes:
    root = regf.Key()
    manager = "ControlSet001\\Control\\Session Manager"
    for path, name, kind, data in (
        (manager, "PendingFileRenameOperations2", "REG_MULTI_SZ", ["a", ""]),
        (manager, "Number", "REG_DWORD", 7),
        ("Setup", "SystemPartition", "REG_SZ", "\\Device\\X"),
        ("Elsewhere", "Quiet", "REG_SZ", "x"),
    ):
        key = root.open(path, create=True)
        assert key is not None
        key.values[name] = regf.Value(kind, data)
    return regf.write(root)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with one volume that holds a few files."""
    folder = tmp_path_factory.mktemp("disk")
    image = folder / "disk.raw"
    with image.open("wb") as file:
        file.truncate(128 * MIB)
    script = f"label: gpt\nstart=2048,size=65536,type=U\nstart={OFFSET // 512},size={SIZE // 512}\n"
    tool("sfdisk", "-q", image, text=script)
    place = ("--offset", str(OFFSET // 512), image, str(SIZE // 1024))
    tool("mkfs.vfat", "-F", "32", "-s", "1", "-n", "SYSTEM", "-i", "12345678", *place)
    at = f"{image}@@{OFFSET}"
    tool("mmd", "-i", at, "::/Windows", "::/Windows/System32", "::/Windows/System32/config", "::/Empty")
    for name, content in (
        ("Windows/System32/config/SYSTEM", hive()), ("Long name [1] with ünïcode.text", b"hello"),
        ("NOTHING", b""), ("BIG.BIN", bytes(5 * MIB)), ("pagefile.sys", bytes(4096)),
        ("Windows/System32/config/SysEvent.Evt", bytes(0x30) + record("smss", "what happened")),
    ):  # fmt: skip
        source = folder / "source"
        source.write_bytes(content)
        tool("mcopy", "-i", at, source, f"::/{name}")
    tool("mattrib", "-i", at, "+r", "+h", "::/NOTHING")
    return image


def record(source: str, text: str) -> bytes:
    """An EVENTLOGRECORD of one string."""
    names = (source + "\0" + "NTBOX\0").encode("utf-16-le")
    strings = 56 + len(names)
    body = names + (text + "\0").encode("utf-16-le") + struct.pack("<I", 0xC0000034)
    body += bytes(-len(body) % 4)
    length = 56 + len(body) + 4
    data = 56 + len(names) + 2 * (len(text) + 1)
    offsets = (0, strings, 0, 0, 4, data)
    fixed = struct.pack("<I4sIIIIHHHHIIIIII", length, b"LfLe", 1, 0, 0, 3, 1, 1, 0, 0, *offsets)
    return fixed + body + struct.pack("<I", length)


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "disk.raw"))


def volume(letter: str = "C:") -> VolumeInfo:
    return VolumeInfo(
        letter, r"\Device\HarddiskVolume2", "", "FAT32", "SYSTEM", "1234-5678", OFFSET, SIZE, SIZE // 512, 0,
        512, False, (), {}, None,
    )  # fmt: skip


def look(image: Path) -> list[Event]:
    events = disk.inspect(image, [volume()])
    assert [path for path in image.parent.iterdir() if path.name.startswith(".disk-")] == []
    return events


def of(events: list[Event], name: str) -> list[dict[str, str]]:
    return [dict(event.data) for event in events if event.name == name]


def test_a_whole_disk_is_told_as_it_is(made: Path) -> None:
    events = look(made)
    assert of(events, "disk.table") == [{"scheme": "gpt", "partitions": "2", "status": "ok"}]
    (told,) = of(events, "disk.volume")
    assert told["volume"] == "C:" and told["serial"] == "1234-5678" and told["label"] == "SYSTEM"
    assert (told["dirty"], told["fsck"], told["problems"]) == ("0", "clean", "0")
    assert 0 < int(told["free"]) < SIZE
    files = {entry["path"]: entry for entry in of(events, "disk.file")}
    named = files[r"C:\Long name [1] with ünïcode.text"]
    assert named["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert files[r"C:\NOTHING"]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert set("HR") <= set(files[r"C:\NOTHING"]["attributes"])
    assert files[r"C:\BIG.BIN"]["size"] == str(5 * MIB) and "sha256" not in files[r"C:\BIG.BIN"]
    assert "sha256" not in files[r"C:\pagefile.sys"]
    assert {entry["path"] for entry in of(events, "disk.directory")} >= {r"C:\Empty", r"C:\Windows\System32"}
    assert all(event.voice == "evidence" and event.seq is None for event in events)


@pytest.mark.parametrize(("start", "told"), [(b"PAGEDU64", "1"), (b"PAGEPAGE", "0"), (bytes(8), "0")])
def test_a_dump_that_would_be_found_again_is_told(copy: Path, start: bytes, told: str) -> None:
    source = copy.parent / "source"
    source.write_bytes(start + bytes(4096))
    tool("mcopy", "-o", "-i", f"{copy}@@{OFFSET}", source, "::/pagefile.sys")
    dump = DumpInfo(r"C:\pagefile.sys", 0x50, (0, 0, 0, 0), 8192, "")
    events = disk.inspect(copy, [volume()._replace(dump=dump)])
    found = {entry["path"]: entry["dump"] for entry in of(events, "disk.file") if "dump" in entry}
    assert found == {r"C:\pagefile.sys": told}


def test_a_volume_in_which_nothing_is_is_whole(copy: Path) -> None:
    with copy.open("r+b") as file:
        file.seek(OFFSET)
        file.write(bytes(1 << 20))
    place = ("--offset", str(OFFSET // 512), copy, str(SIZE // 1024))
    tool("mkfs.vfat", "-F", "32", "-s", "1", "-n", "DATA", "-i", "12345678", *place)
    (told,) = of(look(copy), "disk.volume")
    assert (told["fsck"], told["problems"], told["label"]) == ("clean", "0", "DATA")
    assert not of(look(copy), "disk.file")


def test_a_hive_is_read_by_two_readers(made: Path) -> None:
    events = look(made)
    (told,) = of(events, "hive.file")
    assert (told["status"], told["readers"]) == ("clean", "agree")
    values = {(entry["key"], entry["name"]): entry["data"] for entry in of(events, "hive.value")}
    manager = r"\Registry\Machine\SYSTEM\ControlSet001\Control\Session Manager"
    assert values[manager, "Number"] == "7"
    assert values[r"\Registry\Machine\SYSTEM\Setup", "SystemPartition"] == "\\Device\\X"
    assert not any(name == "Quiet" for _, name in values)
    assert of(events, "hive.no-value") == [{"key": manager, "name": "PendingFileRenameOperations"}]


def test_the_event_log_is_read(made: Path) -> None:
    assert of(look(made), "event-log.record") == [{"source": "smss", "id": "3", "text": "what happened"}]


def write(image: Path, offset: int, data: bytes) -> None:
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize(
    ("offset", "data", "reason"),
    [
        (510, b"\0\0", "MBR"),
        (512, b"X", "primary header: no signature"),
        (512 + 60, b"\xff", "primary header: bad checksum"),
        (1024 + 32, b"\xff", "primary header: bad checksum of entries"),
        (128 * MIB - 512, b"X", "backup header: no signature"),
    ],
)
def test_a_damaged_table_is_told(copy: Path, offset: int, data: bytes, reason: str) -> None:
    write(copy, offset, data)
    (told,) = of(look(copy), "disk.table")
    assert told["status"] == "damaged"
    assert reason in told["reason"]


def test_a_disk_of_nothing(tmp_path: Path) -> None:
    image = tmp_path / "disk.raw"
    image.write_bytes(b"")
    events = look(image)
    assert of(events, "disk.table")[0]["status"] == "damaged"
    assert of(events, "disk.volume")[0]["fsck"] == "damaged"
    with pytest.raises(InfrastructureError):
        disk.inspect(tmp_path / "none", [])


def fat_start() -> int:
    return OFFSET + 32 * 512


def test_a_dirty_volume_is_dirty_and_no_more(copy: Path) -> None:
    write(copy, OFFSET + 65, b"\x01")
    (told,) = of(look(copy), "disk.volume")
    assert (told["dirty"], told["fsck"]) == ("1", "dirty")


def test_a_dirty_bit_in_the_table_alone_is_seen(copy: Path) -> None:
    write(copy, fat_start() + 7, b"\x07")
    assert of(look(copy), "disk.volume")[0]["dirty"] == "1"


def test_a_lost_chain_is_damage(copy: Path) -> None:
    write(copy, fat_start() + 4 * 60000, b"\xff\xff\xff\x0f")
    (told,) = of(look(copy), "disk.volume")
    assert told["fsck"] == "damaged" and int(told["problems"]) >= 1


@pytest.mark.parametrize("offset", [0, 11, 13, 14, 16, 36, 44])
def test_a_broken_boot_sector_is_survived(copy: Path, offset: int) -> None:
    write(copy, OFFSET + offset, b"\xff\xff")
    assert len(of(look(copy), "disk.volume")) == 1


def find(image: Path, text: str) -> int:
    data = image.read_bytes()
    return data.index(text.encode("utf-16-le"))


def test_a_name_with_controls_is_survived(copy: Path) -> None:
    # The first five characters of a long name lie together.
    at = find(copy, "Long ")
    write(copy, at, "L\n\x1b[g".encode("utf-16-le"))
    events = look(copy)
    assert of(events, "hive.file")[0]["readers"] == "agree"
    for event in events:
        for text in event.data.values():
            text.encode("utf-8")


def entry_of(image: Path, name: bytes) -> int:
    return image.read_bytes().index(name)


def test_a_directory_that_contains_itself_ends(copy: Path) -> None:
    """System32 becomes a second name of the folder that it is in: the tree has no end."""
    with copy.open("rb") as file:
        file.seek(entry_of(copy, b"WINDOWS    ") + 20)
        high = file.read(2)
        file.seek(entry_of(copy, b"WINDOWS    ") + 26)
        low = file.read(2)
    inner = entry_of(copy, b"SYSTEM32   ")
    write(copy, inner + 20, high)
    write(copy, inner + 26, low)
    (told,) = of(look(copy), "disk.volume")
    assert told["fsck"] == "damaged"


def test_a_loop_in_a_file_s_chain_ends(copy: Path) -> None:
    data = copy.read_bytes()
    at = data.index(b"BIG     BIN")
    first = struct.unpack_from("<H", data, at + 26)[0] | struct.unpack_from("<H", data, at + 20)[0] << 16
    write(copy, fat_start() + 4 * (first + 1), struct.pack("<I", first))
    assert of(look(copy), "disk.volume")[0]["fsck"] == "damaged"


@pytest.mark.parametrize("cut", [0, 100, 4096, 5000])
def test_a_hive_cut_short_is_damaged(tmp_path: Path, cut: int) -> None:
    found = hives.read(hive()[:cut], (), tmp_path)
    assert found.status == "damaged" and found.reason


def test_a_hive_with_two_sequences_is_dirty(tmp_path: Path) -> None:
    raw = bytearray(hive())
    struct.pack_into("<I", raw, 4, struct.unpack_from("<I", raw, 8)[0] + 1)
    checksum = 0
    for i in range(0, 508, 4):
        checksum ^= struct.unpack_from("<I", raw, i)[0]
    struct.pack_into("<I", raw, 508, checksum)
    assert hives.read(bytes(raw), (), tmp_path).status == "dirty"
    assert hives.read(bytes(raw), (b"regf" + bytes(600), b"junk"), tmp_path).status == "dirty"


def test_a_dirty_hive_is_read_with_its_log(tmp_path: Path) -> None:
    found = hives.read(*hive_help.unfinished(hive(), "\\Device\\X", "\\Device\\Y"), tmp_path)
    assert (found.status, found.readers) == ("dirty", "agree")
    assert found.values["Setup"]["SystemPartition"] == ("REG_SZ", "\\Device\\Y")


def test_hives_with_flipped_bytes_never_raise(tmp_path: Path) -> None:
    import random

    chance = random.Random(1)
    raw = hive()
    for _ in range(60):
        broken = bytearray(raw)
        for _ in range(3):
            broken[chance.randrange(4096, len(broken))] = chance.randrange(256)
        found = hives.read(bytes(broken), (), tmp_path)
        assert found.status in ("clean", "damaged")


def test_an_event_log_of_anything_is_read() -> None:
    import random

    chance = random.Random(2)
    raw = bytes(0x30) + record("a", "b") + record("smss", "c d")
    assert [(r.source, r.text) for r in eventlog.records(raw)] == [("a", "b"), ("smss", "c d")]
    for _ in range(300):
        broken = bytearray(raw)
        for _ in range(4):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        list(eventlog.records(bytes(broken)))
    assert list(eventlog.records(b"")) == []


def test_a_missing_reader_names_its_package(monkeypatch: pytest.MonkeyPatch, made: Path) -> None:
    tools.find.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(InfrastructureError, match=r"mtools|dosfstools"):
        disk.inspect(made, [volume()])
    tools.find.cache_clear()


def test_a_reader_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", lambda _: sys.executable)
    monkeypatch.setattr(tools, "_SECONDS", 0.3)
    assert tools.ask("mdir", "-c", "import time; time.sleep(60)").status is None
    monkeypatch.setattr(tools, "_SECONDS", 20.0)
    monkeypatch.setattr(tools, "_MOST", 1 << 20)
    answer = tools.ask("mdir", "-c", "import os\nwhile True: os.write(1, b'x' * 65536)")
    assert answer.status is None and len(answer.out) > 1 << 20
    assert tools.ask("mdir", "-c", "print('x')") == (0, b"x\n", b"")


def test_the_contents_of_single_files(made: Path) -> None:
    sizes = {r"\Long name [1] with ünïcode.text": 5, r"\none": 3}
    assert fatvolume.contents(made, OFFSET, sizes) == {r"\Long name [1] with ünïcode.text": b"hello"}


def test_the_table_of_sfdisk(made: Path) -> None:
    with made.open("rb") as file:
        table = gpt.read(file.fileno())
    assert [(part.offset, part.size) for part in table.partitions] == [(MIB, 32 * MIB), (OFFSET, SIZE)]
