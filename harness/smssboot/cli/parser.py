"""What the commands' parsers have in common: errors in one line, and options that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from smssboot.errors import UsageError, did_you_mean
from smssboot.image.paths import ARCHES, LARGEST_MIB, SMALLEST_MIB


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest valid word."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            name = next(iter(action.option_strings), str(action.metavar or action.dest))
            raise UsageError(f"{name}: unknown value {str(value)!r}", hint=did_you_mean(str(value), known))

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options.  Raises UsageError for a word that nobody takes."""
        found, rest = self.parse_known_args(list(arguments))
        if rest:
            options = [o for sub in every_parser(self) for a in sub._actions for o in a.option_strings]
            raise UsageError(f"unknown argument {rest[0]!r}", hint=did_you_mean(rest[0], options))
        return found


def every_parser(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """This parser and those of its subcommands."""
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                found += every_parser(sub)
    return found


def subcommands(
    parser: argparse.ArgumentParser, dest: str, metavar: str
) -> argparse._SubParsersAction[Parser]:
    """A required choice between subcommands, whose parsers are like their parent."""
    return parser.add_subparsers(dest=dest, metavar=metavar, required=True, parser_class=Parser)


def add_recipes(parser: argparse.ArgumentParser) -> None:
    """Which images: recipes, and for which architectures."""
    parser.add_argument("recipe", nargs="*", metavar="RECIPE", help="name in images/, or a file")
    parser.add_argument("--arch", choices=(*ARCHES, "all"), default="all")


def add_json(parser: argparse.ArgumentParser) -> None:
    """The document for programs."""
    parser.add_argument("--json", metavar="F", help="as JSON; - is standard output")


def seconds(text: str) -> float:
    """A time limit, as argparse's type."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds, found {text!r}")
    return value


def mebibytes(text: str) -> int:
    """A size of RAM in MiB, as argparse's type; `64` and `64 MiB` are the same."""
    number = text.removesuffix("MiB").strip()
    if not number.isdecimal() or not number.isascii():
        raise argparse.ArgumentTypeError(f"expected MiB, found {text!r}")
    if not SMALLEST_MIB <= int(number) <= LARGEST_MIB:
        raise argparse.ArgumentTypeError(f"{number} MiB is not between {SMALLEST_MIB} and {LARGEST_MIB}")
    return int(number)
