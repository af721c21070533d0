"""What `baseline check` saw lately, kept beside the baselines, where git leaves it alone.

`accept` takes it, and a later check can say since when a phase is slower.  Nothing depends on it: a log that
is lost or damaged is an empty one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smssboot.timeline.measure import Measured, Record

FOLDER: Final = ".checks"
_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Past:
    """One check.  `accepted` is the date of the baseline's entry that it was held against; `measured` is kept
    for the latest one of a log alone, `phases` for all."""

    date: str
    commit: str
    accepted: str
    recipe: str
    image: str
    result: str
    order: str
    key: Mapping[str, str]
    phases: Mapping[str, int]
    measured: Measured | None = field(default=None)


def path_of(baseline: Path) -> Path:
    """The log of the checks against one baseline file."""
    return baseline.parent / FOLDER / f"{baseline.stem}.jsonl"


def read(baseline: Path) -> list[Past]:
    """The checks, the oldest first."""
    try:
        lines = path_of(baseline).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            found.append(_from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def add(baseline: Path, past: Past) -> None:
    """Remember one more check.  A log that cannot be written is no reason to fail."""
    from dataclasses import replace

    kept = [replace(each, measured=None) for each in read(baseline)][-_KEPT + 1 :]
    path = path_of(baseline)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n", "ascii")
        part.write_text("".join(json.dumps(_to_json(each)) + "\n" for each in [*kept, past]), "utf-8")
        part.replace(path)
    except OSError:
        return


def _to_json(past: Past) -> dict[str, Any]:
    plain = {name: getattr(past, name) for name in _PLAIN}
    found: dict[str, Any] = {**plain, "key": dict(past.key), "phases": dict(past.phases)}
    known = past.measured
    if known is not None:
        found["measured"] = {
            "unit": known.unit, "until": known.until, "total": known.total, "step": known.step,
            "reading": dict(known.reading), "records": [list(record) for record in known.records],
        }  # fmt: skip
    return found


_PLAIN: Final = ("date", "commit", "accepted", "recipe", "image", "result", "order")


def _from_json(data: dict[str, Any]) -> Past:
    phases = {str(phase): int(cost) for phase, cost in data["phases"].items()}
    known, measured = data.get("measured"), None
    if known is not None:
        records = tuple(Record(int(cost), str(label)) for cost, label in known["records"])
        reading = {str(phase): int(steps) for phase, steps in known["reading"].items()}
        total, step = int(known["total"]), int(known["step"])
        measured = Measured(known["unit"], known["until"], total, phases, records, reading, step)
    return Past(
        **{name: str(data[name]) for name in _PLAIN},
        key={str(name): str(value) for name, value in data["key"].items()},
        phases=phases,
        measured=measured,
    )
