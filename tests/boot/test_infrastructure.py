"""Trouble under us is exit 3 and never a deviation; interruption leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from boot_help import Boot, smssboot


def test_qemu_missing(boot: Boot) -> None:
    result = boot("default", "--qemu", "/nowhere/qemu")
    assert result.code == 3
    assert result.document["verdict"] == "error"
    assert "/nowhere/qemu is not installed" in result.stderr


def test_qemu_dying_at_once(boot: Boot, arch: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "share").symlink_to(Path(shutil.which(f"qemu-system-{arch}") or "").parent.parent / "share")
    fake = tmp_path / "bin" / "qemu"
    fake.write_text("#!/bin/sh\necho 'cannot set up guest memory' >&2\nexit 1\n")
    fake.chmod(0o755)
    result = boot("default", "--qemu", fake)
    assert result.code == 3
    assert "cannot set up guest memory" in result.stderr


ENDLESS = Path(__file__).parent / "endless.yaml"


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                _, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid:
                    found.append(int(folder.name))
    return found


def started(arch: str) -> tuple[subprocess.Popen[str], int]:
    """A boot that does not end by itself, and its QEMU as soon as it is there."""
    harness = subprocess.Popen(
        [sys.executable, "-m", "smssboot", "run", str(ENDLESS), "--arch", arch, "--json", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts its background jobs, and so perhaps this test, with the interrupt ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for pid in children(harness.pid):
            with contextlib.suppress(OSError):
                if f"qemu-system-{arch}" in Path(f"/proc/{pid}/cmdline").read_text():
                    return harness, pid
        time.sleep(0.02)
    raise AssertionError("QEMU never started")


def gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_qemu_outlives_the_harness(number: signal.Signals, arch: str) -> None:
    harness, qemu = started(arch)
    harness.send_signal(number)
    _, said = harness.communicate(timeout=60)
    assert gone(qemu)
    if number == signal.SIGINT:
        assert harness.returncode == 130
        assert "interrupted" in said
        assert "Traceback" not in said


def test_qemu_killed_in_the_middle(arch: str) -> None:
    harness, qemu = started(arch)
    os.kill(qemu, signal.SIGKILL)
    out, said = harness.communicate(timeout=60)
    assert harness.returncode == 3, out + said
    assert '"error"' in out


def test_doctor_finds_everything() -> None:
    done = smssboot("doctor")
    assert done.returncode == 0, done.stdout
    assert "target virt" in done.stdout


def test_doctor_says_what_to_install(tmp_path: Path) -> None:
    done = smssboot("doctor", env={"PATH": str(tmp_path)})
    assert done.returncode == 3
    assert "apt-get install qemu-system-arm" in done.stdout
