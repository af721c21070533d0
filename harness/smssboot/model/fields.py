"""Reading single fields of a model file: texts, values, guards, loops, counts, each with its place."""

from __future__ import annotations

import re
from typing import Final

from smssboot.model import expr
from smssboot.model.draft import Draft
from smssboot.model.errors import Mark, Problem, expected
from smssboot.model.expectation import Voice
from smssboot.model.functions import FUNCTIONS
from smssboot.model.language import Each, Scalar, ValueKind, ValueRule
from smssboot.model.marks import Items, Table, Text, Tree, kind_of

VOICES: Final[tuple[Voice, ...]] = ("claim", "fact", "evidence")
EVENT_NAME: Final = re.compile(r"[a-z0-9]+([.\-][a-z0-9]+)*", re.IGNORECASE)
_COUNT: Final = re.compile(r"\s*(\d+)\s*\.\.\s*(\d+|\*)\s*")
_EACH: Final = re.compile(r"\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s+in\s+")
_KINDS: Final[dict[str, ValueKind]] = {
    "glob": "glob", "any": "any", "has": "has", "list": "list", "same": "same",
    "range": "range", "oneof": "in", "run": "run", "digest": "digest",
}  # fmt: skip


class Fields:
    """Reads the fields of one file's declarations; every problem goes to the draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.problems = draft.problems

    def table(self, tree: Tree | None, what: str, fields: tuple[str, ...] | None = None) -> Table | None:
        """`tree` as a mapping, all of whose keys are in `fields` (any, when None)."""
        if tree is None or (isinstance(tree, Text) and not tree.value):
            return None
        if not isinstance(tree, Table):
            self.problems.append(Problem(tree.mark, f"expected a mapping for {what}, found {kind_of(tree)}"))
            return None
        if fields is not None:
            for key, _ in tree.entries.values():
                if key.value not in fields:
                    self.problems.append(expected(key.mark, f"a field of {what}", key.value, fields))
        return tree

    def text(self, tree: Tree | None, what: str) -> Text | None:
        if tree is None:
            return None
        if not isinstance(tree, Text):
            self.problems.append(Problem(tree.mark, f"expected text for {what}, found {kind_of(tree)}"))
            return None
        return tree

    def texts(self, tree: Tree | None, what: str) -> list[Text]:
        """One text or a list of texts."""
        if tree is None:
            return []
        if isinstance(tree, Items):
            return [text for item in tree if (text := self.text(item, what)) is not None]
        text = self.text(tree, what)
        return [] if text is None else [text]

    def flag(self, tree: Tree | None, what: str) -> bool:
        text = self.text(tree, what)
        if text is None:
            return False
        if text.value not in ("true", "false"):
            self.problems.append(expected(text.mark, f"`true` or `false` for {what}", text.value))
        return text.value == "true"

    def scalar(self, text: Text) -> Scalar:
        """A text; with `=` at its start, an expression."""
        computed = text.plain and text.value.startswith("=")
        # A quoted '=...' is an expression too: YAML makes people quote what holds `: ` or `#`.
        computed = computed or (not text.plain and text.value.startswith("="))
        source = text.value[1:] if computed else text.value
        mark = text.at(1 if computed else 0)
        if computed:
            self._parse(source, mark)
        elif "<" in source:
            for hole in expr.TEMPLATE.finditer(source):
                self._parse(hole.group(1), mark.shifted(hole.start(1)))
        return Scalar(source, computed, mark)

    def expression(self, text: Text) -> Scalar:
        """An expression that needs no `=`: guards and loops."""
        source = text.value.removeprefix("=")
        mark = text.at(len(text.value) - len(source))
        self._parse(source, mark)
        return Scalar(source, True, mark)

    def _parse(self, source: str, mark: Mark) -> None:
        try:
            _, functions = expr.names(source)
        except expr.ExprError as error:
            self.problems.append(Problem(mark.shifted(error.offset), error.message, error.hint))
            return
        for name in sorted(functions - FUNCTIONS.keys()):
            self.problems.append(expected(mark, "a function of the model", name, FUNCTIONS))

    def guard(self, tree: Tree | None) -> tuple[Scalar, ...]:
        return tuple(self.expression(text) for text in self.texts(tree, "`when`"))

    def value(self, tree: Tree) -> ValueRule | None:
        """A condition on one value."""
        if isinstance(tree, Text):
            return ValueRule("eq", (self.scalar(tree),), tree.mark)
        if isinstance(tree, Items):
            self.problems.append(Problem(tree.mark, "expected a value, found a list", "use {oneof: [...]}"))
            return None
        if len(tree.entries) != 1:
            self.problems.append(Problem(tree.mark, "expected one condition such as {glob: ...}"))
            return None
        ((word, inner),) = tree.entries.values()
        if word.value not in _KINDS:
            self.problems.append(expected(word.mark, "a kind of condition", word.value, _KINDS))
            return None
        parts = tuple(self.scalar(text) for text in self.texts(inner, f"`{word.value}`"))
        return ValueRule(_KINDS[word.value], parts, tree.mark)

    def values(self, tree: Tree | None, what: str) -> dict[str, ValueRule]:
        table = self.table(tree, what)
        if table is None:
            return {}
        pairs = ((name, self.value(item)) for name, (_, item) in table.entries.items())
        return {name: value for name, value in pairs if value is not None}

    def each(self, tree: Tree | None) -> tuple[Each, ...]:
        out: list[Each] = []
        for text in self.texts(tree, "`each`"):
            found = _EACH.match(text.value)
            if found is None:
                message = f"expected `name in list`, found `{text.value}`"
                self.problems.append(Problem(text.mark, message, "each: s in sessions"))
                continue
            words = tuple(word.strip() for word in found.group(1).split(","))
            source = Text(text.value[found.end() :], text.at(found.end()))
            out.append(Each(words, self.expression(source)))
        return tuple(out)

    def statements(self, table: Table) -> tuple[str, ...]:
        out: list[str] = []
        for text in self.texts(table.get("statements"), "`statements`"):
            if text.value not in self.draft.known_statements:
                self.problems.append(
                    expected(text.mark, "the id of a statement", text.value, self.draft.known_statements)
                )
            out.append(text.value)
        return tuple(out)

    def word(self, table: Table, name: str) -> str:
        text = self.text(table.get(name), f"`{name}`")
        return "" if text is None else text.value

    def voice(self, table: Table, label: str, default: Voice = "claim") -> tuple[Voice, str]:
        """Voice and name of an event: `fact: object.create`; without one, a claim of the label's name."""
        given = [voice for voice in VOICES if table.get(voice) is not None]
        if not given:
            return default, label
        if len(given) > 1:
            self.problems.append(Problem(table.mark, f"expected one voice, found {' and '.join(given)}"))
        text = self.text(table.get(given[0]), f"`{given[0]}`")
        return given[0], label if text is None else text.value

    def labels(self, tree: Tree | None) -> tuple[str, ...]:
        """Claims that a fact or evidence proves."""
        found = self.texts(tree, "`proves`")
        self.draft.used_events.extend(found)
        return tuple(text.value for text in found)

    def count(self, table: Table) -> tuple[Scalar, Scalar | None]:
        one = Scalar("1", True, table.mark)
        text = self.text(table.get("count"), "`count`")
        low: Scalar = one
        high: Scalar | None = one
        if text is not None:
            found = _COUNT.fullmatch(text.value)
            if found is not None:
                low = Scalar(found.group(1), True, text.mark)
                high = None if found.group(2) == "*" else Scalar(found.group(2), True, text.mark)
                if high is not None and int(high.text) < int(low.text):
                    self.problems.append(Problem(text.mark, f"the count `{text.value}` contradicts itself"))
            elif text.value.isdigit() or text.value.startswith("="):
                low = high = self.expression(text)
            else:
                hint = "2, 0..3, 1..* or =expression"
                self.problems.append(Problem(text.mark, f"expected a count, found `{text.value}`", hint))
        if self.flag(table.get("optional"), "`optional`"):
            low = Scalar("0", True, table.mark)
        return low, high
