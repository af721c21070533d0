"""A YAML file as nodes that know where they stand, so that every complaint names line and column.

A `Node` is asked for what its reader wants (`text()`, `integer()`, `items()`, `fields(...)`) and raises
`InputError` when the file holds something else: a wrong type, an unknown or a repeated key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import yaml

from smssboot.errors import InputError, UsageError, did_you_mean

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_KINDS: Final = {
    "str": "text",
    "int": "a number",
    "float": "a fraction",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "seq": "a list",
    "map": "a mapping",
    "binary": "bytes",
}


class Place(NamedTuple):
    """Where in which file something was said (1-based)."""

    path: Path
    line: int
    column: int

    def error(self, message: str, *, hint: str | None = None) -> InputError:
        """An error that points here."""
        return InputError(str(self.path), self.line, self.column, message, hint=hint)


class Node:
    """One YAML node and its place in the file.  `where` is what it is called in messages."""

    __slots__ = ("_yaml", "path", "where")

    def __init__(self, node: Any, path: Path, where: str) -> None:
        self._yaml = node
        self.path = path
        self.where = where

    @property
    def line(self) -> int:
        """1-based line of the node's first character."""
        return int(self._yaml.start_mark.line) + 1

    @property
    def column(self) -> int:
        """1-based column of the node's first character."""
        return int(self._yaml.start_mark.column) + 1

    @property
    def place(self) -> Place:
        """Where the node stands."""
        return Place(self.path, self.line, self.column)

    @property
    def kind(self) -> str:
        """The node's YAML type: str, int, bool, null, seq, map..."""
        return str(self._yaml.tag).rpartition(":")[2]

    def fail(self, message: str, *, hint: str | None = None) -> NoReturn:
        """Say what is wrong here."""
        raise InputError(str(self.path), self.line, self.column, message, hint=hint)

    def _wrong(self, wanted: str) -> NoReturn:
        found = _KINDS.get(self.kind, self.kind)
        shown = "" if self.kind in ("seq", "map", "null") else f" ({self._yaml.value})"
        hint = "put it in quotes" if wanted == "text" and self.kind in ("int", "float", "bool") else None
        self.fail(f"{self.where}: expected {wanted}, found {found}{shown}", hint=hint)

    def text(self) -> str:
        """The node as text."""
        if self.kind != "str":
            self._wrong("text")
        return str(self._yaml.value)

    def raw(self) -> str:
        """A scalar as it is written in the file."""
        return str(self._yaml.value)

    def integer(self, low: int | None = None, high: int | None = None) -> int:
        """The node as a number (decimal, 0x or 0o) between `low` and `high`."""
        if self.kind != "int":
            self._wrong("a number")
        value = int(str(self._yaml.value).replace("_", ""), 0)
        if (low is not None and value < low) or (high is not None and value > high):
            self.fail(f"{self.where}: {value} is not between {low} and {high}")
        return value

    def truth(self) -> bool:
        """The node as true or false."""
        if self.kind != "bool":
            self._wrong("true or false")
        return str(self._yaml.value).casefold() in ("true", "yes", "on")

    def choice(self, known: Iterable[str]) -> str:
        """The node as one of a few words."""
        words = list(known)
        value = self.text()
        if value not in words:
            self.fail(f"{self.where}: unknown value {value!r}", hint=did_you_mean(value, words))
        return value

    def items(self) -> list[Node]:
        """The nodes of a list."""
        if self.kind != "seq":
            self._wrong("a list")
        return [Node(item, self.path, f"{self.where}[{i}]") for i, item in enumerate(self._yaml.value)]

    def pairs(self) -> dict[str, tuple[Node, Node]]:
        """The key and value nodes of a mapping, by key.  A repeated key is an error."""
        if self.kind != "map":
            self._wrong("a mapping")
        found: dict[str, tuple[Node, Node]] = {}
        for key_yaml, value_yaml in self._yaml.value:
            key = Node(key_yaml, self.path, f"{self.where}: key")
            name = str(key_yaml.value) if key.kind in ("str", "int", "bool") else key.text()
            if name in found:
                key.fail(f"{self.where}: {name!r} is here twice", hint=f"first at line {found[name][0].line}")
            inside = name if self.where == "recipe" else f"{self.where}.{name}"
            found[name] = (key, Node(value_yaml, self.path, inside))
        return found

    def fields(self, known: Iterable[str], required: Iterable[str] = ()) -> Mapping[str, Node]:
        """The values of a mapping whose keys are fixed."""
        names = list(known)
        pairs = self.pairs()
        for name, (key, _) in pairs.items():
            if name not in names:
                key.fail(f"{self.where}: unknown key {name!r}", hint=did_you_mean(name, names))
        for name in required:
            if name not in pairs:
                self.fail(f"{self.where}: {name!r} is missing")
        return {name: value for name, (_, value) in pairs.items()}


    def plain(self) -> Any:
        """The node and what is below it as Python's own values: what JSON can hold, and nothing else."""
        if self.kind == "map":
            return {name: value.plain() for name, (_, value) in self.pairs().items()}
        if self.kind == "seq":
            return [item.plain() for item in self.items()]
        if self.kind == "null":
            return None
        if self.kind == "bool":
            return self.truth()
        return self.integer() if self.kind == "int" else self.text()


def load(path: Path, where: str) -> Node:
    """Read one YAML document.  Raises UsageError without such a file, InputError when it is no YAML."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise InputError(str(path), line, column, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise InputError(str(path), None, None, f"not YAML: {error}") from None
    if node is None:
        raise InputError(str(path), 1, 1, "the file is empty")
    return Node(node, path, where)
