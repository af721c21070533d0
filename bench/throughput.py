"""A FAT file against the same bytes of the disk without a file system, by the guest's own clock."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.guests import DEFAULTS, Guest
from bench.measure import BenchError, Sample, ratio
from bench.regions import Map
from bench.table import Figure
from smssboot.image.build import build
from smssboot.image.built import DISK
from smssboot.image.guest import build as build_guest
from smssboot.image.guest import llvm_version
from smssboot.image.paths import GUEST
from smssboot.machine import argv
from smssboot.machine.targets import Target

SECTION: Final = "a FAT file of 32 MiB, in pieces of 64 KiB"
SIZE: Final = 32 << 20
BLOCK: Final = 4096
RECIPE: Final = """name: speed
description: A program that measures in the place of smss.exe.
extends: default
memory: 128 MiB
programs:
  smss.exe: {{file: {program}}}
files:
  \\speed.txt: {{size: 64 bytes}}
  \\speed.bin: {{size: 32 MiB}}
"""
_SPEED: Final = re.compile(r"^speed (\S+) (\d+) (\d+)\r?$", re.MULTILINE)
_LIMIT_S: Final = 120.0


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Reading and writing, over both transports, in one boot each; the rounds are the program's own."""
    out: list[Figure] = []
    for target in DEFAULTS:
        guest = _guest(target, scratch)
        for transport in ("virtio", "memory"):
            times = measure(guest.over(transport))
            for what in ("read", "write"):
                file, raw = times[f"file-{what}"], times[f"raw-{what}"]
                both = f"{what}, {transport}"
                out.append(Figure(SECTION, f"{both}: file / raw", ratio(raw, file), target.name))
                for name, sample in (("file", file), ("raw", raw)):
                    speed = SIZE / 1e6 / sample.median
                    label = f"{both}: {name}"
                    out.append(Figure(SECTION, label, speed, target.name, form=".0f", unit=" MB/s"))
    return out


def _guest(target: Target, scratch: Path) -> Guest:
    binaries = build_guest(target.arch)
    command = ["make", "-s", "-C", str(GUEST), f"ARCH={target.arch}", f"OUT={binaries}"]
    command += [f"LLVM=-{llvm_version()}", f"PYTHON={sys.executable}", "fatspeed.exe"]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise BenchError(f"fatspeed.exe does not build:\n{made.stderr[-2000:]}")
    recipe = scratch / f"speed-{target.arch}.yaml"
    recipe.write_text(RECIPE.format(program=binaries / "fatspeed.exe"), "utf-8")
    folder = scratch / f"{target.name}-speed"
    folder.mkdir(exist_ok=True)
    return Guest(target, build(recipe, target.arch), folder)


def measure(guest: Guest) -> dict[str, Sample]:
    """The guest's time of each kind of transfer, round by round.  Raises BenchError when one failed."""
    guest.fresh()
    disk = guest.folder / DISK
    where = _prepare(disk, guest)
    line = argv.for_shell(guest.plan, "stdio,signal=off", "null")
    done = subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_LIMIT_S
    )
    if "\ndone 0" not in done.stdout:
        raise BenchError(f"fatspeed failed:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
    found: dict[str, list[float]] = {}
    for what, size, microseconds in _SPEED.findall(done.stdout):
        assert int(size) == SIZE
        found.setdefault(what, []).append(max(1, int(microseconds)) / 1e6)
    with disk.open("rb") as file:  # what the last transfer wrote, and nothing else, is there
        file.seek(where + SIZE - BLOCK)
        (last,) = struct.unpack("<Q", file.read(8))
    if last != SIZE // BLOCK - 1 + 100 + len(found["raw-write"]) - 1:
        raise BenchError(f"the disk's last block has the number {last}")
    return {what: Sample(tuple(seconds)) for what, seconds in found.items()}


def _prepare(disk: Path, guest: Guest) -> int:
    """Number the file's blocks and tell the program where it lies: its byte offset on the disk."""
    runs = Map(disk, guest.image.volumes[1])
    where, told = runs.run("speed.bin", SIZE), runs.run("speed.txt", 64)
    fd = os.open(disk, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for number in range(SIZE // BLOCK):
            os.pwrite(fd, struct.pack("<Q", number), where + number * BLOCK)
        os.pwrite(fd, f"{where} {SIZE}\n".encode().ljust(64), told)
    finally:
        os.close(fd)
    return where
