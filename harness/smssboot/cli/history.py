"""`--csv F`: the rows of this study behind those of the studies before.

Several programs may write to one history at once; each adds its rows in one piece.
"""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smssboot.errors import InfrastructureError, InputError, UsageError

if TYPE_CHECKING:
    from smssboot.report.view import StudyView


def check(name: str) -> None:
    """Refuse, before anything is booted, a file that is there and no history."""
    from smssboot.report.history import header

    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            first = file.readline()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    if first and first.rstrip("\r\n") != header():
        found = first.rstrip("\r\n")[:60]
        message = f"expected the columns of a history, date,run,recipe,..., found {found!r}"
        raise InputError(name, 1, 1, message, hint="give another file; this one stays as it is")


def append(name: str, view: StudyView) -> None:
    """Add the rows of a study, with the time of now; the columns too when the file is new."""
    from smssboot.report.history import history

    date = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with open(name, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, 2)
            text = history(view, date, begin=size == 0)
            if size and _last_byte(name) != b"\n":  # a job was killed in the middle of its rows
                text = "\n" + text
            file.write(text.encode())
    except OSError as error:
        raise InfrastructureError(f"cannot write to {name}: {error.strerror}") from None


def now(view: StudyView) -> str:
    """A history of this study alone."""
    from smssboot.report.history import history

    return history(view, datetime.now(UTC).isoformat(timespec="seconds"))


def _last_byte(name: str) -> bytes:
    with open(name, "rb") as file:
        file.seek(-1, 2)
        return file.read(1)
