"""Running the readers that others wrote (mtools, fsck.vfat, hivexml): bounded in time and in output."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from smssboot.errors import InfrastructureError

PACKAGES: Final = {
    "mdir": "mtools", "mattrib": "mtools", "mtype": "mtools", "mcopy": "mtools",
    "fsck.vfat": "dosfstools", "hivexml": "libhivex-bin",
}  # fmt: skip
_SECONDS: Final = 10.0
_MOST: Final = 256 << 20
"""More than this many bytes of output is no answer but a loop on the disk."""


class Answer(NamedTuple):
    """What a reader said. `status` is None when it did not end in time, or would not stop talking."""

    status: int | None
    out: bytes
    error: bytes


@lru_cache(maxsize=16)
def find(tool: str) -> str:
    """The tool's path.  Raises InfrastructureError that names its package."""
    found = shutil.which(tool, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if found is None:
        raise InfrastructureError(f"{tool} is not installed", hint=f"apt-get install {PACKAGES[tool]}")
    return found


class Reader:
    """A reader that runs.  Several may run at the same time; each has to be asked for its answer.

    Raises InfrastructureError when it cannot be started.
    """

    def __init__(self, tool: str, *arguments: str | bytes) -> None:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1",
            "MTOOLSRC": os.devnull, "HOME": os.sep,
        }  # fmt: skip
        command: Sequence[str | bytes] = [find(tool), *arguments]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until the answer
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
            )
        except OSError as error:
            self._errors.close()
            raise InfrastructureError(f"{tool}: {error.strerror}") from None

    def answer(self, most: int = _MOST) -> Answer:
        """Wait for its end, or until it has said more than `most` bytes.  Once only.

        The time that it may take from now on is bounded.
        """
        process = self._process
        assert process.stdout is not None
        with self._errors, process.stdout as pipe:
            out, whole = _read(pipe.fileno(), time.monotonic() + _SECONDS, most)
            if not whole:
                process.kill()
            status = process.wait()
            self._errors.seek(0)
            return Answer(status if whole and status >= 0 else None, out, self._errors.read(1 << 16))


def ask(tool: str, *arguments: str | bytes, most: int = _MOST) -> Answer:
    """Run a reader to its end, or until it has said more than `most` bytes.

    Raises InfrastructureError when it cannot be started.
    """
    return Reader(tool, *arguments).answer(most)


def _read(fd: int, until: float, most: int) -> tuple[bytes, bool]:
    """Everything that comes, and whether it came to its end in time and within bounds."""
    parts: list[bytes] = []
    total = 0
    while total <= most:
        ready, _, _ = select.select([fd], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            break
        part = os.read(fd, 1 << 18)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        total += len(part)
    return b"".join(parts), False
