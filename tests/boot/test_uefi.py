"""The same kernel by UEFI firmware: the loader on the EFI system partition reads everything from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from boot_help import Boot

FAULTS = {
    "removed": (
        "files: {\\Windows\\System32\\ntoskrnl.exe: {remove: true}}",
        "no volume of this disk has \\Windows\\System32\\ntoskrnl.exe",
    ),
    "no-image": (
        "programs: {ntoskrnl.exe: {damage: {offset: 0, xor: 0xFF}}}",
        "ntoskrnl.exe is no PE image",
    ),
    "no-hive": (
        "files: {\\Windows\\System32\\config\\SYSTEM: {remove: true}}",
        "a file is missing: Windows/System32/config/SYSTEM",
    ),
}


def test_boots_as_by_qemu(boot: Boot, tmp_path: Path) -> None:
    result = boot("disk", "--firmware", "uefi", "--keep", tmp_path)
    assert result.code == 0, result.stderr
    (hello,) = result.events("hello", "fact")
    assert hello["data"]["profile"] == "win11/documented"
    assert result.events("power.request", "fact", source="button", action="poweroff")
    assert result.events("driver.start", "fact", status="0x0")


@pytest.mark.parametrize("fault", FAULTS)
def test_says_what_it_cannot_load(boot: Boot, tmp_path: Path, fault: str) -> None:
    setting, message = FAULTS[fault]
    recipe = tmp_path / "broken.yaml"
    recipe.write_text(f"name: broken\ndescription: a fault\nextends: disk\ndisk: {{}}\n{setting}\n")
    result = boot(recipe, "--firmware", "uefi", "--keep", tmp_path / "kept")
    assert result.code == 1, result.stderr
    (log,) = (tmp_path / "kept").glob("*/serial.log")
    assert f"smssboot: boot loader: {message}\n" in log.read_text("utf-8", "replace").replace("\r", "")
