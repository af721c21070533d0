"""Hundreds of damaged hives, programs and volumes: each boot ends in order (sweep.py says what that is).

What is damaged follows from kind and seed, so any boot of the sweep can be had again by itself.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from damage import KINDS, kernel
from sweep import boot, boot_with, judge

from smssboot.image.build import build
from smssboot.study.options import Options

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


@pytest.mark.parametrize(
    "options", [Options(), pytest.param(Options(firmware="uefi"), marks=pytest.mark.full)]
)
def test_a_damaged_kernel_is_not_started(options: Options, arch: str, tmp_path: Path) -> None:
    ended = boot_with(build("default", arch), kernel, options._replace(keep=tmp_path), random.Random(0))
    assert judge(ended) == "refused by the boot stub"
    assert ended.outcome.cause.text.endswith("ntoskrnl.exe is damaged: its checksum is wrong")
    assert ended.outcome.causes[-1].kind == "powered-off"
