"""The fixture `boot`: boots what the markers of a test say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from smssboot.errors import SmssbootError, UsageError
from smssboot.image.paths import build_dir
from smssboot.pytest_plugin import machines
from smssboot.pytest_plugin.machines import Attempt
from smssboot.pytest_plugin.run import Run

DEFAULT_IMAGE: Final = "default"

Fault = tuple[str, Mapping[str, object]]
"""A name, and recipe keys with what is laid over the image."""


@dataclass
class Case:
    """What the markers of one test say about its boots.  `beside`: folders that its paths are relative to."""

    image: str
    profile: str | None
    faults: list[Fault]
    options: dict[str, Any]
    beside: tuple[Path, ...]
    attempts: list[Attempt] = field(default_factory=list)


class Boots:
    """Boots the test's image, or the one that is given; each call is one boot."""

    def __init__(self, config: pytest.Config, arch: str, case: Case) -> None:
        self._config = config
        self._arch = arch
        self._case = case

    def __call__(
        self,
        image: str | Path | None = None,
        *,
        arch: str | None = None,
        profile: str | None = None,
        fault: Mapping[str, object] | None = None,
        **options: Any,
    ) -> Run:
        """Boot once and judge: what is given here replaces what the markers say, `fault` comes on top.

        `image` is a recipe's name, or its path relative to the test's file.  `options` are those of a boot
        (docs/pytest.md).  Raises UsageError for what is wrong with them or the recipe, and BootError,
        never a run, when QEMU or the host failed.
        """
        __tracebackhide__ = True
        return self._boot(False, image, arch, profile, fault, options)

    def shared(
        self,
        image: str | Path | None = None,
        *,
        arch: str | None = None,
        profile: str | None = None,
        fault: Mapping[str, object] | None = None,
        **options: Any,
    ) -> Run:
        """The same boot for all tests (of one xdist worker) that ask for the same.

        It is deterministic, unless `deterministic=False` is given, so that it makes no difference which
        test comes first, and other workers find its result in the cache.
        """
        __tracebackhide__ = True
        return self._boot(True, image, arch, profile, fault, {"deterministic": True, **options})

    def _boot(
        self,
        shared: bool,
        image: str | Path | None,
        arch: str | None,
        profile: str | None,
        fault: Mapping[str, object] | None,
        options: Mapping[str, Any],
    ) -> Run:
        __tracebackhide__ = True
        case = self._case
        every = {**case.options, **options}
        if (wanted := profile or case.profile) is not None:
            every["profile"] = wanted
        faults = [*case.faults, *([("fault", fault)] if fault else [])]
        there = machines.of(self._config)
        make = there.shared if shared else there.boot
        try:
            _refuse_a_running_loop()
            recipe = with_faults(find(image or case.image, case.beside), faults, case.beside[0])
            return make(recipe, arch or self._arch, every, case.attempts)
        except SmssbootError as error:
            raise error.with_traceback(None) from None  # the test's own line is what helps


def find(word: str | Path, beside: tuple[Path, ...]) -> str:
    """The recipe that is meant: a name as it is, a path as an absolute one.  Raises UsageError."""
    text = str(word)
    if "/" not in text and not text.endswith((".yaml", ".yml")):
        return text
    for folder in beside:
        if (folder / text).is_file():
            return str((folder / text).absolute())
    raise UsageError(f"{text}: no such recipe", hint=f"paths are relative to {beside[0]}")


def with_faults(recipe: str, faults: list[Fault], beside: Path) -> str:
    """The recipe with all faults laid over it, the first one lowest.  Raises UsageError."""
    if not faults:
        return recipe
    from smssboot.image.overlay import overlay

    name = Path(recipe).stem
    for word, changes in faults:
        name = f"{name}+{word}"
        recipe = str(overlay(recipe, changes, build_dir() / "overlays", name=name, base=beside))
    return recipe


def _refuse_a_running_loop() -> None:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError("boot() waits for its guest, so no async test can call it", hint="make it a plain one")
