"""Real boots, by the real program, on both architectures."""

from __future__ import annotations

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder boots."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.boot)
