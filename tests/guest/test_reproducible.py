"""Two builds from source give the same bytes, wherever the sources and the results lie."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUEST = Path(__file__).resolve().parents[2] / "guest"
ENDINGS = {".exe", ".dll", ".sys", ".elf", ".img", ".json", ".EFI"}
DRIVERS = {"fastfat.sys", "ivshmdsk.sys", "null.sys", "ramdisk.sys", "viostor.sys", "win32k.sys"}
PROGRAMS = {"smss.exe", "autochk.exe", "autoconv.exe", "bootmark.exe", "memtouch.exe"}
LOADER = {"x86_64": "BOOTX64.EFI", "aarch64": "BOOTAA64.EFI"}


def build(folder: Path, out: Path, arch: str) -> dict[str, str]:
    """Builds a copy of the sources in `folder`; SHA-256 by the name of each result."""
    shutil.copytree(GUEST, folder)
    names = [f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}"]
    command = ["make", "-s", "-j2", "-C", str(folder), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.iterdir())
        if path.suffix in ENDINGS
    }


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_two_builds_give_the_same_bytes(arch: str, tmp_path: Path) -> None:
    one = build(tmp_path / "here", tmp_path / "one", arch)
    two = build(tmp_path / "a-longer-name-elsewhere", tmp_path / "results" / "two", arch)
    assert {"ntoskrnl.exe", "ntdll.dll", "ntoskrnl.symbols.json", LOADER[arch]} <= one.keys()
    assert one.keys() >= DRIVERS | PROGRAMS
    assert one == two


def image(out: Path, arch: str) -> dict[str, str]:
    """Builds the guest and the default image below `out`; SHA-256 of each file of the image, by name."""
    done = subprocess.run(
        [sys.executable, "-m", "smssboot", "build", "default", "--arch", arch],
        env={**os.environ, "SMSSBOOT_BUILD": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder,) = (out / "images").glob(f"default-{arch}-*")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_two_builds_give_the_same_disk(arch: str, tmp_path: Path) -> None:
    one = image(tmp_path / "one", arch)
    two = image(tmp_path / "a-longer-name" / "two", arch)
    assert {"disk.raw", "modules.cpio", "volumes.json", "manifest.json"} <= one.keys()
    assert one == two
