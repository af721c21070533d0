"""A native program that knows nothing of ours links with ntdll.lib and runs on the guest.

Its source is guest/tests/native/stranger.c; it is compiled as a stranger would, with stack
probes and floating point.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from boot_help import Boot

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
LLVM = llvm_version()
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


def build(arch: str, out: Path) -> Path:
    """The program for that architecture, made with the import library of the guest's own build."""
    includes = ["-Iinclude", f"-Iinclude/arch/{arch}", f"-I{out}/gen"]
    language = ["-std=gnu11", "-ffreestanding", "-fshort-wchar", "-O2"]
    native = ["/subsystem:native,10.0", "/entry:NtProcessStartup", "/nodefaultlib"]
    native.append(f"/machine:{MACHINES[arch]}")
    source, obj, program = "tests/native/stranger.c", f"{out}/stranger.obj", out / "stranger.exe"
    commands = [
        ["make", "-s", f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}", "ntdll.dll"],
        [f"clang-{LLVM}", f"--target={arch}-pc-windows-msvc", *language, *includes, "-c", source, "-o", obj],
        [f"lld-link-{LLVM}", *native, f"/out:{program}", obj, f"{out}/ntdll.lib"],
    ]
    for command in commands:
        done = subprocess.run(command, cwd=GUEST, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stdout + done.stderr
    return program


def test_a_strangers_program_runs(arch: str, boot: Boot, tmp_path: Path) -> None:
    program = build(arch, tmp_path / "out")
    recipe = tmp_path / "stranger.yaml"
    recipe.write_text(f"extends: default\nprograms: {{winlogon.exe: {{file: {program}}}}}\n")
    result = boot(recipe, "--keep", tmp_path / "kept")
    assert result.code == 1, "without winlogon no boot conforms"
    serial = Path(result.run["artifacts"]["serial"]).read_text("utf-8", "replace")
    lines = [line.split(": ", 1)[1] for line in serial.splitlines() if line.startswith("stranger: ")]
    assert [line for line in lines if not line.startswith("ok ")] == ["done"], lines
    assert len(lines) > 20
