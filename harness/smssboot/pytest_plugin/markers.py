"""What the markers `boot`, `image`, `arch`, `profile` and `fault` say, and the tests that they make."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from smssboot.errors import UsageError, did_you_mean
from smssboot.image.paths import ARCHES
from smssboot.pytest_plugin import settings
from smssboot.pytest_plugin.boots import DEFAULT_IMAGE, Case, Fault

CASE: Final = "_smssboot_case"
ARCH: Final = "_smssboot_arch"
IMAGE: Final = "_smssboot_image"
PROFILE: Final = "_smssboot_profile"


def parametrize(metafunc: pytest.Metafunc) -> None:
    """One test for each architecture, and for each of several images and profiles.

    Only where our own fixtures are used: a project may have a `boot` or an `arch` of its own.
    """
    node = metafunc.definition
    try:
        if ARCH in metafunc.fixturenames:
            wanted = settings.of(metafunc.config).arches
            named = _arches(node)
            # Without a common one the test is made as it is marked, and deselected.
            chosen = wanted if named is None else [a for a in named if a in wanted] or named
            metafunc.parametrize(ARCH, chosen, indirect=True)
        for fixture, marker in ((IMAGE, "image"), (PROFILE, "profile")):
            if fixture in metafunc.fixturenames:
                words = _words(node, marker)
                if len(words) > 1:
                    metafunc.parametrize(fixture, words, indirect=True, ids=[Path(w).stem for w in words])
    except UsageError as error:
        raise pytest.Collector.CollectError(f"{node.nodeid}: {error}") from None


def is_wanted(item: pytest.Item) -> bool:
    """Whether a collected test's architecture is both asked for and named by its nearest marker."""
    callspec = getattr(item, "callspec", None)
    arch = callspec.params.get(ARCH) if callspec is not None else None
    if arch is None:
        return True
    named = _arches(item)
    return arch in settings.of(item.config).arches and (named is None or arch in named)


def case(node: pytest.Item, image: str | None, profile: str | None) -> Case:
    """The case of one test.  `image`, `profile`: which of several this is.  Raises UsageError."""
    marked = _words(node, "image")
    modelled = _words(node, "profile")
    mark = node.get_closest_marker("boot")
    return Case(
        image=image or (marked[0] if marked else DEFAULT_IMAGE),
        profile=profile or (modelled[0] if modelled else None),
        faults=[_fault(mark) for mark in reversed(list(node.iter_markers("fault")))],
        options={} if mark is None else _options(mark),
        beside=(node.path.parent, node.config.rootpath),
    )


def _words(node: pytest.Item, name: str) -> list[str]:
    """The arguments of the nearest marker of that name, as text."""
    mark = node.get_closest_marker(name)
    if mark is None:
        return []
    if mark.kwargs or not mark.args or not all(isinstance(word, (str, Path)) and word for word in mark.args):
        raise UsageError(f"marker {name!r}: expected one or more names, as in {name}('...')")
    return [str(word) for word in mark.args]


def _arches(node: pytest.Item) -> list[str] | None:
    words = _words(node, "arch")
    for word in words:
        if word not in ARCHES:
            raise UsageError(f"marker 'arch': unknown architecture {word!r}", hint=did_you_mean(word, ARCHES))
    return words or None


def _options(mark: pytest.Mark) -> dict[str, object]:
    if mark.args:
        raise UsageError("marker 'boot': expected options by name, as in boot(deterministic=True)")
    return dict(mark.kwargs)


def _fault(mark: pytest.Mark) -> Fault:
    """`fault("name", key=...)`, `fault("name", {...})`, or either without a name."""
    words = [word for word in mark.args if isinstance(word, str)]
    keys: dict[str, object] = {}
    for argument in (*mark.args, mark.kwargs):
        if isinstance(argument, Mapping):
            keys.update(argument)
    if len(words) > 1 or not keys or any(not isinstance(a, (str, Mapping)) for a in mark.args):
        said = "expected a name and recipe keys, as in fault('small', memory='32 MiB')"
        raise UsageError(f"marker 'fault': {said}")
    return (words[0] if words else "fault"), keys
