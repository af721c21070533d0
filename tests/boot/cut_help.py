"""A boot whose disk writes were recorded, and the disk as a power cut leaves it at any of them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from smssboot.evidence import fatvolume, hives, writelog
from smssboot.image import fatjournal, sparse
from smssboot.image.build import build
from smssboot.image.volumes import VolumeInfo

RECIPE: Final = Path(__file__).parent / "power-cut.yaml"
CONFIG: Final = "\\windows\\system32\\config\\"
MANAGER: Final = r"controlset001\control\session manager"
LISTS: Final = ("PendingFileRenameOperations", "PendingFileRenameOperations2")

Files = dict[str, bytes | None]
"""Content by path in lower case, without letter; None is a folder."""

Trees = dict[str, str]
"""A digest of all keys and values, by the hive's name."""


@dataclass(frozen=True)
class Cut:
    """The first `count` entries of the log without those in `lost`; of those in `torn` some first sectors."""

    count: int
    lost: tuple[int, ...] = ()
    torn: Mapping[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.count} lost {list(self.lost)} torn {dict(self.torn)}"


@dataclass(frozen=True)
class Seen:
    """A disk as others see it when its journal is applied; `raw` is fsck.vfat's word on it as it is."""

    journal: str
    raw: fatvolume.Health
    health: fatvolume.Health
    files: Files
    names: frozenset[str]
    hives: Trees
    pending: tuple[str, ...]
    marks_differ: bool
    """The copies of the FAT differ in the dirty bit, which is set in the first, and in nothing else."""


@dataclass
class Recording:
    """One boot: the disk before it, all its writes, the pairs that it had to rename, and what it said."""

    arch: str
    base: Path
    log: writelog.WriteLog
    volume: VolumeInfo
    pairs: list[tuple[str, str, bool]]
    facts: list[dict[str, Any]]
    final: Path

    def make(self, cut: Cut, out: Path) -> Path:
        """The disk that this cut leaves."""
        writelog.replay(self.log, self.base, out, cut.count, cut.lost, cut.torn)
        return out

    def cuts(self) -> list[tuple[Cut, Cut]]:
        """For every prefix that ends with a write: with all of it, and with losses since the last flush."""
        chance = random.Random(20260601)
        found = [(Cut(0), Cut(0))]
        for count in (number + 1 for number in self.log.writes):
            since = [n for n in range(self.log.epoch_start(count), count) if self.log.entries[n].is_write]
            lost = tuple(n for n in since if chance.random() < 0.5) or (chance.choice(since),)
            sizes = {n: self.log.entries[n].sectors for n in since if n not in lost}
            chances = {n: size for n, size in sizes.items() if size > 1 and chance.random() < 0.3}
            torn = {n: chance.randrange(1, size) for n, size in chances.items()}
            found.append((Cut(count), Cut(count, lost, torn)))
        return found


def record(arch: str, folder: Path, recipe: Path = RECIPE) -> Recording:
    """Boot a recipe with the real program, its writes kept."""
    nonce = "1234567890123456"
    command = [sys.executable, "-m", "smssboot", "run", str(recipe), "--arch", arch, "--nonce", nonce]
    command += ["--keep", str(folder / "kept"), "--log-writes", "--json", str(folder / "report.json")]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    (kept,) = (folder / "kept").iterdir()
    image = build(recipe, arch)
    base = image.plant_disk(nonce, folder / "base.raw", "")
    (run,) = json.loads((folder / "report.json").read_text())["runs"]
    facts = [event for event in run["events"] if event["voice"] == "fact"]
    claims = [e["data"] for e in run["events"] if e["name"] == "smss.rename"]
    pairs = [(e["source"], e["target"], e["replace"] == "1") for e in claims]
    volume = next(v for v in image.volumes if v.letter == "C:")
    return Recording(arch, base, writelog.read(kept / "writes.log"), volume, pairs, facts, kept / "disk.raw")


