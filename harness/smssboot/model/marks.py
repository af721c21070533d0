"""YAML with places: a tree of text, lists and mappings in which every node knows its line and column.

Everything that is not a list or a mapping is text, so that `no`, `0x61` and `1.10` mean what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from smssboot.model.errors import Mark, ModelError, Problem


@dataclass(slots=True)
class Text:
    """A scalar. `plain` is False when it was quoted: then an `=` at its start is just a character."""

    value: str
    mark: Mark
    plain: bool = True

    def at(self, offset: int) -> Mark:
        """The place of the character at `offset` (exact for scalars that fill one line)."""
        return self.mark.shifted(offset + (0 if self.plain else 1))


@dataclass(slots=True)
class Items:
    """A list."""

    items: list[Tree]
    mark: Mark

    def __iter__(self) -> Iterator[Tree]:
        return iter(self.items)


@dataclass(slots=True)
class Table:
    """A mapping, in the order of the file."""

    entries: dict[str, tuple[Text, Tree]]
    mark: Mark
    problems: list[Problem] = field(default_factory=list)

    def get(self, name: str) -> Tree | None:
        entry = self.entries.get(name)
        return None if entry is None else entry[1]


Tree: TypeAlias = Text | Items | Table


def kind_of(tree: Tree) -> str:
    """How an error message calls this node."""
    if isinstance(tree, Text):
        return "text" if tree.value else "nothing"
    return "a list" if isinstance(tree, Items) else "a mapping"


def read(text: str, file: str, problems: list[Problem]) -> Table:
    """Parse `text`. Duplicate keys go to `problems`; a file that is no YAML mapping raises ModelError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file, 1, 1)
        raise ModelError([Problem(mark, f"not YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError as error:
        raise ModelError([Problem(Mark(file, 1, 1), f"not YAML: {error}")]) from None
    if root is None:
        raise ModelError([Problem(Mark(file, 1, 1), "expected a mapping, found an empty file")])
    tree = _convert(root, file, problems)
    if not isinstance(tree, Table):
        raise ModelError([Problem(tree.mark, f"expected a mapping, found {kind_of(tree)}")])
    return tree


def _convert(node: yaml.Node, file: str, problems: list[Problem]) -> Tree:
    mark = Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.ScalarNode):
        return Text(str(node.value), mark, node.style not in ("'", '"'))
    if isinstance(node, yaml.SequenceNode):
        return Items([_convert(item, file, problems) for item in node.value], mark)
    entries: dict[str, tuple[Text, Tree]] = {}
    for raw_key, raw_value in node.value:
        key = _convert(raw_key, file, problems)
        value = _convert(raw_value, file, problems)
        if not isinstance(key, Text):
            problems.append(Problem(key.mark, f"expected a name before `:`, found {kind_of(key)}"))
            continue
        if key.value in entries:
            first = entries[key.value][0].mark
            problems.append(Problem(key.mark, f"`{key.value}` appears twice", f"first at line {first.line}"))
            continue
        entries[key.value] = (key, value)
    return Table(entries, mark)
