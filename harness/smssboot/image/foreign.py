"""A disk image that others made: which of its partitions is the system's, and what a loader needs of it.

Its files are read by mtools, which knows nothing of how we write volumes. A disk whose last write was cut
short is looked at as its next mount will see it: with the journals of its volumes applied, to a copy.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.errors import InfrastructureError
from smssboot.image import fatread, gpt, mounted, pekind, sparse
from smssboot.image.built import DISK, BootLine
from smssboot.image.disk import BOOT_LINE, Disk
from smssboot.image.programs import KERNEL, LOADERS, SYSTEM32
from smssboot.image.volumes import FileInfo, VolumeInfo

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe

_HIVE: Final = SYSTEM32 + "config/SYSTEM"
_CONFIG: Final = "EFI/BOOT/boot.cfg"
_TREES: Final = "trees"
_SEEN: Final = "seen.raw"
_DAMAGE: Final = "raw"
"""A problem of no known kind, as docs/recipes.md has it."""
_LARGEST: Final = 4 << 20
"""Bytes of a file whose content is looked at; nor is that of paging files, for nobody promises it."""
_PAGING: Final = ("pagefile.sys", "swapfile.sys")
_PROGRAMS: Final = (".exe", ".dll", ".sys")
_LETTERS: Final = "DEFGHIJKLMNOPQRSTUVWXYZ"
_MACHINES: Final = {0x8664: "x86_64", 0xAA64: "aarch64"}


def take(recipe: Recipe, arch: str, work: Path) -> tuple[dict[str, bytes], Disk]:
    """Copy the recipe's disk image to `work`.  What a boot loader could load of it, by module name.

    Raises InputError when it has no system partition for `arch`.
    """
    assert recipe.foreign is not None
    place, source = recipe.place("image"), recipe.foreign
    trees = work / _TREES
    trees.mkdir()
    sparse.copy(source, work / DISK)
    volumes: list[VolumeInfo] = []
    system: Path | None = None
    guid = ""
    line: BootLine | None = None
    further = iter(_LETTERS)
    seen = source
    with source.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            return os.pread(file.fileno(), length, offset)

        try:
            parts = gpt.read(read)
        except ValueError as error:
            raise place.error(f"image: {source}: {error}") from None
        bases = [part.first * gpt.SECTOR for part in parts]
        if mounted.needs_it(file.fileno(), bases):
            seen = mounted.copy(source, bases, work / _SEEN)
    with seen.open("rb") as file:
        for number, part in enumerate(parts, start=1):
            if part.type not in (gpt.ESP_TYPE, gpt.BASIC_DATA_TYPE):
                continue
            base = part.first * gpt.SECTOR
            try:
                told = fatread.volume(lambda at, length, base=base: read(base + at, length))  # type: ignore[misc]
            except ValueError as error:
                raise place.error(f"image: {source}: partition {number}: {error}") from None
            tree = trees / str(number)
            complaint = _extract(seen, base, tree)
            damaged = told.dirty and mounted.is_damaged(seen, base, part.sectors * gpt.SECTOR, work)
            if complaint and not damaged:
                raise place.error(f"image: {source}: mtools cannot read partition {number}: {complaint}")
            letter = ""
            if part.type == gpt.ESP_TYPE and line is None:
                line = _boot_line(seen, base, told, tree, arch)
            if part.type == gpt.BASIC_DATA_TYPE:
                if system is None and _named(tree, _HIVE) is not None:
                    system, letter, guid = tree, "C:", str(part.guid)
                else:
                    letter = f"{next(further)}:"
            problems = (_DAMAGE,) if damaged else ()
            volumes.append(_info(part, number, letter, told, tree, problems))
    if system is None:
        raise place.error(
            f"image: {source}: no partition of it has \\Windows\\System32\\config\\SYSTEM on a FAT volume",
            hint="the system's partition has the type 'basic data'",
        )
    contents = _loadable(system)
    found = _machine(contents.get(KERNEL, b""))
    if found != arch:
        raise place.error(f"image: {source}: its kernel is for {found or 'no machine we know'}, not {arch}")
    shutil.rmtree(trees)
    (work / _SEEN).unlink(missing_ok=True)
    return contents, Disk(guid, tuple(volumes), (), line)


def unpack(contents: dict[str, bytes], work: Path) -> dict[str, str]:
    """Write what `take` found into the image's folder; module name to file there."""
    files = {}
    for number, (name, data) in enumerate(contents.items()):
        short = name.rpartition("/")[2]
        path = work / short
        if path.exists():  # another of the same name, from another folder
            path = work / f"{number}-{short}"
        path.write_bytes(data)
        files[name] = path.name
    return files


