"""Recipe to image: the modules, the hive, the nonce's places; cached by content under build/images.

`build()` first looks at an index entry that remembers, for a recipe and an architecture, the files that the
image was made from.  While none of them changed, neither YAML nor the guest's sources are read.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.errors import UsageError
from smssboot.image import guest
from smssboot.image.built import HIVE, MANIFEST, MODULES, PLACEHOLDER, REGISTRY, SHORT, BuiltImage
from smssboot.image.paths import ARCHES, build_dir

if TYPE_CHECKING:
    from smssboot.image import hive, regf
    from smssboot.image.recipe import Program, Recipe

FORMAT: Final = 1
"""Goes up whenever an image of the same inputs would be made differently."""

SYSTEM32: Final = "Windows/System32/"
HIVE_MODULE: Final = SYSTEM32 + "config/SYSTEM"
_PROGRAM_SUFFIXES: Final = (".exe", ".dll", ".sys")
_MACHINES: Final = {"x86_64": 0x8664, "aarch64": 0xAA64}
_MACHINE_NAMES: Final = {0x8664: "x86_64", 0xAA64: "aarch64", 0x14C: "i386", 0x1C0: "arm"}
_SESSION_MANAGER: Final = "CurrentControlSet\\Control\\Session Manager"


def build(recipe: str | Path | Recipe, arch: str, out: Path | None = None) -> BuiltImage:
    """The image of `recipe` for `arch`, made if it is not there yet; `out` gets a copy of it.

    Raises UsageError for whatever is wrong with the recipe or its files, InfrastructureError when the
    guest cannot be built.
    """
    if arch not in ARCHES:
        raise UsageError(f"unknown architecture {arch!r}", hint="valid: " + ", ".join(ARCHES))
    image = None
    entry = None
    if isinstance(recipe, (str, Path)):
        entry = _Index(str(recipe), arch)
        image = entry.lookup()
    if image is None:
        from smssboot.image.recipe import load_recipe

        loaded = load_recipe(recipe) if isinstance(recipe, (str, Path)) else recipe
        image = _make(loaded, arch)
        if entry is not None:
            entry.store(image, loaded.inputs)
    return _copy(image, out) if out is not None else image


class _Index:
    """What an image was made from, for one recipe word and architecture."""

    def __init__(self, word: str, arch: str) -> None:
        # A name means the project's recipe wherever we are, a path depends on the current directory.
        place = str(Path(word).absolute()) if "/" in word or word.endswith((".yaml", ".yml")) else word
        key = zlib.crc32(f"{place}\0{arch}".encode())
        self._path = build_dir() / "images" / "index" / f"{Path(word).stem}-{arch}-{key:08x}.json"

    def lookup(self) -> BuiltImage | None:
        """The image, if everything that it was made from is unchanged."""
        try:
            data = json.loads(self._path.read_bytes())
            if data["format"] != FORMAT or data["sources"] != zlib.crc32(guest.current_listing().encode()):
                return None
            if any(_mark(path) != mark for path, mark in data["inputs"].items()):
                return None
            return BuiltImage.read(build_dir() / "images" / data["image"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, image: BuiltImage, inputs: Iterable[Path]) -> None:
        """Remember the image."""
        ours = Path(__file__).parent.glob("*.py")
        marks = {str(path.absolute()): _mark(str(path)) for path in [*inputs, *ours]}
        sources = zlib.crc32(guest.current_listing().encode())
        data = {"format": FORMAT, "sources": sources, "inputs": marks, "image": image.dir.name}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _replace(self._path, json.dumps(data).encode())


def _mark(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def _make(recipe: Recipe, arch: str) -> BuiltImage:
    """Build the guest, put the image together, and move it to its place."""
    import hashlib
    import shutil
    import tempfile

    from smssboot.image import hive, modules

    binaries = guest.build(arch, recipe.edits)
    kernel_kind = "elf" if arch == "x86_64" else "img"
    root = build_dir() / "images"
    root.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        programs = _programs(recipe, arch, binaries)
        hive_bytes = recipe.hive.read_bytes() if recipe.hive else _hive(recipe)
        (work / HIVE).write_bytes(hive_bytes)
        (work / REGISTRY).write_text(_registry_json(hive.read(recipe.hive or work / HIVE)), "utf-8")
        contents = {HIVE_MODULE: hive_bytes, **{SYSTEM32 + name: data for name, data in programs.items()}}
        stub_name = f"tiny-{arch}.{kernel_kind}" if recipe.replay else f"boot-{arch}.{kernel_kind}"
        stub = (binaries / stub_name).read_bytes()
        archive = recipe.replay.read_bytes() if recipe.replay else modules.archive(contents.items())
        symbols = (binaries / "ntoskrnl.symbols.json").read_bytes()
        digest = hashlib.sha256()
        target = recipe.targets.get(arch)
        settings = [FORMAT, arch, recipe.profile, target, recipe.memory_mib, recipe.sessions]
        for part in (json.dumps(settings).encode(), stub, archive, symbols):
            digest.update(len(part).to_bytes(8, "little") + part)
        sha256 = digest.hexdigest()
        final = root / f"{recipe.path.stem}-{arch}-{sha256[:12]}"
        (work / MODULES).write_bytes(archive)
        (work / stub_name).write_bytes(stub)
        (work / "ntoskrnl.symbols.json").write_bytes(symbols)
        for name, data in programs.items():
            (work / name).write_bytes(data)
            linked = binaries / name
            link_map = linked.with_suffix(".map")  # proves the name of the entry point
            if link_map.exists() and linked.read_bytes() == data:
                shutil.copy(link_map, work / link_map.name)
        manifest = {
            "id": sha256[:12],
            "sha256": sha256,
            "name": recipe.name,
            "arch": arch,
            "profile": recipe.profile,
            "target": target,
            "memory_mib": recipe.memory_mib,
            "sessions": recipe.sessions,
            "replay": recipe.replay is not None,
            "stub": stub_name,
            "symbols": "ntoskrnl.symbols.json",
            "files": {HIVE_MODULE: HIVE, **{SYSTEM32 + name: name for name in programs}},
            "nonce_spots": [] if recipe.replay or recipe.hive else _nonce_spots(archive),
            "recipe": str(recipe.path.absolute()),
        }
        (work / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        _publish(work, final)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return BuiltImage.read(final)


def _publish(work: Path, final: Path) -> None:
    """Put the finished folder in its place; another process may have been first."""
    try:
        work.rename(final)
    except OSError:
        if not (final / MANIFEST).is_file():
            raise
        # The same content under a recipe of the same name; only the recipe's path may differ.
        _replace(final / MANIFEST, (work / MANIFEST).read_bytes())


def _programs(recipe: Recipe, arch: str, binaries: Path) -> dict[str, bytes]:
    """The boot modules that are programs: the kernel first, the others by name."""
    from smssboot.errors import did_you_mean

    built = sorted(p.name for p in binaries.iterdir() if p.suffix in _PROGRAM_SUFFIXES)
    found = {name: (binaries / name).read_bytes() for name in built}
    for name, program in recipe.programs.items():
        if name not in found and program.file is None:
            raise program.place.error(
                f"programs: the guest builds no {name!r}", hint=did_you_mean(name, built)
            )
        if program.removed:
            del found[name]
            continue
        if program.file is not None:
            found[name] = _foreign(program, name, arch)
        found[name] = _damaged(found[name], program)
    order = sorted(found, key=lambda name: (name != "ntoskrnl.exe", name))
    return {name: found[name] for name in order}


def _foreign(program: Program, name: str, arch: str) -> bytes:
    """A program that was not built here: it must be a PE file for this architecture."""
    assert program.file is not None
    data = program.file.read_bytes()
    header = int.from_bytes(data[0x3C:0x40], "little") if data[:2] == b"MZ" else len(data)
    if data[header : header + 4] != b"PE\0\0":
        raise program.place.error(f"programs: {program.file} is no PE file", hint=f"needed for {name}")
    machine = int.from_bytes(data[header + 4 : header + 6], "little")
    if machine != _MACHINES[arch]:
        found = _MACHINE_NAMES.get(machine, f"machine {machine:#x}")
        raise program.place.error(f"programs: {program.file} is for {found}, the image for {arch}")
    return data


def _damaged(data: bytes, program: Program) -> bytes:
    out = bytearray(data)
    for damage in program.damage:
        if damage.truncate is not None:
            del out[damage.truncate :]
        elif damage.offset >= len(out):
            raise damage.place.error(f"damage: offset {damage.offset} is beyond the {len(out)} bytes")
        else:
            out[damage.offset] ^= damage.xor
    return bytes(out)


def _hive(recipe: Recipe) -> bytes:
    """The SYSTEM hive of the recipe, with the nonce's placeholder planted three times."""
    import copy

    from smssboot.image import regf, regvalues

    root = copy.deepcopy(recipe.registry)
    manager = root.open(regvalues.resolve(root, _SESSION_MANAGER))
    if manager is None:
        return regf.write(root)
    if recipe.sessions is not None:
        manager.values["NumberOfInitialSessions"] = regf.Value("REG_DWORD", recipe.sessions)
    directories = manager.values.setdefault("ObjectDirectories", regf.Value("REG_MULTI_SZ", []))
    if isinstance(directories.data, list):
        directories.data.append(f"\\SmssbootNonce-{PLACEHOLDER}")
    _subkey(manager, "Environment").values["SMSSBOOT_NONCE"] = regf.Value("REG_SZ", PLACEHOLDER)
    device = f"SMSSBOOT_{PLACEHOLDER[:SHORT]}"
    _subkey(manager, "DOS Devices").values[device] = regf.Value("REG_SZ", "\\Device\\Null")
    return regf.write(root)


