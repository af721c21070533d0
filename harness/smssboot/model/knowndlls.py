"""Step S16: the DLLs that become known, what they import, those left out, and those that end the boot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smssboot.model.context import Context, Registry
from smssboot.model.registry import BOOT_ENVIRONMENT, MANAGER, environment, expand, setting, strings, values
from smssboot.model.renames import run

NO_IMAGE = ("0xC000007B", "0xC000012F", "0xC0000130", "0xC0000131", "0xC0000020")
_KEY = rf"{MANAGER}\KnownDLLs"


def known_dll_directory(registry: Registry) -> str:
    """The folder of the known DLLs."""
    told = setting(registry, _KEY, "DllDirectory")
    known = {**BOOT_ENVIRONMENT, **dict(environment(registry))}
    return expand(str(told), known) if isinstance(told, str) else r"C:\Windows\System32"


def known_dlls(ground: Context) -> list[dict[str, Any]]:
    """`name`, `file`, `statuses`, `mapped`, `fatal` of each known DLL; imports come last.

    The list ends with the first one that is no DLL or damaged: there the boot ends. Its `statuses` are what
    the bugcheck's second parameter may be.
    """
    folder = known_dll_directory(ground.registry).rstrip("\\")
    store = run(ground).store
    excluded = {
        name.casefold() for name in strings(setting(ground.registry, MANAGER, "ExcludeFromKnownDlls"))
    }
    listed = [
        (name, value)
        for name, value in values(ground.registry, _KEY).items()
        if isinstance(value, str) and name.casefold() != "dlldirectory"
    ]
    out: list[dict[str, Any]] = []
    known = {value.casefold() for _, value in listed}
    at = 0
    while at < len(listed):
        name, file = listed[at]
        at += 1
        if file.casefold() in excluded:
            continue
        path = rf"{folder}\{file}"
        info = store.find(path)
        missing = info is None or info.directory
        # Without a whole ntdll.dll no process runs, smss neither: such a boot has ended long before.
        whole = info is not None and (info.kind == "dll" or file.casefold() == "ntdll.dll")
        bad = info is not None and not missing and not whole
        statuses = list(store.missing(path)) if info is None else ["0xC00000BA"] if missing else ["0x0"]
        if bad and info is not None:
            statuses = ["0xC0000221"] if info.kind.endswith("-damaged") else list(NO_IMAGE)
        twice = any(row["mapped"] and row["file"].casefold() == file.casefold() for row in out)
        if twice:
            statuses = ["0xC0000035"]
        out.append({"name": name, "file": file, "statuses": statuses, "twice": twice,
                    "mapped": not missing and not bad and not twice, "fatal": bad})  # fmt: skip
        if bad:
            break
        image = ground.images.get(f"windows/system32/{file}".lower())
        for imported in image.imports if image is not None and not missing else ():
            if imported.casefold() not in known:
                known.add(imported.casefold())
                listed.append((imported, imported))
    return out


def known_dlls_fatal(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of them ends the boot with 0xC000021A."""
    return any(row["fatal"] for row in rows)
