"""Where things are: the project's own folders, and where builds go; and what there is at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[3]
RECIPES: Final = PROJECT / "images"
GUEST: Final = PROJECT / "guest"

ARCHES: Final = ("x86_64", "aarch64")

SMALLEST_MIB: Final = 16
LARGEST_MIB: Final = 2048
"""RAM of a guest; on q35 it has to lie below the devices."""


def build_dir() -> Path:
    """The folder for everything that is built; SMSSBOOT_BUILD puts it elsewhere."""
    return Path(os.environ.get("SMSSBOOT_BUILD") or PROJECT / "build")
