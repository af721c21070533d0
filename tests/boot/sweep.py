"""One boot of a damaged copy of an image, and what its end must be: a documented bugcheck, or a system that
is up and says what it found. Never a hang, a triple fault, or an error of the harness."""

from __future__ import annotations

import asyncio
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from damage import HIVES, KERNEL, KINDS, Damage, Method

from smssboot.evidence import disk
from smssboot.image.built import BuiltImage
from smssboot.machine import supervisor
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import Outcome, Policy
from smssboot.model.functions import BUGCHECKS
from smssboot.study.options import Options
from smssboot.study.prepare import Prepared, prepare
from smssboot.timeline.items import Console, Event, Item
from smssboot.timeline.items import Damage as Unreadable

NONCE: Final = "2718281828459045"  # fixed: a seed then means the same bytes in every sweep
POLICY: Final = Policy(
    first_record_s=20.0, silence_s=20.0, total_s=90.0, shutdown_s=20.0, host_patience=15.0,
    stop_on_deviation=False,
)  # fmt: skip
IDLE: Final = ("autoconv.exe", "memtouch.exe")
"""Programs that the boot of the default image does not run."""

_READY: Final = ("smss.monitor", "wininit.ready", "winlogon.ready", "services.ready", "lsass.ready")
_TASTE: Final = {"boot": "No FSINFO sector", "directory": "Volume label '"}
"""What fsck.vfat says of a boot sector that names no such sector, of labels that differ: both may be."""

_CLAIMS_LIMIT: Final = 256  # of autochk's problems


class Watch:
    """Keeps what is seen; as a monitor it is steady once the system is up."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._left = set(_READY)

    def __call__(self, item: Item) -> None:
        self.items.append(item)

    def feed(self, item: Item) -> list[object]:
        """Never a finding: a damaged boot is not held to the sequence."""
        if isinstance(item, Event):
            self._left.discard(item.name)
        return []

    @property
    def steady(self) -> bool:
        """Every part of the system has said that it is up."""
        return not self._left

    settled = steady

    def events(self, name: str, **data: str) -> list[Event]:
        """The events of a name that carry these data."""
        return [
            item
            for item in self.items
            if isinstance(item, Event)
            and item.name == name
            and all(item.data.get(key) == value for key, value in data.items())
        ]

    @property
    def tail(self) -> str:
        """The last that was said, for messages."""
        lines = [item.text for item in self.items if isinstance(item, Console)]
        names = [f"{item.name} {dict(item.data)}" for item in self.items if isinstance(item, Event)]
        return "\n".join([*lines[-6:], *names[-6:]])


@dataclass(frozen=True)
class Boot:
    """A damaged boot that has ended; `evidence` is what the host's readers find on its disk."""

    damage: Damage
    outcome: Outcome
    watch: Watch
    evidence: list[Event]


def boot(image: BuiltImage, kind: str, seed: int, folder: Path) -> Boot:
    """Boot a copy of `image`, damaged as the seed says."""
    options = Options(disk="virtio", keep=folder, nonce=NONCE)
    return boot_with(image, KINDS[kind], options, random.Random(f"{kind} {seed}"))


def boot_with(image: BuiltImage, how: Method, options: Options, chance: random.Random) -> Boot:
    """Boot a copy of `image`, damaged by one method."""
    prepared = prepare(image, options)
    try:
        done = how(image, prepared, chance)
        watch = Watch()
        outcome = _run(prepared, watch)
        assert prepared.plan.disk is not None
        return Boot(done, outcome, watch, disk.inspect(prepared.plan.disk, image.volumes))
    finally:
        shutil.rmtree(prepared.run_dir)


def _run(prepared: Prepared, watch: Watch) -> Outcome:
    process = QemuProcess(prepared.plan)
    try:
        outcome = asyncio.run(supervisor.run(prepared.plan, watch, POLICY, watch, process=process))
    finally:
        process.close()
    assert process.poll() is not None, "QEMU outlives its boot"
    return outcome


