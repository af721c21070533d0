"""The folder `recording` of a kept run: everything that a replay needs, and it alone.

QEMU's own log (`replay.bin`) holds what came from outside the machine; beside it lie the disk as it was
before the boot, the modules, the stub and the kernel's names, and in `recording.json` how the machine was
made.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smssboot.errors import InputError, UsageError, did_you_mean
from smssboot.image import sparse
from smssboot.image.built import BuiltImage
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.targets import TARGETS

if TYPE_CHECKING:
    from smssboot.study.boot import Boot

FOLDER: Final = "recording"
SCHEMA: Final = "smssboot.recording/1"
STEADY: Final = "steady"
REQUEST: Final = "power.request"
_MANIFEST: Final = "recording.json"
_LOG: Final = "replay.bin"
_DISK, _MODULES, _STUB = "disk.raw", "modules.cpio", "stub"
SYMBOLS: Final = "ntoskrnl.symbols.json"
ELF: Final = "ntoskrnl.symbols.elf"
_KERNEL: Final = "ntoskrnl.exe"
_QUIT: Final = b"\x0c"
_EARLY_QUIT: Final = re.compile(rb"\x0c(?P<instructions>\x00.{4})(?P<rest>[\x0a-\x16]?\x27)\Z", re.DOTALL)
"""A shutdown by the monitor, the instructions before it (32 bits), perhaps another shutdown, the end."""


def begin(folder: Path, image: BuiltImage, plan: LaunchPlan) -> LaunchPlan:
    """Copy what goes into this boot to `folder`; the plan that records it.  Raises OSError without space."""
    folder.mkdir()
    for source, name in (
        (plan.disk, _DISK),
        (plan.initrd, _MODULES),
        (plan.kernel, _STUB),
        (image.symbols, SYMBOLS),
    ):
        if source is not None:
            sparse.copy(source, folder / name)
    return plan._replace(record=folder / _LOG)


def complete(boot: Boot) -> None:
    """Write down how the machine was made and what the guest said, once the boot has ended."""
    from smssboot.timeline.fingerprint import timeline_hash
    from smssboot.timeline.items import Event

    plan = boot.prepared.plan
    assert plan.record is not None and boot.outcome is not None
    folder = plan.record.parent
    records = {item.seq: item.name for item in boot.items if isinstance(item, Event) and item.seq is not None}
    manifest = {
        "schema": SCHEMA,
        "target": plan.target.name,
        "qemu": plan.qemu,
        "qemu_version": boot.outcome.qemu_version,
        "append": plan.append,
        "memory_mib": plan.memory_mib,
        "cpu": plan.cpu,
        "power_off": boot.options.power_off,
        "timeline_hash": timeline_hash(boot.items),
        "steady": _steady(boot),
        "records": sorted(records.items()),
    }
    plan.record.write_bytes(mend(plan.record.read_bytes()))
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    _write_elf(folder, plan.target.arch, boot.image)


async def again(boot: Boot) -> None:
    """Record a boot that went wrong: the same boot once more, into its folder.

    What became of it is a note of `boot`.  Its times are exact, so it is the same boot; that is checked all
    the same.
    """
    from smssboot.study.boot import Boot
    from smssboot.timeline.fingerprint import timeline_hash

    folder = boot.prepared.run_dir / FOLDER
    options = boot.options._replace(record=True, keep=None, nonce=boot.prepared.nonce)
    try:
        second = Boot.spawn(boot.image, options, folder)
    except UsageError as error:
        boot.notes.append(str(error).removeprefix("--record: "))
        return
    try:
        second.load()
        await second.run()
    finally:
        second.close()
    if second.error is not None:
        discard(folder)
        boot.notes.append(f"could not be recorded: {second.error}")
    elif timeline_hash(second.items) != timeline_hash(boot.items):
        boot.notes.append("recorded, but the recorded boot is another one: its records differ")
    else:
        boot.notes.append(f"recorded: smssboot replay {boot.prepared.run_dir} --until EVENT")


def mend(log: bytes) -> bytes:
    """QEMU's log with the monitor's `quit` behind the last instructions, and not before them.

    QEMU 7.2 writes the event at once, but how many instructions came before it only with the event after it.
    A replay would end there, without what a crashed guest did since its last interrupt or exception.
    """
    found = _EARLY_QUIT.search(log)
    if found is None:
        return log
    return log[: found.start()] + found["instructions"] + _QUIT + found["rest"]


def discard(folder: Path) -> None:
    """A recording that came to nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def _steady(boot: Boot) -> int | None:
    """The number of the record with which the boot was steady."""
    from smssboot.conformance import Monitor
    from smssboot.timeline.items import Event

    assert boot.expected is not None
    monitor = Monitor(boot.expected)
    for item in boot.items:
        monitor.feed(item)
        if monitor.steady and isinstance(item, Event) and item.seq is not None:
            return item.seq
    return None


