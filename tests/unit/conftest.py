"""The bench of fastfat and an image for it, made once."""

from __future__ import annotations

from pathlib import Path

import fatbench
import pytest


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fatbench.compile_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def journaled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fatbench.make_image(tmp_path_factory.mktemp("image") / "fat.img")
