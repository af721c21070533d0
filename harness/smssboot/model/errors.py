"""What is wrong with a model file: every problem at once, each with its place and the nearest word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smssboot.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a model file. Line and column are 1-based."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def shifted(self, columns: int) -> Mark:
        """The place some columns to the right, in the same line."""
        return Mark(self.file, self.line, self.column + columns)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what would have been right."""

    mark: Mark | None
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.mark}: " if self.mark is not None else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class ModelError(UsageError):
    """A model, a profile name or a context that cannot be used. Lists every problem that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


def expected(mark: Mark | None, what: str, found: str, known: Iterable[str] = ()) -> Problem:
    """A problem of the form "expected X, found Y", with the nearest of the valid words."""
    words = sorted(set(known))
    near = nearest(found, words)
    if near is not None:
        hint = f"did you mean `{near}`?"
    elif words and len(words) <= 16:
        hint = "valid: " + ", ".join(words)
    else:
        hint = ""
    return Problem(mark, f"expected {what}, found `{found}`", hint)
