"""Images with a disk: what is on it, who reads it, that it repeats, and what is said about wrong recipes."""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import fat_help
import hive_help
import pytest
from fat_help import MIB, dissected, fsck, mtools

from smssboot.errors import InputError
from smssboot.image import build as building
from smssboot.image import fatjournal, guest, hive, modules, sparse
from smssboot.image.built import PLACEHOLDER, BuiltImage
from smssboot.image.recipe import load_recipe, recipe_names

NONCE = "0123456789012345"
MACHINES = {"x86_64": 0x8664, "aarch64": 0xAA64}
MANAGER = r"ControlSet001\Control\Session Manager"
NAMES = (
    "ntoskrnl.exe", "smss.exe", "ntdll.dll", "win32k.sys", "viostor.sys", "fastfat.sys", "null.sys",
    "autochk.exe", "bootmark.exe", "winsrv.dll",
)  # fmt: skip


def portable_executable(arch: str, size: int = 5000) -> bytes:
    head = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + MACHINES[arch].to_bytes(2, "little")
    header = head.ljust(84, b"\0") + (240).to_bytes(2, "little") + bytes(2) + (0x20B).to_bytes(2, "little")
    return header.ljust(size, b"\x90")


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    for arch, kind, loader in (("x86_64", "elf", "BOOTX64"), ("aarch64", "img", "BOOTAA64")):
        folder = tmp_path / "binaries" / arch
        folder.mkdir(parents=True)
        (folder / f"boot-{arch}.{kind}").write_bytes(b"boot")
        (folder / f"{loader}.EFI").write_bytes(b"MZ loader")
        (folder / "ntoskrnl.symbols.json").write_text("{}")
        for name in NAMES:
            (folder / name).write_bytes(portable_executable(arch) + name.encode())
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): tmp_path / "binaries" / arch)


def built(folder: Path, text: str = "", arch: str = "x86_64") -> BuiltImage:
    path = folder / "mine.yaml"
    path.write_text("extends: disk\n" + text, "utf-8")
    return building.build(path, arch)


def cut(image: BuiltImage, number: int, path: Path, disk: Path | None = None) -> Path:
    """One volume of a disk as a file of its own."""
    volume = image.volumes[number]
    whole = disk or image.disk
    assert whole is not None
    sparse.copy(whole, path)
    with path.open("r+b") as file, whole.open("rb") as source:
        for at in range(0, volume.bytes, MIB):
            source.seek(volume.offset + at)
            file.seek(at)
            file.write(source.read(MIB))
        file.truncate(volume.bytes)
    return path


def test_the_system_volume_has_everything_and_the_modules_what_a_loader_loads(tmp_path: Path) -> None:
    image = built(tmp_path)
    assert image.disk is not None
    assert image.disk.stat().st_size == 256 * MIB
    assert image.disk.stat().st_blocks * 512 < 4 * MIB
    system = cut(image, 1, tmp_path / "c")
    assert fsck(system)[0] == 0
    found = dissected(system)
    programs = {name: portable_executable("x86_64") + name.encode() for name in NAMES}
    assert {path: data for path, data in found.items() if path.endswith((".exe", ".dll", ".sys"))} == {
        (r"\Windows\System32\drivers" if name in ("viostor.sys", "fastfat.sys", "null.sys")
         else r"\Windows\System32") + "\\" + name: data
        for name, data in programs.items()
    }  # fmt: skip
    hives = {"SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"}
    assert {path.rpartition("\\")[2] for path in found if r"\config" in path} == hives
    loaded = [name for name, _, _ in modules.members(image.modules.read_bytes())]
    assert loaded == [
        "Windows/System32/config/SYSTEM",
        "Windows/System32/ntoskrnl.exe",
        "Windows/System32/drivers/fastfat.sys",
        "Windows/System32/drivers/viostor.sys",
    ]
    firmware = dissected(cut(image, 0, tmp_path / "esp"))
    assert set(firmware) == {r"\EFI\BOOT\boot.cfg", r"\EFI\BOOT\BOOTX64.EFI"}
    info = image.volumes[1]
    assert (info.letter, info.device, info.guid) == ("C:", r"\Device\HarddiskVolume2", image.disk_guid)
    for path, data in found.items():
        told = info.files[path.lower()]
        assert told.size == len(data)
        assert told.sha256 in ("", hashlib.sha256(data).hexdigest())


