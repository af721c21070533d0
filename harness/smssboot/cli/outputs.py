"""What a report is written as: one option per format, and the text for people."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TextIO

from smssboot.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from smssboot.report.view import StudyView


class Format(NamedTuple):
    """A format of the report: the pure function `module.function(StudyView) -> str | bytes` that makes it."""

    module: str
    function: str
    help: str


FORMATS: Final = {
    "json": Format("smssboot.report.document", "to_json", "write the report as JSON; - is standard output"),
    "junit": Format("smssboot.report.junitxml", "junit", "write the report as JUnit XML"),
    "html": Format("smssboot.report.html", "html", "write the report as one HTML page"),
    "svg": Format("smssboot.report.svg", "svg", "write the timelines as an SVG picture"),
    "trace": Format("smssboot.report.trace", "trace", "write a trace that Perfetto opens (JSON)"),
    "pftrace": Format("smssboot.report.pftrace", "pftrace", "write a trace in Perfetto's own format"),
    "tap": Format("smssboot.report.tap", "tap", "write the report as TAP 14"),
    "csv": Format("smssboot.cli.history", "now", "add a row for each boot and phase to a history (CSV)"),
    "github-summary": Format("smssboot.report.github", "summary", "write GitHub's step summary (Markdown)"),
    "github-annotations": Format("smssboot.report.github", "commands", "write GitHub's annotations"),
}
"""Every format by its option, `--<name> F`; `-` is standard output, for one of them."""
APPENDED: Final = ("csv",)
"""The formats that are added to a file and do not replace it."""


def add_arguments(parser: ArgumentParser) -> None:
    """One option per format."""
    for name, known in FORMATS.items():
        parser.add_argument(f"--{name}", metavar="F", help=known.help)
    parser.add_argument("--github", action="store_true", help="in GitHub Actions: summary and annotations")


def report(view: StudyView, options: Namespace) -> int:
    """Write the report in every format that was asked for; the exit code is the verdict's."""
    from smssboot.cli import github, history
    from smssboot.report import terminal
    from smssboot.report.view import EXIT_CODES

    stream = people(options)
    with github.quoted(stream):
        terminal.show(view, stream, colour=terminal.wants_colour(stream, dict(os.environ)))
    stream.flush()
    for name, path in _asked(options).items():
        known = FORMATS[name]
        if name in APPENDED and path != "-":
            history.append(path, view)
        else:
            write(path, getattr(import_module(known.module), known.function)(view))
    if getattr(options, "github", False):
        github.tell(view, stream)
    return EXIT_CODES[view.verdict]


def people(options: Namespace) -> TextIO:
    """Where text for people goes: standard error when a document takes standard output."""
    return sys.stderr if "-" in _asked(options).values() else sys.stdout


def check(options: Namespace) -> None:
    """Refuse a file that cannot be written before anything is booted."""
    asked = _asked(options)
    both = [f"--{name} -" for name, path in asked.items() if path == "-"]
    if len(both) > 1:
        raise UsageError(f"{' and '.join(both[:2])} both want standard output")
    for name, path in asked.items():
        if path != "-":
            if name in APPENDED:
                _check_history(path)
            _open(path, "a").close()
    keep = getattr(options, "keep", None)
    if keep:
        try:
            Path(keep).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {keep}: {error.strerror}") from None


def _check_history(path: str) -> None:
    from smssboot.cli import history

    history.check(path)


def write(name: str, content: str | bytes) -> None:
    """Write to a file, or to standard output for `-`."""
    if isinstance(content, bytes):
        _write_bytes(name, content)
        return
    text = content if content.endswith("\n") or not content else content + "\n"
    if name == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        with _open(name, "w") as file:
            file.write(text)
    except OSError as error:
        raise InfrastructureError(f"cannot write to {name}: {error.strerror}") from None


def _write_bytes(name: str, content: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(content)
    except OSError as error:
        raise InfrastructureError(f"cannot write to {name}: {error.strerror}") from None


def _asked(options: Namespace) -> dict[str, str]:
    """The formats that were asked for, with their files."""
    return {name: path for name in FORMATS if (path := getattr(options, name.replace("-", "_"), None))}


def _open(name: str, mode: Literal["a", "w"]) -> TextIO:
    try:
        return open(name, mode, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {name}: {error.strerror}") from None
