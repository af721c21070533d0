"""The files of a failed test's boots: put where they stay, and named in the test's report."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from smssboot.pytest_plugin import machines, settings
from smssboot.pytest_plugin.machines import Attempt
from smssboot.pytest_plugin.run import shown

_LONGEST: Final = 120
_DISK: Final = "disk.raw"
_NAMED: Final = ("timeline", "serial", "report")
"""Files that are properties of the test in JUnit."""
_TO_STDOUT: Final = ("system-out", "out-err", "all")
"""Values of pytest's `junit_logging` with which standard output is in the XML file."""


class Kept(NamedTuple):
    """Files of one boot by what they are, and why they are not where they should be (else empty)."""

    files: dict[str, Path]
    trouble: str = ""


_KEPT: Final = pytest.StashKey[dict[int, Kept]]()


def keep(item: pytest.Item, attempt: Attempt) -> Kept:
    """The files of one boot of a failed test, in the place where they stay.

    That is the folder of `--smssboot-artifacts`, which gets all but the disk, else pytest's own temporary
    folder.  A boot that did not end has what was written until then.
    """
    every = item.stash.setdefault(_KEPT, {})
    if attempt.number not in every:
        folder, trouble = attempt.folder, ""
        try:
            if attempt.run is not None:
                document = json.dumps(attempt.run.report, indent=1) + "\n"
                (attempt.folder / "report.json").write_text(document, "ascii")
            root = settings.of(item.config).artifacts
            if root is not None and attempt.folder.is_dir():
                folder = _copy(item, attempt, root / folder_name(item.nodeid), first=not every)
        except (OSError, shutil.Error) as error:
            trouble = f"not all files could be kept: {error}"
        found = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        every[attempt.number] = Kept({path.stem: path for path in found}, trouble)
        _tell_junit(item, every[attempt.number].files)
    return every[attempt.number]


def _copy(item: pytest.Item, attempt: Attempt, folder: Path, first: bool) -> Path:
    """Copy a boot's files into the folder of its test, after the `first` removed an earlier session's."""
    if first:
        shutil.rmtree(folder, ignore_errors=True)
    target = folder / f"boot-{item.stash[machines.ATTEMPTS].index(attempt) + 1}"
    shutil.rmtree(target, ignore_errors=True)  # the test may run again
    shutil.copytree(attempt.folder, target, ignore=shutil.ignore_patterns(_DISK))
    return target


def folder_name(nodeid: str) -> str:
    """A test's name as the name of a folder, different for each test."""
    name = re.sub("[^A-Za-z0-9_.-]+", "-", nodeid).strip("-.")
    if name == nodeid and len(name) <= _LONGEST:
        return name
    return f"{name[-_LONGEST:].lstrip('-.')}-{zlib.crc32(nodeid.encode()):08x}"


def _tell_junit(item: pytest.Item, kept: dict[str, Path]) -> None:
    """As properties, and as the attachments that GitLab and Jenkins look for in standard output."""
    config = item.config
    item.user_properties += [(f"smssboot.{kind}", shown(kept[kind])) for kind in _NAMED if kind in kept]
    if config.option.xmlpath and config.getini("junit_logging") in _TO_STDOUT:
        lines = [f"[[ATTACHMENT|{shown(path)}]]\n" for path in kept.values() if path.name != _DISK]
        item.add_report_section("call", "stdout", "".join(lines))
