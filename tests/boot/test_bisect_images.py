"""Bisection with real boots: over a row of recipes, and by `git bisect run` in a repository of recipes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from boot_help import smssboot
from regression_help import slower

PLAIN = "extends: default\n"


@pytest.fixture(scope="module")
def burning(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recipe that is slower, as text."""
    return slower(tmp_path_factory.mktemp("slower"), "smss.dos-devices", 18_000).read_text("utf-8")


def test_the_first_slower_recipe_of_a_row(arch: str, burning: str, tmp_path: Path) -> None:
    row = []
    for number, text in enumerate([PLAIN, PLAIN, "extends: default\nedit: {}\n", PLAIN, burning, burning]):
        row.append(tmp_path / f"v{number}.yaml")
        row[-1].write_text(text)
    done = smssboot("bisect", "--good", row[0], "--bad", row[-1], *row[1:-1], "--arch", arch)
    assert done.returncode == 0, done.stderr
    assert f"first bad: {row[4]}\n" in done.stdout
    assert f"last good: {row[3]}\n" in done.stdout
    assert "  smss.dos-devices: +18,0" in done.stdout


def test_the_first_deviating_recipe_by_a_baseline(arch: str, tmp_path: Path) -> None:
    mutant = Path(__file__).parent / "mutants" / "claimed-not-done.yaml"
    folder = tmp_path / "baselines"
    saved = smssboot("baseline", "save", "good", "--arch", arch, "--dir", folder)
    assert saved.returncode == 0, saved.stderr
    ask = ["--baseline", "good", "--dir", folder, "--arch", arch]
    done = smssboot("bisect", "--good", "default", "--bad", mutant, *ask)
    assert done.returncode == 0, done.stderr
    assert f"first bad: {mutant}\n" in done.stdout
    assert "deviates: " in done.stdout
    refused = smssboot("bisect", "--good", mutant, "--bad", mutant, *ask)
    assert refused.returncode == 2
    assert "it is bad: deviates" in refused.stderr


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=250,
        env={**os.environ},
    )  # fmt: skip


def test_git_bisect_run_finds_the_commit(burning: str, tmp_path: Path) -> None:
    repository, good = tmp_path / "images", tmp_path / "good"
    repository.mkdir()
    git(repository, "init", "-q")
    recipe = repository / "mine.yaml"
    broken = "extends: default\nregistery: {}\n"
    texts = [PLAIN, PLAIN + "description: one\n", broken, PLAIN + "description: two\n"]
    texts += [burning, burning + "# x\n"]
    for number, text in enumerate(texts):
        recipe.write_text(text)
        git(repository, "add", "mine.yaml")
        git(repository, "commit", "-qm", f"change {number}")
    recipe_then = tmp_path / "then.yaml"
    recipe_then.write_text(PLAIN)
    saved = smssboot("baseline", "save", "mine", recipe_then, "--arch", "aarch64", "--dir", good)
    assert saved.returncode == 0, saved.stderr
    step = [sys.executable, "-m", "smssboot", "bisect", "--step", "mine", str(recipe)]
    step += ["--arch", "aarch64", "--dir", str(good)]
    git(repository, "bisect", "start", "HEAD", "HEAD~5")
    done = git(repository, "bisect", "run", "sh", "-c", shlex.join(step))
    assert "is the first bad commit" in done.stdout
    assert "change 4" in done.stdout.partition("is the first bad commit")[2]
    recipe.write_text(broken)
    judged = smssboot("bisect", "--step", "mine", recipe, "--arch", "aarch64", "--dir", good)
    assert judged.returncode == 125
    assert "cannot be judged" in judged.stderr
