"""Fixtures of the machine's tests: real QEMU, tiny guests, one boot each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import guests
import pytest
from machine_help import Recorder

from smssboot.machine.plan import LaunchPlan
from smssboot.machine.targets import TARGETS, Target


@pytest.fixture(params=list(TARGETS.values()), ids=list(TARGETS))
def target(request: pytest.FixtureRequest) -> Target:
    """Each machine in turn."""
    chosen: Target = request.param
    return chosen


@pytest.fixture
def plan(tmp_path: Path, target: Target) -> Callable[..., LaunchPlan]:
    """Makes a plan for a guest of the given parts."""

    def make(*parts: str | tuple[str, str], **options: object) -> LaunchPlan:
        kernel = guests.write(tmp_path, target, *parts)
        return LaunchPlan(target=target, run_dir=tmp_path, kernel=kernel, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
