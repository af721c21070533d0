"""What the boot tests share besides fixtures: running the real program, reading its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

SCHEMA: dict[str, Any] = json.loads(files("smssboot.report").joinpath("schema.json").read_text("utf-8"))
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

    def events(self, name: str, voice: str | None = None, /, **data: str) -> list[dict[str, Any]]:
        """The events of that name (and voice) that carry these data."""
        return [
            event
            for event in self.run["events"]
            if event["name"] == name
            and voice in (None, event["voice"])
            and all(event["data"].get(key) == value for key, value in data.items())
        ]

    def data(self, name: str, key: str, /, **data: str) -> set[str]:
        """All values of one key among the events of that name."""
        return {event["data"][key] for event in self.events(name, None, **data) if key in event["data"]}


Boot = Callable[..., Result]


Done = subprocess.CompletedProcess[str]


def smssboot(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Done:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "smssboot", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        timeout=280,
    )
