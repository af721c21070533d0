"""The runs that a command is about: booted from a recipe now, or recorded earlier."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smssboot.cli import outputs
from smssboot.cli.parser import add_json
from smssboot.cli.run import add_boot_options, boot_options
from smssboot.errors import UsageError
from smssboot.image.paths import ARCHES

if TYPE_CHECKING:
    from smssboot.report.terminal import Line
    from smssboot.study.subjects import Subject


def add_arguments(parser: ArgumentParser, metavar: str = "RECIPE|FILE") -> None:
    """What can be said."""
    parser.add_argument(
        "subject", nargs="*", metavar=metavar,
        help="a recipe to boot; or a report, the folder of a kept run, a timeline or a serial log",
    )  # fmt: skip
    parser.add_argument("--arch", choices=(*ARCHES, "all"), default="all")
    parser.add_argument(
        "--free-running", action="store_true", help="boot by the host's clock, count no instructions"
    )
    add_boot_options(parser)
    add_json(parser)


def load(options: Namespace) -> list[Subject]:
    """The runs in the order in which they were named.  Raises UsageError."""
    from smssboot.study.subjects import recorded

    found: list[Subject] = []
    recipes: list[str] = []
    for word in options.subject or ["default"]:
        path = as_recording(word)
        if path is None:
            recipes.append(word)
            continue
        found += boot(options, recipes)
        recipes = []
        found += chosen(recorded(path), word, options.arch)
    return found + boot(options, recipes)


def as_recording(word: str) -> Path | None:
    """The recorded run that a word names; None when it is a recipe's name or file."""
    if word.endswith((".yaml", ".yml")):
        return None
    from smssboot.image.recipe import recipe_names

    path = Path(word)
    looks = "/" in word or "." in word
    return path if looks or (path.exists() and word not in recipe_names()) else None


def chosen(subjects: list[Subject], word: str, arch: str) -> list[Subject]:
    """Those of one architecture.  Raises UsageError when there are none."""
    fitting = [subject for subject in subjects if arch in ("all", subject.run.arch)]
    if not fitting:
        there = ", ".join(sorted({subject.run.arch for subject in subjects}))
        raise UsageError(f"{word}: no run of {arch} in it", hint=f"there: {there}")
    return fitting


def boot(options: Namespace, recipes: list[str]) -> list[Subject]:
    """Boot recipes on the architectures that were asked for; what deviates is told on standard error."""
    if not recipes:
        return []
    from smssboot.cli.build import images
    from smssboot.study import runs, subjects

    if options.free_running and options.deterministic:
        raise UsageError("--free-running and --deterministic exclude each other")
    settings = boot_options(options)
    if not options.free_running and options.accel == "tcg":
        settings = settings._replace(deterministic=True)
    observer = None
    if sys.stderr.isatty():
        from smssboot.cli.progress import Progress

        observer = Progress(sys.stderr)
    try:
        boots = runs.run(images(Namespace(**{**vars(options), "recipe": recipes})), settings, observer)
    finally:
        if observer is not None:
            observer.close()
    found = subjects.booted(boots)
    _tell(found)
    return found


def _tell(subjects: list[Subject]) -> None:
    """What is wrong with the boots, if anything is."""
    from smssboot.report import terminal
    from smssboot.study.view import study_view

    study = study_view([subject.run for subject in subjects if subject.run.verdict != "conforms"])
    if study.runs:
        terminal.show(study, sys.stderr, colour=terminal.wants_colour(sys.stderr, dict(os.environ)))


def exit_code(subjects: Iterable[Subject]) -> int:
    """That of the boots; what was recorded earlier is only looked at."""
    from smssboot.report.view import EXIT_CODES, StudyView

    booted = [subject.run for subject in subjects if subject.boot is not None]
    return EXIT_CODES[StudyView(booted).verdict] if booted else 0


def show(
    options: Namespace, make: Callable[[int | None], Iterable[Line]], document: Callable[[], dict[str, Any]]
) -> None:
    """Write what was found: for people, and as JSON where that was asked for."""
    import json

    from smssboot.report import terminal

    stream = sys.stderr if options.json == "-" else sys.stdout
    terminal.put(make, stream, colour=terminal.wants_colour(stream, dict(os.environ)))
    stream.flush()
    if options.json:
        outputs.write(options.json, json.dumps(document(), indent=1))
