"""The command line: what can be said, and what is told to people when it cannot be done.

Exit codes: 0 conforms, 1 deviates, 2 bad usage or bad input, 3 infrastructure, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from smssboot.errors import EXIT_INTERRUPTED, EXIT_USAGE, SmssbootError, UsageError, did_you_mean
from smssboot.image.paths import ARCHES

COMMANDS: Final = ("build", "run", "check", "model", "doctor", "version")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest valid word."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            name = next(iter(action.option_strings), str(action.metavar or action.dest))
            raise UsageError(f"{name}: unknown value {str(value)!r}", hint=did_you_mean(str(value), known))

    def parse_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            options = [o for sub in _every_parser(self) for a in sub._actions for o in a.option_strings]
            raise UsageError(f"unknown argument {rest[0]!r}", hint=did_you_mean(rest[0], options))
        return found


def _every_parser(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                found += _every_parser(sub)
    return found


def parser() -> argparse.ArgumentParser:
    """Everything that can be said."""
    top = _Parser(
        prog="smssboot",
        description="Boots a guest image in QEMU and says whether its Session Manager did the documented "
        "sequence.",
        epilog="Exit codes: 0 conforms, 1 deviates, 2 bad usage or bad input, 3 infrastructure.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    build = commands.add_parser("build", help="build images", allow_abbrev=False)
    _recipes(build)
    build.add_argument("--out", metavar="DIR", help="also copy the images there")

    run = commands.add_parser("run", help="boot images and judge them", allow_abbrev=False)
    _recipes(run)
    run.add_argument("--profile", metavar="P", help="boot and judge by this profile instead of the recipe's")
    run.add_argument("--target", metavar="T", help="QEMU machine (q35, microvm, virt)")
    run.add_argument("--accel", default="tcg", metavar="A", help="accelerator: tcg (default), kvm, auto")
    run.add_argument("--deterministic", action="store_true", help="count instructions: repeatable bit by bit")
    run.add_argument("--timeout", metavar="S", type=_seconds, help="seconds to the steady state")
    run.add_argument("--nonce", metavar="DIGITS", help="plant this nonce instead of a fresh one")
    run.add_argument(
        "--power-off", choices=("button", "sac"), default="button", help="how the guest is asked to end"
    )
    run.add_argument("--disk", choices=("virtio", "memory"), help="how the guest reaches its disk")
    run.add_argument(
        "--firmware", choices=("direct", "uefi"), default="direct", help="who loads the kernel: QEMU or UEFI"
    )
    run.add_argument("--log-writes", action="store_true", help="with --keep: keep the order of disk writes")
    run.add_argument("--qemu", metavar="PATH", help="another QEMU binary")
    run.add_argument("--keep", metavar="DIR", help="keep timeline, serial log and command line of each boot")
    _outputs(run)

    check = commands.add_parser("check", help="judge a recorded timeline or serial log", allow_abbrev=False)
    check.add_argument("file", metavar="FILE")
    check.add_argument("--profile", metavar="P")
    check.add_argument("--recipe", metavar="RECIPE", help="the recipe of the image that was booted")
    check.add_argument("--arch", choices=ARCHES)
    _outputs(check)

    model = commands.add_parser("model", help="look at the reference model", allow_abbrev=False)
    views = model.add_subparsers(dest="view", metavar="show|coverage|predict", required=True)
    for name, text in (
        ("show", "the rules of a profile"),
        ("coverage", "which rules cover which statement"),
        ("predict", "the events that a recipe must lead to"),
    ):
        view = views.add_parser(name, help=text, allow_abbrev=False)
        view.add_argument("--profile", metavar="P", default=None)
        view.add_argument("--json", metavar="F", help="as JSON; - is standard output")
        if name == "predict":
            view.add_argument("recipe", nargs="?", metavar="RECIPE", default="default")
            view.add_argument("--arch", choices=ARCHES, default="x86_64")

    doctor = commands.add_parser("doctor", help="what is there, and what is missing", allow_abbrev=False)
    doctor.add_argument("--json", metavar="F", help="as JSON; - is standard output")
    commands.add_parser("version", help="print the version", allow_abbrev=False)
    return top


def _recipes(command: argparse.ArgumentParser) -> None:
    command.add_argument("recipe", nargs="*", metavar="RECIPE", help="name in images/, or a file")
    command.add_argument("--arch", choices=(*ARCHES, "all"), default="all")


def _outputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", metavar="F", help="write the report as JSON; - is standard output")
    command.add_argument("--junit", metavar="F", help="write the report as JUnit XML")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds, found {text!r}")
    return value


def main(arguments: Sequence[str]) -> int:
    """Parse, dispatch, and turn every expected failure into one message and an exit code."""
    try:
        options = parser().parse_args(list(arguments))
        return _dispatch(options)
    except SmssbootError as error:
        print(f"smssboot: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("smssboot: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.filename is not None or error.errno != errno.ENOSPC:
            raise
        print(f"smssboot: cannot write to standard output: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_USAGE


def _dispatch(options: argparse.Namespace) -> int:
    if options.command == "build":
        from smssboot import cli_build

        return cli_build.build(options)
    if options.command == "run":
        from smssboot import cli_run

        return cli_run.run(options)
    if options.command == "check":
        from smssboot import cli_run

        return cli_run.check(options)
    if options.command == "model":
        from smssboot import cli_model

        return cli_model.model(options)
    if options.command == "doctor":
        from smssboot import cli_doctor

        return cli_doctor.doctor(options)
    if options.command == "version":
        from smssboot import __version__

        print(f"smssboot {__version__}")
        return 0
    parser().print_usage(sys.stderr)
    print(f"smssboot: expected a command: {', '.join(COMMANDS)}", file=sys.stderr)
    return EXIT_USAGE
