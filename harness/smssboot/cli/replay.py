"""`smssboot replay`: a recorded boot up to one record, where a debugger can look at the guest."""

from __future__ import annotations

import select
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.errors import UsageError

if TYPE_CHECKING:
    from smssboot.study.replays.replaying import Stopped

_HOW: Final = {"log": "replayed from QEMU's log", "again": "booted again, to the same moment"}
_PORTS: Final = range(1, 65536)


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("run", metavar="RUN", help="the folder of a run that was kept and recorded")
    parser.add_argument(
        "--until", metavar="EVENT", required=True, help="a record's number, its name (the first), or steady"
    )
    parser.add_argument("--gdb", metavar="PATH|PORT", help="gdb's port: a socket, or a TCP port of this host")
    parser.add_argument(
        "--exec", metavar="CMD", help="run it there and end with its status; fills in {gdb} and {symbols}"
    )


def main(options: Namespace) -> int:
    """Replay, stop, and wait for whoever debugs."""
    from smssboot.study.replays import replaying

    def then(stopped: Stopped) -> int:
        print(f"stopped after record {stopped.seq}, {stopped.name} ({_HOW[stopped.how]})", flush=True)
        if options.exec is not None:
            return _execute(options.exec, stopped)
        symbols = [] if stopped.elf is None else [str(stopped.elf)]
        command = ["gdb-multiarch", *symbols, "-ex", f"target remote {stopped.gdb}"]
        print(shlex.join(command))
        print("QEMU waits for it; Ctrl-C ends both", flush=True)
        _wait(stopped.process.pidfd)
        return 0

    return replaying.replay(Path(options.run), options.until, _port(options.gdb), then)


def _port(text: str | None) -> Path | int | None:
    """Where QEMU listens for gdb.  Raises UsageError."""
    if text is None:
        return None
    if not text.isdecimal():
        return Path(text).absolute()
    if int(text) not in _PORTS:
        raise UsageError(f"--gdb: there is no TCP port {text}")
    return int(text)


def _execute(command: str, stopped: Stopped) -> int:
    symbols = "" if stopped.elf is None else str(stopped.elf)
    words = command.replace("{gdb}", shlex.quote(stopped.gdb)).replace("{symbols}", shlex.quote(symbols))
    sys.stdout.flush()
    status = subprocess.run(words, shell=True, stdin=subprocess.DEVNULL).returncode
    return status if status >= 0 else 128 - status


def _wait(pidfd: int) -> None:
    """Returns when QEMU has ended, or at Ctrl-C."""
    ended = select.poll()
    ended.register(pidfd, select.POLLIN)
    try:
        ended.poll()
    except KeyboardInterrupt:
        print()
