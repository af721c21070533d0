"""Recipes: what an image is made of, one YAML file each (images/*.yaml; docs/recipes.md has the keys).

A recipe may extend another one: what it says itself replaces or adds to what its base says.  Whatever is
wrong with a recipe is an `InputError` with the file, the line and the column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from smssboot.errors import UsageError, did_you_mean
from smssboot.image import divergences, document, pekind, regf, regvalues, storage
from smssboot.image.document import Node, Place
from smssboot.image.paths import ARCHES, LARGEST_MIB, RECIPES, SMALLEST_MIB

KEYS: Final = (
    "name", "description", "extends", "profile", "target", "memory", "sessions", "registry", "programs",
    "edit", "hive", "boot", "image", "divergences", *storage.KEYS,
)  # fmt: skip
SYSTEM32: Final = "Windows/System32/"
DEFAULT_PROFILE: Final = "win11/documented"
SESSION_MANAGER: Final = "CurrentControlSet\\Control\\Session Manager"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a program's bytes: cut at `truncate`, or the byte at `offset` xored with `xor`."""

    place: Place
    truncate: int | None = None
    offset: int = 0
    xor: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """One program: built from the guest's sources, or `file`, or a `copy` of another one.

    It may be left out, be for another `subsystem` than it was linked for, or damaged.
    """

    place: Place
    removed: bool = False
    file: Path | None = None
    copy: str = ""
    subsystem: str = ""
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in the guest's sources.  `find` must be in `file` exactly once."""

    place: Place
    file: str
    find: str
    replace: str


@dataclass(slots=True)
class Recipe:
    """A recipe with everything that it extends worked in."""

    name: str
    path: Path
    description: str = ""
    profile: str = DEFAULT_PROFILE
    targets: dict[str, str] = field(default_factory=dict)
    memory_mib: int | None = None
    sessions: int | None = None
    registry: regf.Key = field(default_factory=regf.Key)
    programs: dict[str, Program] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    hive: Path | None = None
    replay: Path | None = None
    storage: storage.Storage = field(default_factory=storage.Storage)
    foreign: Path | None = None
    divergences: list[divergences.Divergence] = field(default_factory=list)
    inputs: list[Path] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def place(self, key: str) -> Place:
        """Where the recipe says `key` (`profile`, `target.x86_64`...), else its first line."""
        return self.places.get(key, Place(self.path, 1, 1))


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def find_recipe(word: str) -> Path:
    """The file that is meant: a path, or the name of a recipe in images/.  Raises UsageError."""
    if word.endswith((".yaml", ".yml")) or "/" in word:
        path = Path(word)
        if path.is_file():
            return path
        names = recipe_names()
        hint = did_you_mean(path.stem, names) if "/" not in word else None
        raise UsageError(f"{word}: no such recipe", hint=hint)
    path = RECIPES / f"{word}.yaml"
    if path.is_file():
        return path
    raise UsageError(f"unknown recipe {word!r}", hint=did_you_mean(word, recipe_names()))


def load_recipe(word: str | Path, over: Sequence[Node] = ()) -> Recipe:
    """Read a recipe and what it extends, with further keys laid over it.  Raises UsageError or InputError."""
    path = find_recipe(str(word))
    recipe = Recipe(name=path.stem, path=path)
    layers = [*_layers(path), *over]
    for node in layers:
        _Layer(recipe, node.fields(KEYS)).apply()
    own = layers[-1].fields(KEYS)
    recipe.name = own["name"].text() if "name" in own else path.stem
    recipe.path = path
    if recipe.hive and "sessions" in own:
        own["sessions"].fail("sessions: cannot be set together with a ready-made hive")
    _check_storage(recipe, own)
    return recipe


def _check_storage(recipe: Recipe, own: Mapping[str, Node]) -> None:
    """What cannot go together, once everything is known; what a base says of a disk may stay unused."""
    disk_keys = [key for key in own if key in storage.KEYS and key not in ("disk", "hives")]
    if recipe.foreign is not None:
        made = [key for key in own if key in (*disk_keys, "registry", "programs", "hive", "sessions")]
        if made:
            own[made[0]].fail(f"{made[0]}: cannot be changed in a disk image made by others")
        if recipe.storage.disk is None:
            raise recipe.place("image").error("image: a disk image needs a disk, and 'disk' is 'none'")
    if recipe.storage.disk is None and disk_keys:
        own[disk_keys[0]].fail(f"{disk_keys[0]}: this image has no disk", hint="disk: {} gives it one")


def _layers(path: Path) -> list[Node]:
    """The recipe's document and those of its bases, the farthest base first."""
    layers: list[Node] = []
    seen: list[Path] = []
    while True:
        node = document.load(path, "recipe")
        layers.insert(0, node)
        seen.append(path.resolve())
        base = node.fields(KEYS).get("extends")
        if base is None:
            return layers
        word = base.text()
        beside = path.parent / (word if word.endswith((".yaml", ".yml")) else f"{word}.yaml")
        try:
            path = beside if beside.is_file() else find_recipe(word)
        except UsageError as error:
            base.fail(f"extends: {error.message}", hint=error.hint)
        if path.resolve() in seen:
            base.fail(f"extends: {word!r} extends this recipe in turn")


