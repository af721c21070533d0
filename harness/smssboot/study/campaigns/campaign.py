"""A campaign: every cell of a matrix booted once, by any executor, and judged by what it had to show.

What was done is in the journal of the campaign's folder; a campaign that was interrupted goes on from there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from smssboot.errors import InfrastructureError, UsageError
from smssboot.image.built import DISK, BuiltImage
from smssboot.report.campaign.verdicts import Shown, unmet
from smssboot.report.campaign.view import CampaignView, CellView, Outcome, QuarantineView
from smssboot.study.campaigns import job as jobs
from smssboot.study.campaigns.executor import ONE_BOOT, Executor, Handle
from smssboot.study.campaigns.journal import Journal, Record
from smssboot.study.campaigns.matrix import Cell, Matrix

CELLS: Final = "cells"
REPORT: Final = "report.json"
PAGE: Final = "report.html"
_PATIENCE: Final = 6.0
"""The longest that a deadline of the guest is stretched on a busy host (machine/plan.py)."""
_UEFI_S: Final = 120.0
_DIRECT_S: Final = 60.0
_SLACK_S: Final = 120.0


class Watcher(Protocol):
    """Who is told how the campaign goes."""

    def begins(self, total: int, earlier: int) -> None:
        """So many cells; so many of them are known from before."""

    def finished(self, cell: CellView, done: int, total: int) -> None:
        """One more cell."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A cell whose image is built; `key` is the hash of what is booted and how."""

    cell: Cell
    key: str
    folder: str


def prepare(matrix: Matrix) -> list[Ready]:
    """Build every image and look whether a machine can do every cell, before anything boots.

    Raises UsageError and InputError, which point into the matrix, and InfrastructureError.
    """
    from smssboot.image.paths import build_dir

    built: dict[str, BuiltImage] = {}
    ready = []
    for cell in matrix.cells:
        one = json.dumps([cell.job.recipe, cell.job.arch, cell.job.changes, cell.job.base], sort_keys=True)
        if one not in built:
            built[one] = _image(cell, build_dir() / "overlays")
        image = built[one]
        _check_machine(cell, image)
        what = {**json.loads(cell.job.to_json()), "keep": "", "base": "", "image": image.sha256}
        what["options"] = {key: value for key, value in cell.job.options.items() if key != "cache"}
        key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
        ready.append(Ready(cell, key, f"{CELLS}/{_folder(cell.id)}"))
    return ready


def _image(cell: Cell, folder: Path) -> BuiltImage:
    """The cell's image; what is wrong with its fault is blamed where the matrix says it."""
    try:
        return jobs.image(cell.job, folder)
    except UsageError:
        if cell.node is None:
            raise
        from smssboot.image.build import build
        from smssboot.image.recipe import load_recipe

        return build(load_recipe(cell.job.recipe, over=[cell.node]), cell.job.arch)


def _check_machine(cell: Cell, image: BuiltImage) -> None:
    from smssboot.study.prepare import check

    try:
        check(image, jobs.options(cell.job))
    except UsageError as error:
        raise cell.place.error(f"the cell {cell.id}: {error}", hint="exclude it") from None


def _folder(cell: str) -> str:
    """A folder's name for a cell; no two cells share one."""
    kept = "".join(char if char.isalnum() or char in "-_.=" else "." for char in cell)
    return f"{kept[:100]}-{zlib.crc32(cell.encode()):08x}"


