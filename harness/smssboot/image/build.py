"""Recipe to image, cached by content under build/images.

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
from smssboot.image.built import MANIFEST, BuiltImage
from smssboot.image.paths import ARCHES, build_dir

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe

FORMAT: Final = 4
"""Goes up whenever an image of the same inputs would be made differently."""


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


def find(arch: str, sha256: str) -> BuiltImage | None:
    """An image that was built earlier, by the hash of its content; None when it is not there any more."""
    for folder in sorted((build_dir() / "images").glob(f"*-{arch}-*")):
        try:
            image = BuiltImage.read(folder)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if (image.arch, image.sha256) == (arch, sha256):
            return image
    return None


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
    import shutil
    import tempfile

    from smssboot.image.assembly import Assembly

    root = build_dir() / "images"
    root.mkdir(parents=True, exist_ok=True)
    binaries = guest.build(arch, recipe.edits)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        manifest = Assembly(recipe, arch, binaries, work).make(FORMAT)
        (work / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        final = root / f"{recipe.path.stem}-{arch}-{manifest['id']}"
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


def _copy(image: BuiltImage, out: Path) -> BuiltImage:
    """A copy of the image below `out`."""
    import shutil

    from smssboot.image import sparse

    target = out / image.dir.name
    try:
        shutil.copytree(image.dir, target, dirs_exist_ok=True, copy_function=sparse.copy)
    except (OSError, shutil.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot write to {out}: {reason}") from None
    return BuiltImage.read(target)
