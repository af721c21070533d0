"""`smssboot run` and `smssboot check`: boots or logs, and the report on them."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from smssboot.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from smssboot.report.view import StudyView


def run(options: Namespace) -> int:
    """Build, boot, judge, report."""
    _check_outputs(options)
    from smssboot.cli_build import images
    from smssboot.study import runs
    from smssboot.study.options import Options

    settings = Options(
        profile=options.profile,
        target=options.target,
        accel=options.accel,
        deterministic=options.deterministic,
        timeout_s=options.timeout,
        keep=Path(options.keep) if options.keep else None,
        nonce=options.nonce,
        qemu=options.qemu,
        power_off=options.power_off,
        disk=options.disk,
        firmware=options.firmware,
        log_writes=options.log_writes,
    )
    if options.profile is not None:
        _check_profile(options.profile)
    observer = None
    if sys.stderr.isatty():
        from smssboot.cli_progress import Progress

        observer = Progress(sys.stderr)
    try:
        boots = runs.run(images(options), settings, observer)
    finally:
        if observer is not None:
            observer.close()
    return report(runs.view(boots), options)


def check(options: Namespace) -> int:
    """Judge a file and report."""
    _check_outputs(options)
    from smssboot.study.offline import check_file

    path = Path(options.file)
    view = check_file(path, recipe=options.recipe, profile=options.profile, arch=options.arch)
    return report(view, options)


def report(view: StudyView, options: Namespace) -> int:
    """Write the report in every format that was asked for; the exit code is the verdict's."""
    from smssboot.report import terminal
    from smssboot.report.view import EXIT_CODES

    stream = sys.stderr if "-" in (options.json, options.junit) else sys.stdout
    if terminal.wants_colour(stream, dict(os.environ)):
        terminal.show(view, stream, colour=True)
    else:
        terminal.show(view, stream, colour=False)
    stream.flush()
    if options.json:
        from smssboot.report.document import to_json

        write(options.json, to_json(view))
    if options.junit:
        from smssboot.report.junitxml import junit

        write(options.junit, junit(view))
    return EXIT_CODES[view.verdict]


def _check_outputs(options: Namespace) -> None:
    """Refuse a file that cannot be written before anything is booted."""
    if options.json == "-" and options.junit == "-":
        raise UsageError("--json - and --junit - both want standard output")
    for name in (options.json, options.junit):
        if name and name != "-":
            _open(name, "a").close()
    keep = getattr(options, "keep", None)
    if keep:
        try:
            Path(keep).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {keep}: {error.strerror}") from None


def _check_profile(profile: str) -> None:
    """Refuse an unknown profile before anything is built."""
    from smssboot import model

    try:
        model.load(profile)
    except model.ModelError as error:
        raise UsageError(str(error)) from None


def _open(name: str, mode: Literal["a", "w"]) -> TextIO:
    try:
        return open(name, mode, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {name}: {error.strerror}") from None


def write(name: str, content: str) -> None:
    """Write to a file, or to standard output for `-`."""
    text = content if content.endswith("\n") else content + "\n"
    if name == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        with _open(name, "w") as file:
            file.write(text)
    except OSError as error:
        raise InfrastructureError(f"cannot write to {name}: {error.strerror}") from None