class Campaign:
    """One campaign in its folder.

    `keep`: each boot leaves its folder there (for an executor that shares our files).  `cache`: boots that
    repeat exactly may come from the cache.
    """

    def __init__(
        self,
        matrix: Matrix,
        folder: Path,
        *,
        resume: bool = False,
        keep: bool = True,
        cache: bool = True,
        watcher: Watcher | None = None,
        workers: int = 1,
    ) -> None:
        """Builds and checks everything.  Raises UsageError, InputError, InfrastructureError."""
        self._matrix = matrix
        self.folder = folder.absolute()
        self._keep = keep
        self._cache = cache
        self._watcher = watcher
        self._workers = workers
        self._ready = prepare(matrix)
        self._journal = Journal(self.folder, resume=resume)
        self._began = time.monotonic()
        self._started = _now()
        self._new: set[str] = set()
        known = self._journal.records
        self._open = {ready.cell.id: ready for ready in self._ready if not _finished(known, ready)}

    async def run(self, executor: Executor) -> CampaignView:
        """Do what is to be done.  When this task is cancelled, what was done by then is in the view."""
        total = len(self._ready)
        if self._watcher is not None:
            self._watcher.begins(total, total - len(self._open))
        try:
            for attempt in range(self._matrix.retries + 1):
                if not self._open:
                    break
                await self._round(executor, last=attempt == self._matrix.retries)
        except asyncio.CancelledError:
            pass  # interrupted: the journal has what was done
        finally:
            await executor.close()
        return self.view()

    def close(self) -> None:
        """Leave the folder to others."""
        self._journal.close()

    def view(self) -> CampaignView:
        """How it stands."""
        matrix = self._matrix
        return CampaignView(
            name=matrix.name,
            matrix=str(matrix.path),
            description=matrix.description,
            cells=[self._cell_view(ready) for ready in self._ready],
            started=self._started,
            ended=_now(),
            seconds=round(time.monotonic() - self._began, 3),
            jobs=self._workers,
            axes=matrix.axes,
        )

    async def _round(self, executor: Executor, *, last: bool) -> None:
        """Submit every open cell and take what comes back.  A job that gives no result is lost."""
        submitted: dict[Handle, Ready] = {}
        for ready in self._open.values():
            handle = executor.submit(
                self._job(ready), ONE_BOOT, _limit_s(ready.cell), self._matrix.retries
            )
            submitted[handle] = ready
        async for handle, result in executor.results():
            ready_or_none = submitted.pop(handle, None)
            if ready_or_none is not None:  # else: told twice, or never asked for
                self._finish(ready_or_none, result)
        if last:
            for ready in submitted.values():
                self._finish(ready, jobs.Result("infrastructure", "the executor lost the job"))

    def _job(self, ready: Ready) -> jobs.Job:
        """The cell's job, with an empty folder for what it leaves."""
        job = ready.cell.job
        folder = self.folder / ready.folder
        shutil.rmtree(folder, ignore_errors=True)
        options = {**job.options, "cache": bool(job.options.get("cache")) and self._cache}
        return replace(job, options=options, keep=str(folder) if self._keep else "")

    def _finish(self, ready: Ready, result: jobs.Result) -> None:
        """Keep a result: its report in the cell's folder, and the record in the journal."""
        shown = None
        left: dict[str, str] = {}
        if result.report is not None:
            try:
                shown = Shown.of_report(result.report)
            except (ValueError, KeyError, TypeError) as error:
                result = jobs.Result("infrastructure", f"not a report: {error!r}", attempts=result.attempts)
        if shown is not None and result.report is not None:
            passed = result.state == "done" and not unmet(ready.cell.expected, shown)
            left = self._leave(ready, result.report, passed)
        record = Record(
            cell=ready.cell.id,
            key=ready.key,
            state=result.state,
            error=result.error,
            shown=shown.to_json() if shown is not None else None,
            attempts=result.attempts,
            seconds=result.seconds,
            **left,
        )
        self._journal.write(record)
        del self._open[ready.cell.id]
        self._new.add(ready.cell.id)
        if self._watcher is not None:
            total = len(self._ready)
            self._watcher.finished(self._cell_view(ready), total - len(self._open), total)

    def _leave(self, ready: Ready, report: Mapping[str, Any], passed: bool) -> dict[str, str]:
        """Write the report, and as a page if somebody will want to look; a boot that passed needs its disk no
        more.  Where things are, by the fields of a record."""
        run = report["runs"][0]
        artifacts = dict(run["artifacts"])
        kept = Path(next(iter(artifacts.values()))).parent if artifacts and self._keep else None
        inside = kept if kept is not None and kept.is_relative_to(self.folder) else None
        if passed and inside is not None and artifacts.pop("disk", None) is not None:
            (inside / DISK).unlink(missing_ok=True)
        document = {**report, "runs": [{**run, "artifacts": artifacts}]}
        left = {"report": f"{ready.folder}/{REPORT}"}
        self._write(left["report"], json.dumps(document) + "\n")
        if not passed:
            from smssboot.report.html import html
            from smssboot.report.reading import from_document

            left["page"] = f"{ready.folder}/{PAGE}"
            self._write(left["page"], html(from_document(document)))
        if inside is not None:
            left["folder"] = os.path.relpath(inside, self.folder)
        return left

    def _write(self, name: str, content: str) -> None:
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        except OSError as error:
            raise InfrastructureError(f"cannot write to {path}: {error.strerror}") from None

    def _cell_view(self, ready: Ready) -> CellView:
        cell, record = ready.cell, self._journal.records.get(ready.cell.id)
        entry = self._matrix.excuse(cell.id)
        view = CellView(
            id=cell.id,
            axes=cell.axes,
            outcome="waiting",
            expected=cell.expected,
            repetition=cell.repetition,
            quarantine=QuarantineView(entry.reason, entry.expires.isoformat()) if entry is not None else None,
        )
        if record is None or record.cell in self._open:
            return view
        shown = Shown.from_json(record.shown) if record.shown is not None else None
        outcome: Outcome
        if record.state != "done" or shown is None:
            outcome, why = "error", f"{record.state}: {record.error}"
        else:
            why = unmet(cell.expected, shown)
            outcome = "failed" if why else "passed"
        if entry is not None and outcome != "passed":
            outcome = "quarantined"
        return replace(
            view,
            outcome=outcome,
            why=why,
            shown=shown,
            attempts=record.attempts,
            seconds=record.seconds,
            earlier=record.cell not in self._new,
            report=record.report,
            page=record.page,
            folder=record.folder,
        )


def _finished(records: Mapping[str, Record], ready: Ready) -> bool:
    """Whether a record says all of this cell: the same boot, and it could be judged."""
    record = records.get(ready.cell.id)
    if record is None or record.key != ready.key or record.state != "done" or record.shown is None:
        return False
    try:
        Shown.from_json(record.shown)
    except (TypeError, KeyError, ValueError):
        return False
    return True


def _limit_s(cell: Cell) -> float:
    """When a job's process is ended: long after the boot itself would have been called off."""
    options = cell.job.options
    usual = _UEFI_S if options.get("firmware") == "uefi" else _DIRECT_S
    return float(options.get("timeout_s") or usual) * _PATIENCE + _SLACK_S


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