def test_without_a_disk_every_file_is_a_module() -> None:
    image = building.build("diskless", "x86_64")
    assert image.disk is None
    assert image.volumes == ()
    loaded = {name for name, _, _ in modules.members(image.modules.read_bytes())}
    assert "Windows/System32/smss.exe" in loaded
    assert "Windows/System32/win32k.sys" in loaded
    assert "Windows/System32/drivers/null.sys" in loaded


@pytest.mark.parametrize("name", recipe_names())
def test_the_volumes_of_every_recipe_are_what_they_say(name: str, tmp_path: Path) -> None:
    image = building.build(name, "x86_64")
    for number, volume in enumerate(image.volumes):
        cut(image, number, one := tmp_path / str(number))
        assert (fsck(one)[0] == 0) == (not volume.dirty and not volume.problems)


def test_two_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "files: {'\\a.txt': {text: x}}\ndamage: lost-chain\ndump: {bugcheck: 0xC2, size: 1 MiB}\n"
    first = built(tmp_path, text)
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "again"))
    second = built(tmp_path, text)
    assert first.disk != second.disk
    assert first.disk is not None and second.disk is not None
    assert first.disk.read_bytes() == second.disk.read_bytes()
    assert first.sha256 == second.sha256


def test_each_boot_has_its_nonce_on_its_own_copy(tmp_path: Path) -> None:
    image = built(tmp_path)
    assert image.disk is not None
    disk = image.plant_disk(NONCE, tmp_path / "disk", "profile=a image=b")
    assert disk.stat().st_blocks <= image.disk.stat().st_blocks + 16
    raw = disk.read_bytes()
    assert PLACEHOLDER.encode() not in raw
    assert PLACEHOLDER.encode("utf-16-le") not in raw
    found = dissected(cut(image, 1, tmp_path / "c", disk))
    assert found[r"\Windows\Temp\smssboot-nonce.txt"] == NONCE.encode()
    path = tmp_path / "SYSTEM"
    path.write_bytes(found[r"\Windows\System32\config\SYSTEM"])
    assert hive.read(path) == image.registry_for(NONCE)
    planted = modules.members(data := image.plant(NONCE, tmp_path / "modules").read_bytes())
    at, size = next((at, n) for name, at, n in planted if name.endswith("SYSTEM"))
    assert data[at : at + size] == path.read_bytes()
    manager = image.registry_for(NONCE)[MANAGER]
    assert manager["PendingFileRenameOperations"][1] == [
        r"\??\C:\Windows\Temp\smssboot-nonce.txt",
        rf"\??\C:\smssboot-{NONCE}.txt",
    ]
    assert manager["BootExecute"][1][-1] == rf"bootmark {NONCE} \??\C:\Windows\Temp\bootmark.txt"
    line = dissected(cut(image, 0, tmp_path / "esp", disk))[r"\EFI\BOOT\boot.cfg"]
    assert line.split() == [b"profile=a", b"image=b"]
    assert line.endswith(b"\n") and len(line) == 512