def _write_elf(folder: Path, arch: str, image: BuiltImage) -> None:
    from smssboot.evidence.symbols import Symbols
    from smssboot.machine import symbolelf

    symbols = Symbols.load(folder / SYMBOLS)
    kernel = next((path for path in image.files.values() if path.name.lower() == _KERNEL), None)
    addresses = {name: symbols.image_base + offset for name, offset in symbols.symbols.items()}
    if kernel is not None:
        where = symbolelf.regions(kernel.read_bytes(), symbols.image_base)
        (folder / ELF).write_bytes(symbolelf.write(arch, addresses, where))


class Recording(NamedTuple):
    """One recorded boot.  `records` are the numbers and names of what the guest said."""

    folder: Path
    manifest: dict[str, Any]
    records: Sequence[tuple[int, str]]

    @classmethod
    def load(cls, run: Path) -> Recording:
        """The recording of the kept run in the folder `run`.  Raises UsageError when there is none."""
        folder = run / FOLDER
        path = folder / _MANIFEST
        if not run.is_dir():
            raise UsageError(f"{run}: expected the folder of a kept run")
        try:
            manifest = json.loads(path.read_bytes())
        except OSError:
            hint = "smssboot run --record --keep DIR makes one"
            raise UsageError(f"{run}: this run was not recorded", hint=hint) from None
        except ValueError as error:
            raise InputError(str(path), None, None, f"no JSON: {error}") from None
        try:
            if manifest["schema"] != SCHEMA or manifest["target"] not in TARGETS:
                raise ValueError
            records = [(int(seq), str(name)) for seq, name in manifest["records"]]
        except (KeyError, TypeError, ValueError):
            raise InputError(str(path), None, None, f"expected {SCHEMA}") from None
        return cls(folder, manifest, records)

    @property
    def arch(self) -> str:
        """The guest's."""
        return TARGETS[self.manifest["target"]].arch

    @property
    def symbols(self) -> Path:
        """The kernel's names and offsets."""
        return self.folder / SYMBOLS

    @property
    def elf(self) -> Path | None:
        """The kernel's names for gdb."""
        path = self.folder / ELF
        return path if path.exists() else None

    def find(self, event: str) -> tuple[int, str]:
        """Number and name of the record `event`: a number, `steady`, or a name (the first).

        Raises UsageError.
        """
        names = dict(self.records)
        last = max(names, default=-1)
        if event.isascii() and event.isdecimal():
            if int(event) not in names:
                raise UsageError(f"--until: there is no record {event}", hint=f"the last one is {last}")
            return int(event), names[int(event)]
        if event == STEADY:
            steady = self.manifest["steady"]
            if steady not in names:
                said = f"the last record is {last}" + (f", {names[last]}" if names else "")
                raise UsageError("--until steady: the boot never became steady", hint=said)
            return steady, names[steady]
        for seq, name in self.records:
            if name == event:
                return seq, name
        known = [STEADY, *dict.fromkeys(names.values())]
        raise UsageError(f"--until: there is no record {event!r}", hint=did_you_mean(event, known))

    def asked_to_end(self) -> int | None:
        """The number of the host's request to power off, whose coming QEMU's log does not hold."""
        return next((seq for seq, name in self.records if name == REQUEST), None)

    def plan(self, scratch: Path, gdb: Path | int, *, from_log: bool) -> LaunchPlan:
        """The machine again, on a copy of its disk in `scratch`, stopped before its first instruction."""
        told = self.manifest
        disk = None
        if (self.folder / _DISK).exists():
            disk = scratch / _DISK
            sparse.copy(self.folder / _DISK, disk)
        return LaunchPlan(
            target=TARGETS[told["target"]],
            run_dir=scratch,
            kernel=self.folder / _STUB,
            initrd=self.folder / _MODULES,
            append=told["append"],
            memory_mib=told["memory_mib"],
            cpu=told["cpu"],
            deterministic=True,
            qemu=told["qemu"],
            disk=disk,
            transport="memory",
            replay=self.folder / _LOG if from_log else None,
            gdb=gdb,
        )
