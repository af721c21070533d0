"""Makes a snapshot: boots to a named event, lets the guest stand still there, and keeps all of it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smssboot.errors import InfrastructureError, SmssbootError, UsageError, did_you_mean
from smssboot.image import sparse
from smssboot.image.built import BuiltImage
from smssboot.machine import argv
from smssboot.machine.errors import MachineError
from smssboot.machine.launch import SERIAL_LOG
from smssboot.study.boot import Boot
from smssboot.study.options import Options, run_directory
from smssboot.study.snapshots.snapshot import (
    DISK,
    MANIFEST,
    RAM,
    SCHEMA,
    STATE,
    STEADY,
    VARIABLES,
    Qemu,
    Snapshot,
)
from smssboot.timeline.items import Event, Item
from smssboot.timeline.wire import Decoder

if TYPE_CHECKING:
    from smssboot.conformance.monitor import Monitor
    from smssboot.machine.vm import Machine

_MOST_NAMES: Final = 2000


class NotReachedError(SmssbootError):
    """The guest ended before the event; that is its doing (exit code 1)."""

    exit_code = 1


class At(NamedTuple):
    """An event to stop at: a name, and data that it must carry; `steady` is the model's steady state."""

    name: str
    data: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> At:
        """From `smss.session.begin session=1`.  Raises UsageError."""
        try:
            name, *rest = shlex.split(text)
        except ValueError:
            raise UsageError(f"--at {text!r}: expected an event's name, and KEY=VALUE after it") from None
        pairs = []
        for word in rest:
            key, equals, value = word.partition("=")
            if not key or not equals:
                raise UsageError(f"--at {text!r}: expected KEY=VALUE, found {word!r}")
            pairs.append((key, value))
        if name == STEADY and pairs:
            raise UsageError(f"--at {text!r}: the steady state carries no data")
        return cls(name, tuple(pairs))

    def is_it(self, item: Item) -> bool:
        """Whether this record of the guest is the event."""
        if not isinstance(item, Event) or item.name != self.name or item.seq is None:
            return False
        return all(item.data.get(key) == value for key, value in self.data)


class _Until:
    """A monitor whose steady state is the event; what deviates is for those to judge who go on from there."""

    def __init__(self, inner: Monitor, at: At) -> None:
        self._inner = inner
        self._at = at
        self.reached: Event | None = None
        self.names: set[str] = set()

    def feed(self, item: Item, /) -> Iterable[Any]:
        """Nothing is found here."""
        self._inner.feed(item)
        if isinstance(item, Event) and item.seq is not None:
            if len(self.names) < _MOST_NAMES:
                self.names.add(item.name)
            if self.reached is None and self._at.is_it(item):
                self.reached = item
        return ()

    @property
    def steady(self) -> bool:
        return self.reached is not None or self._inner.steady

    @property
    def settled(self) -> bool:
        return self._inner.settled


class _SavedError(Exception):
    """The boot has served its purpose."""


def save(image: BuiltImage, options: Options, at: str, folder: Path | None) -> Snapshot:
    """Boots `image` to the event and saves it in `folder`, which must be new, empty or a snapshot.

    `folder` None: a private one, which the snapshot removes when it is closed.
    Raises UsageError, InfrastructureError, NotReachedError.
    """
    event = At.read(at)
    if options.log_writes or options.restore or options.operator:
        raise UsageError("a snapshot is saved from a boot as it is, without --log-writes, --from and --sac")
    home = run_directory(None, "snapshot") if folder is None else _claim(folder)
    part = home / f".part.{os.getpid()}"
    boot = Boot.spawn(image, options._replace(keep=None, cache=False))
    try:
        part.mkdir()
        manifest = _boot(boot, at, event, part)
        for path in sorted(part.iterdir()):
            path.replace(home / path.name)
        text = json.dumps(manifest, indent=1) + "\n"
        (part / MANIFEST).write_text(text, "utf-8")
        (part / MANIFEST).replace(home / MANIFEST)
    except OSError as error:
        raise InfrastructureError(f"cannot write the snapshot to {home}: {error.strerror}") from None
    finally:
        boot.close()
        shutil.rmtree(part, ignore_errors=True)
        if folder is None and not (home / MANIFEST).exists():
            shutil.rmtree(home, ignore_errors=True)
    return Snapshot(home, manifest, image, own=folder is None)


