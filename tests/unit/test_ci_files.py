"""The files for CI: commands that the program takes, and a cache that is useful and never wrong."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from smssboot import cli

ROOT = Path(__file__).resolve().parents[2]
FILES = ("github-actions.yml", "gitlab-ci.yml", "Jenkinsfile")


@pytest.mark.parametrize("name", FILES)
def test_every_command_is_one_that_the_program_takes(name: str) -> None:
    text = (ROOT / "ci" / name).read_text("utf-8")
    text = re.sub(r"\s*\\*\n\s+(?=--)", " ", text)
    commands = re.findall(r"\.venv/bin/smssboot ([^\n#]*)", text)
    assert commands
    for command in commands:
        options = cli.parse(command.split())
        assert (options.junit, options.keep) == ("smssboot.xml", "smssboot-runs")
    assert "ci/setup.sh none" in text and "ci/warm.sh" in text


@pytest.mark.parametrize("name", FILES[:2])
def test_it_is_yaml_that_keeps_what_is_written(name: str) -> None:
    text = (ROOT / "ci" / name).read_text("utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    for kept in ("smssboot-runs/", "build"):
        assert kept in text


class Checkout:
    """A repository with a guest, and a `build/` that came from a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "guest").mkdir()
        (root / "ci").mkdir()
        (root / "ci/warm.sh").write_bytes((ROOT / "ci/warm.sh").read_bytes())
        (root / "ci/warm.sh").chmod(0o755)
        (root / ".gitignore").write_text("build\n")
        self.source.write_text("int a;\n")
        self.run("git", "init", "-q")
        self.commit()

    @property
    def source(self) -> Path:
        return self.root / "guest/a b.c"

    @property
    def compiled(self) -> Path:
        return self.root / "build/guest/x86_64/a.obj"

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "a change")

    def run(self, *command: str) -> None:
        subprocess.run(command, cwd=self.root, check=True, capture_output=True)

    def warm(self) -> None:
        self.run("ci/warm.sh")

    def build(self) -> None:
        self.compiled.parent.mkdir(parents=True, exist_ok=True)
        self.compiled.touch()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_what_was_compiled_from_these_sources_is_kept_and_newer_than_they_are(checkout: Checkout) -> None:
    checkout.warm()
    checkout.build()
    first = checkout.source.stat().st_mtime_ns
    os.utime(checkout.source)  # a fresh checkout
    checkout.warm()
    assert checkout.compiled.exists()
    assert checkout.source.stat().st_mtime_ns == first < checkout.compiled.stat().st_mtime_ns


def test_what_was_compiled_from_other_sources_is_thrown_away(checkout: Checkout) -> None:
    checkout.warm()
    checkout.build()
    (checkout.root / "build/images").mkdir()
    checkout.source.write_text("int b;\n")
    checkout.commit()
    checkout.warm()
    assert not checkout.compiled.exists() and (checkout.root / "build/images").exists()


def test_a_cache_of_nobody_knows_what_is_thrown_away(checkout: Checkout) -> None:
    checkout.build()
    checkout.warm()
    assert not checkout.compiled.exists()


def test_sources_that_are_being_worked_on_are_left_alone(checkout: Checkout) -> None:
    checkout.warm()
    checkout.build()
    checkout.source.write_text("int c;\n")
    written = checkout.source.stat().st_mtime_ns
    checkout.warm()
    assert checkout.source.stat().st_mtime_ns == written and checkout.compiled.exists()
