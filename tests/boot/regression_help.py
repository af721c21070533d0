"""Guests that are slower in one phase by a known number of instructions, and a machine that is busy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STEP: Final = 2
"""Instructions of one turn of the loop, on both architectures: count down, and back while it is not zero."""

_RECIPE: Final = """\
extends: default
edit:
  file: {file}
  find: '{line}'
  replace: '{line}{loop}'
"""
_LOOP: Final = ' {condition}for (ULONG Turn = 0; Turn < {turns}; Turn++) __asm__ volatile("");'


@dataclass(frozen=True)
class Place:
    """Where a loop is put: behind `line` of `file`.  `phase` is what has to be named for it."""

    phase: str
    file: str
    line: str
    condition: str = ""


def _claim(name: str, rest: str = ", NULL") -> str:
    return f'RtlpClaim("{name}.begin"{rest});'


PLACES: Final = {
    place.phase: place
    for place in (
        Place("smss.dos-devices", "user/smss/smpdosdev.c", _claim("smss.dos-devices")),
        Place("smss.init", "user/smss/smpinit.c", _claim("smss.init")),
        Place(
            "smss.paging-files",
            "user/smss/smppage.c",
            _claim("smss.paging-files", ', "count=%u", FileCount'),
        ),
        Place("smss.registry-ready", "user/smss/smphive.c", _claim("smss.registry-ready")),
        Place(
            "smss.known-dlls",
            "user/smss/smpknown.c",
            _claim("smss.known-dlls", ', "directory=%wZ", &DllPath'),
        ),
        Place(
            "csrss.start session=1",
            "user/csrss/csrss.c",
            _claim("csrss.start", ', "session=%u", CsrSessionId'),
            "if (CsrSessionId == 1) ",
        ),
        Place("winlogon.exe session=1", "user/winlogon/winlogon.c", "PowerOpenEvents(Events);"),
        Place("lsass.exe start", "user/lsass/lsass.c", "ConnectToSession(&Session);"),
        Place("System", "kernel/ex/phase1.c", 'ExRecordFact("kernel.phase1", "");'),
    )
}


def slower(folder: Path, phase: str, instructions: int) -> Path:
    """A recipe of the default image that is slower in one phase by so many instructions."""
    place = PLACES[phase]
    loop = _LOOP.format(condition=place.condition, turns=instructions // STEP)
    path = folder / f"slower-{phase.replace(' ', '-').replace('=', '-')}-{instructions}.yaml"
    path.write_text(_RECIPE.format(file=place.file, line=place.line, loop=loop), "utf-8")
    return path


@contextmanager
def busy(burners: int = 2) -> Iterator[None]:
    """Other work on the machine: processes that do nothing but burn a processor each."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(burners)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
