"""Puts an image's disk together: partitions, the EFI system partition, the system volume, further volumes.

Everything in it follows from the recipe and the programs: GUIDs and serial numbers are made from the
recipe's name, dates are fixed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from smssboot.image import damage, dump, fat, fatlayout, gpt, pekind, planting, regf, sparse
from smssboot.image.built import PLACEHOLDER, BootLine, Spot
from smssboot.image.programs import LOADERS
from smssboot.image.storage import MIB, FileSpec, VolumeSpec, shown
from smssboot.image.volumes import DumpInfo, FileInfo, VolumeInfo

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe

BOOT_LINE: Final = 512
"""Bytes of \\EFI\\BOOT\\boot.cfg: one line, filled up with blanks."""

_ALIGNMENT: Final = MIB // gpt.SECTOR
_ESP_MIB: Final = 4
_PAGING_FILE: Final = "\\pagefile.sys"
_HASHED: Final = 64 * MIB  # larger files are told by their size alone
_SMALLEST_SYSTEM: Final = 40 * MIB


class Disk(NamedTuple):
    """What was written: the system partition's GUID, the volumes, and what a boot puts its own data in."""

    guid: str
    volumes: tuple[VolumeInfo, ...]
    spots: tuple[Spot, ...]
    boot_line: BootLine | None


def identity(recipe: Recipe, what: str) -> uuid.UUID:
    """The GUID of a part of the recipe's disk, always the same (RFC 4122, version 5)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"smssboot:{recipe.name}/{what}")


def make(
    recipe: Recipe,
    arch: str,
    contents: Mapping[str, bytes],
    loader: bytes | None,
    path: Path,
    *,
    planted: bool,
) -> Disk:
    """Write the disk to `path`.  `contents` are files of the system volume by name with `/`.

    `planted`: a nonce goes in.  Raises InputError when something does not fit.
    """
    spec = recipe.storage.disk
    assert spec is not None
    volumes = [recipe.storage.system, *recipe.storage.volumes]
    parts = _partitions(recipe, spec.size // gpt.SECTOR)
    spots: list[Spot] = []
    infos: list[VolumeInfo] = []
    with sparse.SparseFile(path, spec.size) as out:
        gpt.write(out.write, spec.size // gpt.SECTOR, identity(recipe, "disk"), parts)
        firmware, boot_line = _firmware_volume(out, recipe, arch, parts[0], loader)
        infos.append(firmware)
        for number, (volume, part) in enumerate(zip(volumes, parts[1:], strict=True), start=2):
            tree = fat.File.directory()
            crash = None
            if volume is recipe.storage.system:
                crash = _system_tree(recipe, arch, tree, contents, planted=planted)
            built = _lay_out(recipe, part, volume, tree)
            _write(out, part, built, volume)
            info = _info(built, part, number, f"{volume.letter}:", volume, planted=planted)
            infos.append(info._replace(dump=crash))
            if planted and volume is recipe.storage.system:
                spots += _spots(built, part)
    return Disk(str(parts[1].guid), tuple(infos), tuple(spots), boot_line if loader is not None else None)


def _partitions(recipe: Recipe, sectors: int) -> list[gpt.Partition]:
    """The EFI system partition, the system volume with what is left, the further volumes."""
    storage = recipe.storage
    assert storage.disk is not None
    end = gpt.usable(sectors)[1] // _ALIGNMENT * _ALIGNMENT
    first = _ALIGNMENT + _ESP_MIB * _ALIGNMENT
    further = [volume.size // gpt.SECTOR for volume in storage.volumes if volume.size is not None]
    left = end - first - sum(further)
    if left * gpt.SECTOR < _SMALLEST_SYSTEM:
        place = storage.volumes[-1].place if storage.volumes else None
        raise (place or storage.disk.place).error(
            f"volumes: they leave {max(0, left) // _ALIGNMENT} MiB of {shown(storage.disk.size)} for C:, "
            f"less than {shown(_SMALLEST_SYSTEM)}",
            hint="a larger disk.size makes room",
        )
    parts = [_partition(recipe, "esp", gpt.ESP_TYPE, _ALIGNMENT, first - _ALIGNMENT, "EFI system partition")]
    for letter, size in zip(["C", *(v.letter for v in storage.volumes)], [left, *further], strict=True):
        parts.append(
            _partition(recipe, f"volume {letter}", gpt.BASIC_DATA_TYPE, first, size, "Basic data partition")
        )
        first += size
    return parts


def _partition(
    recipe: Recipe, what: str, kind: uuid.UUID, first: int, sectors: int, name: str
) -> gpt.Partition:
    return gpt.Partition(kind, identity(recipe, what), first, sectors, name)


def _firmware_volume(
    out: sparse.SparseFile, recipe: Recipe, arch: str, part: gpt.Partition, loader: bytes | None
) -> tuple[VolumeInfo, BootLine]:
    """Write the EFI system partition: the loader, if there is one, and the line that it boots with."""
    tree = fat.File.directory()
    config = b"".ljust(BOOT_LINE - 1) + b"\n"
    _put(tree, "\\EFI\\BOOT\\boot.cfg", fat.File.of(config))
    if loader is not None:
        _put(tree, f"\\EFI\\BOOT\\{LOADERS[arch]}", fat.File.of(loader))
    geometry = fatlayout.fat16(part.sectors, part.first)
    built = fat.Volume(geometry, tree, "EFI", _serial(recipe, "esp"))
    try:
        built.layout()
    except fat.FatError as error:
        raise recipe.place("disk").error(f"disk: the loader does not fit: {error}") from None
    spec = VolumeSpec(None, "", label="EFI")
    _write(out, part, built, spec)
    info = _info(built, part, 1, "", spec, planted=False)
    at = info.offset + built.offset("\\EFI\\BOOT\\boot.cfg")
    return info, BootLine(at, BOOT_LINE)


def _system_tree(
    recipe: Recipe, arch: str, tree: fat.File, contents: Mapping[str, bytes], *, planted: bool
) -> DumpInfo | None:
    """What the system volume holds beside the recipe's own files.  The crash dump in it, if there is one."""
    for folder in ("\\Windows\\System32\\config", "\\Windows\\System32\\drivers", "\\Windows\\Temp"):
        _make_directory(tree, folder)
    for name, data in contents.items():
        _put(tree, "\\" + name.replace("/", "\\"), fat.File.of(data))
    if planted:
        _put(tree, planting.RENAMED, fat.File.of(PLACEHOLDER.encode("ascii")))
    spec = recipe.storage.dump
    if spec is None:
        return None
    data = dump.make(arch, spec.bugcheck, spec.parameters, spec.size)
    _put(tree, _PAGING_FILE, fat.File.of(data, fat.HIDDEN | fat.SYSTEM))
    digest = hashlib.sha256(data).hexdigest()
    return DumpInfo(f"C:{_PAGING_FILE}", spec.bugcheck, spec.parameters, len(data), digest)


