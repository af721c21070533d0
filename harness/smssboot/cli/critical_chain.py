"""`smssboot critical-chain`: which events decided when the steady state, or an event, was reached."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smssboot.cli import outputs, subjects
from smssboot.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from smssboot.conformance.critical import Chain
    from smssboot.report.terminal import Line
    from smssboot.study.subjects import Subject


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    subjects.add_arguments(parser)
    parser.add_argument(
        "--event", metavar="EVENT", default="", help="instead of the steady state: 'NAME' or 'NAME key=value'"
    )
    parser.add_argument("--all", action="store_true", help="also the links that took less than a hundredth")


def main(options: Namespace) -> int:
    """A tree per run."""
    outputs.check(options)
    found = subjects.load(options)
    from smssboot.report import costs, costs_document

    chains = [(subject.run, _chain(subject, options.event)) for subject in found]

    def lines(wrap: int | None) -> Iterator[Line]:
        for number, (run, chain) in enumerate(chains):
            yield from [[]] if number else []
            yield from costs.critical_chain(run, chain, options.all)

    subjects.show(options, lines, lambda: costs_document.critical_chain(chains))
    return subjects.exit_code(found)


def _chain(subject: Subject, until: str) -> Chain:
    from smssboot.conformance.critical import NoSuchEventError, chain

    events = [view.event for view in subject.run.events]
    try:
        return chain(events, subject.expectation(), until)
    except NoSuchEventError as error:
        hint = did_you_mean(until.partition(" ")[0], error.names) if until else None
        what = f"the event {until!r}" if until else "the steady state"
        message = f"{subject.source}: {subject.run.arch}: {what} was not reached"
        raise UsageError(message, hint=hint) from None
