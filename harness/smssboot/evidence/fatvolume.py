"""One FAT volume after power-off: its tree and contents by mtools, its soundness by fsck.vfat."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from smssboot.evidence import tools

LARGEST: Final = 4 << 20
"""Bytes of the largest file whose content is looked at."""

PAGING: Final = ("pagefile.sys", "swapfile.sys")
_AT_ONCE: Final = 400
_TOGETHER: Final = 4
"""Readers that run at the same time."""

_T = TypeVar("_T")
_FOLDER: Final = b"Directory for ::/"
_ENTRY: Final = re.compile(r"(.{8}) (.{3})( *<DIR> *| *\d+) .{10}  .{5} (?: (.*))?", re.DOTALL)
"""A line of mdir: short name, extension, size, date, time, and the long name if there is one."""

_EMPTY: Final = b'File "::" not found'
"""What mdir says of a root directory in which nothing is."""

_ATTRIBUTES: Final = re.compile(rb"^(.{11,13})::/(.+)$", re.DOTALL)
_CLUSTERS: Final = re.compile(r"(\d+) files, (\d+)/(\d+) clusters")
_DIRTY: Final = "Dirty bit is set"
_HARMLESS: Final = (
    "fsck.fat ", "There are differences between boot sector and its backup", "This is mostly harmless",
    "Not automatically fixing", "Leaving filesystem unchanged", "Automatically removing dirty bit", _DIRTY,
)  # fmt: skip


@dataclass(slots=True)
class Found:
    """A file or directory. `path` is `\\Windows\\x.txt`; `content` None: too large, or it cannot be read."""

    path: str
    size: int
    directory: bool
    attributes: str = ""
    content: bytes | None = None

    @property
    def sha256(self) -> str | None:
        """Of the content, or None."""
        return None if self.content is None else hashlib.sha256(self.content).hexdigest()


class Health(NamedTuple):
    """fsck.vfat's opinion: `clean`, `dirty` or `damaged`, with how many problems; free bytes."""

    verdict: str
    problems: int
    free: int | None
    first: str


class Boot(NamedTuple):
    """What the boot sector says. `dirty` by it or by the second entry of the FAT."""

    filesystem: str
    serial: str
    label: str
    cluster: int
    dirty: bool


