"""A campaign of equal boots against a shell loop over bare QEMU, both with one boot per processor at a time.

The loop makes a fresh disk for each boot, as it must, and only waits for the guest's last line.  The campaign
judges every boot, keeps what it left, and writes its report.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Final

from bench.guests import DEFAULTS, LAST_WORDS, Guest
from bench.measure import Command, race, ratio
from bench.table import Figure
from smssboot.image.built import DISK, PLACEHOLDER
from smssboot.machine import argv
from smssboot.study.budget import processors

SECTION = "a campaign, a process from start to exit"
BOOTS: Final = 12
"""For each processor: enough that the campaign's own start does not decide."""


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """The ratio of the two, and boots per minute and core of each."""
    out: list[Figure] = []
    cores = processors()
    boots = BOOTS * cores
    for target in DEFAULTS:
        guest, of = Guest.on(target, scratch), target.name
        contenders = {"campaign": campaign(guest, boots, cores), "shell loop": loop(guest, cores)}
        times = race(contenders, max(3, rounds // 3))
        out.append(
            Figure(
                SECTION,
                "campaign / a shell loop over bare QEMU",
                ratio(times["campaign"], times["shell loop"]),
                of,
                reach=2,
                aim=1.5,
            )
        )
        for name, sample in times.items():
            speed = boots * 60 / sample.median / cores
            out.append(Figure(SECTION, f"{name}: boots per minute and core", speed, of, form=".0f"))
    return out


def campaign(guest: Guest, boots: int, cores: int) -> Command:
    """`smssboot campaign` of one cell that is repeated."""
    folder = guest.folder
    matrix = folder / "matrix.yaml"
    matrix.write_text(f"axes: {{image: default, arch: {guest.target.arch}}}\nrepeat: {boots}\n")
    program = Path(sys.executable).with_name("smssboot")
    line = (str(program), "campaign", str(matrix), "--out", str(folder / "out"), "--jobs", str(cores))
    ready = partial(shutil.rmtree, folder / "out", ignore_errors=True)
    return Command(line, proof=b"campaign: passed (exit 0)", ready=ready)


def loop(guest: Guest, cores: int) -> Command:
    """As many shells as there are processors, each with its share of the boots one after another."""
    image = guest.image
    assert image.disk is not None
    guest.folder.joinpath("loop").mkdir(exist_ok=True)
    base = image.plant_disk(PLACEHOLDER, guest.folder / "loop" / DISK, guest.line)
    parts = []
    for worker in range(cores):
        folder = guest.folder / "loop" / str(worker)
        folder.mkdir(exist_ok=True)
        log, disk = folder / "log", folder / DISK
        plan = guest.plan._replace(run_dir=folder, disk=disk)
        console = f"file,path={argv.escape(str(log))}"
        qemu = argv.quoted(argv.for_shell(plan, console, "stdio,signal=off"))
        copy = argv.quoted(("cp", "--sparse=always", str(base), str(disk)))
        seen = argv.quoted(("grep", "-q", LAST_WORDS.decode(), str(log)))
        boot = f"{copy} && printf 'shutdown\\r' | {qemu} >/dev/null && {seen} || exit 1"
        parts.append(f"( n=0; while [ $n -lt {BOOTS} ]; do {boot}; n=$((n+1)); done; echo whole ) &")
    script = "\n".join([*parts, "wait"])
    return Command(("/bin/sh", "-c", script), proof=b"whole\n" * cores)
