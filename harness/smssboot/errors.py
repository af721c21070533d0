"""The errors that people see: one message each, and the exit code that goes with it.

Everything that can be wrong with what the user gave is a `UsageError`; everything that can go wrong with
the machine under us is an `InfrastructureError`.  Neither is ever shown as a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

EXIT_CONFORMS: Final = 0
EXIT_DEVIATES: Final = 1
EXIT_USAGE: Final = 2
EXIT_INFRASTRUCTURE: Final = 3
EXIT_INTERRUPTED: Final = 130


class SmssbootError(Exception):
    """Something to tell the user.  `hint` is what to do about it, if we know."""

    exit_code: ClassVar[int] = EXIT_INFRASTRUCTURE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class UsageError(SmssbootError):
    """What the user gave cannot be used: command line, recipe, hive, program, file."""

    exit_code = EXIT_USAGE


class InputError(UsageError):
    """A file that the user gave is wrong at one place.  Line and column are 1-based."""

    def __init__(
        self, path: str, line: int | None, column: int | None, message: str, *, hint: str | None = None
    ) -> None:
        place = path
        if line is not None:
            place += f":{line}" if column is None else f":{line}:{column}"
        super().__init__(f"{place}: {message}", hint=hint)
        self.path, self.line, self.column = path, line, column


class InfrastructureError(SmssbootError):
    """The machine under us failed: QEMU missing or dying, a tool missing, a guest build that breaks."""

    exit_code = EXIT_INFRASTRUCTURE


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None when none is near."""
    import difflib

    names = list(known)
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if found:
        return found[0]
    folded = {name.casefold(): name for name in names}
    lower = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[lower[0]] if lower else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint for a misspelt word: the nearest known one, else the whole (short) list of valid ones."""
    names = sorted(known)
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return "valid: " + ", ".join(names) if names and len(names) <= 20 else None
