"""How many boots may run at a time on this machine, counted over all processes that share a folder.

A budget is a few empty files.  Who boots holds the lock (flock) of one of them, so the kernel counts, and it
gives the place back when its holder ends, however it ends.  Those who wait stand in line at one more file:
only the first of them looks for a place, the others sleep in the kernel.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from smssboot.errors import InfrastructureError

_LOOK_S: Final = 0.01
"""Between two looks for a place, of the one who is first in line: next to a boot's length, nothing."""


def processors() -> int:
    """Processors that this process may use: one boot keeps about one of them busy."""
    return len(os.sched_getaffinity(0))


class Budget:
    """At most `places` boots at a time among all processes that use the same folder."""

    def __init__(self, folder: Path, places: int | None = None) -> None:
        """`places`: None for as many as there are processors.  Raises InfrastructureError."""
        self.folder = folder
        self.places = max(1, places if places is not None else processors())
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InfrastructureError(f"cannot make {folder}: {error.strerror}") from None

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place for as long as the block lasts; waits for it."""
        taken = self.take()
        try:
            yield taken
        finally:
            taken.free()

    def take(self) -> Place:
        """A place, as soon as one is free, in the order of asking.  Sleeps; signals' handlers run."""
        line = _Lock(self.folder / "line")
        try:
            line.wait()
            while (taken := self.try_take()) is None:
                time.sleep(_LOOK_S)
            return taken
        finally:
            line.close()

    def try_take(self) -> Place | None:
        """A place if one is free at this moment, whoever else is waiting.  Raises InfrastructureError."""
        for number in range(self.places):
            lock = _Lock(self.folder / f"place-{number}")
            if lock.now():
                return Place(number, lock)
            lock.close()
        return None


class Place:
    """One boot's place: until `free()`, or until it is forgotten, or until the process ends.

    A child that was forked and executes no other program holds it as well, until it ends too.
    """

    def __init__(self, number: int, lock: _Lock) -> None:
        self.number = number
        self._lock = lock

    def free(self) -> None:
        """Give the place back.  May be called twice."""
        self._lock.close()


class _Lock:
    """A file, open to be locked.  It is closed when it is forgotten, whatever exception came between."""

    def __init__(self, path: Path) -> None:
        self._fd = -1
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InfrastructureError(f"cannot write to {path.parent}: {error.strerror}") from None

    def now(self) -> bool:
        """Lock it if that is possible without waiting; whether it was."""
        try:
            self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """Lock it, and wait for that; the kernel wakes those who wait in the order of asking."""
        self._lock(fcntl.LOCK_EX)

    def _lock(self, how: int) -> None:
        try:
            fcntl.flock(self._fd, how)
        except BlockingIOError:
            raise
        except OSError as error:
            raise InfrastructureError(f"cannot lock {self._path}: {error.strerror}") from None

    def close(self) -> None:
        """Let go.  May be called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()