def boot_sector(fd: int, offset: int) -> Boot | None:
    """The volume's description of itself; None when there is no FAT at this place."""
    raw = os.pread(fd, 512, offset)
    if len(raw) < 512 or raw[510:] != b"\x55\xaa":
        return None
    sector, per_cluster, reserved = struct.unpack_from("<HBH", raw, 11)
    if sector not in (512, 1024, 2048, 4096) or not per_cluster or per_cluster & (per_cluster - 1):
        return None
    wide = struct.unpack_from("<H", raw, 22)[0] == 0
    at = 64 if wide else 36
    name = raw[at + 18 : at + 26].decode("ascii", "replace").strip()
    entry = os.pread(fd, 8 if wide else 4, offset + reserved * sector)
    flag = 1 << 27 if wide else 1 << 15
    second = int.from_bytes(entry[len(entry) // 2 :], "little")
    clean = name == "FAT12" or len(entry) < 4 or bool(second & flag)
    low, high = struct.unpack_from("<HH", raw, at + 3)
    label = raw[at + 7 : at + 18].decode("ascii", "replace").strip()
    dirty = bool(raw[at + 1] & 1) or not clean
    return Boot(name, f"{high:04X}-{low:04X}", label, sector * per_cluster, dirty)


def check(disk: Path, offset: int, size: int, scratch: Path) -> Health:
    """fsck.vfat on a sparse copy of the partition, which it may not change."""
    return Check(disk, offset, size, scratch / "partition").finish()


class Check:
    """fsck.vfat at work, on a sparse copy of the partition which it may not change."""

    def __init__(self, disk: Path, offset: int, size: int, copy: Path) -> None:
        self._disk, self._offset, self._copy = disk, offset, copy
        _copy(disk, offset, size, copy)
        self._fsck = tools.Reader("fsck.vfat", "-n", os.fspath(copy))

    def finish(self) -> Health:
        """What it says.  Once only."""
        answer = self._fsck.answer()
        self._copy.unlink()
        return _health(answer, self._disk, self._offset)


def _health(answer: tools.Answer, disk: Path, offset: int) -> Health:
    text = (answer.out + answer.error).decode("utf-8", "replace")
    counted = _CLUSTERS.search(text)
    free = None
    if counted is not None:
        with disk.open("rb") as file:
            boot = boot_sector(file.fileno(), offset)
        free = (int(counted[3]) - int(counted[2])) * (boot.cluster if boot is not None else 0)
    problems = [line for line in text.splitlines() if _is_problem(line)]
    if answer.status is None or (answer.status not in (0, 1) and not problems):
        problems.append(f"fsck.vfat ended with {answer.status}")
    if problems:
        return Health("damaged", len(problems), free, problems[0])
    return Health("dirty" if _DIRTY in text or answer.status else "clean", 0, free, "")


def _is_problem(line: str) -> bool:
    # What is indented belongs to the line before it.
    told = line.strip()
    known = line != line.lstrip() or told.startswith(_HARMLESS) or _CLUSTERS.search(told)
    return bool(told) and not known


def _copy(disk: Path, offset: int, size: int, target: Path) -> None:
    """The partition as a file of its own; holes stay holes."""
    with disk.open("rb") as source, target.open("wb") as out:
        out.truncate(size)
        end, at = offset + size, offset
        while at < end:
            try:
                at = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole up to the end
                return
            stop = min(end, os.lseek(source.fileno(), at, os.SEEK_HOLE))
            while at < stop:
                data = os.pread(source.fileno(), min(1 << 20, stop - at), at)
                if not data:
                    return
                os.pwrite(out.fileno(), data, at - offset)
                at += len(data)


def tree(disk: Path, offset: int) -> tuple[list[Found], str]:
    """Every file and directory with its content, and what went wrong while they were read."""
    image = f"{disk}@@{offset}"
    listing = tools.Reader("mdir", "-/", "-a", "-i", image, "::")
    attribution = tools.Reader("mattrib", "-/", "-i", image, "::/")
    answer, attributes = listing.answer(), attribution.answer()
    found, strange = _listing(answer.out)
    trouble = "mdir did not come to an end" if answer.status is None else ""
    empty = _EMPTY in answer.error and not answer.out.strip()
    if not trouble and answer.status != 0 and found == [] and not empty:
        trouble = _first(answer.error) or "mdir failed"
    if not trouble and strange:
        trouble = f"a name that cannot be: {strange!r}"
    by_path = {one.path.casefold(): one for one in found}
    for line in attributes.out.split(b"\n"):
        match = _ATTRIBUTES.match(line)
        one = by_path.get(_path(match[2]).casefold()) if match is not None else None
        if match is not None and one is not None:
            one.attributes = "".join(sorted(match[1].decode("ascii", "replace").replace(" ", "")))
    read = [f for f in found if not f.directory and f.size <= LARGEST and f.path[1:].lower() not in PAGING]
    _contents(image, [f for f in read if f.size])
    for one in read:
        if not one.size:
            one.content = b""
    return found, trouble or next((f"{f.path!r} cannot be read" for f in read if f.content is None), "")


def head(disk: Path, offset: int, path: str, size: int) -> bytes:
    """The first `size` bytes of a file that is too large to be read; fewer when it has no more."""
    return tools.ask("mtype", "-i", f"{disk}@@{offset}", "::" + path.replace("\\", "/"), most=size).out[:size]


def _listing(text: bytes) -> tuple[list[Found], str]:
    """mdir's listing, and the first line that is none of its own."""
    found: list[Found] = []
    seen: set[str] = set()
    strange = ""
    folder: str | None = None
    for raw in text.split(b"\n"):
        line = raw.decode("utf-8", "surrogateescape")
        if raw.startswith(_FOLDER):
            folder = _path(raw[len(_FOLDER) :]).rstrip("\\")
            continue
        match = _ENTRY.fullmatch(line)
        if match is None:
            known = not line.strip() or line.startswith((" ", "Total files"))
            strange = strange or ("" if known else line[:80])
            continue
        name = _name(match)
        if folder is None or name in (".", "..", ""):
            continue
        path = f"{folder}\\{name}"
        if path.casefold() in seen:  # a second file of one name: the reader of a path finds the first one
            strange = strange or path
            continue
        seen.add(path.casefold())
        directory = "<DIR>" in match[3]
        found.append(Found(path, 0 if directory else int(match[3]), directory))
    return found, strange


def _name(match: re.Match[str]) -> str:
    if match[4]:
        return match[4]
    base, extension = match[1].strip(), match[2].strip()
    return f"{base}.{extension}" if extension else base


def _path(raw: bytes) -> str:
    return "\\" + raw.decode("utf-8", "surrogateescape").strip("/").replace("/", "\\")


def _contents(image: str, files: list[Found]) -> None:
    """Read many files with few processes: those of one folder together, each by itself when that fails."""
    folders: dict[str, list[Found]] = {}
    for one in files:
        folders.setdefault(one.path.rpartition("\\")[0].casefold(), []).append(one)
    batches = [
        batch[start : start + _AT_ONCE]
        for batch in folders.values()
        if len(batch) > 1
        for start in range(0, len(batch), _AT_ONCE)
    ]
    with tempfile.TemporaryDirectory(prefix="smssboot-") as root:
        for few in _few(list(enumerate(batches))):
            for batch, folder, reader in [_copy_out(image, batch, Path(root, str(n))) for n, batch in few]:
                reader.answer()
                _take(batch, folder)
    for singles in _few([one for one in files if one.content is None]):
        readers = [(one, tools.Reader("mtype", "-i", image, _argument(one))) for one in singles]
        for one, reader in readers:
            answer = reader.answer()
            if answer.status == 0 and len(answer.out) == one.size:
                one.content = answer.out


def _few(many: list[_T]) -> Iterator[list[_T]]:
    """As many as may be read at the same time."""
    return (many[start : start + _TOGETHER] for start in range(0, len(many), _TOGETHER))


def _copy_out(image: str, batch: list[Found], folder: Path) -> tuple[list[Found], Path, tools.Reader]:
    """Begin to copy files of one folder to a folder of the host."""
    folder.mkdir()
    return batch, folder, tools.Reader("mcopy", "-n", "-i", image, *map(_argument, batch), os.fspath(folder))


def _take(batch: list[Found], folder: Path) -> None:
    """The contents of what was copied; what did not come out whole stays unread."""
    by_name = {path.name.casefold(): path for path in folder.iterdir() if path.is_file()}
    for one in batch:
        path = by_name.get(one.path.rpartition("\\")[2].casefold())
        if path is not None and path.stat().st_size == one.size:
            one.content = path.read_bytes()


def contents(disk: Path, offset: int, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """The contents of some files by path (`\\a.txt`), those that can be read."""
    files = [Found(path, size, False) for path, size in sizes.items()]
    _contents(f"{disk}@@{offset}", files)
    return {one.path: one.content for one in files if one.content is not None}


def _argument(one: Found) -> bytes:
    """The path as mtools wants it; what it takes for a pattern is written as it is meant."""
    path = "::" + re.sub(r"([\[\]*?])", r"\\\1", one.path.replace("\\", "/"))
    return path.encode("utf-8", "surrogateescape")


def _first(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else ""
