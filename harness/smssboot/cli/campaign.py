"""`smssboot campaign`: every cell of a matrix, on this machine."""

from __future__ import annotations

import asyncio
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.cli import outputs
from smssboot.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from smssboot.report.campaign.view import CampaignView
    from smssboot.study.campaigns.matrix import Matrix

_MOST_JOBS: Final = 1024


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    add = parser.add_argument
    add("matrix", metavar="MATRIX.yaml", help="the matrix of images, machines and faults")
    add("--list", action="store_true", help="print the cells, and boot nothing")
    add("--out", metavar="DIR", help="the campaign's folder (default: a new one among the builds)")
    add("--resume", action="store_true", help="go on with what is in --out; what is done stays done")
    add("--jobs", metavar="N", type=_jobs, help="boots at a time (default: one per processor)")
    add("--no-cache", action="store_true", help="boot, even where the result is known already")
    add("--json", metavar="F", help="write the summary as JSON; - is standard output")
    add("--junit", metavar="F", help="write the summary as JUnit XML")
    add("--html", metavar="F", help="write the summary as an HTML page")


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= _MOST_JOBS:
        raise ArgumentTypeError(f"expected a number of boots from 1 to {_MOST_JOBS}, found {text!r}")
    return int(text)


def main(options: Namespace) -> int:
    """Read, build, boot, summarise.  An interruption leaves a summary as well, and a folder to go on with."""
    if options.resume and not options.out:
        raise UsageError("--resume: which campaign? It needs --out")
    outputs.check(options)
    from smssboot.study.campaigns.matrix import load

    matrix = load(Path(options.matrix))
    if options.list:
        return _list(matrix)
    from smssboot.image.paths import build_dir
    from smssboot.study.budget import processors
    from smssboot.study.campaigns.campaign import Campaign
    from smssboot.study.campaigns.local import LocalExecutor
    from smssboot.study.options import run_directory

    folder = Path(options.out) if options.out else None
    if folder is None:
        folder = run_directory(build_dir() / "campaigns", _file_name(matrix.name))
    workers = options.jobs or processors()
    stream = outputs.people(options)
    executor = LocalExecutor({"cpu": workers}, build_dir() / "budget")
    from smssboot.cli.campaign_progress import watch

    watcher = watch(stream, executor, matrix.name)
    try:
        campaign = Campaign(
            matrix,
            folder,
            resume=options.resume,
            cache=not options.no_cache,
            watcher=watcher,
            workers=workers,
        )
    except BaseException:
        if not options.out:
            with suppress(OSError):
                folder.rmdir()  # made for nothing
        raise
    try:
        with watcher:
            view = asyncio.run(campaign.run(executor))
    finally:
        campaign.close()
    return _report(view, folder, options)


def _list(matrix: Matrix) -> int:
    for cell in matrix.cells:
        excuse = matrix.excuse(cell.id)
        held = f"  (in quarantine until {excuse.expires})" if excuse is not None else ""
        print(f"{cell.id}  {cell.expected.text()}{held}")
    return 0


def _report(view: CampaignView, folder: Path, options: Namespace) -> int:
    """The summary to people, into the campaign's folder, and wherever else it was asked for."""
    from smssboot.report.campaign import document, junitxml, page, terminal
    from smssboot.report.campaign.view import EXIT_CODES
    from smssboot.report.terminal import wants_colour

    stream = outputs.people(options)
    terminal.show(view, stream, colour=wants_colour(stream, dict(os.environ)))
    print(f"summary: {folder / 'index.html'}", file=stream)
    if view.verdict == "interrupted":
        print(f"interrupted; smssboot campaign {options.matrix} --out {folder} --resume goes on", file=stream)
    stream.flush()
    json, junit = document.to_json(view), junitxml.junit(view)
    for name, content in (("campaign.json", json), ("junit.xml", junit), ("index.html", page.html(view))):
        try:
            (folder / name).write_text(content, "utf-8")
        except OSError as error:
            raise InfrastructureError(f"cannot write to {folder / name}: {error.strerror}") from None
    if options.json:
        outputs.write(options.json, json)
    if options.junit:
        outputs.write(options.junit, junit)
    if options.html:
        beside = Path.cwd() if options.html == "-" else Path(options.html).absolute().parent
        outputs.write(options.html, page.html(view, os.path.relpath(folder, beside)))
    return EXIT_CODES[view.verdict]


def _file_name(name: str) -> str:
    kept = "".join(char if char.isalnum() or char in "-_." else "-" for char in name)
    return kept.lstrip(".") or "campaign"

