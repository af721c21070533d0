"""A disk as its next mount will see it, and what fsck.vfat thinks of its volumes then."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from smssboot.errors import InfrastructureError
from smssboot.image import fatjournal, sparse

_SECONDS: Final = 60.0
_HARMLESS: Final = (
    " ", "fsck.fat ", "There are differences between boot sector", "This is mostly harmless",
    "Dirty bit is set", "Not automatically fixing", "Leaving filesystem unchanged",
    "Automatically removing dirty bit",
)  # fmt: skip
_CLUSTERS: Final = re.compile(r"\d+ files, \d+/\d+ clusters")


def needs_it(fd: int, bases: Sequence[int]) -> bool:
    """Whether a volume at one of these bytes of the disk has a journal that is to be applied."""
    return any(fatjournal.read(fd, base).sectors for base in bases)


def copy(source: Path, bases: Sequence[int], out: Path) -> Path:
    """Make `out` the disk with the journals of the volumes at `bases` applied.  Raises OSError."""
    sparse.copy(source, out)
    with out.open("r+b") as file:
        for base in bases:
            fatjournal.apply(file.fileno(), base)
    return out


def is_damaged(disk: Path, offset: int, size: int, work: Path) -> bool:
    """Whether fsck.vfat finds more than the dirty bit on the volume of `size` bytes at `offset`.

    `work` is a folder for a copy.  Raises InfrastructureError without dosfstools.
    """
    part = work / "volume.raw"
    sparse.copy(disk, part, offset, size)
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    try:
        done = subprocess.run(
            ("env", f"PATH={path}", "LC_ALL=C", "fsck.vfat", "-n", part),
            capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:  # a loop on the volume
        return True
    finally:
        part.unlink()
    if done.returncode == 127:
        raise InfrastructureError("dosfstools is not installed", hint="run ci/setup.sh")
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return done.returncode not in (0, 1) or any(map(_is_problem, lines))


def _is_problem(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(_HARMLESS) and not _CLUSTERS.search(line)
