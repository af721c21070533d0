"""The system services, used as a program should and as none should: guest/tests/svctest as smss.exe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from smssboot.image import modules
from smssboot.image.build import build

GUEST = Path(__file__).parents[2] / "guest"
SYSTEM32 = "Windows/System32/"
MACHINES = {
    "x86_64": "-M q35 -bios qboot.rom",
    "aarch64": "-M virt -cpu cortex-a57",
}
STUB = {"x86_64": "boot-x86_64.elf", "aarch64": "boot-aarch64.img"}


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the test program said, per architecture; one boot each."""
    said = {}
    for arch, machine in MACHINES.items():
        out = tmp_path_factory.mktemp(f"svctest-{arch}")
        wanted = [STUB[arch], "ntoskrnl.exe", "ntdll.dll", "svctest.exe"]
        subprocess.run(
            ["make", "-s", "-C", GUEST, f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}", *wanted],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        image = build("default", arch)
        hive = next(
            image.modules.read_bytes()[start : start + size]
            for name, start, size in modules.members(image.modules.read_bytes())
            if name.endswith("config/SYSTEM")
        )
        archive = modules.archive(
            [
                (SYSTEM32 + "ntoskrnl.exe", (out / "ntoskrnl.exe").read_bytes()),
                (SYSTEM32 + "config/SYSTEM", hive),
                (SYSTEM32 + "ntdll.dll", (out / "ntdll.dll").read_bytes()),
                (SYSTEM32 + "smss.exe", (out / "svctest.exe").read_bytes()),
            ]
        )
        (out / "modules").write_bytes(archive)
        qemu = f"qemu-system-{arch} -accel tcg {machine} -m 64 -display none -nodefaults -no-reboot"
        files = ["-kernel", str(out / STUB[arch]), "-initrd", str(out / "modules")]
        done = subprocess.run(
            [*qemu.split(), *files, "-serial", "stdio", "-append", "nonce=0"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
        )
        said[arch] = done.stdout
    return said


@pytest.mark.parametrize("arch", MACHINES)
def test_every_check_passes(spoken: dict[str, str], arch: str) -> None:
    lines = spoken[arch].splitlines()
    assert [line for line in lines if line.startswith("FAILED")] == []
    assert "done 0" in lines, lines[-20:]


@pytest.mark.parametrize("arch", MACHINES)
@pytest.mark.parametrize(
    "check",
    [
        "open through the link",
        "no right to end a protected process",
        "code on the stack ends the process",
        "suspended while it runs",
        "three hundred processes, one after the other",
        "a server's end fails the request",
        "sections: the view is the file, zero behind its end",
        "pages: guarded bytes stay",
        "paging: no more is promised than there is",
        "hostile calls come back",
        "subkeys are sorted",
        "and it is not found",
        "hivelist is there",
    ],
)
def test_the_check_was_made(spoken: dict[str, str], arch: str, check: str) -> None:
    assert f"ok {check}" in spoken[arch].splitlines()


@pytest.mark.parametrize("arch", MACHINES)
def test_the_kernel_tells_of_what_it_refused(spoken: dict[str, str], arch: str) -> None:
    facts = [line for line in spoken[arch].splitlines() if line.startswith("@smss")]
    assert any(" fact access.denied type=Process " in line and " name=smss.exe" in line for line in facts)
    assert any(" fact process.exit " in line and " status=0xC0000005" in line for line in facts)
    assert facts[-1].split()[4:6] == ["fact", "bye"]
    assert "bugcheck" not in facts[-1]
