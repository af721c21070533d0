"""What exact times cost, and what recording costs on top."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from bench.again import conforming
from bench.guests import DEFAULTS, Guest
from bench.measure import race, ratio
from bench.table import Figure
from smssboot.image.built import BuiltImage
from smssboot.study.options import Options

SECTION = "exact times (icount)"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Whole boots from memory disks in one process; the recorded ones with what keeping them takes."""
    out: list[Figure] = []
    for target in DEFAULTS:
        image, of = Guest.on(target, scratch).image, target.name
        kept = scratch / "determinism"
        times = race(
            {
                "free": partial(conforming, image, Options(disk="memory")),
                "exact": partial(conforming, image, Options(deterministic=True)),
                "kept": partial(_kept, image, kept, record=False),
                "recorded": partial(_kept, image, kept, record=True),
            },
            rounds,
        )
        out += [
            Figure(SECTION, "exact / free-running boot", ratio(times["exact"], times["free"]), of),
            Figure(SECTION, "recorded / exact boot, both kept", ratio(times["recorded"], times["kept"]), of),
            Figure(SECTION, "exact boot", times["exact"].median * 1e3, of, form=".0f", unit=" ms"),
            Figure(SECTION, "recorded boot", times["recorded"].median * 1e3, of, form=".0f", unit=" ms"),
        ]
    return out


def _kept(image: BuiltImage, folder: Path, *, record: bool) -> None:
    conforming(image, Options(deterministic=True, keep=folder, record=record))
    shutil.rmtree(folder)
