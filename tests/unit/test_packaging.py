"""An installed package has all that a boot needs: the guest, the recipes, the entry points."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from smssboot.image.guest import listing
from smssboot.image.recipe import recipe_names

PROJECT = Path(__file__).resolve().parents[2]
LOOK = """
import sys
from smssboot.image import guest, paths, recipe
print(paths.build_dir(), *recipe.recipe_names())
print(guest.listing())
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel would hold."""
    folder = tmp_path_factory.mktemp("package")
    command = [sys.executable, "setup.py", "-q", "build"]
    command += [f"--build-base={folder / 'base'}", f"--build-lib={folder / 'lib'}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "lib"


def test_it_has_guest_and_recipes_and_builds_in_the_users_cache(package: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SMSSBOOT_BUILD"}
    environment |= {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, _, sources = done.stdout.partition("\n")
    assert first.split() == [str(tmp_path / "cache" / "smssboot"), *recipe_names()]
    # Equal listings are equal sources to a build, so what was built from the tree is taken over.
    assert sources.strip() == listing()
    assert (package / "smssboot" / "model" / "statements.yaml").is_file()


def test_entry_points_lead_somewhere() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["scripts"]["smssboot"].partition(":")
    assert callable(getattr(import_module(module), function))
    assert import_module(project["entry-points"]["pytest11"]["smssboot"]).pytest_addoption