def judge(boot: Boot) -> str:
    """Raises AssertionError, unless the boot's end is one of those that are right: which one it is."""
    cause, watch = boot.outcome.cause, boot.watch
    what = f"{boot.damage}: {cause.kind}: {cause.text}\n{watch.tail}"
    assert not [item for item in watch.items if isinstance(item, Unreadable)], what
    assert [event.name for event in boot.evidence].count("disk.table") == 1, what
    if cause.kind == "bugcheck":
        (code,) = {int(event.data["code"], 16) for event in watch.events("bugcheck")}
        assert code in BUGCHECKS, what
        return BUGCHECKS[code]
    if cause.kind == "panic":
        # A kernel that is not what it was linked as is not started: nothing is there that could stop.
        assert boot.damage.file == KERNEL and cause.text.startswith(("boot stub: ", "boot loader: ")), what
        assert not watch.events("hello"), what
        return "refused by the boot stub"
    assert cause.kind == "powered-off", what
    assert watch.steady, what
    _hives(watch, what)
    if boot.damage.spoiled:
        _program(boot.damage.file, watch, what)
    _volume(boot, what)
    return "up"


def _hives(watch: Watch, what: str) -> None:
    """Each hive was loaded, or it is on record that it was not."""
    for name in HIVES:
        place = r"\Registry\User\.DEFAULT" if name == "DEFAULT" else rf"\Registry\Machine\{name}"
        told = [
            event.name
            for event in watch.events("hive.load") + watch.events("hive.load-failed")
            if event.data["path"].casefold() == place.casefold()
        ]
        assert len(told) == 1, f"{name}: {told}: {what}"


def _program(file: str, watch: Watch, what: str) -> None:
    """A program of other bytes than its checksum says never runs, and who asked for it says so."""
    mapped = {event.data["name"].casefold() for event in watch.events("image.map")}
    loaded = {event.data["path"].rsplit("\\", 1)[-1].casefold() for event in watch.events("driver.load")}
    assert file.casefold() not in mapped | loaded, what
    if file in IDLE:
        return
    failed = {
        event.data["path"].rsplit("\\", 1)[-1].casefold() for event in watch.events("driver.load-failed")
    }
    assert file.casefold() in failed or _logged(file.rsplit(".", 1)[0], watch), what


def _logged(what: str, watch: Watch) -> bool:
    """Whether smss wrote a record to the event log that names it."""
    return any(what.casefold() in event.data["text"].casefold() for event in watch.events("smss.log"))


def _volume(boot: Boot, what: str) -> None:
    """autochk came to an end, claimed what it found, and left nothing for another checker to find."""
    watch = boot.watch
    begun = watch.events("autochk.volume.begin", volume="C:")
    ended = watch.events("autochk.volume.end", volume="C:")
    assert len(begun) == len(ended) <= 1, what
    if boot.damage.kind == "volume" and boot.damage.dirty and boot.damage.how not in ("boot", "short"):
        # Or it is damaged itself, and smss has logged that it did not run.
        assert begun[0].data["dirty"] == "1" if begun else _logged("autochk", watch), what
    for event in ended:
        claims = watch.events("autochk.problem", volume="C:")
        assert len(claims) == min(int(event.data["problems"]), _CLAIMS_LIMIT), what
        if begun[0].data["dirty"] == "0" or event.data["result"] not in ("clean", "repaired"):
            continue
        assert event.data["result"] == "repaired", what
        if boot.damage.how != "short":
            told = [one for one in boot.evidence if one.name == "disk.volume"]
            (after,) = [one for one in told if one.data["volume"] == "C:"]
            left = "" if after.data["fsck"] == "clean" else after.data.get("reason", "dirty")
            assert not left or left.startswith(_TASTE.get(boot.damage.how, "?")), f"{left}: {what}"
