"""GitHub Actions: what the runner reads on standard output, and the step's summary.

The runner takes any line of a job's output for a command that looks like one.  What a guest printed is told
between `::stop-commands::` and its end, whose word nobody can guess.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from smssboot.errors import InfrastructureError

if TYPE_CHECKING:
    from smssboot.report.view import StudyView


def is_runner() -> bool:
    """Whether a GitHub runner reads what this program prints."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


@contextmanager
def quoted(stream: TextIO) -> Iterator[None]:
    """Text in which the runner finds no command."""
    if not is_runner():
        yield
        return
    word = secrets.token_hex(16)
    stream.write(f"::stop-commands::{word}\n")
    try:
        yield
    finally:
        stream.write(f"::{word}::\n")
        stream.flush()


def tell(view: StudyView, stream: TextIO) -> None:
    """The annotations to the runner, the summary to the step's file; nothing outside of GitHub Actions."""
    from smssboot.report import github

    if not is_runner():
        return
    stream.write(github.commands(view))
    stream.flush()
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    try:
        path = Path(name)
        taken = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8") as file:
            file.write(github.summary(view, github.SUMMARY_BYTES - taken))
    except OSError as error:
        raise InfrastructureError(f"cannot write to {name}: {error.strerror}") from None
