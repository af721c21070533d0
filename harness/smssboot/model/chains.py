"""The two little notations inside strings: `a(x) -> b(next x)` and `a .. b <= 20 s`."""

from __future__ import annotations

import re
from typing import Final

from smssboot.model.errors import Problem
from smssboot.model.language import Binding, Element
from smssboot.model.marks import Text

_NAME: Final = re.compile(r"[A-Za-z0-9_*]+(?:[.\-][A-Za-z0-9_*]+)*")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL: Final = re.compile(r"\d+|'[^']*'")
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s)\b")
_UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class _Scanner:
    """Reads one scalar from left to right; problems carry the column of the character."""

    def __init__(self, source: Text) -> None:
        self.source, self.text, self.at = source, source.value, 0

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, literal: str) -> bool:
        self.blanks()
        if not self.text.startswith(literal, self.at):
            return False
        self.at += len(literal)
        return True

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.blanks()
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group(0)

    @property
    def done(self) -> bool:
        self.blanks()
        return self.at >= len(self.text)

    def problem(self, what: str) -> Problem:
        rest = self.text[self.at :].strip()
        found = f"`{rest.split()[0]}`" if rest else "the end of the text"
        return Problem(self.source.at(self.at), f"expected {what}, found {found}")


def parse_element(source: Text, problems: list[Problem]) -> Element | None:
    """`event` or `event(bindings)`, alone in its scalar."""
    scan = _Scanner(source)
    element = _element(scan, problems)
    if element is not None and not scan.done:
        problems.append(scan.problem("nothing more"))
        return None
    return element


def parse_chain(source: Text, problems: list[Problem]) -> tuple[Element, ...]:
    """`a -> b(x) -> c(next x)`. Empty when it cannot be read."""
    scan = _Scanner(source)
    elements: list[Element] = []
    while True:
        element = _element(scan, problems)
        if element is None:
            return ()
        elements.append(element)
        if scan.done:
            break
        if not scan.take("->"):
            problems.append(scan.problem("`->`"))
            return ()
    if len(elements) < 2:
        problems.append(Problem(source.mark, "a chain needs at least two events", "write `a -> b`"))
        return ()
    return tuple(elements)


def parse_bound(source: Text, problems: list[Problem]) -> tuple[Element, Element, int, int | None] | None:
    """`a .. b <= 20 s`, `a .. b >= 1 ms` or `a .. b in 1 ms .. 2 s`: (a, b, low, high) in nanoseconds."""
    scan = _Scanner(source)
    start = _element(scan, problems)
    if start is None:
        return None
    if not scan.take(".."):
        problems.append(scan.problem("`..`"))
        return None
    end = _element(scan, problems)
    if end is None:
        return None
    low, high = 0, None
    if scan.take("<="):
        high = _time(scan, problems)
    elif scan.take(">="):
        found = _time(scan, problems)
        if found is None:
            return None
        low = found
        return (start, end, low, None) if scan.done else None
    elif scan.take("in"):
        found = _time(scan, problems)
        if found is None or not scan.take(".."):
            problems.append(scan.problem("`..` and an upper time"))
            return None
        low, high = found, _time(scan, problems)
    else:
        problems.append(scan.problem("`<=`, `>=` or `in`"))
        return None
    if high is None:
        return None
    if not scan.done:
        problems.append(scan.problem("nothing more"))
        return None
    if high < low:
        problems.append(Problem(source.mark, f"the bounds contradict each other: {low} ns .. {high} ns"))
        return None
    return start, end, low, high


def _time(scan: _Scanner, problems: list[Problem]) -> int | None:
    scan.blanks()
    found = _TIME.match(scan.text, scan.at)
    if found is None:
        problems.append(scan.problem("a time such as `20 s` or `5 ms`"))
        return None
    scan.at = found.end()
    return round(float(found.group(1)) * _UNITS[found.group(2)])


def _element(scan: _Scanner, problems: list[Problem]) -> Element | None:
    scan.blanks()
    mark = scan.source.at(scan.at)
    label = scan.match(_NAME)
    if label is None:
        problems.append(scan.problem("the name of an event"))
        return None
    bindings: list[Binding] = []
    if scan.text.startswith("(", scan.at):
        scan.at += 1
        while True:
            binding = _binding(scan)
            if binding is None:
                problems.append(scan.problem("a binding such as `session`, `next session` or `session = 0`"))
                return None
            bindings.append(binding)
            if scan.take(")"):
                break
            if not scan.take(","):
                problems.append(scan.problem("`,` or `)`"))
                return None
    return Element(label, tuple(bindings), mark)


def _binding(scan: _Scanner) -> Binding | None:
    literal = scan.match(_LITERAL)
    if literal is not None:
        return Binding(None, "literal", literal.strip("'"))
    word = scan.match(_WORD)
    if word is None:
        return None
    if word in ("first", "last"):
        return Binding(None, "first" if word == "first" else "last", "")
    if word == "next":
        name = scan.match(_WORD)
        return None if name is None else Binding(name, "next", name)
    if scan.take("="):
        literal = scan.match(_LITERAL)
        if literal is not None:
            return Binding(word, "literal", literal.strip("'"))
        other = scan.match(_WORD)
        if other == "next":
            other = scan.match(_WORD)
            return None if other is None else Binding(word, "next", other)
        if other in ("first", "last"):
            return Binding(word, "first" if other == "first" else "last", "")
        return None if other is None else Binding(word, "variable", other)
    return Binding(word, "variable", word)