def see(disk: Path, volume: VolumeInfo, scratch: Path) -> Seen:
    """Look at a disk with mtools, fsck.vfat, regipy and hivex; the journal is applied to a copy of it."""
    raw = fatvolume.check(disk, volume.offset, volume.bytes, scratch)
    mounted, health = disk, raw
    fd = os.open(disk, os.O_RDONLY)
    try:
        state = fatjournal.read(fd, volume.offset).state
    finally:
        os.close(fd)
    if state == "replayed":
        mounted = scratch / "mounted.raw"
        sparse.copy(disk, mounted)
        with mounted.open("r+b") as file:
            fatjournal.apply(file.fileno(), volume.offset)
        health = fatvolume.check(mounted, volume.offset, volume.bytes, scratch)
    found, trouble = fatvolume.tree(mounted, volume.offset)
    assert trouble == "", trouble
    files: Files = {one.path.lower(): None if one.directory else one.content or b"" for one in found}
    trees, pending = {}, ()
    for name in hives.MOUNTED:
        main, *logs = (files.get(f"{CONFIG}{name}{end}") or b"" for end in ("", ".log1", ".log2"))
        trees[name], names = _hive(main, *logs)
        if name == "system":
            pending = names
    names = frozenset(one.path for one in found)
    return Seen(state, raw, health, files, names, trees, pending, _marks_differ(mounted, volume.offset))


def _marks_differ(disk: Path, offset: int) -> bool:
    with disk.open("rb") as file:
        boot = os.pread(file.fileno(), 512, offset)
        reserved, count = int.from_bytes(boot[14:16], "little"), boot[16]
        size = int.from_bytes(boot[36:40], "little") * 512
        first, *others = (
            os.pread(file.fileno(), size, offset + reserved * 512 + number * size) for number in range(count)
        )
    alike = all(first[:4] == other[:4] and first[8:] == other[8:] for other in others)
    return alike and any(first[4:8] != other[4:8] for other in others) and not first[7] & 0x08


@lru_cache(maxsize=256)
def _hive(main: bytes, first: bytes, second: bytes) -> tuple[str, tuple[str, ...]]:
    """A hive's keys and values as one text, and which lists of renames it has; both readers must agree."""
    with tempfile.TemporaryDirectory() as folder:
        hive = hives.read(main, (first, second), Path(folder))
    assert hive.status in ("clean", "dirty"), hive.reason
    assert hive.readers == "agree"
    manager = next((v for key, v in hive.values.items() if key.casefold() == MANAGER), {})
    return repr(sorted(hive.values.items())), tuple(name for name in LISTS if name in manager)


def states(files: Files, pairs: Sequence[tuple[str, str, bool]]) -> list[Files]:
    """What the renames make of the files: before the first pair, after it, after the second and so on.

    The case of names is not looked at; `..` and names that are not there are no part of these lists.
    """
    found = [dict(files)]
    for source, target, replace in pairs:
        found.append(_renamed(found[-1], source[2:].lower(), target[2:].lower(), replace))
    return found


def _renamed(files: Files, source: str, target: str, replace: bool) -> Files:
    if source not in files or (target in files and target != source and not replace):
        return files
    below = source + "\\"
    moved = {path: data for path, data in files.items() if path == source or path.startswith(below)}
    found = {path: data for path, data in files.items() if path not in moved}
    found.update((target + path[len(source) :], data) for path, data in moved.items() if target)
    return found


def renamed_part(files: Files, all_states: Sequence[Files]) -> Files:
    """The files whose names take part in the renames, as they are."""
    names = {path for state in all_states for path in state.keys() ^ all_states[0].keys()}
    names |= {path for state in all_states for path in state if state[path] != all_states[0].get(path, b"")}
    return {path: data for path, data in files.items() if path in names}


def forget(*paths: Path) -> None:
    """Remove files and folders that are not needed any more."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
