"""The boots of one pytest process: numbered, each in its folder, as many at a time as the budget allows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from smssboot.errors import InfrastructureError, SmssbootError, UsageError, did_you_mean
from smssboot.pytest_plugin import settings
from smssboot.pytest_plugin.run import Run

if TYPE_CHECKING:
    from smssboot.report.view import StudyView
    from smssboot.study.budget import Budget
    from smssboot.study.options import Options

KEY: Final = pytest.StashKey["Machines"]()
ATTEMPTS: Final = pytest.StashKey[list["Attempt"]]()
"""The boots of one test."""

_OURS: Final = ("keep",)
"""Options that the plugin sets by itself."""


class BootError(InfrastructureError):
    """QEMU or the host failed, so nothing can be said about the guest.  Never a deviation."""

    __module__ = "builtins"  # as pytest's own: reports show the name alone


@dataclass
class Attempt:
    """One boot of a test.  `run` is None until it is judged, `error` what came in between.

    `shared`: other tests use the same boot, so its files stay.
    """

    number: int
    folder: Path
    run: Run | None = None
    error: SmssbootError | None = None
    shared: bool = False


class Machines:
    """Boots images for the tests of one process."""

    def __init__(self, config: pytest.Config, budget_folder: Path | None) -> None:
        """`budget_folder` is shared with other processes; None: there are none."""
        self._config = config
        self._settings = settings.of(config)
        self._budget_folder = budget_folder
        self._own_folder: Path | None = None
        self._budget: Budget | None = None
        self._root: Path | None = None
        self._count = 0
        self._shared: dict[tuple[object, ...], Attempt] = {}

    def boot(self, recipe: str, arch: str, options: Mapping[str, Any], attempts: list[Attempt]) -> Run:
        """Boot once and judge.  `recipe` is a name or an absolute path.

        Raises UsageError for what is wrong with the recipe or the options, BootError when nothing can be
        said about the guest; `attempts` gets the boot in any case.
        """
        attempt = self._attempt()
        attempts.append(attempt)
        try:
            attempt.run = self._judged(attempt, recipe, arch, self._options(options, attempt.folder))
        except SmssbootError as error:
            attempt.error = error
            raise
        return attempt.run

    def shared(self, recipe: str, arch: str, options: Mapping[str, Any], attempts: list[Attempt]) -> Run:
        """The same, once per process for the same arguments; the first time decides."""
        key = (recipe, arch, *sorted(options.items()))
        known = self._shared.get(key)
        if known is not None and known.run is not None:
            if known not in attempts:
                attempts.append(known)
            return known.run
        run = self.boot(recipe, arch, options, attempts)
        attempts[-1].shared = True
        self._shared[key] = attempts[-1]
        return run

    def _attempt(self) -> Attempt:
        if self._root is None:
            # pytest's own temporary folder: it removes old ones, and each of xdist's workers has one.
            factory = getattr(self._config, "_tmp_path_factory", None)
            self._root = factory.mktemp("boots") if factory else Path(tempfile.mkdtemp(prefix="smssboot-"))
        self._count += 1
        return Attempt(self._count, self._root / f"boot-{self._count}")

    def _options(self, asked: Mapping[str, Any], keep: Path) -> Options:
        from smssboot.study.options import Options

        known = [name for name in Options._fields if name not in _OURS]
        for name in asked:
            if name not in known:
                raise UsageError(f"unknown option {name!r} of a boot", hint=did_you_mean(name, known))
        general = {"deterministic": self._settings.deterministic, "cache": self._settings.cache}
        return Options(**{**general, **asked, "keep": keep})

    def _judged(self, attempt: Attempt, recipe: str, arch: str, options: Options) -> Run:
        from smssboot.image.build import build
        from smssboot.study import runs

        image = build(recipe, arch)
        with self._open_budget().place():
            boots = runs.run([image], options)
        study: StudyView = runs.view(boots)
        (view,) = study.runs
        run = Run(attempt.number, view, study.statements)
        if view.verdict == "error":
            attempt.run = run
            said = f"{view.cause.kind}: {view.cause.text}" if view.cause.text else view.cause.kind
            raise BootError(f"{arch} {image.name}: {said}")
        return run

    def budget_folder(self) -> Path:
        """The folder by which all processes of this session count their boots."""
        if self._budget_folder is None:
            self._budget_folder = self._own_folder = Path(tempfile.mkdtemp(prefix="smssboot-budget-"))
        return self._budget_folder

    def _open_budget(self) -> Budget:
        from smssboot.study.budget import Budget

        if self._budget is None:
            self._budget = Budget(self.budget_folder(), self._settings.cpus)
        return self._budget

    def close(self) -> None:
        """The session has ended."""
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)

    def forget(self, attempts: list[Attempt]) -> None:
        """Remove the files of boots that nobody needs any more."""
        for attempt in attempts:
            if not attempt.shared:
                shutil.rmtree(attempt.folder, ignore_errors=True)


def of(config: pytest.Config) -> Machines:
    """The machines of this process."""
    return config.stash[KEY]
