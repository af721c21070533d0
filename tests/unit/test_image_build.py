"""Images: what goes in, where the nonce is, and when nothing has to be made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from smssboot.errors import InputError, UsageError
from smssboot.image import build as building
from smssboot.image import guest, hive, modules, regf
from smssboot.image.built import PLACEHOLDER, bytes_with_nonce, new_nonce
from smssboot.image.paths import PROJECT

NONCE = "0123456789012345"
MACHINES = {"x86_64": 0x8664, "aarch64": 0xAA64}
MANAGER = r"ControlSet001\Control\Session Manager"


def portable_executable(machine: int, size: int = 600) -> bytes:
    """Just enough of a PE file to be told from others."""
    head = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + machine.to_bytes(2, "little")
    return head.ljust(size, b"\x90")


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A guest build without a compiler: the files' names and kinds are all that counts here."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    for arch, kind in (("x86_64", "elf"), ("aarch64", "img")):
        (folder / f"boot-{arch}.{kind}").write_bytes(b"boot")
        (folder / f"tiny-{arch}.{kind}").write_bytes(b"tiny")
    for name in ("smss.exe", "ntoskrnl.exe", "ntdll.dll", "win32k.sys"):
        (folder / name).write_bytes(portable_executable(MACHINES["x86_64"]))
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)
    return folder


def recipe(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text("extends: diskless\n" + text, "utf-8")
    return path


def contents(data: bytes) -> dict[str, bytes]:
    return {name: data[at : at + size] for name, at, size in modules.members(data)}


def test_the_modules_hold_programs_and_hive_kernel_first() -> None:
    image = building.build("diskless", "x86_64")
    found = contents(image.modules.read_bytes())
    assert list(found) == [
        "Windows/System32/config/SYSTEM",
        "Windows/System32/ntoskrnl.exe",
        "Windows/System32/ntdll.dll",
        "Windows/System32/smss.exe",
        "Windows/System32/win32k.sys",
    ]
    assert set(found) == set(image.files)
    assert all(path.read_bytes() == found[name] for name, path in image.files.items())
    assert image.stub.read_bytes() == b"boot"
    assert image.target == "q35"
    assert image.memory_mib == 64


def test_the_nonce_is_planted_in_hive_and_ground_alike(tmp_path: Path) -> None:
    image = building.build("diskless", "x86_64")
    planted = image.plant(NONCE, tmp_path / "modules").read_bytes()
    assert len(planted) == image.modules.stat().st_size
    assert PLACEHOLDER.encode() not in planted
    assert PLACEHOLDER.encode("utf-16-le") not in planted
    path = tmp_path / "SYSTEM"
    path.write_bytes(contents(planted)["Windows/System32/config/SYSTEM"])
    assert hive.read(path) == image.registry_for(NONCE)
    manager = image.registry_for(NONCE)[MANAGER]
    assert manager["ObjectDirectories"][1][-1] == f"\\SmssbootNonce-{NONCE}"
    assert image.registry_for(NONCE)[MANAGER + r"\Environment"]["SMSSBOOT_NONCE"] == ("REG_SZ", NONCE)
    assert image.registry_for(NONCE)[MANAGER + r"\DOS Devices"]["SMSSBOOT_01234567"][1] == r"\Device\Null"


def test_nonces_are_digits_and_differ() -> None:
    drawn = {new_nonce() for _ in range(50)}
    assert len(drawn) == 50
    assert all(len(nonce) == len(PLACEHOLDER) and nonce.isdecimal() for nonce in drawn)


def test_bytes_with_nonce_keep_their_length() -> None:
    blob = f"<{PLACEHOLDER}|{PLACEHOLDER[:8]}>".encode()
    assert bytes_with_nonce(blob, NONCE) == b"<0123456789012345|01234567>"


def test_nothing_is_made_again_until_an_input_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe(tmp_path, "sessions: 1\n")
    first = building.build(path, "x86_64")
    with monkeypatch.context() as patch:
        patch.setattr(building, "_make", None)  # would fail if it were called
        assert building.build(path, "x86_64") == first
    path.write_text("extends: diskless\nsessions: 3\n")
    second = building.build(path, "x86_64")
    assert second.id != first.id
    assert second.registry_for(NONCE)[MANAGER]["NumberOfInitialSessions"] == ("REG_DWORD", 3)


def test_removed_damaged_and_foreign_programs(tmp_path: Path) -> None:
    (tmp_path / "extra.exe").write_bytes(portable_executable(0x8664, 700))
    text = """