@pytest.mark.parametrize(("arch", "machine"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_dissect_takes_it_for_windows(arch: str, machine: str, tmp_path: Path) -> None:
    from dissect.target import Target

    target = Target.open(built(tmp_path, arch=arch).disk)
    assert target.os == "windows"
    assert target.hostname == "NTBOX"
    assert target.version == "Windows 11 Pro (NT 10.0) 22631.1"
    assert machine in target.architecture
    assert {"viostor", "fastfat", "Null"} <= {service.name for service in target.services()}
    told = {e.name: e.value for e in target.environment_variables()}
    assert told["%systemroot%"] == told["%windir%"] == r"C:\Windows"
    assert told["%programfiles%"] == r"C:\Program Files"
    # dissect looks for %path%, %temp% and %tmp% below SYSTEM\CurrentControlSet\Session Manager, without the
    # `Control` of Windows: it cannot find them on any Windows. Its registry has them where they are.
    key = target.registry.key(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment")
    held = {value.name: value.value for value in key.values()}
    assert held["Path"] == r"%SystemRoot%\system32;%SystemRoot%"
    assert held["PROCESSOR_ARCHITECTURE"] == machine.upper()
    assert target.fs.path("C:/Windows/System32/smss.exe").exists()


def test_files_volumes_and_attributes(tmp_path: Path) -> None:
    (tmp_path / "host.bin").write_bytes(b"from the host")
    text = r"""
files:
  \Windows\Temp\a.txt: {text: "Grüße\n", attributes: [readonly, hidden, system]}
  \Windows\Temp\host.bin: {file: host.bin}
  \Windows\Temp\zeros: {size: 1 MiB}
  \bytes: {hex: 00 ff 7f}
  \Folder\世界: {directory: true}
  \windows\system32\SMSS.EXE: {remove: true}
  \Windows\System32\ntdll.dll: {attributes: [readonly]}
volumes:
  - {letter: D, size: 64 MiB, label: data, dirty: true, files: {\x.txt: {text: x}}}
  - {letter: 'X:', size: 40 MiB}
"""
    image = built(tmp_path, text)
    system = cut(image, 1, tmp_path / "c")
    found = dissected(system)
    assert found[r"\Windows\Temp\a.txt"] == "Grüße\n".encode()
    assert found[r"\Windows\Temp\host.bin"] == b"from the host"
    assert found[r"\Windows\Temp\zeros"] == bytes(MIB)
    assert found[r"\bytes"] == b"\x00\xff\x7f"
    assert r"\Windows\System32\smss.exe" not in found
    files = image.volumes[1].files
    assert files[r"\folder\世界"].directory
    assert files[r"\windows\temp\a.txt"].readonly
    assert files[r"\windows\system32\ntdll.dll"].readonly
    assert not files[r"\windows\system32\ntoskrnl.exe"].readonly
    assert b"SHR" in mtools("mattrib", "-i", str(system), "::/Windows/Temp/a.txt")
    data = cut(image, 2, tmp_path / "d")
    assert dissected(data) == {r"\x.txt": b"x"}
    assert fsck(data)[0] == 1
    told = [(v.letter, v.device, v.label, v.dirty) for v in image.volumes[2:]]
    assert told == [
        ("D:", r"\Device\HarddiskVolume3", "DATA", True),
        ("X:", r"\Device\HarddiskVolume4", "", False),
    ]
    mounted = image.registry_for(NONCE)["MountedDevices"]
    assert set(mounted) == {rf"\DosDevices\{letter}:" for letter in "CDX"}


def test_hives_of_every_kind_by_two_readers(tmp_path: Path) -> None:
    text = r"""
hives:
  SOFTWARE:
    set:
      Vendor\Grüße:
        number: {type: REG_QWORD, data: 0x123456789ABCDEF0}
        none: {type: REG_NONE}
        blob: {type: REG_BINARY, hex: de ad be ef 00}
        list: ["", a, "", ""]
        path: {type: REG_EXPAND_SZ, data: '%SystemRoot%\x'}
    delete: [Microsoft\Windows\CurrentVersion]
  SAM: {set: {SAM: {level: 1}}}
"""
    image = built(tmp_path, text)
    found = dissected(cut(image, 1, tmp_path / "c"))
    path = tmp_path / "SOFTWARE"
    path.write_bytes(found[r"\Windows\System32\config\SOFTWARE"])
    registry = hive.read(path)
    assert registry[r"Vendor\Grüße"] == {
        "number": ("REG_QWORD", 0x123456789ABCDEF0),
        "none": ("REG_NONE", b""),
        "blob": ("REG_BINARY", bytes.fromhex("deadbeef00")),
        "list": ("REG_MULTI_SZ", ["", "a", "", ""]),
        "path": ("REG_EXPAND_SZ", r"%SystemRoot%\x"),
    }
    assert r"Microsoft\Windows\CurrentVersion" not in registry
    said = subprocess.run(["hivexml", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Grüße" in said
    path.write_bytes(found[r"\Windows\System32\config\SAM"])
    assert hive.read(path)["SAM"] == {"level": ("REG_DWORD", 1)}


def test_a_nearly_full_volume(tmp_path: Path) -> None:
    image = built(tmp_path, "fill: {free: 1 MiB}\n")
    assert MIB - 4096 <= image.volumes[1].free <= MIB
    assert image.disk is not None and image.disk.stat().st_blocks * 512 < 8 * MIB
    system = cut(image, 1, tmp_path / "c")
    assert fsck(system)[0] == 0
    (tmp_path / "two").write_bytes(bytes(2 * MIB))
    command = ["mcopy", "-i", str(system), str(tmp_path / "two"), "::/two"]
    assert b"Disk full" in subprocess.run(command, capture_output=True).stderr


def test_a_planted_crash_dump(tmp_path: Path) -> None:
    image = built(tmp_path, "dump: {bugcheck: 0x6F, size: 2 MiB, parameters: [1, 2, 3, 4]}\n")
    data = dissected(cut(image, 1, tmp_path / "c"))[r"\pagefile.sys"]
    assert data[:8] == b"PAGEDU64"
    assert struct.unpack_from("<I4x4Q", data, 0x38) == (0x6F, 1, 2, 3, 4)
    assert struct.unpack_from("<Q", data, 0xFA0) == (2 * MIB,)
    pages = {data[at : at + 4096] for at in range(0x2000, len(data), 4096)}
    assert len(pages) == (2 * MIB - 0x2000) // 4096  # no page is like another
    dump = image.volumes[1].dump
    assert dump is not None
    assert (dump.bugcheck, dump.bytes, dump.sha256) == (0x6F, 2 * MIB, hashlib.sha256(data).hexdigest())


def test_declared_and_raw_damage(tmp_path: Path) -> None:
    size = r"{kind: bad-size, path: '\Windows\System32\smss.exe'}"
    text = f"damage: [lost-chain, {size}, {{offset: 3, xor: 255}}]\n"
    image = built(tmp_path, text)
    assert image.volumes[1].problems == ("lost-chain", "bad-size", "raw")
    system = cut(image, 1, tmp_path / "c")
    assert system.read_bytes()[3] == ord("S") ^ 255
    assert fsck(system)[0] == 1


def test_a_disk_made_by_others(tmp_path: Path) -> None:
    made = built(tmp_path, "files: {'\\Windows\\Temp\\Grüße.txt': {text: hi, attributes: [readonly]}}\n")
    assert made.disk is not None
    other = made.plant_disk(NONCE, tmp_path / "other.raw", "")
    text = "image: other.raw\n"
    image = built(tmp_path, text)
    assert image.disk is not None
    assert image.disk.read_bytes() == other.read_bytes()
    assert image.nonce_spots == image.disk_spots == ()
    assert image.disk_guid == made.disk_guid
    assert image.boot_line == made.boot_line is not None
    names = [name for name, _, _ in modules.members(image.modules.read_bytes())]
    assert names == [name for name, _, _ in modules.members(made.modules.read_bytes())]
    assert image.registry_for("9" * 16) == made.registry_for(NONCE)
    assert set(image.files) == set(made.files)
    ours, theirs = made.volumes[1], image.volumes[1]
    assert ours._replace(files={}) == theirs._replace(files={})
    assert theirs.files.keys() == ours.files.keys()
    assert theirs.files[r"\windows\temp\grüße.txt"] == ours.files[r"\windows\temp\grüße.txt"]
    with pytest.raises(InputError, match=r"mine\.yaml:2:8: .*its kernel is for x86_64, not aarch64"):
        built(tmp_path, text, "aarch64")


def test_a_hive_whose_last_write_was_cut_short_is_what_its_log_makes_of_it(tmp_path: Path) -> None:
    made = built(tmp_path, "registry: {set: {Setup: {Answer: former}}}\n")
    assert made.disk is not None
    other = made.plant_disk(NONCE, tmp_path / "other.raw", "")
    raw, logs = hive_help.unfinished((made.dir / "SYSTEM").read_bytes(), "former", "latest")
    (tmp_path / "SYSTEM").write_bytes(raw)
    for number, log in enumerate(logs, start=1):
        (tmp_path / f"SYSTEM.LOG{number}").write_bytes(log)
    names = ("SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2")
    files = [str(tmp_path / name) for name in names]
    place = f"{other}@@{made.volumes[1].offset}"
    mtools("mcopy", "-o", "-i", place, *files, "::/Windows/System32/config")
    image = built(tmp_path, "image: other.raw\n")
    assert image.registry_for(NONCE)["Setup"]["Answer"] == ("REG_SZ", "latest")
    contents = dict(members(image))
    for name in names:  # the boot loader brings what lies there, not what we know of it
        assert contents[f"Windows/System32/config/{name}"] == (tmp_path / name).read_bytes()


def members(image: BuiltImage) -> list[tuple[str, bytes]]:
    archive = image.modules.read_bytes()
    return [(name, archive[at : at + size]) for name, at, size in modules.members(archive)]


def test_a_volume_is_looked_at_with_its_journal_applied(tmp_path: Path) -> None:
    text = "files: {'\\Here.txt': {text: hi}}\ndirty: true\n"
    made = built(tmp_path, text)
    assert made.disk is not None
    other = made.plant_disk(NONCE, tmp_path / "other.raw", "")
    volume = made.volumes[1]
    data = other.read_bytes()[volume.offset : volume.offset + volume.bytes]
    sector = data.index(b"HERE    TXT") // 512
    changed = bytearray(data[sector * 512 :][:512])
    at = changed.index(b"HERE    TXT")
    changed[at - 32 : at + 32] = b"\xe5" + changed[at - 31 : at] + b"THERE   TXT" + changed[at + 11 : at + 32]
    with other.open("r+b") as file:
        file.seek(volume.offset + 32 * 512)
        file.write(journal_help(data, [(sector, bytes(changed))]))
    before = other.read_bytes()
    image = built(tmp_path, "image: other.raw\n")
    files = image.volumes[1].files
    assert "\\there.txt" in files
    assert "\\here.txt" not in files
    assert image.volumes[1].problems == ()
    assert image.disk is not None
    assert image.disk.read_bytes() == before == other.read_bytes()  # the guest itself is to apply it


def journal_help(volume: bytes, sectors: list[tuple[int, bytes]]) -> bytes:
    """The journal of docs/volume.md."""
    serial = struct.unpack_from("<I", volume, 67)[0]
    body = b"".join(struct.pack("<I", number) for number, _ in sectors).ljust(512, b"\0")
    body += b"".join(data for _, data in sectors)
    head = b"SFATJNL1" + struct.pack("<QIII", 7, serial, len(sectors), 0)
    checksum = zlib.crc32(body, zlib.crc32(head.ljust(512, b"\0")))
    return head[:24].ljust(24, b"\0") + struct.pack("<I", checksum) + bytes(484) + body


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda journal: journal, "replayed"),
        (lambda journal: journal[:-1] + b"x", "torn"),
        (lambda journal: journal[:8] + b"x" + journal[9:], "torn"),
        (lambda journal: journal[:20] + b"\xff\xff\xff\xff" + journal[24:], "torn"),
        (lambda journal: journal[:20] + bytes(4) + journal[24:], "clean"),
        (lambda journal: b"x" + journal[1:], "clean"),
        (lambda journal: journal[:16] + b"xxxx" + journal[20:], "clean"),
    ],
)
def test_what_counts_as_a_journal(change: Callable[[bytes], bytes], state: str, tmp_path: Path) -> None:
    path = fat_help.write(fat_help.volume(fat_help.tree({"a.txt": b"a"})), tmp_path / "volume")
    data = path.read_bytes()
    reserved, size = struct.unpack_from("<H", data, 14)[0], struct.unpack_from("<I", data, 36)[0]
    with path.open("r+b") as file:
        file.seek(32 * 512)
        file.write(change(journal_help(data, [(reserved, b"f" * 512), (reserved + 2 * size, b"d" * 512)])))
        file.flush()
        assert fatjournal.apply(file.fileno(), 0) == state
    after = path.read_bytes()
    places = [reserved, reserved + size, reserved + 2 * size]  # both copies of the FAT
    there = [after[place * 512 :][:512] for place in places]
    old = [data[place * 512 :][:512] for place in places]
    assert there == ([b"f" * 512, b"f" * 512, b"d" * 512] if state == "replayed" else old)


@pytest.mark.parametrize("sector", [0, 40, 1 << 30])
def test_a_journal_of_sectors_that_are_none_of_its_own_is_torn(sector: int, tmp_path: Path) -> None:
    path = fat_help.write(fat_help.volume(fat_help.tree({"a.txt": b"a"})), tmp_path / "volume")
    with path.open("r+b") as file:
        file.seek(32 * 512)
        file.write(journal_help(path.read_bytes(), [(sector, bytes(512))]))
        file.flush()
        assert fatjournal.read(file.fileno(), 0).state == "torn"


def test_a_damaged_volume_of_others_is_said_to_be_one(tmp_path: Path) -> None:
    made = built(tmp_path, "dirty: true\ndamage: [lost-chain, cross-link]\n")
    assert made.disk is not None
    shutil.copy(made.disk, tmp_path / "other.raw")
    image = built(tmp_path, "image: other.raw\n")
    assert (image.volumes[1].dirty, image.volumes[1].problems) == (True, ("raw",))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "has no GUID partition table"), (bytes(MIB), "has no GUID partition table")],
)
def test_what_is_no_disk_image(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "other.raw").write_bytes(content)
    with pytest.raises(InputError, match=said):
        built(tmp_path, "image: other.raw\n")


