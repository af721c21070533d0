"""The command line: what it accepts, refuses and explains, and how quickly it starts."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from smssboot import __version__
from smssboot.cli import COMMANDS


def smssboot(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "smssboot", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def refused(*arguments: str | Path) -> str:
    """What is said about a usage error: one line on standard error, nothing else."""
    done = smssboot(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_version(argument: str) -> None:
    assert smssboot(argument).stdout == f"smssboot {__version__}\n"


def test_version_is_quick() -> None:
    """In processor time, which a busy machine stretches least."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        smssboot("version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "did you mean 'run'?"),
        (["run", "--arhc", "x86_64"], "did you mean '--arch'?"),
        (["run", "--arch", "arm64"], "did you mean 'aarch64'?"),
        (["run", "--timeout", "soon"], "expected seconds, found 'soon'"),
        (["run", "--memory", "much"], "expected MiB, found 'much'"),
        (["run", "--memory", "8"], "8 MiB is not between 16 and 2048"),
        (["run", "--json", "-", "--junit", "-"], "both want standard output"),
        (["run", "defualt"], "did you mean 'default'?"),
        (["run", "--profile", "win11/documentd"], "did you mean"),
        (["run", "--json", "/nowhere/at/all.json"], "cannot write to /nowhere/at/all.json"),
        (["run", "--keep", "/proc/smssboot"], "cannot write to /proc/smssboot"),
        (["build", "--out", "/proc/smssboot"], "cannot write to /proc/smssboot"),
        (["check", "/nowhere.log"], "/nowhere.log: No such file"),
        (["campaign"], "MATRIX.yaml"),
        (["campaign", "/nowhere.yaml"], "/nowhere.yaml: No such file"),
        (["campaign", "m.yaml", "--resume"], "--resume: which campaign? It needs --out"),
        (["campaign", "m.yaml", "--jobs", "0"], "expected a number of boots from 1 to 1024, found '0'"),
        (["campaign", "m.yaml", "--json", "-", "--html", "-"], "both want standard output"),
        (["model", "shwo"], "did you mean 'show'?"),
        (["baseline", "svae", "x"], "did you mean 'save'?"),
        (["baseline", "check", "default", "--dir", "/nowhere"], "no baseline 'default' in /nowhere"),
        (["baseline", "check", "a/b"], "'a/b' is no name for a baseline"),
        (["baseline", "check", "default", "--tolerance", "much"], "expected percent, found 'much'"),
        (["baseline", "accept", "default"], "--why"),
        (["bisect"], "expected --good, or --step NAME"),
        (["bisect", "--step", "default", "--good", "a"], "--step: takes one RECIPE, and not --good"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


def test_no_command_says_which_there_are() -> None:
    done = smssboot()
    assert done.returncode == 2
    assert ", ".join(COMMANDS) in done.stderr


def test_help_lists_the_exit_codes() -> None:
    done = smssboot("--help")
    assert done.returncode == 0
    assert "0 conforms, 1 deviates, 2 bad usage" in done.stdout


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    assert "empty" in refused("check", path)


def test_a_misspelt_recipe_key_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: default\nregistery: {}\n")
    said = refused("run", path)
    assert f"{path}:2:1: recipe: unknown key 'registery' (did you mean 'registry'?)" in said
