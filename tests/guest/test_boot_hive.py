"""The UEFI loader's reader of SYSTEM hives: the boot-start drivers that it finds, and damaged hives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smssboot.image import regf
from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
CHECKS = "-Wall -Wextra -Werror -fsanitize=undefined -fsanitize-trap=undefined"
FLAGS = f"-std=gnu11 -O1 -D_GNU_SOURCE {CHECKS}"
SERVICES: dict[str, tuple[int, int, str | None]] = {
    "disk": (0, 1, "System32\\drivers\\disk.sys"),
    "fat": (0, 2, None),
    "auto": (2, 1, "System32\\drivers\\auto.sys"),
    "program": (0, 0x10, "System32\\program.exe"),
    "root": (0, 1, "\\SystemRoot\\system32\\DRIVERS\\root.sys"),
    "letter": (0, 1, "\\??\\C:\\Windows\\letter.sys"),
}
WANTED = [
    "Windows/System32/drivers/disk.sys",
    "Windows/System32/drivers/fat.sys",
    "Windows/letter.sys",
    "Windows/System32/DRIVERS/root.sys",
]


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hive")
    clang = f"clang-{llvm_version()}"
    folders = ("include", "kernel/include", "boot/common", "boot/efi", "tests/hive")
    includes = [f"-I{GUEST / folder}" for folder in folders]
    objects = []
    for name in ("boot/common/hive.c", "boot/efi/drivers.c", "tests/hive/drivers.c", "tests/hive/main.c"):
        target = out / (name.replace("/", "-") + ".o")
        guest = [] if name.endswith("main.c") else ["-fshort-wchar"]
        command = [clang, *FLAGS.split(), *guest, *includes, "-c", str(GUEST / name), "-o", str(target)]
        subprocess.run(command, check=True)
        objects.append(str(target))
    subprocess.run([clang, *objects, "-o", str(out / "hive")], check=True)
    return out / "hive"


def hive(current: int = 2) -> bytes:
    root = regf.Key()
    select = root.open("Select", create=True)
    assert select is not None
    select.values["Current"] = regf.Value("REG_DWORD", current)
    for name, (start, kind, path) in SERVICES.items():
        key = root.open(f"ControlSet002\\Services\\{name}", create=True)
        assert key is not None
        key.values["Start"] = regf.Value("REG_DWORD", start)
        key.values["Type"] = regf.Value("REG_DWORD", kind)
        if path is not None:
            key.values["ImagePath"] = regf.Value("REG_EXPAND_SZ", path)
    for number in range(1200):  # so many that the list is one of lists
        root.open(f"ControlSet002\\Services\\x{number:04}", create=True)
    return regf.write(root)


def run(reader: Path, data: bytes, tmp_path: Path, *options: str) -> list[str]:
    (tmp_path / "SYSTEM").write_bytes(data)
    done = subprocess.run(
        [reader, tmp_path / "SYSTEM", *options], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.returncode
    return done.stdout.splitlines()


def test_boot_start_drivers_of_the_selected_set(reader: Path, tmp_path: Path) -> None:
    assert sorted(run(reader, hive(), tmp_path)) == sorted(WANTED)


def test_what_cannot_be_used_is_said(reader: Path, tmp_path: Path) -> None:
    assert run(reader, hive(1), tmp_path) == ["failed: the SYSTEM hive has no such control set"]
    assert run(reader, bytes(8192), tmp_path) == ["failed: the SYSTEM hive is damaged"]
    assert run(reader, hive()[:4096], tmp_path) == ["failed: the SYSTEM hive is damaged"]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_hives_end(reader: Path, tmp_path: Path, seed: int) -> None:
    assert run(reader, hive(), tmp_path, str(seed), "300") == ["end"]
