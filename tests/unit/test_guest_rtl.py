"""The guest's run-time library and the parts of ntdll that need no kernel, compiled for this machine.

The tests themselves are C, in guest/tests/rtl; undefined behaviour traps.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pefile

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
CLANG = f"clang-{llvm_version()}"
NTDLL = ("heap", "env", "path", "procparm", "registry", "regpath", "critsect")
FLAGS = [
    *("-std=gnu11", "-O1", "-g", "-fshort-wchar", "-fno-builtin", "-fno-strict-aliasing"),
    *("-Wall", "-Wextra", "-Werror"),
    *("-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-sanitize=alignment"),
]


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=GUEST, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_run_time_library(tmp_path: Path) -> None:
    gen, image = tmp_path / "gen", tmp_path / "out" / "ntdll.dll"
    run("make", "-s", "ARCH=x86_64", f"OUT={image.parent}", f"PYTHON={sys.executable}", "ntdll.dll")
    run(sys.executable, "abi/generate.py", "--arch", "x86_64", "--out", gen)
    sources = [*GUEST.glob("rtl/*.c"), *(GUEST / f"user/ntdll/{name}.c" for name in NTDLL)]
    sources += [GUEST / f"tests/rtl/{name}.c" for name in ("fake", "rtl", "ntdll")]
    objects = [tmp_path / f"{source.parent.name}-{source.stem}.o" for source in sources]
    includes = ["-Itests/rtl", "-Iinclude", f"-I{gen}", "-Iuser/ntdll", "-include", "tests/rtl/rename.h"]
    for source, output in zip(sources, objects, strict=True):
        run(CLANG, *FLAGS, *includes, "-c", source, "-o", output)
    run(CLANG, "-O1", "-c", "tests/rtl/host.c", "-o", tmp_path / "host.o")
    run(CLANG, *objects, tmp_path / "host.o", "-o", tmp_path / "rtltest")

    checksum = pefile.PE(str(image)).generate_checksum()
    assert "0 failures" in run(tmp_path / "rtltest", image, hex(checksum))


def test_slots_of_a_paging_file(tmp_path: Path) -> None:
    includes = ["-Ikernel/include", "-Iinclude"]
    objects = [tmp_path / "slots.o", tmp_path / "test.o"]
    for source, output in zip(("kernel/mm/slots.c", "tests/mm/slots.c"), objects, strict=True):
        run(CLANG, *FLAGS, *includes, "-c", source, "-o", output)
    run(CLANG, *objects, "-o", tmp_path / "slots")
    assert "0 failures" in run(tmp_path / "slots").splitlines()
