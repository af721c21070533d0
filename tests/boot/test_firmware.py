"""The firmware's path against the direct one, and a built disk without the harness, as the README has it."""

from __future__ import annotations

import hashlib
import os
import re
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from boot_help import Boot, Result

from smssboot.image.build import build

README = Path(__file__).resolve().parents[2] / "README.md"
KERNEL = r"C:\Windows\System32\ntoskrnl.exe"
NONCE = "5544332211009988"
SAME = """name: same
description: The default image with the RAM that both paths need.
extends: default
memory: 128 MiB
"""
LIMIT_S = 120.0


def claims(result: Result) -> Counter[str]:
    """Everything that the guest's programs said, timing and order between processes aside."""
    said: list[dict[str, Any]] = [e for e in result.run["events"] if e["voice"] == "claim"]
    return Counter(f"{event['name']} {sorted(event['data'].items())}" for event in said)


@pytest.mark.full
def test_both_paths_boot_the_same_kernel_to_the_same_claims(boot: Boot, arch: str, tmp_path: Path) -> None:
    recipe = tmp_path / "same.yaml"
    recipe.write_text(SAME, "utf-8")
    direct = boot(recipe, "--nonce", NONCE)
    firmware = boot(recipe, "--nonce", NONCE, "--firmware", "uefi")
    image = build(recipe, arch)
    kernel = hashlib.sha256(image.files["Windows/System32/ntoskrnl.exe"].read_bytes()).hexdigest()
    for result in (direct, firmware):
        assert result.code == 0, result.stderr
        assert result.data("hello", "image") == {image.id}
        assert result.data("disk.file", "sha256", path=KERNEL) == {kernel}
        assert result.data("bye", "reason") == {"poweroff"}
    assert claims(direct) == claims(firmware)


@pytest.mark.full
def test_the_operator_powers_it_off(boot: Boot) -> None:
    result = boot("default", "--firmware", "uefi", "--power-off", "sac")
    assert result.code == 0, result.stderr
    assert result.data("power.request", "source") == {"sac"}


def commands(arch: str) -> tuple[list[str], str]:
    """The README's commands for an architecture: what prepares, and QEMU's line."""
    for block in re.findall(r"^```\w*\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        before, found, line = block.partition(f"qemu-system-{arch} ")
        if found and "pflash" in line:
            return before.splitlines(), "exec " + found + line
    raise AssertionError(f"the README has no command for {arch}")


def test_a_built_disk_boots_as_the_readme_says(arch: str, tmp_path: Path) -> None:
    (building, *copying), line = commands(arch)
    program, _, rest = building.partition(" ")
    assert program.endswith("smssboot")
    run = f"{sys.executable} -m smssboot {rest}"
    for command in (run, *copying):
        subprocess.run(command, shell=True, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    said = press_the_button_when_it_is_up(line, tmp_path)
    (image,) = (path.name.rpartition("-")[2] for path in (tmp_path / "out").iterdir())
    assert f"profile=win11/documented image={image} " in said
    assert re.search(r"fact power\.request source=button action=poweroff", said), said[-2000:]
    assert r"fact volume.dismount device=\Device\HarddiskVolume2 clean=1" in said
    assert re.search(r" fact bye count=\d+ reason=poweroff \*[0-9a-f]{8}\r?\n", said), said[-2000:]


def press_the_button_when_it_is_up(line: str, folder: Path) -> str:
    """Everything on QEMU's terminal until its own end, which comes by the guest's doing."""
    with subprocess.Popen(
        ["/bin/sh", "-c", line], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as qemu:
        assert qemu.stdin is not None and qemu.stdout is not None
        said, pressed, until = b"", False, time.monotonic() + LIMIT_S
        try:
            while True:
                ready, _, _ = select.select([qemu.stdout], [], [], max(0.0, until - time.monotonic()))
                part = os.read(qemu.stdout.fileno(), 1 << 16) if ready else b""
                if not part:
                    break
                said += part
                if not pressed and b" claim services.ready" in said and b" claim winlogon.ready" in said:
                    qemu.stdin.write(b"\x01csystem_powerdown\n")
                    qemu.stdin.flush()
                    pressed = True
            assert qemu.wait(max(0.0, until - time.monotonic())) == 0, said[-2000:]
        finally:
            qemu.kill()
    assert pressed, said[-2000:]
    return said.decode("utf-8", "replace")
