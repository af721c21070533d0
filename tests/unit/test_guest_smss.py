"""What the session manager computes: sizes of paging files, and the event log's file, read by dissect.

The guest's sources are compiled for this machine; undefined behaviour traps.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dissect.eventlog.evt import Evt

from smssboot.image.guest import llvm_version

GUEST = Path(__file__).resolve().parents[2] / "guest"
CLANG = f"clang-{llvm_version()}"
FLAGS = [
    *("-std=gnu11", "-O1", "-g", "-fshort-wchar", "-fno-builtin", "-fno-strict-aliasing"),
    *("-Wall", "-Wextra", "-Werror"),
    *("-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-sanitize=alignment"),
]
MB = 1 << 20
Tool = Callable[..., str]


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The test program; a call runs it and gives what it printed."""
    folder = tmp_path_factory.mktemp("smsstest")

    def run(*command: str | Path) -> str:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=GUEST, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "abi/generate.py", "--arch", "x86_64", "--out", folder / "gen")
    names = ["tests/smss/smss.c", "user/smss/smpsize.c", "user/smss/smpevt.c"]
    names += [f"rtl/{name}.c" for name in ("memory", "wcs", "sprintf", "format", "string", "utf8", "unicase")]
    includes = ["-Itests/rtl", "-Iinclude", f"-I{folder / 'gen'}", "-Iuser/smss"]
    includes += ["-include", "tests/rtl/rename.h"]
    objects = [folder / (name.replace("/", "-") + ".o") for name in names]
    for name, output in zip(names, objects, strict=True):
        run(CLANG, *FLAGS, *includes, "-c", name, "-o", output)
    run(CLANG, "-O1", "-Wall", "-c", "tests/smss/host.c", "-o", folder / "host.o")
    run(CLANG, *objects, folder / "host.o", "-o", folder / "smsstest")
    return lambda *arguments: run(folder / "smsstest", *map(str, arguments))


def sizes(tool: Tool, entry: str, memory: int, free: int) -> tuple[int, ...]:
    """Minimum and maximum in MB as wanted, whether they fit, and as they are then."""
    status, managed, low, high, fits, fitted, top = map(int, tool("size", entry, memory, free).split())
    assert status == 0
    return managed, low // MB, high // MB, fits, fitted // MB, top // MB


@pytest.mark.parametrize(
    ("entry", "memory", "free", "expected"),
    [
        (r"C:\pagefile.sys 16 64", 64, 1024, (0, 16, 64, 1, 16, 64)),
        (r"C:\pagefile.sys 16", 64, 1024, (0, 16, 16, 1, 16, 16)),
        (r"C:\pagefile.sys 64 16", 64, 1024, (0, 64, 64, 1, 64, 64)),
        (r"?:\pagefile.sys", 64, 1024, (1, 96, 192, 1, 96, 192)),
        (r"?:\pagefile.sys 0 0", 1008, 8192, (1, 1512, 3024, 1, 1512, 3024)),
        (r"?:\pagefile.sys", 1023, 8192, (1, 1024, 3072, 1, 1024, 3072)),
        (r"?:\pagefile.sys 0 77", 1025, 8192, (1, 1040, 3120, 1, 1040, 3120)),
        (r"?:\pagefile.sys", 2048, 8192, (1, 2048, 4095, 1, 2048, 4095)),
        (r"?:\pagefile.sys", 8192, 99999, (1, 4095, 4095, 1, 4095, 4095)),
        ("  c:\\p\t20   \t100 ", 64, 82, (0, 20, 100, 1, 20, 36)),
        (r"C:\p 100 200", 64, 92, (0, 100, 200, 1, 52, 56)),
        (r"C:\p 20 30", 64, 40, (0, 20, 30, 1, 4, 4)),
        (r"C:\p 20 30", 64, 35, (0, 20, 30, 0, 20, 30)),
        (r"C:\p 16 30", 64, 32, (0, 16, 30, 0, 16, 30)),
        (r"C:\p 4294967295 4294967295", 64, 9999, (0, 4095, 4095, 1, 4095, 4095)),
    ],
)
def test_paging_file_sizes(tool: Tool, entry: str, memory: int, free: int, expected: tuple[int, ...]) -> None:
    assert sizes(tool, entry, memory * MB, free * MB) == expected


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "  ",
        "pagefile.sys",
        "C:pagefile.sys",
        "C:\\",
        r"1:\p",
        "C:\\" + "p" * 126,
        r"C:\p 1 2 3",
        r"C:\p x",
    ]
    + [r"C:\p 1x", r"C:\p -1", r"C:\p 4294967296", r"C:\p 99999999999999999999999"],
)
def test_what_is_no_entry(tool: Tool, entry: str) -> None:
    assert int(tool("size", entry, 64 * MB, 1024 * MB).split()[0]) in (0xC0000033, 0xC000000D)


def test_a_full_disk_takes_steps_away(tool: Tool) -> None:
    assert [int(tool("shrink", r"C:\p 40 40", n)) // MB for n in range(4)] == [40, 24, 8, 0]


def test_event_log_is_read_by_dissect(tool: Tool, tmp_path: Path) -> None:
    log = tmp_path / "SysEvent.Evt"
    tool("event", log, 3, "first ")
    tool("event", log, 2, "second ")
    with log.open("rb") as file:
        records = list(Evt(file))
    assert [r.Strings for r in records] == [["first 0"], ["first 1"], ["first 2"], ["second 0"], ["second 1"]]
    assert [r.RecordNumber for r in records] == [1, 2, 3, 4, 5]
    assert {(r.SourceName, r.Computername, r.EventCode) for r in records} == {("smss", "NTBOX", 1001)}
    assert [r.EventType for r in records] == [1, 4, 1, 1, 4]
    assert struct.unpack("<I", records[0].Data)[0] == 0xC0000034
    assert records[0].TimeGenerated.timestamp() == 1000000000


def test_a_full_event_log_forgets_the_oldest(tool: Tool, tmp_path: Path) -> None:
    log = tmp_path / "SysEvent.Evt"
    tool("event", log, 1000, "x" * 100)
    assert log.stat().st_size <= 0x10000
    with log.open("rb") as file:
        numbers = [record.RecordNumber for record in Evt(file)]
    assert numbers == list(range(numbers[0], 1001))
    assert len(numbers) > 150


@pytest.mark.parametrize("at", [0, 4, 0x10, 0x14, 0x18, 0x1C, 0x24, 0x30, 0x34])
def test_a_damaged_event_log_is_begun_anew(tool: Tool, tmp_path: Path, at: int) -> None:
    log = tmp_path / "SysEvent.Evt"
    tool("event", log, 2, "old ")
    data = bytearray(log.read_bytes())
    data[at : at + 4] = b"\xff\xff\xff\xff"
    log.write_bytes(data)
    tool("event", log, 1, "new ")
    with log.open("rb") as file:
        assert [record.Strings for record in Evt(file)] == [["new 0"]]


def test_a_record_that_is_too_long_is_left_out(tool: Tool, tmp_path: Path) -> None:
    log = tmp_path / "SysEvent.Evt"
    tool("event", log, 1, "y" * 8000)
    assert log.stat().st_size < 0x10000
