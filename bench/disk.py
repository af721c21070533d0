"""What a boot with a disk costs over the same boot without one, and what it writes."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.again import conforming
from bench.guests import DEFAULTS, Guest
from bench.instructions import count
from bench.measure import race, ratio
from bench.regions import Map, written
from bench.table import Figure
from smssboot.evidence import writelog
from smssboot.image.built import DISK
from smssboot.study.options import Options
from smssboot.study.prepare import WRITE_LOG

TIME = "the disk: QEMU, start to exit"
WRITES = "the disk: what a boot writes"


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Time and instructions against diskless, by both transports; then writes and bytes by region."""
    out: list[Figure] = []
    for target in DEFAULTS:
        guest, bare = Guest.on(target, scratch), Guest.on(target, scratch, "diskless")
        out += _time(guest, bare, rounds)
        with_disk, without = count(guest), count(bare)
        of = target.name
        out += [
            Figure(TIME, "instructions to steady state, with a disk / without", with_disk / without, of),
            Figure(TIME, "instructions for the disk", (with_disk - without) / 1e6, of, form=".2f", unit=" M"),
        ]
    for target in DEFAULTS:
        out += writes(Guest.on(target, scratch), scratch)
    return out


def _time(guest: Guest, bare: Guest, rounds: int) -> list[Figure]:
    contenders = {
        "virtio-blk": guest.full(),
        "memory": guest.over("memory").full(),
        "no disk": bare.full(),
    }
    times = race(contenders, rounds)
    of = guest.target.name
    out = [
        Figure(TIME, f"{name} / no disk", ratio(times[name], times["no disk"]), of)
        for name in ("virtio-blk", "memory")
    ]
    for name, sample in times.items():
        out.append(Figure(TIME, name, sample.median * 1e3, of, form=".0f", unit=" ms"))
    return out


def writes(guest: Guest, scratch: Path) -> list[Figure]:
    """One boot with the order of its writes kept. Raises BenchError when it does not conform."""
    of = guest.target.name
    kept = scratch / f"writes-{of}"
    try:
        boot = conforming(guest.image, Options(keep=kept, log_writes=True))
        folder = boot.prepared.run_dir
        log = writelog.read(folder / WRITE_LOG)
        regions = Map(folder / DISK, guest.image.volumes[1])
        flushes = sum(1 for entry in log.entries if entry.is_barrier)
        out = [
            Figure(WRITES, "flushes", flushes, of, form=".0f"),
            Figure(WRITES, "writes", len(log.writes), of, form=",.0f"),
            Figure(WRITES, "written", log.bytes_written() / 1024, of, form=",.1f", unit=" KiB"),
        ]
        for name, (times, size) in written(log, regions).items():
            out += [
                Figure(WRITES, f"  {name}: writes", times, of, form=",.0f"),
                Figure(WRITES, f"  {name}: written", size / 1024, of, form=",.1f", unit=" KiB"),
            ]
    finally:
        shutil.rmtree(kept, ignore_errors=True)
    return out
