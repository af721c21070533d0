"""Recipes as tests: one file, one item for each architecture, with the findings as its failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from smssboot.errors import SmssbootError
from smssboot.pytest_plugin import machines, reporting, settings
from smssboot.pytest_plugin.run import Run


def collect(path: Path, parent: pytest.Collector) -> RecipeFile | None:
    """A file that was given by name, or that is found and is one of `smssboot_recipes`."""
    if path.suffix not in (".yaml", ".yml"):
        return None
    if not parent.session.isinitpath(path) and not _is_configured(path, parent.config):
        return None
    if path.is_relative_to(parent.config.rootpath):
        return RecipeFile.from_parent(parent, path=path)
    # pytest has no name for a file elsewhere.
    return RecipeFile.from_parent(parent, path=path, nodeid=os.path.relpath(path, parent.config.rootpath))


def _is_configured(path: Path, config: pytest.Config) -> bool:
    """Globs are relative to the configuration file, else to the root folder; `*` stops at a folder."""
    base = config.inipath.parent if config.inipath is not None else config.rootpath
    if not path.is_relative_to(base):
        return False
    inside = path.relative_to(base)
    return any(
        len(Path(glob).parts) == len(inside.parts) and inside.match(glob)
        for glob in settings.of(config).recipes
    )


class RecipeFile(pytest.File):
    """A recipe: what is wrong with it is said by its items, so that one bad recipe stops nothing else."""

    def collect(self) -> Iterator[RecipeItem]:
        for arch in settings.of(self.config).arches:
            yield RecipeItem.from_parent(self, name=arch)


class RecipeItem(pytest.Item):
    """A boot of the recipe on one architecture, which has to conform.

    The boot belongs to the setup: when QEMU or the host fails, or the recipe is wrong, that is an error,
    and only what the guest did is a failure.
    """

    run: Run

    def __init__(self, *, name: str, parent: RecipeFile) -> None:
        super().__init__(name, parent)
        self.fixturenames: list[str] = []  # other plugins (labgrid's) look there at every item
        self.add_marker("boot")

    def setup(self) -> None:
        attempts = self.stash[machines.ATTEMPTS] = []
        try:
            self.run = machines.of(self.config).boot(str(self.path), self.name, {}, attempts)
        except SmssbootError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None

    def runtest(self) -> None:
        if not self.run.conforms:
            said = reporting.explanation(self, self.stash[machines.ATTEMPTS])
            raise pytest.fail.Exception(said.rstrip(), pytrace=False)

    def teardown(self) -> None:
        self.__dict__.pop("run", None)

    def reportinfo(self) -> tuple[Path, None, str]:
        # No `::` in it: pytest would take the file's extension for a class.
        return self.path, None, f"{self.nodeid.rpartition('::')[0]} on {self.name}"
