"""How long an image takes out of a built guest: from scratch, after one value was changed, unchanged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bench.guests import DEFAULTS
from bench.measure import race
from bench.table import Figure
from smssboot.image.build import build
from smssboot.image.built import BuiltImage
from smssboot.image.paths import RECIPES, build_dir
from smssboot.image.recipe import load_recipe

SECTION: Final = "an image, made in this process"
STEM: Final = "bench-changed"
RECIPE: Final = """name: changed
description: The default image with one value that changes.
extends: default
registry:
  set:
    CurrentControlSet\\Control\\Session Manager\\Environment:
      BENCH: "{value}"
"""


class Changed:
    """The default image, each time with another value of its registry; `made` are the images so far."""

    def __init__(self, folder: Path, arch: str) -> None:
        self._recipe = folder / f"{STEM}-{os.getpid()}-{arch}.yaml"
        self._arch = arch
        self.made: list[BuiltImage] = []

    def __call__(self) -> None:
        """Change the value, and build."""
        self._recipe.write_text(RECIPE.format(value=f"number {len(self.made)}"), "utf-8")
        self.made.append(build(self._recipe, self._arch))

    def remove(self) -> None:
        """Nobody else wants them."""
        for image in self.made:
            shutil.rmtree(image.dir, ignore_errors=True)
        for entry in (build_dir() / "images" / "index").glob(f"{self._recipe.stem}-*"):
            entry.unlink(missing_ok=True)


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """From the recipe to the disk, without compiling anything."""
    out: list[Figure] = []
    for target in DEFAULTS:
        arch, of = target.arch, target.name
        build("default", arch)  # the guest
        with _changed(scratch, arch) as changed:
            contenders: dict[str, Callable[[], object]] = {
                "from scratch": partial(_make, arch),
                "after one value was changed": changed,
                "unchanged": partial(build, "default", arch),
            }
            times = race(contenders, rounds)
        for name, sample in times.items():
            out.append(Figure(SECTION, name, sample.median * 1e3, of, form=".1f", unit=" ms"))
    return out


def _make(arch: str) -> BuiltImage:
    return build(load_recipe(RECIPES / "default.yaml"), arch)  # of a loaded recipe nothing is remembered


@contextmanager
def _changed(scratch: Path, arch: str) -> Iterator[Changed]:
    changed = Changed(scratch, arch)
    try:
        yield changed
    finally:
        changed.remove()
