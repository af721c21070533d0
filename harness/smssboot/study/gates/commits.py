"""Which commit a file's repository is at, and which commits lie between two; nothing when git cannot say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

_LIMIT_S: Final = 10
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


def current(folder: Path) -> str:
    """The commit of the repository around `folder`, with `+` when files outside of `folder` differ from it.

    Empty outside of a repository.
    """
    others = [":(top)", ":(exclude)."] if folder.is_dir() else []
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    commit = _git(folder, "rev-parse", "--verify", "--short=12", "HEAD").strip()
    if not _COMMIT.fullmatch(commit):
        return ""
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *others)
    return f"{commit}+" if changed.strip() else commit


def between(folder: Path, first: str, last: str = "HEAD", most: int = 10) -> list[str]:
    """The commits after `first` up to `last`, oldest first, one line each; empty when git does not know."""
    first, last = first.rstrip("+"), last.rstrip("+")
    if not _COMMIT.fullmatch(first) or not (last == "HEAD" or _COMMIT.fullmatch(last)):
        return []
    said = _git(folder, "log", "--reverse", "--format=%h %s", f"{first}..{last}")
    return said.splitlines()[:most]


def _git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; empty when it fails or is not there."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
            timeout=_LIMIT_S, env=quiet, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
