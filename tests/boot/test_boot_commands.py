"""BootExecute and KnownDlls without a disk: what the session manager runs, waits for, kills and maps.

The program is guest/tests/native/command.c; it is known as autochk.exe, as tool.exe, and, with another
subsystem in its header, as windows.exe.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from boot_help import Boot, Result
from test_native_program import GUEST, LLVM, MACHINES

COMMANDS = [
    "autocheck autochk *",
    "tool one C0000022",
    r'"C:\Windows\System32\tool.exe" late',
    "async tool 7",
    "autocheck nothere *",
    "windows 0",
    "notes.exe",
]


def build(arch: str, out: Path) -> Path:
    """The program for that architecture."""
    program = out / "command.exe"
    includes = ["-Iinclude", f"-Iinclude/arch/{arch}", f"-I{out}/gen"]
    native = ["/subsystem:native,10.0", "/entry:NtProcessStartup", "/nodefaultlib"]
    native.append(f"/machine:{MACHINES[arch]}")
    compiler = [
        f"clang-{LLVM}",
        f"--target={arch}-pc-windows-msvc",
        "-std=gnu11",
        "-ffreestanding",
        "-fshort-wchar",
    ]
    for command in (
        ["make", "-s", f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}", "ntdll.dll"],
        [*compiler, "-O2", *includes, "-c", "tests/native/command.c", "-o", f"{out}/command.obj"],
        [f"lld-link-{LLVM}", *native, f"/out:{program}", f"{out}/command.obj", f"{out}/ntdll.lib"],
    ):
        done = subprocess.run(command, cwd=GUEST, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stdout + done.stderr
    data = bytearray(program.read_bytes())
    (header,) = struct.unpack_from("<I", data, 0x3C)
    assert data[header + 0x5C] == 1
    data[header + 0x5C] = 3
    (out / "windows.exe").write_bytes(data)
    return program


def recipe(folder: Path, program: Path, registry: str) -> Path:
    path = folder / "commands.yaml"
    windows = program.with_name("windows.exe")
    files = {"autochk.exe": program, "tool.exe": program, "windows.exe": windows}
    programs = ", ".join(f"{name}: {{file: {file}}}" for name, file in files.items())
    key = r"CurrentControlSet\Control\Session Manager"
    changes = f"registry:\n  delete: ['{key}\\KnownDLLs']\n  set:\n    {key}{registry}"
    path.write_text(f"extends: diskless\nprograms: {{{programs}}}\n{changes}")
    return path


def said(result: Result) -> list[str]:
    """What the programs printed, in order."""
    serial = Path(result.run["artifacts"]["serial"]).read_text("utf-8", "replace")
    lines = [line for line in serial.splitlines() if line.startswith(("command: ", "nothere "))]
    return [line.removeprefix("command: ") for line in lines]


@pytest.mark.statements("S-021", "S-053", "S-065")
def test_boot_execute_in_order(arch: str, boot: Boot, tmp_path: Path) -> None:
    program = build(arch, tmp_path / "out")
    listed = "".join(f"\n        - '{command}'" for command in COMMANDS)
    result = boot(recipe(tmp_path, program, f":\n      BootExecute:{listed}\n"), "--keep", tmp_path / "kept")
    begins = result.events("smss.boot-command.begin")
    assert [event["data"]["command"] for event in begins] == COMMANDS
    ends = [event["data"] for event in result.events("smss.boot-command.end")]
    assert [end["index"] for end in ends] == [str(index) for index in range(len(COMMANDS))]
    assert [(end["status"], end.get("exit")) for end in ends] == [
        ("0x0", "0x0"),
        ("0x0", "0xC0000022"),
        ("0x0", "0x55"),  # the first thread's; the program is still there
        ("0x0", None),
        ("0xC0000034", None),
        ("0xC0000131", None),
        ("0xC0000034", None),
    ]
    lines = said(result)
    assert lines[:3] == ["[autochk *]", "[tool one C0000022]", r'["C:\Windows\System32\tool.exe" late]']
    assert "nothere program not found - skipping AUTOCHECK" in lines
    assert "[tool 7]" in lines and "late" in lines
    assert "[windows 0]" not in lines, "it was killed before its first instruction"
    (killed,) = result.events("process.exit", "fact", name="windows.exe")
    assert killed["data"]["status"] == "0xC0000131"
    assert result.events("smss.monitor"), "the boot went on"


@pytest.mark.statements("S-049")
def test_known_dlls_come_from_their_sections(arch: str, boot: Boot, tmp_path: Path) -> None:
    program = build(arch, tmp_path / "out")
    dlls = "\n      one: basesrv.dll\n      two: winsrv.dll\n      none: nothere.dll\n      left: hosts.dll\n"
    left = r"    CurrentControlSet\Control\Session Manager: {ExcludeFromKnownDlls: [Hosts.dll]}" + "\n"
    result = boot(recipe(tmp_path, program, f"\\KnownDLLs:{dlls}{left}"))
    known = {event["data"]["file"]: event["data"]["status"] for event in result.events("smss.known-dll")}
    mapped = {"basesrv.dll": "0x0", "winsrv.dll": "0x0", "ntdll.dll": "0x0"}
    assert known == {**mapped, "nothere.dll": "0xC0000034"}
    assert result.data("smss.known-dlls.end", "count") == {"3"}
    sections = result.data("object.create", "path", type="Section")
    assert {rf"\KnownDlls\{name}" for name in mapped} <= sections
    assert result.events("smss.monitor"), "csrss runs with them"


@pytest.mark.statements("S-008")
def test_a_known_dll_that_is_none_ends_the_system(arch: str, boot: Boot, tmp_path: Path) -> None:
    program = build(arch, tmp_path / "out")
    result = boot(recipe(tmp_path, program, "\\KnownDLLs:\n      tool: tool.exe\n"))
    assert "C000021A" in result.stderr + result.stdout
    assert not result.events("smss.session.begin")
