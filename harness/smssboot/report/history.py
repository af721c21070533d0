"""The report as rows of a history: CSV (RFC 4180), for spreadsheets and for tools that look for changes.

One row for each boot (`phase` is `boot`) and one for each of its phases.  Times of the guest are in
nanoseconds; `own_ns` is the time that belongs to the phase and to none inside it (`timeline.phases`), so the
own times of a boot's phases add up to its `total_ns`.  What is not known is empty.  The date is the caller's.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Final

from smssboot.report.naming import run_labels
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.phases import phases
from smssboot.timeline.printable import printable, shorten

COLUMNS: Final = (
    "date", "run", "recipe", "arch", "profile", "image", "image_sha256", "target", "accel", "qemu",
    "memory_mib", "deterministic", "cached", "verdict", "cause", "findings", "phase", "session", "total_ns",
    "own_ns", "host_s",
)  # fmt: skip
"""What the file begins with; a file that begins otherwise is another file."""
BOOT: Final = "boot"
_MAX_VALUE: Final = 1000


def header() -> str:
    """The first line of a history, without its line feed."""
    return ",".join(COLUMNS)


def history(study: StudyView, date: str, *, begin: bool = True) -> str:
    """The rows of a study; `begin` puts the header before them.  `date` is the same in every row."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    if begin:
        writer.writerow(COLUMNS)
    for run, label in zip(study.runs, run_labels(study), strict=True):
        for row in _rows(run, label, date):
            writer.writerow(map(_cell, row))
    return file.getvalue()


def _rows(run: RunView, label: str, date: str) -> Iterator[tuple[object, ...]]:
    known = (
        date, label, run.recipe, run.arch, run.profile, run.image_id, run.image_sha256, run.target, run.accel,
        run.qemu_version, run.memory_mib or "", int(run.deterministic), int(run.cached), run.verdict,
        run.cause.kind, len(run.findings),
    )  # fmt: skip
    found = phases([view.event for view in run.events])
    host = run.durations_s.get("total", math.nan)
    whole = sum(phase.own_ns for phase in found) if found else ""
    yield *known, BOOT, "", whole, "", f"{host:.6f}" if math.isfinite(host) else ""
    totals: dict[tuple[str, int], list[int | None]] = {}
    for phase in found:
        took = None if phase.end_ns is None else phase.end_ns - phase.begin_ns
        total = totals.setdefault((phase.name, phase.session), [0, 0])
        total[0] = None if took is None or total[0] is None else total[0] + took
        total[1] = (total[1] or 0) + phase.own_ns
    for (name, session), (took, own) in totals.items():
        yield *known, name, session, "" if took is None else took, own, ""


def _cell(value: object) -> str:
    """A cell that is one line of text, and no formula for a spreadsheet."""
    text = shorten(printable(str(value)), _MAX_VALUE)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
