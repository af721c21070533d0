"""Hundreds of damaged hives, programs and volumes: each boot ends in order (sweep.py says what that is).

What is damaged follows from kind and seed, so any boot of the sweep can be had again by itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import KINDS
from sweep import boot, judge

from smssboot.image.build import build

BATCHES = 10
PER_BATCH = 10


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("kind", KINDS)
def test_damage_ends_in_order(kind: str, batch: int, arch: str, tmp_path: Path) -> None:
    image = build("default", arch)
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        judge(boot(image, kind, seed, tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_of_each_kind(kind: str, arch: str, tmp_path: Path) -> None:
    image = build("default", arch)
    for seed in range(1000, 1003):
        judge(boot(image, kind, seed, tmp_path))
