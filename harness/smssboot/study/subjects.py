"""What `time`, `blame`, `critical-chain` and `compare` speak of: runs, with what the model wanted of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.errors import UsageError
from smssboot.image.paths import RECIPES
from smssboot.study.recorded import CONTEXT, load_runs

if TYPE_CHECKING:
    from smssboot.model.expectation import Expectation
    from smssboot.report.view import RunView
    from smssboot.study.boot import Boot


@dataclass(slots=True)
class Subject:
    """One run.  `source` is how the user named it; `boot` is None for a run that was recorded."""

    run: RunView
    source: str
    boot: Boot | None = None

    @property
    def recipe(self) -> str:
        """The recipe's file that was booted; empty for a run that was recorded."""
        return "" if self.boot is None else str(self.boot.image.recipe)

    def expectation(self) -> Expectation | None:
        """What the model wanted of this run; None where nothing can tell."""
        if self.boot is not None and self.boot.expected is not None:
            return self.boot.expected
        return _from_context(self.run) or _from_image(self.run)


def recorded(path: Path) -> list[Subject]:
    """The runs of a file or folder.  Raises InputError."""
    return [Subject(run, str(path)) for run in load_runs(path).runs]


def booted(boots: Sequence[Boot]) -> list[Subject]:
    """The runs of boots that have just ended."""
    from smssboot.study.view import run_view

    return [Subject(run_view(boot), boot.image.name, boot) for boot in boots]


def _from_context(run: RunView) -> Expectation | None:
    """By the context that was kept beside the run's log."""
    from smssboot.study import expect

    for kind in ("context", "timeline", "serial"):
        if kind not in run.artifacts:
            continue
        path = Path(run.artifacts[kind])
        path = path if kind == "context" else path.parent / CONTEXT
        try:
            ground = expect.context_from_json(json.loads(path.read_bytes()))
        except (OSError, KeyError, TypeError, ValueError):
            continue
        if ground.arch == run.arch and (not run.nonce or ground.nonce == run.nonce):
            return expect.ground_context(ground)
    return None


def _from_image(run: RunView) -> Expectation | None:
    """By the very image that was booted, where it still is, or where its recipe makes it again."""
    if not run.image_sha256:
        return None
    from smssboot.image.build import build, find
    from smssboot.study.expect import expectation

    try:
        image = find(run.arch, run.image_sha256)
        if image is None and (RECIPES / f"{run.recipe}.yaml").is_file():
            image = build(run.recipe, run.arch)
        if image is None or image.sha256 != run.image_sha256:
            return None
        return expectation(image, run.profile, run.nonce, run.memory_mib or None)
    except UsageError:
        return None
