"""Real boots, by the real program, on both architectures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MUTANTS = Path(__file__).parent / "mutants"


@dataclass(frozen=True)
class Result:
    """What one `smssboot run` of one image said."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON report."""
        assert self.stdout, self.stderr
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def run(self) -> dict[str, Any]:
        """The only run of the report."""
        (only,) = self.document["runs"]
        return dict(only)

    @property
    def first(self) -> dict[str, Any]:
        """The first finding, which must name the fault."""
        assert self.run["findings"], self.stderr
        return dict(self.run["findings"][0])

    def events(self, name: str, voice: str | None = None, **data: str) -> list[dict[str, Any]]:
        """The events of that name (and voice) that carry these data."""
        return [
            event
            for event in self.run["events"]
            if event["name"] == name
            and voice in (None, event["voice"])
            and all(event["data"].get(key) == value for key, value in data.items())
        ]

    def data(self, name: str, key: str, **data: str) -> set[str]:
        """All values of one key among the events of that name."""
        return {event["data"][key] for event in self.events(name, **data) if key in event["data"]}


Boot = Callable[..., Result]


def smssboot(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "smssboot", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        timeout=280,
    )


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
