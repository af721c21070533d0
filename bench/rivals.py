"""A whole `smssboot run`, against what people use instead: a shell, a pexpect script, labgrid.

All boot the same guest on the same machine. The rivals only wait for the guest's last line; `smssboot run`
also judges the boot. Its own line in the shell is the bare QEMU.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from bench.guests import DEFAULTS, LAST_WORDS, Guest
from bench.measure import Command, race, ratio
from bench.table import Figure
from smssboot.machine import argv

SECTION = "smssboot run, a process from start to exit"
PATTERN: Final = LAST_WORDS.decode()
HERE: Final = Path(__file__).parent


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Ratios of the run to each rival, and the run's milliseconds."""
    out: list[Figure] = []
    for target in DEFAULTS:
        guest = Guest.on(target, scratch)
        times = race(
            {
                "run": harness(guest),
                "shell": guest.in_shell(),
                "pexpect": pexpect_rival(guest),
                "pexpect, tuned": pexpect_rival(guest, "--no-delay"),
                "labgrid": labgrid_rival(guest),
            },
            rounds,
        )
        run, of = times["run"], target.name
        out += [
            Figure(SECTION, "run / the same QEMU in a shell", ratio(run, times["shell"]), of, aim=1.5),
            Figure(SECTION, "run / a pexpect script", ratio(run, times["pexpect"]), of, reach=1),
            Figure(SECTION, "run / the same script without delays", ratio(run, times["pexpect, tuned"]), of),
            Figure(SECTION, "run / labgrid's QEMUDriver", ratio(run, times["labgrid"]), of, reach=1),
        ]
        out += [
            Figure(SECTION, name, sample.median * 1e3, of, form=".0f", unit=" ms")
            for name, sample in times.items()
        ]
    return out


def harness(guest: Guest) -> Command:
    """`smssboot run` of one architecture with everything already built."""
    program = Path(sys.executable).with_name("smssboot")
    return Command((str(program), "run", "--arch", guest.target.arch), proof=b"verdict: conforms (exit 0)")


def pexpect_rival(guest: Guest, *options: str) -> Command:
    """The script beside this file, with the console on its terminal."""
    line = argv.for_shell(guest.plan, "stdio,signal=off", guest.typed())
    return Command(
        (sys.executable, str(HERE / "pexpect_rival.py"), *options, PATTERN, *line), ready=guest.fresh
    )


def labgrid_rival(guest: Guest) -> Command:
    """labgrid builds its own command line and owns the first serial port; the rest of ours is passed on."""
    target, plan = guest.target, guest.plan
    rest = argv.for_shell(
        plan._replace(target=target._replace(console=()), kernel=None, append="", extra=("-no-shutdown",)),
        "null",
        guest.typed(),
    )
    settings = {
        "scratch": str(guest.folder),
        "qemu": rest[0],
        "machine": target.machine,
        "cpu": target.cpu,
        "memory": f"{plan.ram_bytes >> 20}M",
        "kernel": str(plan.kernel),
        "bios": argv.firmware_path(rest[0], plan),
        "append": plan.append,
        "extra_args": argv.quoted(_without(rest[1:], "-machine", "-cpu", "-m", "-bios", "-display")),
    }
    rival = (sys.executable, str(HERE / "labgrid_rival.py"), PATTERN, json.dumps(settings))
    return Command(rival, ready=guest.fresh)


def _without(line: tuple[str, ...], *options: str) -> tuple[str, ...]:
    """A command line without some options and their values."""
    words = iter(line)
    kept: list[str] = []
    for word in words:
        if word in options:
            next(words)
        else:
            kept.append(word)
    return tuple(kept)