programs:
  smss.exe: removed
  ntdll.dll: {damage: {offset: 2, xor: 0xFF}}
  win32k.sys: {damage: {truncate: 100}}
  extra.exe: {file: extra.exe}
"""
    found = contents(building.build(recipe(tmp_path, text), "x86_64").modules.read_bytes())
    assert "Windows/System32/smss.exe" not in found
    assert found["Windows/System32/ntdll.dll"][2] == 0xFF
    assert len(found["Windows/System32/win32k.sys"]) == 100
    assert len(found["Windows/System32/extra.exe"]) == 700


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("programs: {ntoskrnl.exe: {file: other.exe}}", "is for aarch64, the image for x86_64"),
        ("programs: {ntoskrnl.exe: {file: mine.yaml}}", "is no PE file"),
        ("programs: {smsss.exe: removed}", "did you mean 'smss.exe'?"),
        ("programs: {smss.exe: {damage: {offset: 9999, xor: 1}}}", "beyond the 600 bytes"),
    ],
)
def test_wrong_programs_are_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "other.exe").write_bytes(portable_executable(MACHINES["aarch64"]))
    with pytest.raises(InputError) as caught:
        building.build(recipe(tmp_path, text), "x86_64")
    assert said in str(caught.value)
    assert "mine.yaml:2:" in str(caught.value)


def test_a_truncated_ready_made_hive_is_refused(tmp_path: Path) -> None:
    whole = building.build("diskless", "x86_64").files["Windows/System32/config/SYSTEM"].read_bytes()
    (tmp_path / "SYSTEM").write_bytes(whole[:5000])
    with pytest.raises(UsageError, match="truncated registry hive"):
        building.build(recipe(tmp_path, "hive: SYSTEM\n"), "x86_64")


def test_a_ready_made_hive_is_taken_as_it_is(tmp_path: Path) -> None:
    key = regf.Key()
    manager = key.open(MANAGER, create=True)
    assert manager is not None
    manager.values["ProtectionMode"] = regf.Value("REG_DWORD", 0)
    (tmp_path / "SYSTEM").write_bytes(regf.write(key))
    image = building.build(recipe(tmp_path, "hive: SYSTEM\n"), "aarch64")
    assert image.nonce_spots == ()
    assert image.plant(NONCE, tmp_path / "unused") == image.modules
    assert image.registry_for(NONCE)[MANAGER] == {"ProtectionMode": ("REG_DWORD", 0)}


def test_a_replayed_log_is_the_only_module_of_the_smallest_guest(tmp_path: Path) -> None:
    (tmp_path / "serial.log").write_bytes(b"@smss 0 ...\r\n")
    image = building.build(recipe(tmp_path, "boot: {replay: serial.log}\n"), "aarch64")
    assert image.replay
    assert image.stub.read_bytes() == b"tiny"
    assert image.modules.read_bytes() == b"@smss 0 ...\r\n"


def test_a_copy_goes_where_it_is_wanted(tmp_path: Path) -> None:
    image = building.build("diskless", "x86_64", tmp_path / "out")
    assert image.dir.parent == tmp_path / "out"
    assert image.modules.is_file()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        building.build("diskless", "x86_64", blocked)


def test_unknown_architecture() -> None:
    with pytest.raises(UsageError, match="unknown architecture 'arm'"):
        building.build("diskless", "arm")


def test_the_listing_notices_every_change(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.c").write_text("1")
    before = guest.listing(tmp_path)
    assert guest.listing(tmp_path) == before
    (tmp_path / "a" / "y.c").write_text("")
    assert guest.listing(tmp_path) != before
    (tmp_path / "a" / "y.c").unlink()
    (tmp_path / "a" / "x.c").write_text("22")
    assert guest.listing(tmp_path) != before


def test_images_live_below_the_project_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    from smssboot.image.paths import build_dir

    monkeypatch.delenv("SMSSBOOT_BUILD")
    assert build_dir() == PROJECT / "build"
