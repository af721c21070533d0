"""`smssboot time`: what each stage of a boot took."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from smssboot.cli import outputs, subjects


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    subjects.add_arguments(parser)


def main(options: Namespace) -> int:
    """One line per run."""
    outputs.check(options)
    found = subjects.load(options)
    from smssboot.report import costs, costs_document

    runs = [subject.run for subject in found]
    subjects.show(options, lambda wrap: costs.time(runs), lambda: costs_document.time(runs))
    return subjects.exit_code(found)