class _Layer:
    """One document, worked into the recipe."""

    def __init__(self, recipe: Recipe, fields: Mapping[str, Node]) -> None:
        self._recipe = recipe
        self._fields = fields

    def apply(self) -> None:
        """Take every key of the document over."""
        recipe = self._recipe
        for key, node in self._fields.items():
            recipe.places[key] = node.place
            if node.path not in recipe.inputs:
                recipe.inputs.append(node.path)
            reader = getattr(self, f"_{key}", None)
            if reader is not None:
                reader(node)
            elif key in storage.KEYS:
                recipe.storage.read(key, node, self._file)

    def _description(self, node: Node) -> None:
        self._recipe.description = node.text().strip()

    def _profile(self, node: Node) -> None:
        self._recipe.profile = node.text()

    def _target(self, node: Node) -> None:
        for arch, target in node.fields(ARCHES).items():
            self._recipe.targets[arch] = target.text()
            self._recipe.places[f"target.{arch}"] = target.place

    def _memory(self, node: Node) -> None:
        self._recipe.memory_mib = memory_mib(node)

    def _sessions(self, node: Node) -> None:
        self._recipe.sessions = node.integer(1, 16)

    def _registry(self, node: Node) -> None:
        if self._recipe.hive or "hive" in self._fields:
            node.fail("registry: cannot be changed in a ready-made hive")
        regvalues.apply(node, self._recipe.registry)

    def _programs(self, node: Node) -> None:
        for name, (key, value) in node.pairs().items():
            if "/" in name or "\\" in name or not name:
                key.fail(f"programs: {name!r} is no file name")
            self._recipe.programs[name] = self._program(value)

    def _program(self, node: Node) -> Program:
        place = node.place
        if node.kind == "str":
            return Program(place, removed=node.choice(("built", "removed")) == "removed")
        fields = node.fields(("file", "copy", "subsystem", "damage"))
        file = self._file(fields["file"]) if "file" in fields else None
        copy = fields["copy"].text() if "copy" in fields else ""
        if file and copy:
            fields["copy"].fail("programs: either 'file' or 'copy'")
        subsystem = fields["subsystem"].choice(pekind.SUBSYSTEMS) if "subsystem" in fields else ""
        damage: list[Damage] = []
        if "damage" in fields:
            wrong = fields["damage"]
            damage = [_damage(item) for item in (wrong.items() if wrong.kind == "seq" else [wrong])]
        return Program(place, file=file, copy=copy, subsystem=subsystem, damage=tuple(damage))

    def _edit(self, node: Node) -> None:
        for item in node.items() if node.kind == "seq" else [node]:
            fields = item.fields(("file", "find", "replace"), required=("file", "find", "replace"))
            find = fields["find"].text()
            if not find.strip():
                fields["find"].fail("edit: 'find' is empty")
            edit = Edit(fields["find"].place, fields["file"].text(), find, fields["replace"].text())
            self._recipe.edits.append(edit)

    def _hive(self, node: Node) -> None:
        self._recipe.hive = self._file(node)

    def _image(self, node: Node) -> None:
        self._recipe.foreign = self._file(node)

    def _divergences(self, node: Node) -> None:
        self._recipe.divergences += divergences.read(node)

    def _boot(self, node: Node) -> None:
        fields = node.fields(("replay",), required=("replay",))
        self._recipe.replay = self._file(fields["replay"])

    def _file(self, node: Node) -> Path:
        """A file named in the recipe, relative to the recipe's folder."""
        path = node.path.parent / node.text()
        if not path.is_file():
            node.fail(f"{node.where}: no such file: {path}")
        self._recipe.inputs.append(path)
        return path


def memory_mib(node: Node) -> int:
    """A size of RAM like `64 MiB`, in MiB."""
    number, _, unit = node.text().partition(" ")
    if not number.isdecimal() or unit not in ("MiB", "GiB"):
        node.fail(f"{node.where}: expected a size like '64 MiB', found {node.text()!r}")
    size = int(number) * (1024 if unit == "GiB" else 1)
    if not SMALLEST_MIB <= size <= LARGEST_MIB:
        node.fail(f"{node.where}: {size} MiB is not between {SMALLEST_MIB} MiB and {LARGEST_MIB} MiB")
    return size


def _damage(node: Node) -> Damage:
    fields = node.fields(("truncate", "offset", "xor"))
    if "truncate" in fields:
        return Damage(node.place, truncate=fields["truncate"].integer(0))
    for key in ("offset", "xor"):
        if key not in fields:
            node.fail(f"{node.where}: expected 'truncate', or 'offset' and 'xor'")
    return Damage(node.place, offset=fields["offset"].integer(0), xor=fields["xor"].integer(1, 255))