def _extract(image: Path, offset: int, tree: Path) -> str | None:
    """Copy all files of the volume at `offset` to `tree`; why that fails, or None."""
    tree.mkdir()
    volume = f"{image}@@{offset}"
    done = _mtools("mcopy", "-s", "-n", "-Q", "-i", volume, "::/", str(tree))
    if done.returncode:
        return done.stderr.decode("utf-8", "replace").strip()[:200]
    told = _mtools("mattrib", "-/", "-i", volume, "::/").stdout.decode("utf-8", "replace")
    for line in told.splitlines():
        flags, found, path = line.partition("::/")
        if found and "R" in flags and (file := _named(tree, path)) is not None and file.is_file():
            file.chmod(0o444)
    return None


def _boot_line(image: Path, base: int, told: fatread.Told, tree: Path, arch: str) -> BootLine | None:
    """Where the firmware's path finds its command line; None without a loader or room for it."""
    config = _named(tree, _CONFIG)
    if config is None or _named(tree, f"EFI/BOOT/{LOADERS[arch]}") is None:
        return None
    size = config.stat().st_size
    said = _mtools("mshowfat", "-i", f"{image}@@{base}", f"::/{_CONFIG}").stdout.decode("utf-8", "replace")
    chain = re.search(r"<(\d+)(?:-\d+)?>\s*$", said)  # one piece
    if chain is None or size < BOOT_LINE:
        return None
    return BootLine(base + told.data + (int(chain[1]) - 2) * told.cluster, size)


def _mtools(*command: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment)
    except OSError:
        raise InfrastructureError("mtools is not installed", hint="run ci/setup.sh") from None


def _loadable(tree: Path) -> dict[str, bytes]:
    """The SYSTEM hive with its logs, and all programs, by module name: the hive and the kernel first."""
    found = {}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and (path.suffix.lower() in _PROGRAMS or _is_hive(name)):
            found[_module_name(name)] = path.read_bytes()
    first = [name for name in (_HIVE, KERNEL) if name in found]
    return {name: found[name] for name in dict.fromkeys([*first, *found])}


def _is_hive(name: str) -> bool:
    return name.casefold() in {(_HIVE + log).casefold() for log in ("", ".LOG1", ".LOG2")}


def _module_name(name: str) -> str:
    """The name as loaders write it, whatever its case on the disk."""
    for known in (_HIVE, f"{_HIVE}.LOG1", f"{_HIVE}.LOG2", KERNEL):
        if name.casefold() == known.casefold():
            return known
    if name.casefold().startswith(SYSTEM32.casefold()):
        return SYSTEM32 + name[len(SYSTEM32) :]
    return name


def _named(tree: Path, name: str) -> Path | None:
    """The file at a path with `/`, whatever its case."""
    found = tree
    for part in name.split("/"):
        inside = found.iterdir() if found.is_dir() else iter(())
        known = next((path for path in inside if path.name.casefold() == part.casefold()), None)
        if known is None:
            return None
        found = known
    return found


def _machine(data: bytes) -> str | None:
    header = int.from_bytes(data[0x3C:0x40], "little") if data[:2] == b"MZ" else len(data)
    if data[header : header + 4] != b"PE\0\0":
        return None
    return _MACHINES.get(int.from_bytes(data[header + 4 : header + 6], "little"))


def _info(
    part: gpt.Partition, number: int, letter: str, told: fatread.Told, tree: Path, problems: tuple[str, ...]
) -> VolumeInfo:
    files = {}
    for path in sorted(tree.rglob("*")):
        status = path.stat()
        folder = path.is_dir()
        known = not folder and status.st_size <= _LARGEST and path.name.lower() not in _PAGING
        data = path.read_bytes() if known else b""
        digest = hashlib.sha256(data).hexdigest() if known else ""
        name = "\\" + path.relative_to(tree).as_posix().replace("/", "\\").lower()
        readonly = not status.st_mode & 0o200
        files[name] = FileInfo(0 if folder else status.st_size, folder, readonly, digest, pekind.kind(data))
    return VolumeInfo(
        letter=letter,
        device=f"\\Device\\HarddiskVolume{number}",
        guid=str(part.guid),
        filesystem=f"FAT{told.bits}",
        label=told.label,
        serial=f"{told.serial >> 16:04X}-{told.serial & 0xFFFF:04X}",
        offset=part.first * gpt.SECTOR,
        bytes=part.sectors * gpt.SECTOR,
        clusters=told.clusters,
        free=told.free * told.cluster,
        cluster=told.cluster,
        dirty=told.dirty,
        problems=problems,
        files=files,
        dump=None,
    )
