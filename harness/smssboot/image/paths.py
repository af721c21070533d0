"""Where things are: the project's own folders, and where builds go; and what there is at all.

The guest's sources and the recipes lie in the source tree, or in the package itself when that was installed
from a wheel (setup.py puts them there).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_INSTALLED: Final = (_PACKAGE / "project").is_dir()
PROJECT: Final = _PACKAGE / "project" if _INSTALLED else _PACKAGE.parents[1]
RECIPES: Final = PROJECT / "images"
GUEST: Final = PROJECT / "guest"

ARCHES: Final = ("x86_64", "aarch64")

SMALLEST_MIB: Final = 16
LARGEST_MIB: Final = 2048
"""RAM of a guest; on q35 it has to lie below the devices."""


def build_dir() -> Path:
    """The folder for everything that is built: `build` in the source tree, for an installed package a folder
    of the user's cache; SMSSBOOT_BUILD puts it elsewhere."""
    if named := os.environ.get("SMSSBOOT_BUILD"):
        return Path(named)
    if not _INSTALLED:
        return PROJECT / "build"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smssboot"
