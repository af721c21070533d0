"""Makes one image in a folder: hives, boot modules, disk, and the manifest that says what is what."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smssboot.image import disk, foreign, hive, modules, planting, programs, regf, sparse
from smssboot.image.built import DISK, HIVE, MODULES, PLACEHOLDER, REGISTRY, VOLUMES, Spot
from smssboot.image.programs import KERNEL, SYSTEM32

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe

CONFIG: Final = SYSTEM32 + "config/"
HIVE_MODULE: Final = CONFIG + HIVE
RECOVERED: Final = "SYSTEM.recovered"
SYMBOLS: Final = "ntoskrnl.symbols.json"


class Assembly:
    """One image while it is made from `recipe` and the guest's `binaries`, in the folder `work`."""

    def __init__(self, recipe: Recipe, arch: str, binaries: Path, work: Path) -> None:
        self._recipe = recipe
        self._arch = arch
        self._binaries = binaries
        self._work = work
        self._loader: bytes | None = None  # for the firmware, if the guest builds one
        self._keys: hive.Registry = {}
        self._planted = not (recipe.replay or recipe.hive or recipe.foreign)
        self._has_disk = recipe.storage.disk is not None and recipe.replay is None

    def make(self, layout: int) -> dict[str, Any]:
        """Write everything; the manifest.  `layout` is the version of what is written.  Raises UsageError."""
        recipe, work = self._recipe, self._work
        kind = "elf" if self._arch == "x86_64" else "img"
        stub = ("tiny" if recipe.replay else "boot") + f"-{self._arch}.{kind}"
        shutil.copyfile(self._binaries / stub, work / stub)
        shutil.copyfile(self._binaries / SYMBOLS, work / SYMBOLS)
        made: disk.Disk | None = None
        if recipe.foreign is not None:
            contents, made = foreign.take(recipe, self._arch, work)
            files = foreign.unpack(contents, work)
            for name, file in files.items():
                self._take_map(work / file, contents[name])
        else:
            contents = self._contents()
            files = self._write_files(contents)
            if self._has_disk:
                made = self._make_disk(contents)
        (work / REGISTRY).write_text(self._registry(contents), "utf-8")
        archive = recipe.replay.read_bytes() if recipe.replay else self._archive(contents)
        (work / MODULES).write_bytes(archive)
        if made is not None:
            told = [volume.to_json() for volume in made.volumes]
            (work / VOLUMES).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        sha256 = self._digest(layout, stub, archive, made)
        if made is not None and recipe.foreign is None:
            self._write_boot_line(made, sha256[:12])
        return {
            "id": sha256[:12],
            "sha256": sha256,
            "name": recipe.name,
            "arch": self._arch,
            "profile": recipe.profile,
            "target": recipe.targets.get(self._arch),
            "memory_mib": recipe.memory_mib,
            "sessions": recipe.sessions,
            "replay": recipe.replay is not None,
            "stub": stub,
            "symbols": SYMBOLS,
            "files": files,
            "nonce_spots": self._module_spots(archive) if self._planted else [],
            "recipe": str(recipe.path.absolute()),
            "disk": DISK if made else None,
            "disk_guid": made.guid if made else "",
            "transport": recipe.storage.disk.transport if made and recipe.storage.disk else "virtio",
            "disk_spots": made.spots if made else [],
            "boot_line": made.boot_line if made else None,
        }

    def _contents(self) -> dict[str, bytes]:
        """All files of the image by name: the SYSTEM hive first, then the programs, then the other hives."""
        recipe = self._recipe
        ready_made = recipe.hive
        system = ready_made.read_bytes() if ready_made else regf.write(self._system_keys())
        contents = {HIVE_MODULE: system}
        found = programs.collect(recipe, self._arch, self._binaries)
        self._loader = found.pop(programs.LOADERS[self._arch], None)
        for name, data in found.items():
            contents[programs.place_of(name)] = data
        return contents

    def _system_keys(self) -> regf.Key:
        root = planting.registry(self._recipe, self._arch)
        if self._has_disk:
            disk.mounted_devices(self._recipe, root)
        return root

    def _write_files(self, contents: dict[str, bytes]) -> dict[str, str]:
        """The files beside each other in the image's folder, for who looks into them; name to file."""
        files = {}
        for name, data in contents.items():
            short = name.rpartition("/")[2]
            files[name] = short
            (self._work / short).write_bytes(data)
            self._take_map(self._work / short, data)
        return files

    def _take_map(self, file: Path, data: bytes) -> None:
        """Put the linker's map beside a program that the guest's build has made: it names the entry point."""
        linked = self._binaries / file.name
        link_map = linked.with_suffix(".map")
        if link_map.exists() and linked.exists() and linked.read_bytes() == data:
            shutil.copy(link_map, self._work / link_map.name)

    def _registry(self, contents: dict[str, bytes]) -> str:
        """What an independent reader finds in the SYSTEM hive, with its logs if it needs them; as JSON."""
        path = self._recipe.hive or self._work / HIVE
        whole = self._work / RECOVERED
        logs = [contents.get(f"{HIVE_MODULE}.LOG{number}", b"") for number in (1, 2)]
        if not hive.is_whole(path.read_bytes()) and hive.recover(path, logs, whole):
            path = whole
        self._keys = hive.read(path)
        for file in self._work.glob(f"{RECOVERED}*"):
            file.unlink()
        keys = {
            key: {
                name: [kind, {"hex": data.hex()} if isinstance(data, bytes) else data]
                for name, (kind, data) in values.items()
            }
            for key, values in self._keys.items()
        }
        return json.dumps(keys, ensure_ascii=False, indent=1)

    def _archive(self, contents: dict[str, bytes]) -> bytes:
        """The boot modules: everything, or with a disk what a boot loader loads from it."""
        if not self._has_disk:
            return modules.archive(contents.items())
        by_name = {name.casefold(): name for name in contents}
        wanted = [HIVE_MODULE, f"{HIVE_MODULE}.LOG1", f"{HIVE_MODULE}.LOG2", KERNEL]
        wanted += programs.boot_drivers(self._keys)
        names = [by_name[name.casefold()] for name in wanted if name.casefold() in by_name]
        return modules.archive((name, contents[name]) for name in dict.fromkeys(names))

    def _make_disk(self, contents: dict[str, bytes]) -> disk.Disk:
        hives = {CONFIG + name: regf.write(root, name) for name, root in self._recipe.storage.hives.items()}
        return disk.make(
            self._recipe,
            self._arch,
            {**contents, **hives},
            self._loader,
            self._work / DISK,
            planted=self._planted,
        )

    def _write_boot_line(self, made: disk.Disk, image_id: str) -> None:
        """The disk boots by itself, too, and says which image it is.  No part of what the id is made from."""
        words = f"profile={self._recipe.profile} image={image_id} nonce={PLACEHOLDER}"
        if made.boot_line is None:
            return
        offset, size = made.boot_line
        with (self._work / DISK).open("r+b") as out:
            out.seek(offset)
            out.write(f"{words} systempartition={made.guid}".encode("ascii").ljust(size - 1) + b"\n")

    def _module_spots(self, archive: bytes) -> list[Spot]:
        """Where the hive inside the archive holds the placeholder."""
        start, size = next((at, n) for name, at, n in modules.members(archive) if name == HIVE_MODULE)
        return planting.spots(archive[start : start + size], start)

    def _digest(self, layout: int, stub: str, archive: bytes, made: disk.Disk | None) -> str:
        recipe = self._recipe
        settings: list[Any] = [layout, self._arch, recipe.profile, recipe.targets.get(self._arch)]
        settings += [recipe.memory_mib, recipe.sessions, self._planted]
        parts = [json.dumps(settings).encode(), (self._work / stub).read_bytes(), archive]
        parts.append((self._work / SYMBOLS).read_bytes())
        if made is not None:
            assert recipe.storage.disk is not None
            parts += [recipe.storage.disk.transport.encode(), sparse.digest(self._work / DISK)]
            parts.append((self._work / VOLUMES).read_bytes())
        total = hashlib.sha256()
        for part in parts:
            total.update(len(part).to_bytes(8, "little") + part)
        return total.hexdigest()
