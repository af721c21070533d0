r"""The disk as a whole: its volumes and hives, and which files a boot leaves as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smssboot.model import bootexec, paging, renames
from smssboot.model.context import Context, Volume

CONFIG: Final = r"C:\Windows\System32\config"
HIVES: Final = (
    ("SYSTEM", r"\Registry\Machine\SYSTEM"),
    ("SOFTWARE", r"\Registry\Machine\SOFTWARE"),
    ("SAM", r"\Registry\Machine\SAM"),
    ("SECURITY", r"\Registry\Machine\SECURITY"),
    ("DEFAULT", r"\Registry\User\.Default"),
)
_WRITTEN: Final = (".log1", ".log2", ".evt", "bootstat.dat")


def lettered(volumes: Sequence[Volume]) -> list[dict[str, Any]]:
    """The volumes that have a drive letter: `letter`, `device`, `filesystem`, `serial`, `dirty`."""
    return [
        {"letter": v.letter, "device": v.device, "filesystem": v.filesystem, "serial": v.serial or None,
         "dirty": v.dirty}
        for v in volumes
        if v.letter
    ]  # fmt: skip


def device_of(volumes: Sequence[Volume], letter: str) -> str | None:
    """The device behind a drive letter; the EFI system partition has none and is meant by ``."""
    return next((v.device for v in volumes if v.letter.casefold() == letter.casefold()), None)


def hives(volumes: Sequence[Volume]) -> list[list[str]]:
    """[name, key, file] of the hives that lie on the system volume, SYSTEM first."""
    boot = next((v for v in volumes if v.letter.upper() == "C:"), None)
    if boot is None:
        return []
    folded = {path.casefold() for path in boot.files}
    return [
        [name, key, rf"{CONFIG}\{name}"]
        for name, key in HIVES
        if rf"{CONFIG}\{name}"[2:].casefold() in folded
    ]


def unchanged_files(ground: Context) -> list[list[Any]]:
    """[path, size, sha256] of the files with known content that nothing in the boot writes, names or moves.

    A file on a volume that is damaged may be the damaged one, and is left out.
    """
    outcome = renames.run(ground)
    taken = {path.casefold() for path in outcome.touched}
    taken |= {row["path"].casefold() for row in paging.paging_files(ground)}
    taken.add(str(paging.crash_dump(ground)["dump"]).casefold())
    taken |= {file.casefold() for _, _, file in hives(ground.volumes)}
    for name in ("BootExecute", "SetupExecute"):
        commands = bootexec.boot_commands(ground, name)
        taken |= {mark["file"].casefold() for mark in bootexec.boot_marks(commands)}
    out: list[list[Any]] = []
    for volume in ground.volumes:
        if not volume.letter or volume.problems:
            continue
        for path, info in volume.files.items():
            whole = volume.letter + path
            if info.directory or not info.sha256 or whole.casefold() in taken:
                continue
            if not path.casefold().endswith(_WRITTEN) and outcome.store.find(whole) is not None:
                out.append([whole, info.size, info.sha256])
    return out


def where(rows: Sequence[Mapping[str, Any]], name: str) -> list[int]:
    """The positions of the rows in which `name` holds."""
    return [at for at, row in enumerate(rows) if row[name]]


def number(rows: Sequence[Mapping[str, Any]], name: str) -> int:
    """In how many rows `name` holds."""
    return len(where(rows, name))


def rows_of(rows: Sequence[Mapping[str, Any]], index: int) -> list[int]:
    """The positions of the rows that belong to one command."""
    return [at for at, row in enumerate(rows) if row["command"] == index]


def column(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """One value of each row."""
    return [row[name] for row in rows]