def _lay_out(recipe: Recipe, part: gpt.Partition, spec: VolumeSpec, tree: fat.File) -> fat.Volume:
    """The volume with the recipe's files, filling and damage, ready to be written.  Raises InputError."""
    where = spec.place or recipe.place("files" if "files" in recipe.places else "disk")
    try:
        geometry = fatlayout.fat32(part.sectors, part.first)
    except ValueError as error:
        raise where.error(f"volumes: {spec.letter}: {error}") from None
    for file in spec.files.values():
        _apply(tree, file)
    built = fat.Volume(geometry, tree, spec.label, _serial(recipe, spec.letter), dirty=spec.dirty)
    try:
        for wrong in spec.damage:
            if not wrong.path:
                damage.plant(tree, wrong.kind, geometry.cluster_bytes)
        built.layout()
        if spec.fill is not None:
            _fill(built, spec)
    except fat.FatError as error:
        raise where.error(f"{spec.letter}: {error}", hint="a larger disk.size makes room") from None
    for wrong in spec.damage:
        if wrong.kind != "raw":
            try:
                damage.do(built, wrong.kind, wrong.path)
            except fat.FatError as error:
                raise wrong.place.error(str(error)) from None
    return built


def _fill(built: fat.Volume, spec: VolumeSpec) -> None:
    """Leave only so much free: one more file takes the rest.  The first layout told how much that is."""
    assert spec.fill is not None and spec.fill_place is not None and built.root.children is not None
    cluster = built.geometry.cluster_bytes
    keep = -(-spec.fill // cluster)
    rest = built.free_clusters - keep
    if rest < 0:
        free = shown(built.free_clusters * cluster)
        raise spec.fill_place.error(f"fill: only {free} are free on {spec.letter}:")
    number = 0
    most = fat.LONGEST_FILE // cluster
    while rest > 0:
        number += 1
        count = min(rest, most)
        built.root.children[f"Fill{number}.bin"] = fat.File(size=count * cluster)
        rest -= count
    built.layout()  # the root directory may have grown by a cluster: then that much less is free


def _write(out: sparse.SparseFile, part: gpt.Partition, built: fat.Volume, spec: VolumeSpec) -> None:
    base = part.first * gpt.SECTOR
    built.write(lambda at, data: out.write(base + at, data))
    for wrong in spec.damage:
        if wrong.kind == "raw":
            if wrong.offset >= part.sectors * gpt.SECTOR:
                raise wrong.place.error(
                    f"damage: offset {wrong.offset} is beyond the {part.sectors * gpt.SECTOR} bytes of "
                    f"{spec.letter}:"
                )
            byte = out.read(base + wrong.offset, 1)[0] ^ wrong.xor
            out.patch(base + wrong.offset, bytes([byte]))


def _spots(built: fat.Volume, part: gpt.Partition) -> list[Spot]:
    """The placeholder's places on the disk: in the SYSTEM hive and in the file of the rename pair."""
    found: list[Spot] = []
    for path in ("\\Windows\\System32\\config\\SYSTEM", planting.RENAMED):
        node = _find(built.root, path)
        if node is not None and node.clusters:
            found += planting.spots(node.data, part.first * gpt.SECTOR + built.offset(path))
    return found


def _info(
    built: fat.Volume, part: gpt.Partition, number: int, letter: str, spec: VolumeSpec, *, planted: bool
) -> VolumeInfo:
    g = built.geometry
    nonced = {planting.RENAMED.casefold(), "\\windows\\system32\\config\\system"} if planted else set()
    files = {}
    for path, node in built.root.walk():
        name = path.lower()
        whole = node.children is None and node.size <= _HASHED and name not in nonced
        files[name] = FileInfo(
            node.size,
            node.children is not None,
            bool(node.attributes & fat.READ_ONLY),
            _digest(node) if whole else "",
            pekind.kind(node.data) if node.data and node.children is None else "",
        )
    return VolumeInfo(
        letter=letter,
        device=f"\\Device\\HarddiskVolume{number}",
        guid=str(part.guid),
        filesystem=f"FAT{g.bits}",
        label=built.label,
        serial=f"{built.serial >> 16:04X}-{built.serial & 0xFFFF:04X}",
        offset=part.first * gpt.SECTOR,
        bytes=part.sectors * gpt.SECTOR,
        clusters=g.clusters,
        free=built.free_clusters * g.cluster_bytes,
        cluster=g.cluster_bytes,
        dirty=built.dirty,
        problems=tuple(dict.fromkeys(wrong.kind for wrong in spec.damage)),
        files=files,
        dump=None,
    )


def _digest(node: fat.File) -> str:
    total = hashlib.sha256(node.data)
    left = node.size - len(node.data)
    while left > 0:
        total.update(bytes(min(left, MIB)))
        left -= MIB
    return total.hexdigest()


def _apply(tree: fat.File, spec: FileSpec) -> None:
    """Do what a recipe says of one path.  Raises InputError."""
    there = _find(tree, spec.path)
    if spec.remove:
        if there is None:
            raise spec.place.error(f"files: there is no {spec.path!r} to remove")
        parent, _, name = spec.path.rpartition("\\")
        folder = _find(tree, parent)
        assert folder is not None and folder.children is not None
        known = folder.find(name)
        assert known is not None
        del folder.children[known]
        return
    try:
        if spec.directory:
            node = _make_directory(tree, spec.path)
        elif spec.data is not None and spec.size is not None:
            if there is not None and there.children is not None:
                raise spec.place.error(f"files: {spec.path!r} is a directory")
            node = _put(tree, spec.path, fat.File(spec.data, spec.size))
        elif there is None:
            raise spec.place.error(f"files: there is no {spec.path!r} whose attributes could be set")
        else:
            node = there
    except NotADirectoryError as error:
        raise spec.place.error(f"files: {str(error)!r} is a file, not a directory") from None
    if spec.attributes is not None:
        kept = fat.DIRECTORY if node.children is not None else fat.ARCHIVE
        node.attributes = kept | spec.attributes


def _find(tree: fat.File, path: str) -> fat.File | None:
    node = tree
    for name in filter(None, path.split("\\")):
        known = node.find(name)
        if known is None or node.children is None:
            return None
        node = node.children[known]
    return node


def _make_directory(tree: fat.File, path: str) -> fat.File:
    """The directory at `path`, made with all above it.  Raises NotADirectoryError, which names the file."""
    node = tree
    for name in filter(None, path.split("\\")):
        assert node.children is not None
        known = node.find(name)
        if known is None:
            known = name
            node.children[name] = fat.File.directory()
        node = node.children[known]
        if node.children is None:
            raise NotADirectoryError(name)
    return node


def _put(tree: fat.File, path: str, file: fat.File) -> fat.File:
    parent, _, name = path.rpartition("\\")
    folder = _make_directory(tree, parent)
    assert folder.children is not None
    folder.children[folder.find(name) or name] = file
    return file


def _serial(recipe: Recipe, what: str) -> int:
    return int.from_bytes(identity(recipe, f"serial {what}").bytes[:4], "big")


def mounted_devices(recipe: Recipe, system: regf.Key) -> None:
    """Tell the SYSTEM hive which partition has which drive letter, as NT's mount manager keeps it."""
    key = system.open("MountedDevices", create=True)
    assert key is not None
    for letter in ("C", *(volume.letter for volume in recipe.storage.volumes)):
        guid = identity(recipe, f"volume {letter}")
        key.values[f"\\DosDevices\\{letter}:"] = regf.Value("REG_BINARY", b"DMIO:ID:" + guid.bytes_le)
