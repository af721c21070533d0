"""What is on a disk after power-off, as events: partition table, volumes, files, hives, the event log.

Whatever is wrong with the disk is part of what is told, never an exception; only a reader that is not
installed is an error of this machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from smssboot.errors import InfrastructureError
from smssboot.evidence import eventlog, fatvolume, gpt, hives, pattern
from smssboot.evidence.fatvolume import Found
from smssboot.image.volumes import VolumeInfo
from smssboot.timeline.items import Event

CONFIG: Final = "\\windows\\system32\\config\\"
EVENT_LOG: Final = CONFIG + "sysevent.evt"
VALID_DUMP: Final = b"PAGEDU64"
PENDING: Final = ("PendingFileRenameOperations", "PendingFileRenameOperations2")
_MANAGER: Final = r"\control\session manager"
_TOLD: Final = (
    _MANAGER, r"\control\productoptions", r"\control\hivelist", r"\control\crashcontrol",
)  # fmt: skip
_SETUP: Final = (r"setup", r"microsoft\windows\currentversion\setup")


def inspect(disk: Path, volumes: Sequence[VolumeInfo]) -> list[Event]:
    """Every event of docs/volume.md, section 8.  Raises InfrastructureError without a reader or the disk."""
    try:
        with disk.open("rb") as file, tempfile.TemporaryDirectory(prefix=".disk-", dir=disk.parent) as folder:
            return _inspect(disk, file.fileno(), volumes, Path(folder))
    except OSError as error:
        raise InfrastructureError(f"{disk}: {error.strerror}") from None


def _inspect(disk: Path, fd: int, volumes: Sequence[VolumeInfo], scratch: Path) -> list[Event]:
    table = gpt.read(fd)
    data = {"scheme": "gpt", "partitions": str(len(table.partitions)), "status": table.status}
    events = [_event("disk.table", **data, **({"reason": table.reason} if table.reason else {}))]
    checks: list[tuple[fatvolume.Boot, fatvolume.Check] | None] = []
    for number, volume in enumerate(volumes):  # they run while the trees are read
        boot = fatvolume.boot_sector(fd, volume.offset)
        copy = scratch / f"partition{number}"
        checks.append(boot and (boot, fatvolume.Check(disk, volume.offset, volume.bytes, copy)))
    for volume, check in zip(volumes, checks, strict=True):
        if check is None:
            told = {"filesystem": "", "dirty": "1", "fsck": "damaged", "problems": "1", "reason": "no FAT"}
            events.append(_event("disk.volume", volume=volume.letter or "EFI", **told))
        else:
            events += _volume(disk, volume, *check, scratch)
    return events


def _event(event: str, **data: str) -> Event:
    """An event whose texts can be shown and kept: what is no text on the disk is marked as such."""
    clean = {key: value.encode("utf-8", "backslashreplace").decode() for key, value in data.items()}
    return Event("evidence", event, clean)


def _volume(
    disk: Path, volume: VolumeInfo, boot: fatvolume.Boot, check: fatvolume.Check, scratch: Path
) -> list[Event]:
    letter = volume.letter or "EFI"
    found, trouble = fatvolume.tree(disk, volume.offset) if volume.letter else ([], "")
    health = check.finish()
    verdict, reason, problems = health.verdict, health.first or trouble, health.problems + bool(trouble)
    if trouble:
        verdict = "damaged"
    events = [
        _event(
            "disk.volume",
            volume=letter,
            filesystem=boot.filesystem,
            serial=boot.serial,
            label=boot.label,
            dirty=str(int(boot.dirty)),
            fsck=verdict,
            problems=str(problems),
            free="" if health.free is None else str(health.free),
            **({"reason": reason} if reason else {}),
        )
    ]
    events += [_file(letter, one, _dump(disk, volume, one)) for one in found]
    events += _patterns(disk, volume, found)
    if volume.letter.upper() == "C:":
        events += _system(letter, found, scratch)
    return events


def _patterns(disk: Path, volume: VolumeInfo, found: Sequence[Found]) -> list[Event]:
    """memtouch's pages in files that are not read as a whole, if the volume has any."""
    large = [one for one in found if one.content is None and not one.directory and one.size >= pattern.PAGE]
    if not large:
        return []
    with disk.open("rb") as file:
        if not pattern.is_on(file.fileno(), volume.offset, volume.bytes):
            return []
    events = []
    for one in large:
        told = pattern.pages(fatvolume.head(disk, volume.offset, one.path, one.size))
        if told.pages or told.wrong:
            data = {"pages": str(len(told.pages)), "wrong": str(told.wrong)}
            data["nonce"] = ",".join(sorted(told.nonces))
            events.append(_event("disk.pattern", path=volume.letter + one.path, **data))
    return events


def _dump(disk: Path, volume: VolumeInfo, one: Found) -> dict[str, str]:
    """Whether the file that held a crash dump before the boot would still be taken for one after it."""
    if volume.dump is None or (volume.letter + one.path).casefold() != volume.dump.path.casefold():
        return {}
    valid = fatvolume.head(disk, volume.offset, one.path, len(VALID_DUMP)) == VALID_DUMP
    return {"dump": str(int(valid))}


def _file(letter: str, one: Found, more: dict[str, str]) -> Event:
    if one.directory:
        return _event("disk.directory", path=letter + one.path)
    digest = one.sha256
    known = more if digest is None else {"sha256": digest, **more}
    return _event("disk.file", path=letter + one.path, size=str(one.size), attributes=one.attributes, **known)


def _system(letter: str, found: Sequence[Found], scratch: Path) -> list[Event]:
    """Hives and the event log of the system volume."""
    by_path = {one.path.casefold(): one for one in found}
    events: list[Event] = []
    readings: list[tuple[str, str, hives.Reading]] = []
    for name, mounted in hives.MOUNTED.items():
        file = by_path.get(CONFIG + name)
        if file is None or file.directory:
            continue
        logs = (by_path.get(f"{CONFIG}{name}.log{number}") for number in (1, 2))
        contents = tuple(log.content or b"" for log in logs if log is not None)
        folder = scratch / name
        folder.mkdir()
        reading = hives.Reading(file.content or b"", contents, folder)
        readings.append((letter + file.path, mounted, reading))
    for path, mounted, reading in readings:
        events += _hive(path, mounted, reading.finish())
    log = by_path.get(EVENT_LOG)
    for record in eventlog.records(log.content or b"") if log is not None else ():
        events.append(_event("event-log.record", source=record.source, id=str(record.id), text=record.text))
    return events


def _hive(path: str, mounted: str, hive: hives.Hive) -> list[Event]:
    data = {"status": hive.status, "sequence": str(hive.sequence), "keys": str(len(hive.values))}
    data["readers"] = hive.readers
    events = [_event("hive.file", path=path, **data, **({"reason": hive.reason} if hive.reason else {}))]
    for key, values in hive.values.items():
        if not _is_told(key):
            continue
        for name, (kind, value) in values.items():
            told = {"type": kind, "data": hives.shown(value)}
            events.append(_event("hive.value", key=f"{mounted}\\{key}", name=name, **told))
        if key.casefold().endswith(_MANAGER):
            present = {name.casefold() for name in values}
            for name in PENDING:
                if name.casefold() not in present:
                    events.append(_event("hive.no-value", key=f"{mounted}\\{key}", name=name))
    return events


def _is_told(key: str) -> bool:
    """Whether the values of a key (below the hive's root) are of use to the model."""
    folded = key.casefold()
    _, _, below = folded.partition("\\")
    part = "\\" + below
    return folded in _SETUP or any(part == known or part.startswith(known + "\\") for known in _TOLD)
