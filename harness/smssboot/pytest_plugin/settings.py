"""The plugin's options on the command line and in the configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from smssboot.errors import did_you_mean
from smssboot.image.paths import ARCHES

MARKERS: Final = (
    "boot(**options): boots a guest in QEMU: every test that uses the fixture `boot`, and every recipe; the "
    "options are those of all boots of the test (deterministic=True, memory_mib=128, ...)",
    "image(*recipes): what to boot, a name or a path relative to the test's file; several make several tests",
    "arch(*arches): the architectures of the test, of those that are asked for",
    "profile(*profiles): what the guest boots by and is judged by; several make several tests",
    "fault(name, **keys): recipe keys laid over the image; several faults pile up",
)


@dataclass(frozen=True)
class Settings:
    """What was asked for.  `cpus`: boots at a time over all workers, None for one per processor.  `cache`: a
    deterministic boot whose result is known is not done again."""

    arches: tuple[str, ...]
    recipes: tuple[str, ...]
    artifacts: Path | None
    cpus: int | None
    deterministic: bool
    cache: bool


KEY: Final = pytest.StashKey[Settings]()


def add(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("smssboot", "guests booted in QEMU")
    group.addoption(
        "--smssboot-arch",
        metavar="ARCH",
        action="append",
        help="architecture to boot on: x86_64, aarch64 or all (default); may be given twice",
    )
    group.addoption("--smssboot-artifacts", metavar="DIR", help="copy the files of failed tests' boots there")
    group.addoption(
        "--smssboot-cpus", metavar="N", help="boots at a time over all workers (default: one per processor)"
    )
    group.addoption("--smssboot-deterministic", action="store_true", help="count instructions in every boot")
    group.addoption("--smssboot-no-cache", action="store_true", help="boot, even if a result is known")
    parser.addini("smssboot_arch", "architectures to boot on, where the command line says nothing", "args")
    parser.addini("smssboot_recipes", "globs of recipes that are collected as tests (images/*.yaml)", "args")


def read(config: pytest.Config) -> Settings:
    """The settings of a session.  Raises pytest.UsageError."""
    option = config.option
    cpus = option.smssboot_cpus
    if cpus is not None and not (cpus.isascii() and cpus.isdecimal() and int(cpus) > 0):
        raise pytest.UsageError(f"--smssboot-cpus: expected a number from 1 on, found {cpus!r}")
    artifacts = option.smssboot_artifacts and config.invocation_params.dir / option.smssboot_artifacts
    if artifacts:
        try:
            artifacts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"--smssboot-artifacts: cannot write to {artifacts}: {error.strerror}"
            raise pytest.UsageError(said) from None
    return Settings(
        arches=_arches(option.smssboot_arch, config.getini("smssboot_arch")),
        recipes=tuple(config.getini("smssboot_recipes")),
        artifacts=artifacts or None,
        cpus=None if cpus is None else int(cpus),
        deterministic=option.smssboot_deterministic,
        cache=not option.smssboot_no_cache,
    )


def _arches(asked: list[str] | None, configured: list[str]) -> tuple[str, ...]:
    place = "--smssboot-arch" if asked else "smssboot_arch"
    chosen: list[str] = []
    for word in ",".join(asked or configured or ["all"]).split(","):
        if word not in (*ARCHES, "all"):
            hint = did_you_mean(word, (*ARCHES, "all"))
            raise pytest.UsageError(f"{place}: unknown architecture {word!r} ({hint})")
        chosen += ARCHES if word == "all" else [word]
    return tuple(arch for arch in ARCHES if arch in chosen)


def of(config: pytest.Config) -> Settings:
    """The settings that `pytest_configure` has read."""
    return config.stash[KEY]