def _subkey(key: regf.Key, name: str) -> regf.Key:
    found = key.open(name, create=True)
    assert found is not None
    return found


def _nonce_spots(archive: bytes) -> list[tuple[int, str, int]]:
    """Where the hive inside the archive holds the placeholder: offset, encoding, digits."""
    from smssboot.image import modules

    start, size = next((at, n) for name, at, n in modules.members(archive) if name == HIVE_MODULE)
    spots: list[tuple[int, str, int]] = []
    taken: set[int] = set()
    for digits in (len(PLACEHOLDER), SHORT):
        for coding in ("utf-16-le", "ascii"):
            pattern = PLACEHOLDER[:digits].encode(coding)
            at = archive.find(pattern, start, start + size)
            while at >= 0:
                if at not in taken:
                    spots.append((at, coding, digits))
                    taken.add(at)
                at = archive.find(pattern, at + 1, start + size)
    return spots


def _registry_json(registry: hive.Registry) -> str:
    keys = {
        key: {
            name: [kind, {"hex": data.hex()} if isinstance(data, bytes) else data]
            for name, (kind, data) in values.items()
        }
        for key, values in registry.items()
    }
    return json.dumps(keys, ensure_ascii=False, indent=1)


def _copy(image: BuiltImage, out: Path) -> BuiltImage:
    """A copy of the image below `out`."""
    import shutil

    target = out / image.dir.name
    try:
        shutil.copytree(image.dir, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot write to {out}: {reason}") from None
    return BuiltImage.read(target)
