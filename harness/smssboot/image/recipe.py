"""Recipes: what an image is made of, one YAML file each (images/*.yaml; docs/recipes.md has the keys).

A recipe may extend another one: what it says itself replaces or adds to what its base says.  Whatever is
wrong with a recipe is an `InputError` with the file, the line and the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from smssboot.errors import InputError, UsageError, did_you_mean
from smssboot.image import document, regf, regvalues
from smssboot.image.document import Node
from smssboot.image.paths import ARCHES, RECIPES

KEYS: Final = (
    "name", "description", "extends", "profile", "target", "memory", "sessions", "registry", "programs",
    "edit", "hive", "boot",
)  # fmt: skip
SYSTEM32: Final = "Windows/System32/"
DEFAULT_PROFILE: Final = "win11/documented"
SESSION_MANAGER: Final = "CurrentControlSet\\Control\\Session Manager"
_SMALLEST_MIB: Final = 16
_LARGEST_MIB: Final = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file something was said (1-based)."""

    path: Path
    line: int
    column: int

    def error(self, message: str, *, hint: str | None = None) -> InputError:
        """An error that points here."""
        return InputError(str(self.path), self.line, self.column, message, hint=hint)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a program's bytes: cut at `truncate`, or the byte at `offset` xored with `xor`."""

    place: Place
    truncate: int | None = None
    offset: int = 0
    xor: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """One boot module: built from the guest's sources, or `file`; left out; damaged."""

    place: Place
    removed: bool = False
    file: Path | None = None
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


def load_recipe(word: str | Path) -> Recipe:
    """Read a recipe and what it extends.  Raises UsageError or InputError."""
    path = find_recipe(str(word))
    recipe = Recipe(name=path.stem, path=path)
    layers = _layers(path)
    for node in layers:
        _Layer(recipe, node.fields(KEYS)).apply()
    own = layers[-1].fields(KEYS)
    recipe.name = own["name"].text() if "name" in own else path.stem
    recipe.path = path
    if recipe.hive and "sessions" in own:
        own["sessions"].fail("sessions: cannot be set together with a ready-made hive")
    return recipe


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
            recipe.places[key] = _place(node)
            if node.path not in recipe.inputs:
                recipe.inputs.append(node.path)
            reader = getattr(self, f"_{key}", None)
            if reader is not None:
                reader(node)

    def _description(self, node: Node) -> None:
        self._recipe.description = node.text().strip()

    def _profile(self, node: Node) -> None:
        self._recipe.profile = node.text()

    def _target(self, node: Node) -> None:
        for arch, target in node.fields(ARCHES).items():
            self._recipe.targets[arch] = target.text()
            self._recipe.places[f"target.{arch}"] = _place(target)

    def _memory(self, node: Node) -> None:
        number, _, unit = node.text().partition(" ")
        if not number.isdecimal() or unit not in ("MiB", "GiB"):
            node.fail(f"memory: expected a size like '64 MiB', found {node.text()!r}")
        size = int(number) * (1024 if unit == "GiB" else 1)
        if not _SMALLEST_MIB <= size <= _LARGEST_MIB:
            node.fail(f"memory: {size} MiB is not between {_SMALLEST_MIB} MiB and {_LARGEST_MIB} MiB")
        self._recipe.memory_mib = size

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
        place = _place(node)
        if node.kind == "str":
            return Program(place, removed=node.choice(("built", "removed")) == "removed")
        fields = node.fields(("file", "damage"))
        file = self._file(fields["file"]) if "file" in fields else None
        damage: list[Damage] = []
        if "damage" in fields:
            wrong = fields["damage"]
            damage = [_damage(item) for item in (wrong.items() if wrong.kind == "seq" else [wrong])]
        return Program(place, file=file, damage=tuple(damage))

    def _edit(self, node: Node) -> None:
        for item in node.items() if node.kind == "seq" else [node]:
            fields = item.fields(("file", "find", "replace"), required=("file", "find", "replace"))
            find = fields["find"].text()
            if not find.strip():
                fields["find"].fail("edit: 'find' is empty")
            edit = Edit(_place(fields["find"]), fields["file"].text(), find, fields["replace"].text())
            self._recipe.edits.append(edit)

    def _hive(self, node: Node) -> None:
        self._recipe.hive = self._file(node)

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


def _damage(node: Node) -> Damage:
    fields = node.fields(("truncate", "offset", "xor"))
    if "truncate" in fields:
        return Damage(_place(node), truncate=fields["truncate"].integer(0))
    for key in ("offset", "xor"):
        if key not in fields:
            node.fail(f"{node.where}: expected 'truncate', or 'offset' and 'xor'")
    return Damage(_place(node), offset=fields["offset"].integer(0), xor=fields["xor"].integer(1, 255))


def _place(node: Node) -> Place:
    return Place(node.path, node.line, node.column)
