"""One more boot in the same process, as a study makes it, against bare QEMU."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.guests import DEFAULTS, Guest
from bench.measure import BenchError, race, ratio
from bench.table import Figure
from smssboot.image.built import BuiltImage
from smssboot.study import runs
from smssboot.study.boot import Boot
from smssboot.study.options import Options

SECTION = "one more boot in the same process"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """From the built image to the view that a report shows; everything is imported and cached."""
    out: list[Figure] = []
    for target in DEFAULTS:
        guest = Guest.on(target, scratch)
        times = race({"again": partial(conforming, guest.image), "bare": guest.full()}, rounds)
        again, bare, of = times["again"], times["bare"], target.name
        out += [
            Figure(SECTION, "boot / bare QEMU", ratio(again, bare), of, aim=1.1),
            Figure(SECTION, "boot", again.median * 1e3, of, form=".0f", unit=" ms"),
        ]
    return out


def conforming(image: BuiltImage, options: Options | None = None) -> Boot:
    """Boots once. Raises BenchError unless the boot conforms."""
    boots = runs.run([image], options or Options())
    view = runs.view(boots)
    if view.verdict != "conforms":
        run = view.runs[0]
        first = run.findings[0].text if run.findings else run.cause.text
        raise BenchError(f"{image.arch} {view.verdict}: {first}")
    return boots[0]
