"""What kind of PE image a file is; pefile is the other opinion on checksums."""

from __future__ import annotations

from pathlib import Path

import pefile
import pytest

from smssboot.image import guest, pekind


@pytest.fixture(scope="module", params=["x86_64", "aarch64"])
def binaries(request: pytest.FixtureRequest) -> Path:
    return guest.build(request.param, [])


def test_every_image_of_the_guest_has_a_kind_and_a_right_checksum(binaries: Path) -> None:
    images = [path for path in binaries.iterdir() if path.suffix in (".exe", ".dll", ".sys")]
    assert len(images) > 10
    for path in images:
        pe = pefile.PE(path, fast_load=True)
        data = path.read_bytes()
        assert pe.OPTIONAL_HEADER.CheckSum == pe.generate_checksum() == pekind.checksum(data), path
        assert pekind.kind(data) == ("dll" if path.suffix == ".dll" else "native"), path


def test_another_subsystem(binaries: Path) -> None:
    data = pekind.with_subsystem((binaries / "lsass.exe").read_bytes(), "windows")
    assert pekind.kind(data) == "windows"
    pe = pefile.PE(data=data, fast_load=True)
    assert pe.OPTIONAL_HEADER.Subsystem == pefile.SUBSYSTEM_TYPE["IMAGE_SUBSYSTEM_WINDOWS_GUI"]
    assert pe.verify_checksum()


def test_one_changed_byte_is_damage(binaries: Path) -> None:
    data = bytearray((binaries / "winsrv.dll").read_bytes())
    data[0x400] ^= 0xFF
    assert pekind.kind(bytes(data)) == "dll-damaged"


@pytest.mark.parametrize(
    "data", [b"", b"MZ", b"MZ" + b"\xff" * 100, b"text", b"MZ" + b"\0" * 58 + b"\x40\0\0\0PE\0\0"]
)
def test_what_is_no_image(data: bytes) -> None:
    assert pekind.kind(data) == ""
    with pytest.raises(ValueError, match="no PE image"):
        pekind.with_subsystem(data, "native")
