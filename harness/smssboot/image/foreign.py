"""A disk image that others made: which of its partitions is the system's, and what a loader needs of it.

What is read here goes through mtools, which knows nothing of how we write volumes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.image.disk import Disk

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe


def take(recipe: Recipe, work: Path) -> tuple[dict[str, bytes], Disk]:
    """To come."""
    raise NotImplementedError


def unpack(contents: dict[str, bytes], work: Path) -> dict[str, str]:
    """To come."""
    raise NotImplementedError
