"""Real boots, by the real program, on both architectures."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from boot_help import Boot, Result, smssboot


@pytest.fixture(params=["x86_64", "aarch64"])
def arch(request: pytest.FixtureRequest) -> str:
    """Every boot is tried on both."""
    return str(request.param)


@pytest.fixture
def boot(arch: str) -> Boot:
    """Boot a recipe and read the report."""

    def run(recipe: str | Path = "default", *arguments: str | Path) -> Result:
        done = smssboot("run", recipe, "--arch", arch, "--json", "-", *arguments)
        assert "Traceback" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The default image at its steady state, by architecture: booted once for all workers."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "steady"
    home.mkdir(exist_ok=True)

    def folder(arch: str) -> Path:
        with (home / f"{arch}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (home / arch / "manifest.json").exists():
                done = smssboot("snapshot", "save", "default", "--arch", arch, "--out", home / arch)
                assert done.returncode == 0, done.stderr
        return home / arch

    return folder


@pytest.fixture
def restored(arch: str, boot: Boot, saved: Callable[[str], Path]) -> Boot:
    """Go on from there, for what happens at the steady state or later; it is judged as from power-on."""

    def run(*arguments: str | Path) -> Result:
        result = boot("default", "--from", saved(arch), *arguments)
        assert result.run["restored_from"]["event"] == "steady"
        return result

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder boots."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.boot)
