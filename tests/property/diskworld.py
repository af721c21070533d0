"""A context with a disk in which every step of the system volume has something to do."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from worlds import MANAGER, registry

from smssboot.model import Context, Expectation, ground, load
from smssboot.model.context import DumpInfo, FileInfo, ImageInfo, Volume

SYSTEM32 = r"\windows\system32"
PROGRAMS = {
    "smss.exe": "native", "autochk.exe": "native", "autoconv.exe": "native", "bootmark.exe": "native",
    "memtouch.exe": "native",
    "gui.exe": "windows", "text.exe": "", "ntdll.dll": "dll", "basesrv.dll": "dll", "winsrv.dll": "dll",
    "drivers\\null.sys": "native", "drivers\\ramdisk.sys": "native",
}  # fmt: skip
NONCE = "0011223344556677"


def digest(name: str) -> str:
    """Any SHA-256 that stands for a file's content."""
    from hashlib import sha256

    return sha256(name.encode()).hexdigest()


def hive(**manager: Any) -> dict[str, dict[str, Any]]:
    """A SYSTEM hive in which all lists have entries."""
    base = {key: dict(values) for key, values in registry().items()}
    base[MANAGER].update({
        "BootExecute": ("REG_MULTI_SZ", [
            "autocheck autochk *", rf"bootmark {NONCE} \??\C:\mark.txt", "gui", "text", "nowhere /x",
            "autocheck autoconv C:", rf"async bootmark {NONCE} \??\C:\async.txt",
        ]),
        "SetupExecute": ("REG_MULTI_SZ", [
            rf"bootmark {NONCE} \??\C:\setup.txt", rf"async bootmark {NONCE} \??\C:\later.txt",
        ]),
        "PendingFileRenameOperations": ("REG_MULTI_SZ", [
            r"\??\C:\temp\a.tmp", r"!\??\C:\temp\b.txt", r"\??\C:\temp\ro.txt", "",
            r"\??\C:\temp\b.txt", r"\??\C:\docs\c.txt", r"\??\C:\missing", r"\??\C:\x",
            r"\??\C:\temp\nonce.txt", rf"\??\C:\temp\{NONCE}.txt",
        ]),
        "PendingFileRenameOperations2": ("REG_MULTI_SZ", [r"\??\C:\docs", ""]),
        "ExcludeFromKnownDlls": ("REG_MULTI_SZ", ["winsrv.dll"]),
    })  # fmt: skip
    base[MANAGER].update(manager)
    base[rf"{MANAGER}\KnownDLLs"] = {
        "DllDirectory": ("REG_EXPAND_SZ", r"%SystemRoot%\system32"),
        "basesrv": ("REG_SZ", "basesrv.dll"),
        "winsrv": ("REG_SZ", "winsrv.dll"),
        "gone": ("REG_SZ", "gone.dll"),
    }
    base[rf"{MANAGER}\Memory Management"] = {
        "PagingFiles": ("REG_MULTI_SZ", [r"C:\pagefile.sys", r"D:\page.sys 16 32"])
    }
    services = r"ControlSet001\Services"
    base[r"ControlSet001\Control\ServiceGroupOrder"] = {"List": ("REG_MULTI_SZ", ["Port", "Base"])}
    for name, group in (("Null", "Base"), ("ramdisk", "Port"), ("lost", "")):
        base[rf"{services}\{name}"] = {
            "Start": ("REG_DWORD", 1), "Type": ("REG_DWORD", 1), "Group": ("REG_SZ", group),
        }  # fmt: skip
    return base


def volumes(free: int = 1 << 30, dirty: bool = True) -> tuple[Volume, ...]:
    """The EFI system partition, C: (dirty and damaged, with a dump), and D:."""
    files = {
        rf"{SYSTEM32}\{name}": FileInfo(8192, sha256=digest(name), kind=kind)
        for name, kind in PROGRAMS.items()
    }
    names = ("system", "software", "sam", "security")
    files |= {rf"{SYSTEM32}\config\{name}": FileInfo(8192) for name in names}
    files |= {
        r"\temp\a.tmp": FileInfo(5, sha256=digest("a")),
        r"\temp\b.txt": FileInfo(6, sha256=digest("b")),
        r"\temp\ro.txt": FileInfo(7, readonly=True, sha256=digest("ro")),
        r"\temp\nonce.txt": FileInfo(16, text=NONCE),
        r"\docs": FileInfo(directory=True),
        r"\pagefile.sys": FileInfo(1 << 20),
    }
    data = {r"\data\kept.bin": FileInfo(100, sha256=digest("kept"))}
    dump = DumpInfo(r"\pagefile.sys", 1 << 19, digest("dump"))
    damage = ("lost-chain",) if dirty else ()
    return (
        Volume("", r"\Device\HarddiskVolume1", free=1 << 24, filesystem="FAT16"),
        Volume("C:", r"\Device\HarddiskVolume2", 1 << 31, free, 4096, dirty, damage, files, dump),
        Volume("D:", r"\Device\HarddiskVolume3", 1 << 30, free, 4096, files=data),
    )


def disk_context(arch: str = "x86_64", profile: str = "win11/documented", **changes: Any) -> Context:
    """The context; `changes` are fields of Context."""
    known: dict[str, Any] = {
        "registry": hive(), "nonce": NONCE, "image": "img", "profile": profile, "volumes": volumes(),
        "files": tuple(f"Windows/System32/{name}" for name in PROGRAMS),
        "images": {
            f"windows/system32/{name}": ImageInfo(kind, ("ntdll.dll",) if kind == "dll" else ())
            for name, kind in PROGRAMS.items()
        },
    }  # fmt: skip
    return Context(arch=arch, **{**known, **changes})


@lru_cache(maxsize=8)
def disk_expectation(profile: str = "win11/documented", arch: str = "x86_64") -> Expectation:
    """The grounded model of the context."""
    return ground(load(profile), disk_context(arch, profile))


def pressed(**manager: Any) -> dict[str, dict[str, Any]]:
    """A hive with one paging file of 96 MB, and memtouch before and after it is made (for 32 MiB of RAM)."""
    commands = {
        "BootExecute": ("REG_MULTI_SZ", [f"memtouch {NONCE} 4096"]),
        "SetupExecute": ("REG_MULTI_SZ", [f"memtouch {NONCE} 64"]),
    }
    files = {"PagingFiles": ("REG_MULTI_SZ", [r"C:\pagefile.sys 96 96"])}
    return hive(**{**commands, **manager}) | {rf"{MANAGER}\Memory Management": files}
