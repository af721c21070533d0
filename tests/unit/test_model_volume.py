"""The functions behind the steps of the system volume: commands, renames, DLLs, paging files, drivers."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from smssboot.model import Context
from smssboot.model.bootexec import boot_commands, boot_marks, checked_volumes, split_command
from smssboot.model.context import DumpInfo, FileInfo, ImageInfo, Volume
from smssboot.model.disk import hives, unchanged_files
from smssboot.model.drivers import image_path, system_drivers
from smssboot.model.knowndlls import NO_IMAGE, known_dlls, known_dlls_fatal
from smssboot.model.logbook import expected_logs
from smssboot.model.paging import MIB, crash_dump, descriptors, left_out, paging_files
from smssboot.model.pressure import memory_touches, pages_out
from smssboot.model.renames import rename_rows, renamed_files, vanished_files
from smssboot.model.store import win32

MANAGER = r"ControlSet001\Control\Session Manager"
MEMORY = rf"{MANAGER}\Memory Management"
SYSTEM32 = r"\windows\system32"


def context(held: dict[str, FileInfo] | None = None, **known: Any) -> Context:
    """A context with one volume C: that holds files (or `volumes`); a registry of `keys` and `manager`."""
    registry: dict[str, dict[str, Any]] = {MANAGER: dict(known.pop("manager", {}))}
    registry[rf"{MANAGER}\Environment"] = {"Path": ("REG_EXPAND_SZ", r"%SystemRoot%\system32;%SystemRoot%")}
    registry |= known.pop("keys", {})
    volume = Volume("C:", r"\Device\HarddiskVolume2", free=1 << 30, files=held or {})
    known.setdefault("volumes", (volume,))
    return Context(arch="x86_64", registry=registry, **known)


def multi(*items: str) -> tuple[str, list[str]]:
    return ("REG_MULTI_SZ", list(items))


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ("autocheck autochk *", (["autocheck"], "autochk", "*")),
        ("  AUTOCHECK async debug x  a b ", (["autocheck", "async", "debug"], "x", "a b")),
        ('"async" y', ([], "async", "y")),
        (r'async "C:\A b\c.exe" /q', (["async"], r"C:\A b\c.exe", "/q")),
        ("", ([], "", "")),
    ],
)
def test_a_command_is_cut_into_its_parts(entry: str, parts: tuple[list[str], str, str]) -> None:
    assert split_command(entry) == parts


def test_commands_are_searched_and_told_by_what_they_are() -> None:
    files = {
        rf"{SYSTEM32}\native.exe": FileInfo(kind="native"),
        rf"{SYSTEM32}\gui.exe": FileInfo(kind="windows"),
        rf"{SYSTEM32}\junk.exe": FileInfo(),
        r"\windows\other.exe": FileInfo(kind="native-damaged"),
        r"\tools\deep.exe": FileInfo(kind="native"),
    }
    entries = ["native", "gui.exe", "junk", "other", r"C:\tools\deep.exe", "none", "async native"]
    rows = boot_commands(context(files, manager={"BootExecute": multi(*entries)}))
    assert [row["statuses"][0] for row in rows] == [
        "0x0", "0xC0000131", "0xC000012F", "0x0", "0x0", "0xC0000034", "0x0",
    ]  # fmt: skip
    assert [row["waited"] for row in rows] == [True, False, False, True, True, False, False]
    assert rows[1]["created"] and not rows[1]["runs"]
    assert rows[4]["program"] == "deep.exe"


def test_boot_execute_has_a_default_and_setup_execute_has_none() -> None:
    assert [row["command"] for row in boot_commands(context())] == ["autocheck AutoChk.exe *"]
    assert boot_commands(context(), "SetupExecute") == []
    assert boot_commands(context(manager={"BootExecute": multi()})) == []


def test_without_a_disk_programs_are_the_boot_modules() -> None:
    name = "Windows/System32/autochk.exe"
    images = {name.lower(): ImageInfo("native")}
    (row,) = boot_commands(context(volumes=(), files=(name,), images=images))
    assert row["runs"]
    assert checked_volumes([row], ()) == []


def autochk(arguments: str, *volumes: Volume) -> list[dict[str, Any]]:
    base = {"index": 0, "program": "autochk.exe", "waited": True}
    return checked_volumes([{**base, "arguments": arguments}], volumes)


def test_autochk_checks_what_is_dirty_and_what_it_is_told_to() -> None:
    volumes = (
        Volume("", "esp", dirty=True),
        Volume("C:", "c", dirty=True, problems=("lost-chain", "raw")),
        Volume("D:", "d", problems=("cross-link",)),
    )
    rows = autochk("*", *volumes)
    assert [(r["volume"], r["dirty"], r["results"][0], r["problems"]) for r in rows] == [
        ("C:", True, "repaired", ["lost-chain"]), ("D:", False, "clean", []),
    ]  # fmt: skip
    assert [r["volume"] for r in autochk("/k:C *", *volumes)] == ["D:"]
    assert [r["problems"] for r in autochk(r"/p \??\D:", *volumes)] == [["cross-link"]]
    assert autochk("", *volumes) == []


def test_marks_take_the_rest_of_the_line_for_the_file() -> None:
    files = {rf"{SYSTEM32}\bootmark.exe": FileInfo(kind="native")}
    entries = multi(r"bootmark 12 \??\C:\a b.txt", "bootmark 12")
    rows = boot_commands(context(files, manager={"BootExecute": entries}))
    assert boot_marks(rows) == [{"command": 0, "file": r"C:\a b.txt", "argument": "12"}]


def pairs(*words: str) -> dict[str, Any]:
    return {"PendingFileRenameOperations": multi(*words)}


FILES = {
    r"\a": FileInfo(1, sha256="aa"), r"\b": FileInfo(2, sha256="bb"),
    r"\ro": FileInfo(3, readonly=True, sha256="cc"),
    r"\dir": FileInfo(directory=True), r"\dir\in": FileInfo(4, sha256="dd"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "statuses"),
    [
        ([r"\??\C:\a", r"\??\C:\new"], ["0x0"]),
        ([r"\??\C:\a", r"\??\C:\b"], ["0xC0000035"]),
        ([r"\??\C:\a", r"!\??\C:\b"], ["0x0"]),
        ([r"*1\??\C:\a", r"@!\??\C:\ro"], ["0x0"]),
        ([r"\??\C:\none", ""], ["0xC0000034"]),
        ([r"\??\C:\no\where", ""], ["0xC000003A"]),
        ([r"\??\C:\a\b", ""], ["0xC000003A"]),
        ([r"\??\C:\ro", ""], ["0x0"]),
        ([r"\??\C:\dir", ""], ["0xC0000101"]),
        ([r"\??\C:\dir", r"\??\C:\dir\sub"], ["0xC0000022"]),
        ([r"\??\C:\a", r"\??\C:\no\a"], ["0xC000003A"]),
        ([r"\??\C:\a", r"!\??\C:\dir"], ["0xC0000022"]),
        ([r"\??\C:\a", r"\??\C:\x", r"\??\C:\x", r"\??\C:\dir\y", r"\??\C:\x", ""],
         ["0x0", "0x0", "0xC0000034"]),
        ([r"\??\C:\dir", r"\??\C:\moved", r"\??\C:\moved\in", ""], ["0x0", "0x0"]),
        ([r"\??\C:\a"], []),
    ],
)  # fmt: skip
def test_renames_are_done_one_after_the_other(words: list[str], statuses: list[str]) -> None:
    rows = rename_rows(context(FILES, manager=pairs(*words)))
    assert [row["statuses"][0] for row in rows] == statuses


def test_what_is_left_of_renames() -> None:
    ground = context(
        FILES, manager=pairs(r"\??\C:\a", r"!\??\C:\b", r"\??\C:\b", r"\??\C:\dir\c", r"\??\C:\ro", "")
    )
    assert renamed_files(ground) == [{"path": r"C:\dir\c", "size": 1, "sha256": "aa", "text": None}]
    assert vanished_files(ground) == [r"C:\a", r"C:\b", r"C:\ro"]
    assert [row[0] for row in unchanged_files(ground)] == [r"C:\dir\in"]


def test_a_file_does_not_leave_its_volume_or_the_boot_modules() -> None:
    volumes = (Volume("C:", "c", files=FILES), Volume("D:", "d"))
    manager = pairs(r"\??\C:\a", r"\??\D:\a")
    assert rename_rows(context(volumes=volumes, manager=manager))[0]["statuses"] == ["0xC00000D4"]
    ground = context(
        volumes=(), files=("Windows/System32/x.exe",), manager=pairs(r"\SystemRoot\System32\x.exe", "")
    )
    (row,) = rename_rows(ground)
    assert "0xC00000A2" in row["statuses"] and not row["deleted"]


def test_an_installer_s_renames_are_not_ours() -> None:
    ground = context(FILES, manager=pairs(r"\??\C:\a", ""), keys={r"ControlSet001\Control\MiniNT": {}})
    assert rename_rows(ground) == []


def test_known_dlls_grow_by_imports_and_shrink_by_exclusion() -> None:
    names = ("a.dll", "b.dll", "c.dll", "d.dll")
    files = {rf"{SYSTEM32}\{name}": FileInfo(kind="dll") for name in names}
    keys = {rf"{MANAGER}\KnownDLLs": {
        "DllDirectory": ("REG_EXPAND_SZ", r"%SystemRoot%\system32"), "one": ("REG_SZ", "a.dll"),
        "two": ("REG_SZ", "B.dll"), "lost": ("REG_SZ", "lost.dll"), "number": ("REG_DWORD", 1),
    }}  # fmt: skip
    images = {"windows/system32/a.dll": ImageInfo("dll", ("c.dll", "b.dll", "d.dll"))}
    manager = {"ExcludeFromKnownDlls": multi("D.DLL")}
    rows = known_dlls(context(files, keys=keys, images=images, manager=manager))
    assert [(row["name"], row["file"], row["mapped"]) for row in rows] == [
        ("one", "a.dll", True), ("two", "B.dll", True), ("lost", "lost.dll", False), ("c.dll", "c.dll", True),
    ]  # fmt: skip
    assert not known_dlls_fatal(rows)


def test_a_file_that_two_values_name_is_mapped_once() -> None:
    files = {rf"{SYSTEM32}\a.dll": FileInfo(kind="dll")}
    keys = {rf"{MANAGER}\KnownDLLs": {"one": ("REG_SZ", "a.dll"), "two": ("REG_SZ", "A.DLL")}}
    rows = known_dlls(context(files, keys=keys))
    assert [(row["name"], row["mapped"], row["statuses"]) for row in rows] == [
        ("one", True, ["0x0"]), ("two", False, ["0xC0000035"]),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["", "native", "dll-damaged"])
def test_a_known_dll_that_is_none_ends_the_list_and_the_boot(kind: str) -> None:
    files = {rf"{SYSTEM32}\a.dll": FileInfo(kind=kind), rf"{SYSTEM32}\b.dll": FileInfo(kind="dll")}
    keys = {rf"{MANAGER}\KnownDLLs": {"a": ("REG_SZ", "a.dll"), "b": ("REG_SZ", "b.dll")}}
    rows = known_dlls(context(files, keys=keys))
    assert [row["file"] for row in rows] == ["a.dll"]
    assert known_dlls_fatal(rows)
    assert rows[-1]["statuses"] == (["0xC0000221"] if kind == "dll-damaged" else list(NO_IMAGE))


def paging(*entries: str, free: int = 1 << 40, memory: int = 64, **known: Any) -> list[tuple[Any, ...]]:
    volume = Volume("C:", "c", free=free, cluster=4096, files=known.pop("files", {}))
    ground = context(
        volumes=known.pop("volumes", (volume,)),
        memory_mib=memory,
        keys={MEMORY: {"PagingFiles": multi(*entries)}},
    )
    rows = paging_files(ground)
    names = ("path", "minimum", "maximum", "status", "kind")
    told = [[row[name] for name in names] for row in rows]
    return [tuple(part // MIB if isinstance(part, int) else part for part in row) for row in told]


@pytest.mark.parametrize(
    ("entry", "memory", "sizes"),
    [
        (r"C:\p.sys", 64, (96, 192)),
        (r"C:\p.sys 0 500", 64, (96, 192)),
        (r"C:\p.sys", 1000, (1512, 3024)),
        (r"C:\p.sys", 1024, (1024, 3072)),
        (r"C:\p.sys", 2048, (2048, 4095)),
        (r"C:\p.sys 100", 64, (100, 100)),
        ("C:\\p.sys\t100 \t50", 64, (100, 100)),
        (r"C:\p.sys 5000 6000", 64, (4095, 4095)),
    ],
)
def test_sizes_of_paging_files(entry: str, memory: int, sizes: tuple[int, int]) -> None:
    kind = "managed" if len(entry.split()) == 1 or " 0 " in entry else "listed"
    assert paging(entry, memory=memory) == [(r"C:\p.sys", *sizes, "0x0", kind)]


def test_what_is_no_descriptor_is_left_out() -> None:
    bad = ["pagefile.sys", "C:", "C:\\", r"1:\x.sys", r"C:\x.sys a", r"C:\x.sys 4294967296"]
    bad.append(r"C:\x.sys 1 2 3")
    entries = [*bad, r"C:\p.sys", r"c:\P.SYS 5", *[rf"D:\{n}.sys" for n in range(16)]]
    keys = {MEMORY: {"PagingFiles": multi(*entries)}}
    ground = context(keys=keys)
    assert [d.path for d in descriptors(ground.registry, 64)][:2] == [r"C:\p.sys", r"D:\0.sys"]
    assert len(descriptors(ground.registry, 64)) == 16
    assert left_out(ground) == [*bad, r"c:\P.SYS 5", r"D:\15.sys"]
    told = [row["text"] for row in expected_logs(ground, [], [], [], [], [])]
    assert told[0] == "An entry of PagingFiles was left out: pagefile.sys"


def test_a_paging_file_fits_into_its_volume() -> None:
    room = 32 * MIB
    assert paging(r"C:\p.sys 100 200", free=room + 150 * MIB) == [(r"C:\p.sys", 100, 136, "0x0", "listed")]
    assert paging(r"C:\p.sys 100 200", free=room + 90 * MIB) == [(r"C:\p.sys", 84, 88, "0x0", "listed")]
    here = {r"\p.sys": FileInfo(64 * MIB)}
    assert paging(r"C:\p.sys 100", free=room + 36 * MIB, files=here)[0][1] == 100


def test_the_emergency_file_comes_when_no_other_was_made() -> None:
    rows = paging(r"C:\p.sys 10", free=20 * MIB)
    assert rows == [
        (r"C:\p.sys", 10, 10, "0xC000007F", "listed"), (r"C:\pagefile.sys", 16, 16, "0x0", "emergency"),
    ]  # fmt: skip
    assert paging(r"C:\p.sys 10", free=10 * MIB)[1][3] == "0xC000007F"
    assert paging(r"X:\p.sys 10", free=1 << 30)[0][3] == "0xC000000E"
    assert paging(r"?:\p.sys 10", volumes=()) == [(r"?:\p.sys", 10, 10, "0xC000000E", "listed")]
    assert paging() == []


def test_any_volume_is_the_first_with_room_else_the_roomiest() -> None:
    sizes = {"C:": 50 * MIB, "D:": 300 * MIB, "E:": 1 << 40}
    volumes = tuple(Volume(letter, letter, free=free) for letter, free in sizes.items())
    assert paging(r"?:\p.sys 100 200", volumes=volumes)[0][0] == r"D:\p.sys"
    assert paging(r"?:\p.sys 100 200", r"?:\q.sys 100 200", volumes=volumes)[1][0] == r"E:\q.sys"
    assert paging(r"?:\p.sys 100 400", volumes=volumes[:2])[0][0] == r"D:\p.sys"


def dumped(manager: dict[str, Any] | None = None, files: dict[str, FileInfo] | None = None) -> dict[str, Any]:
    dump = DumpInfo(r"\pagefile.sys", 1000, "dd")
    volume = Volume("C:", "c", free=1 << 20, files=files or {}, dump=dump)
    return crash_dump(context(volumes=(volume,), keys={r"ControlSet001\Control\CrashControl": manager or {}}))


def test_a_dump_is_saved_where_the_registry_says() -> None:
    assert dumped()["dump"] == r"C:\Windows\MEMORY.DMP"
    assert dumped({"DumpFile": ("REG_EXPAND_SZ", r"%SystemDrive%\x.dmp")})["dump"] == r"C:\x.dmp"
    old = {r"\windows\memory.dmp": FileInfo(5)}
    kept = dumped({"Overwrite": ("REG_DWORD", 0)}, old)
    assert (kept["found"], kept["dump"], kept["bytes"]) == (True, "", 0)
    assert dumped({}, old)["bytes"] == 1000
    assert not crash_dump(context())["found"]


def test_drivers_come_by_group_and_tag() -> None:
    services = r"ControlSet001\Services"

    def service(start: int = 1, kind: int = 1, **more: Any) -> dict[str, Any]:
        return {"Start": ("REG_DWORD", start), "Type": ("REG_DWORD", kind), **more}

    def group(name: str, tag: int | None = None) -> dict[str, Any]:
        return {"Group": ("REG_SZ", name)} | ({} if tag is None else {"Tag": ("REG_DWORD", tag)})

    keys = {
        r"ControlSet001\Control\ServiceGroupOrder": {"List": multi("First", "Second")},
        r"ControlSet001\Control\GroupOrderList": {"Second": ("REG_BINARY", struct.pack("<III", 2, 7, 3))},
        rf"{services}\a": service(), rf"{services}\b": service(**group("second", 3)),
        rf"{services}\c": service(**group("Second", 7)), rf"{services}\d": service(**group("First")),
        rf"{services}\e": service(**group("Second")), rf"{services}\f": service(**group("Second", 9)),
        rf"{services}\boot": service(0), rf"{services}\program": service(1, 16),
    }  # fmt: skip
    rows = system_drivers(context({rf"{SYSTEM32}\drivers\d.sys": FileInfo(kind="native")}, keys=keys))
    assert [row["name"] for row in rows] == ["d", "c", "b", "f", "e", "a"]
    assert [row["loaded"] for row in rows] == [True, False, False, False, False, False]


def test_paths_as_they_are_said() -> None:
    assert image_path("x", None) == r"\SystemRoot\System32\drivers\x.sys"
    assert image_path("x", r"System32\x.sys") == r"\SystemRoot\System32\x.sys"
    assert win32(r"\SystemRoot\System32\x.sys") == r"C:\Windows\System32\x.sys"
    assert win32(r"\Device\x") == r"\Device\x"


def test_hives_are_those_that_lie_on_the_volume() -> None:
    files = {rf"{SYSTEM32}\config\{name}": FileInfo() for name in ("system", "default", "other")}
    assert [name for name, _, _ in hives(context(files).volumes)] == ["SYSTEM", "DEFAULT"]
    assert hives(()) == []


@pytest.mark.parametrize(
    ("arguments", "room", "low", "high", "kind", "out"),
    [
        ("0123 64", 96, 16384, 16384, "done", 8192),
        ("0123", 96, 8192, 16384, "done", 0),
        ("0123 64", 16, 16384, 16384, "refused", 0),
        ("0123 64", 48, 16384, 16384, "unknown", 0),
        ("0123 16", 96, 4096, 4096, "done", 0),
        ("", 0, 8192, 16384, "unknown", 0),
    ],
)
def test_memory_that_is_touched(
    arguments: str, room: int, low: int, high: int, kind: str, out: int
) -> None:
    command = {"index": 3, "waited": True, "program": "memtouch.exe", "arguments": arguments}
    files = [{"made": True, "maximum": room * MIB, "path": r"C:\pagefile.sys"}] if room else []
    other = {**command, "program": "bootmark.exe"}
    ground = context(memory_mib=32)
    (row,) = memory_touches(ground, [other, command, {**command, "waited": False}], files)
    assert (row["low"], row["high"], row["out"]) == (low, high, out)
    assert [name for name in ("done", "refused", "unknown") if row[name]] == [kind]
    assert row["succeeds"] == (3 if kind == "done" else -1)
    assert pages_out([row]) == out
