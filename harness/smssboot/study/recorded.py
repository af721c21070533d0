"""Runs that were recorded earlier: a JSON report, what `--keep` kept, a timeline or a serial log."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smssboot.errors import InputError
from smssboot.timeline.items import Event, Item, Start

if TYPE_CHECKING:
    from smssboot.report.view import RunView, StudyView

TIMELINE: Final = "timeline.jsonl"
CONTEXT: Final = "context.json"


def load_runs(path: Path) -> StudyView:
    """All runs of a file, or of a folder that `--keep` filled.  Raises InputError when there are none.

    A log with its `context.json` beside it is judged; one that stands alone comes back as it is, with no
    status at its events, the verdict `error` and a cause that says so.
    """
    from smssboot.study.view import study_view

    if path.is_dir():
        return study_view([_from_log(log) for log in _kept(path)])
    from smssboot.timeline.sniff import HEAD, sniff

    data = _read(path)
    if sniff(data[:HEAD]) == "report":
        return _from_report(path, data)
    return study_view([_from_log(path)])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), None, None, error.strerror or str(error)) from None


def _kept(folder: Path) -> list[Path]:
    """The timelines of a kept run's folder, or of each run in a folder of several."""
    try:
        if (folder / TIMELINE).is_file():
            return [folder / TIMELINE]
        found = sorted(run / TIMELINE for run in folder.iterdir() if (run / TIMELINE).is_file())
    except OSError as error:
        raise InputError(str(folder), None, None, error.strerror or str(error)) from None
    if not found:
        raise InputError(
            str(folder), None, None, f"expected the folder of a kept run, found no {TIMELINE} in it",
            hint="smssboot run --keep makes one",
        )
    return found


def _from_report(path: Path, data: bytes) -> StudyView:
    from smssboot.report import reading, shape

    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(str(path), None, None, "expected a report in UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(str(path), error.lineno, error.colno, f"expected JSON, {error.msg}") from None
    except RecursionError:
        raise InputError(str(path), None, None, "expected a report, found too deep a nesting") from None
    try:
        shape.check(json.loads(files("smssboot.report").joinpath("schema.json").read_bytes()), document)
        study = reading.from_document(document)
    except ValueError as error:
        raise InputError(str(path), None, None, str(error)) from None
    if not study.runs:
        raise InputError(str(path), None, None, "expected a report with runs, found one without")
    return study


def _from_log(path: Path) -> RunView:
    from smssboot.timeline.sniff import read_items

    items = read_items(_read(path), str(path))
    context = path.parent / CONTEXT
    if not context.is_file():
        return _unjudged(path, items)
    from smssboot import conformance
    from smssboot.study import expect
    from smssboot.study.offline import find_context
    from smssboot.study.view import log_view

    ground = find_context(path, items, recipe=None, profile=None, arch=None)
    report = conformance.check(expect.ground_context(ground), items)
    run = log_view(items, report, arch=ground.arch, profile=ground.profile, log=path.name)
    kept: dict[str, Any] = json.loads(context.read_bytes())
    run = replace(run, memory_mib=ground.memory_mib, recipe=str(kept.get("recipe", "")))
    return _named(path, run)


def _unjudged(path: Path, items: list[Item]) -> RunView:
    """A log of which nobody knows what it had to be."""
    from smssboot.study.view import log_view

    if not any(isinstance(item, (Start, Event)) for item in items):
        message = "expected a report, a timeline or a serial log, found no record"
        raise InputError(str(path), None, None, message)
    said = _said(items)
    run = log_view(
        items, None, arch=said.get("arch") or "unknown", profile=said.get("profile", ""), log=path.name
    )
    cause = replace(run.cause, text=run.cause.text or f"not judged: no {CONTEXT} beside {path.name}")
    nonce, image = run.nonce or said.get("nonce", ""), run.image_id or said.get("image", "")
    return _named(path, replace(run, cause=cause, nonce=nonce, image_id=image))


def _named(path: Path, run: RunView) -> RunView:
    """With the log's place, so that a finding can be looked up in it."""
    return replace(run, artifacts={"timeline" if path.name == TIMELINE else "serial": str(path)})


def _said(items: list[Item]) -> dict[str, str]:
    """What a log says of itself: the harness's own words, else those of the guest's `hello`."""
    for item in items:
        if isinstance(item, Start) and item.arch:
            return {"arch": item.arch, "profile": item.profile, "nonce": item.nonce, "image": item.image}
        if isinstance(item, Event) and item.voice == "fact" and item.name == "hello":
            return dict(item.data)
    return {}
