"""The command line: what can be said, and what is told to people when it cannot be done.

Exit codes: 0 conforms, 1 deviates, 2 bad usage or bad input, 3 infrastructure, 130 interrupted.  Each command
is a module of its own with `add_arguments(parser)` and `main(options) -> int`; only the one that was asked
for is loaded.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NamedTuple

from smssboot.cli.parser import Parser
from smssboot.errors import EXIT_INTERRUPTED, EXIT_USAGE, SmssbootError, UsageError, did_you_mean


class Command(NamedTuple):
    """Where a command is, and what it does in a few words."""

    module: str
    help: str


COMMANDS: Final = {
    "build": Command("smssboot.cli.build", "build images"),
    "run": Command("smssboot.cli.run", "boot images and judge them"),
    "replay": Command("smssboot.cli.replay", "stop a recorded boot at an event, for a debugger"),
    "snapshot": Command("smssboot.cli.snapshot", "save a boot at an event, for many runs from there"),
    "check": Command("smssboot.cli.check", "judge a recorded timeline or serial log"),
    "compare": Command("smssboot.cli.compare", "two architectures, or any two runs, side by side"),
    "report": Command("smssboot.cli.report", "show recorded runs in any format"),
    "time": Command("smssboot.cli.time", "what each stage of a boot took"),
    "blame": Command("smssboot.cli.blame", "the phases of a boot by their own time"),
    "critical-chain": Command("smssboot.cli.critical_chain", "the events that decided how long a boot took"),
    "baseline": Command("smssboot.cli.baseline", "what boots cost: save it, check it, accept it"),
    "bisect": Command("smssboot.cli.bisect", "find the first bad image of a row"),
    "campaign": Command("smssboot.cli.campaign", "boot every cell of a matrix"),
    "model": Command("smssboot.cli.model", "look at the reference model"),
    "doctor": Command("smssboot.cli.doctor", "what is there, and what is missing"),
    "version": Command("smssboot.cli.version", "print the version"),
}

_DESCRIPTION: Final = (
    "Boots a guest image in QEMU and says whether its Session Manager did the documented sequence."
)
_EXIT_CODES: Final = "Exit codes: 0 conforms, 1 deviates, 2 bad usage or bad input, 3 infrastructure."


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command and its options.  Raises UsageError; `--help` prints and raises SystemExit."""
    if not arguments or arguments[0].startswith("-"):
        return _top().read(arguments)
    name, rest = arguments[0], arguments[1:]
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(f"COMMAND: unknown value {name!r}", hint=did_you_mean(name, COMMANDS))
    parser = Parser(prog=f"smssboot {name}", description=command.help, epilog=_EXIT_CODES, allow_abbrev=False)
    import_module(command.module).add_arguments(parser)
    options = parser.read(rest)
    options.command = name
    return options


def _top() -> Parser:
    width = max(map(len, COMMANDS)) + 2
    listing = "\n".join(f"  {name:<{width}}{command.help}" for name, command in COMMANDS.items())
    return Parser(
        prog="smssboot",
        usage="smssboot [-h] COMMAND ...",
        description=f"{_DESCRIPTION}\n\ncommands:\n{listing}",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def main(arguments: Sequence[str]) -> int:
    """Parse, dispatch, and turn every expected failure into one message and an exit code."""
    try:
        if not arguments:
            raise UsageError(f"expected a command: {', '.join(COMMANDS)}", hint="smssboot --help")
        options = parse(arguments)
        return int(import_module(COMMANDS[options.command].module).main(options))
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
