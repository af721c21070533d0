"""`smssboot blame`: the phases of a boot by their own time."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smssboot.cli import outputs, subjects

if TYPE_CHECKING:
    from smssboot.report.terminal import Line


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    subjects.add_arguments(parser)
    parser.add_argument("--top", metavar="N", type=_number, help="only the N longest")


def main(options: Namespace) -> int:
    """A table per run."""
    outputs.check(options)
    found = subjects.load(options)
    from smssboot.report import costs, costs_document

    runs = [subject.run for subject in found]

    def lines(wrap: int | None) -> Iterator[Line]:
        for number, run in enumerate(runs):
            yield from [[]] if number else []
            yield from costs.blame(run, options.top)

    subjects.show(options, lines, lambda: costs_document.blame(runs))
    return subjects.exit_code(found)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:9]) == 0:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text!r}")
    return int(text[:9])
