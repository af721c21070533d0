"""What stands for guests in the tests of the pytest plugin: studies made as `study` makes them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import report_samples as samples

from smssboot.image import build as building
from smssboot.image.recipe import load_recipe
from smssboot.report.view import CauseView, RunView, StudyView
from smssboot.study import runs
from smssboot.study.options import Options

DEVIATES: dict[str, Any] = {
    "verdict": "deviates",
    "findings": (samples.MISPLACED, samples.MISSING),
    "seen": 3,
}
ERROR: dict[str, Any] = {
    "verdict": "error",
    "cause": CauseView("qemu-died", "QEMU ended with status 1", infrastructure=True),
}


class Fake:
    """Boots nothing: `outcome` says what comes of it.  Remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Options]] = []
        self.outcome: Callable[[str], dict[str, Any]] = lambda arch: {}

    def build(self, recipe: str, arch: str) -> SimpleNamespace:
        return SimpleNamespace(name=load_recipe(recipe).name, arch=arch)

    def run(self, images: list[SimpleNamespace], options: Options) -> list[RunView]:
        (image,) = images
        self.asked.append((image.name, image.arch, options))
        assert options.keep is not None
        folder = options.keep / f"{image.name}-{image.arch}"
        folder.mkdir(parents=True)
        for name in ("serial.log", "timeline.jsonl", "disk.raw"):
            (folder / name).write_text(name)
        files = {"serial": str(folder / "serial.log"), "disk": str(folder / "disk.raw")}
        outcome = self.outcome(image.arch)
        return [samples.run(arch=image.arch, recipe=image.name, artifacts=files, **outcome)]

    def view(self, made: list[RunView]) -> StudyView:
        return StudyView(made, samples.STATEMENTS)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Only building and booting are replaced; everything around them is the real thing."""
    made = Fake()
    monkeypatch.setattr(building, "build", made.build)
    monkeypatch.setattr(runs, "run", made.run)
    monkeypatch.setattr(runs, "view", made.view)
    return made


def explained(text: str) -> bool:
    """Whether the findings of `DEVIATES` are there in full."""
    return all(part in text for part in (
        "error[E102]: x86_64: out of order: smss.api-port.end",
        "source: S-024 (smss-article, The boot sequence): \"Creates DOS device mappings\"",
        "repair: create the port first",
        "error[E101]: x86_64: missing: csrss.start session=1",
        "verdict: deviates (exit 1)",
    ))  # fmt: skip