def test_a_disk_without_a_system(tmp_path: Path) -> None:
    made = built(tmp_path, "files: {'\\Windows\\System32\\config\\SYSTEM': {remove: true}}\n")
    assert made.disk is not None
    shutil.copy(made.disk, tmp_path / "other.raw")
    with pytest.raises(InputError, match="no partition of it has"):
        built(tmp_path, "image: other.raw\n")


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("disk: {size: 100 MiB}\n", 2, 14, "100 MiB is no power of two (near are 64 MiB and 128 MiB)"),
        ("disk: {size: 1 MiB}\n", 2, 14, "1 MiB is not between 64 MiB and 1024 GiB"),
        ("disk: {size: big}\n", 2, 14, "expected a size like '64 MiB', found 'big'"),
        ("disk: {transport: ide}\n", 2, 19, "unknown value 'ide' (valid: memory, virtio)"),
        ("disk: nome\n", 2, 7, "unknown value 'nome' (did you mean 'none'?)"),
        ("volumes: [{label: A}]\n", 2, 11, "'size' is missing"),
        ("volumes: [{letter: C, size: 64 MiB}]\n", 2, 20, "'C' is no free drive letter from D to Z"),
        ("volumes: [{size: 34 MiB}, {letter: D, size: 34 MiB}]\n", 2, 36, "'D' is no free drive letter"),
        ("volumes: [{size: 10 MiB}]\n", 2, 18, "10 MiB is not between 34 MiB"),
        ("volumes: [{size: 240 MiB}]\n", 2, 11, "they leave 10 MiB of 256 MiB for C:"),
        ("volumes: [{size: 64 MiB, label: 'a:b'}]\n", 2, 33, "a label has at most 11"),
        ("files: {a.txt: {text: a}}\n", 2, 9, "expected a path like"),
        ("files: {'\\a:b': {text: a}}\n", 2, 9, "has ':' in it, which FAT forbids"),
        ("files: {'\\a': {text: a}, '\\A': {text: a}}\n", 2, 26, "is here twice, in other letters"),
        ("files: {'\\a': {text: a, hex: 00}}\n", 2, 30, "has both 'text' and 'hex'"),
        ("files: {'\\a': {}}\n", 2, 15, "expected one of text, file, size, hex"),
        ("files: {'\\a': {hex: 0g}}\n", 2, 21, "expected pairs of hexadecimal digits, found '0g'"),
        ("files: {'\\a': {file: none.bin}}\n", 2, 22, "no such file"),
        ("files: {'\\a': {remove: true}}\n", 2, 15, "there is no '\\\\a' to remove"),
        ("files: {'\\a': {attributes: [hiden]}}\n", 2, 29, "did you mean 'hidden'?"),
        ("files: {'\\a': {attributes: [hidden]}}\n", 2, 15, "whose attributes could be set"),
        ("files: {'\\Windows': {text: a}}\n", 2, 21, "is a directory"),
        ("files: {'\\Windows\\System32\\smss.exe\\a': {text: a}}\n", 2, 41, "'smss.exe' is a file"),
        ("files: {'\\a': {size: 300 MiB}}\n", 2, 8, "the files do not fit the volume"),
        ("fill: {free: 1 GiB}\n", 2, 7, "are free on C:"),
        ("dirty: maybe\n", 2, 8, "expected true or false"),
        ("damage: rust\n", 2, 9, "unknown value 'rust'"),
        ("damage: {kind: bad-size, path: '\\no'}\n", 2, 9, "there is no file '\\\\no'"),
        ("damage: {kind: lost-chain, path: '\\no'}\n", 2, 34, "is not done to a file"),
        ("damage: {offset: 1}\n", 2, 9, "expected a 'kind', or 'offset' and 'xor'"),
        ("damage: {offset: 0x10000000, xor: 1}\n", 2, 9, "is beyond the 262144000 bytes of C:"),
        ("dump: {bugcheck: 0}\n", 2, 7, "'size' is missing"),
        ("dump: {bugcheck: 0, size: 1 MiB}\n", 2, 18, "0 is not between 1"),
        ("dump: {bugcheck: 1, size: 1 MiB, parameters: [1]}\n", 2, 46, "has four parameters"),
        ("hives: {SYSTEM: {}}\n", 2, 9, "unknown key 'SYSTEM'"),
        ("disk: none\nfiles: {}\n", 3, 8, "this image has no disk"),
        ("image: mine.yaml\nsessions: 1\n", 3, 11, "cannot be changed in a disk image made by others"),
    ],
)
def test_wrong_recipes_are_named_with_their_place(
    text: str, line: int, column: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        built(tmp_path, text)
    assert said in str(caught.value)
    where = (caught.value.line, caught.value.column)
    if line > 1:
        assert (Path(caught.value.path).name, *where) == ("mine.yaml", line, column)


def test_a_recipe_without_a_disk_ignores_what_its_base_says_of_one(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: disk\nfiles: {'\\a': {text: a}}\n")
    (tmp_path / "mine.yaml").write_text("extends: base\ndisk: none\n")
    assert load_recipe(tmp_path / "mine.yaml").storage.disk is None
