"""What a PE file says, from images linked here and from bytes that are none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from smssboot.evidence import pe
from smssboot.image.guest import llvm_version

LLVM = llvm_version()


def tool(name: str, *args: str, cwd: Path) -> None:
    subprocess.run([f"{name}-{LLVM}", *args], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def linked(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A native program for one architecture that imports one function."""
    arch = request.param
    machine = {"x86_64": "x64", "aarch64": "arm64"}[arch]
    (tmp_path / "ntdll.def").write_text("LIBRARY ntdll.dll\nEXPORTS\nNtClose\n")
    (tmp_path / "p.c").write_text(
        "__declspec(dllimport) int NtClose(void *);\n"
        "int Helper(void) { return NtClose((void *)4); }\n"
        "int NtProcessStartup(void *Peb) { return Helper() + (int)(long long)Peb; }\n"
    )
    link = ("/nologo", f"/machine:{machine}", "/nodefaultlib")
    tool("clang", f"--target={arch}-pc-windows-msvc", "-ffreestanding", "-c", "p.c", cwd=tmp_path)
    tool("lld-link", *link, "/lib", "/def:ntdll.def", "/out:ntdll.lib", cwd=tmp_path)
    options = ("/subsystem:native,10.0", "/entry:NtProcessStartup", "/map:p.map", "/out:p.exe")
    tool("lld-link", *link, *options, "p.o", "ntdll.lib", cwd=tmp_path)
    return tmp_path / "p.exe"


@pytest.mark.parametrize("linked", ["x86_64", "aarch64"], indirect=True)
def test_a_native_program(linked: Path, request: pytest.FixtureRequest) -> None:
    [event] = pe.inspect(linked)
    assert (event.voice, event.name) == ("evidence", "pe.image")
    arch = request.node.callspec.params["linked"]
    assert event.data == {
        "file": "p.exe",
        "subsystem": "native",
        "entry": "NtProcessStartup",
        "imports": "ntdll.dll",
        "size": str(linked.stat().st_size),
        "machine": arch,
    }


@pytest.mark.parametrize("linked", ["x86_64"], indirect=True)
def test_without_a_map_the_entry_has_no_name(linked: Path) -> None:
    linked.with_suffix(".map").unlink()
    [event] = pe.inspect(linked)
    assert event.data["entry"].startswith("0x1")


@pytest.mark.parametrize("linked", ["aarch64"], indirect=True)
def test_a_map_of_another_program_names_nothing(linked: Path) -> None:
    path = linked.with_suffix(".map")
    path.write_text(
        path.read_text().replace("NtProcessStartup", "Other").replace("Helper", "NtProcessStartup")
    )
    [event] = pe.inspect(linked)
    assert event.data["entry"] == "Other"


@pytest.mark.parametrize("content", [b"", b"MZ", b"\x7fELF" + bytes(100), b"MZ" + bytes(200)])
def test_no_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.exe"
    path.write_bytes(content)
    [event] = pe.inspect(path)
    assert event.data["size"] == str(len(content))
    assert event.data["error"].startswith("no PE image")
    assert "subsystem" not in event.data


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        pe.inspect(tmp_path / "absent.exe")