def _claim(folder: Path) -> Path:
    """The folder, without the snapshot that was in there.  Raises UsageError when it holds something else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MANIFEST).exists() and any(folder.iterdir()):
            raise UsageError(f"{folder}: there is something in there that is no snapshot")
        for name in (MANIFEST, RAM, STATE, DISK, VARIABLES, SERIAL_LOG):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None
    return folder.absolute()


def _boot(boot: Boot, at: str, event: At, part: Path) -> dict[str, Any]:
    """Runs the boot to the event, writes the files to `part`, and returns the manifest."""
    import asyncio

    from smssboot.conformance.monitor import Monitor
    from smssboot.machine import supervisor
    from smssboot.machine.plan import Policy

    if boot.error is not None:
        raise boot.error
    assert boot.process is not None
    boot.load()
    assert boot.expected is not None
    until = _Until(Monitor(boot.expected), event)
    manifest: dict[str, Any] = {}

    async def on_event(vm: Machine) -> Iterable[Item]:
        if until.reached is None and event.name != STEADY:
            hint = did_you_mean(event.name, until.names)
            raise UsageError(f"--at {at!r}: no such event up to the steady state", hint=hint)
        manifest.update(await _keep(vm, boot, at, until, part))
        raise _SavedError

    policy: Policy = boot.policy()._replace(stop_on_deviation=False)
    # Elsewhere it stands where the host has met it: nothing is touched, and its times go on as they were.
    stillness = boot.standstill() if event.name == STEADY else None
    try:
        plan, process = boot.prepared.plan, boot.process
        outcome = asyncio.run(
            supervisor.run(plan, lambda item: None, policy, until, on_event, None, process, stillness)
        )
    except _SavedError:
        return manifest
    except MachineError as error:
        raise InfrastructureError(str(error)) from None
    from smssboot.machine.causes import is_infrastructure

    said = f"{boot.image.arch}: the boot ended before {at!r}: {outcome.cause.kind}: {outcome.cause.text}"
    raise InfrastructureError(said) if is_infrastructure(outcome.cause.kind) else NotReachedError(said)


async def _keep(vm: Machine, boot: Boot, at: str, until: _Until, part: Path) -> dict[str, Any]:
    """Everything of the paused machine."""
    from smssboot.machine import snapshot

    plan, process, image = vm.plan, vm.process, boot.image
    await snapshot.save(vm, part / STATE)
    sparse.copy(f"/proc/self/fd/{process.ram_fd}", part / RAM)
    shutil.copyfile(process.serial_log, part / SERIAL_LOG)
    for path, name in ((plan.disk, DISK), (plan.variables, VARIABLES)):
        if path is not None:
            sparse.copy(path, part / name)
    last = _last_record((part / SERIAL_LOG).read_bytes())
    return {
        "schema": SCHEMA,
        "arch": image.arch,
        "recipe": str(image.recipe),
        "image": {"id": image.id, "sha256": image.sha256},
        "event": at,
        "event_seq": None if until.reached is None else until.reached.seq,
        "seq": last.seq,
        "time_ns": last.time_ns,
        "settings": {
            "profile": plan.profile,
            "target": plan.target.name,
            "memory_mib": plan.ram_bytes >> 20,
            "accel": plan.accel,
            "deterministic": plan.deterministic,
            "nonce": plan.nonce,
            "disk": None if plan.disk is None else plan.transport,
            "firmware": plan.firmware,
            "cpu": plan.cpu,
        },
        "qemu": Qemu.at(process.argv[0], vm.qmp.version)._asdict(),
        "machine": list(argv.machine(plan)),
        "files": {path.name: sparse.digest(path).hex() for path in sorted(part.iterdir())},
    }


def _last_record(log: bytes) -> Event:
    """The last record that the guest made: it may have gone on after what the host has seen.

    Raises InfrastructureError for a log without any.
    """
    records = [item for item in Decoder().feed(log, 0) if isinstance(item, Event) and item.seq is not None]
    if not records:
        raise InfrastructureError("the guest had made no record yet")
    return max(records, key=lambda record: record.seq or 0)
