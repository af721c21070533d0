"""Snapshots: a boot that was saved at a named event, from which many runs go on.

A snapshot is a folder: guest RAM and disk as sparse files, the state of QEMU's devices, the serial log so
far, and `manifest.json`, which says what it was made of. It goes on only as the same machine, under the same
QEMU, for the same image; the guest keeps the nonce that was planted for it, and is judged with that.
`saving.py` makes them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smssboot.errors import InfrastructureError, UsageError, did_you_mean
from smssboot.image import sparse
from smssboot.image.built import BuiltImage
from smssboot.machine import argv
from smssboot.machine.errors import MachineError
from smssboot.machine.launch import SERIAL_LOG, QemuProcess
from smssboot.machine.plan import LaunchPlan
from smssboot.study.options import Options

if TYPE_CHECKING:
    import threading
    from types import TracebackType

    from smssboot.model.expectation import Expectation
    from smssboot.study.boot import Boot, Observer

SCHEMA: Final = "smssboot.snapshot/1"
MANIFEST: Final = "manifest.json"
STEADY: Final = "steady"

RAM: Final = "ram"
STATE: Final = "state"
DISK: Final = "disk.raw"
VARIABLES: Final = "variables.fd"
NAMES: Final = (RAM, STATE, DISK, VARIABLES, SERIAL_LOG)

Json = dict[str, Any]

_AGAIN: Final = "save the snapshot again"

# Fields of Options that belong to the machine, and how they are asked for.
_SETTINGS: Final = {
    "profile": "--profile",
    "target": "--target",
    "memory_mib": "--memory",
    "accel": "--accel",
    "deterministic": "--deterministic",
    "nonce": "--nonce",
    "disk": "--disk",
    "cpu": "--cpu",
    "firmware": "--firmware",
}


class Qemu(NamedTuple):
    """A QEMU binary. With size and time of change equal it is the same one; else its digest decides."""

    path: str
    version: str
    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def at(cls, path: str, version: str) -> Qemu:
        """What is at `path` now.  Raises OSError."""
        state = os.stat(path)
        return cls(os.path.realpath(path), version, state.st_size, state.st_mtime_ns, _sha256(path))

    def is_at(self, path: str) -> bool:
        """Whether the same binary is there.  Raises OSError."""
        state = os.stat(path)
        found = (os.path.realpath(path), state.st_size, state.st_mtime_ns)
        if found == (self.path, self.size, self.mtime_ns):
            return True
        return state.st_size == self.size and _sha256(path) == self.sha256


class Snapshot:
    """A saved boot.  `event` is what it was saved at, `event_seq` that event's record (None: no record of the
    guest), `seq` the last record that the guest had made: a guest that runs freely has gone on a little until
    the host has seen the event.

    A context manager: leaving it removes the folder of a snapshot that `of` made in a private place.
    """

    def __init__(
        self, folder: Path, manifest: Json, image: BuiltImage | None = None, *, own: bool = False
    ) -> None:
        """Raises KeyError or TypeError for a manifest that is none."""
        self.folder = folder
        self.arch: str = manifest["arch"]
        self.recipe: str = manifest["recipe"]
        self.image_id: str = manifest["image"]["id"]
        self.image_sha256: str = manifest["image"]["sha256"]
        self.event: str = manifest["event"]
        self.event_seq: int | None = manifest["event_seq"]
        self.seq: int = manifest["seq"]
        self.time_ns: int = manifest["time_ns"]
        self.nonce: str = manifest["settings"]["nonce"]
        self.settings: Json = {name: manifest["settings"][name] for name in _SETTINGS}
        self.qemu = Qemu(**manifest["qemu"])
        self.machine: tuple[str, ...] = tuple(manifest["machine"])
        self.files: Mapping[str, str] = {name: str(manifest["files"][name]) for name in manifest["files"]}
        self.expected: Expectation | None = None  # what its boots must be: the same for all
        self._image = image
        self._own = own
        self._check: threading.Thread | None = None
        self._damaged: list[str] = []

    @classmethod
    def of(
        cls, image: BuiltImage, options: Options | None = None, at: str = STEADY, folder: Path | None = None
    ) -> Snapshot:
        """Boots `image` to the event `at` and saves it there, in `folder` or for as long as it is used.

        Raises UsageError, InfrastructureError, or `saving.NotReachedError` when the boot ended before.
        """
        from smssboot.study.snapshots import saving

        return saving.save(image, options or Options(), at, folder)

    @classmethod
    def read(cls, folder: Path, image: BuiltImage | None = None) -> Snapshot:
        """The snapshot in `folder`.  Raises UsageError when there is none, or none that is whole."""
        path = folder / MANIFEST
        try:
            manifest = json.loads(path.read_bytes())
            if manifest["schema"] != SCHEMA:
                message = f"{path}: schema is {manifest['schema']!r}, expected {SCHEMA!r}"
                raise UsageError(message, hint=_AGAIN)
            found = cls(folder, manifest, image)
        except OSError as error:
            raise UsageError(f"{folder}: no snapshot: {MANIFEST}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path}: expected what 'smssboot snapshot save' writes", hint=_AGAIN) from None
        for name in found.files:
            if name not in NAMES or not (folder / name).is_file():
                raise UsageError(f"{folder}: the snapshot is not whole: no {name!r}", hint=_AGAIN)
        return found

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes what nobody else has a name for.  May be called twice."""
        if self._check is not None:
            self._check.join()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def state(self) -> Path:
        """The state of QEMU's devices."""
        return self.folder / STATE

    def run(self, options: Options | None = None, observer: Observer | None = None) -> Boot:
        """One run from here to its end.  Raises UsageError."""
        (boot,) = self.run_each([options or Options()], observer)
        return boot

    def run_each(self, options: Sequence[Options], observer: Observer | None = None) -> list[Boot]:
        """One run for each of the options, several at a time."""
        from smssboot.study import runs

        assert self._image is not None, "read without its image"
        wanted = [(self._image, each._replace(restore={self.arch: self})) for each in options]
        return runs.run_each(wanted, observer)

    # What a boot that goes on from here needs, in the order in which it does

    def settle(self, image: BuiltImage, options: Options) -> Options:
        """The options with what the saved machine has.  Raises UsageError when they ask for another one."""
        if image.sha256 != self.image_sha256:
            saved, now = self.image_id, image.id
            message = f"{self.folder}: a snapshot of image {saved}, and {image.name!r} is {now}"
            raise UsageError(message, hint=_AGAIN)
        if options.log_writes:
            raise UsageError("--log-writes: the writes before the snapshot are not in its log")
        default = Options()
        for name, option in _SETTINGS.items():
            asked, has = getattr(options, name), self.settings[name]
            if asked not in (getattr(default, name), has):
                raise UsageError(f"{option} {asked}: the machine in {self.folder} was saved with {has}")
        return options._replace(**self.settings)

    def lay_out(self, run_dir: Path) -> tuple[Path | None, Path | None]:
        """Disk and variables in a boot's folder, still empty but of their size, and the log so far.

        Raises InfrastructureError without space.
        """
        try:
            shutil.copyfile(self.folder / SERIAL_LOG, run_dir / SERIAL_LOG)
            disk, variables = (self._empty(name, run_dir) for name in (DISK, VARIABLES))
        except OSError as error:
            raise self._cannot(error, run_dir) from None
        return disk, variables

    def check_machine(self, plan: LaunchPlan) -> None:
        """Raises UsageError when QEMU or the machine that it would make are not those that were saved."""
        try:
            qemu = argv.qemu_path(plan)
            if not self.qemu.is_at(qemu):
                message = f"{self.folder}: saved by QEMU {self.qemu.version}, and {qemu} is another binary"
                raise UsageError(message, hint=_AGAIN)
            words = argv.machine(plan)
        except (MachineError, OSError):
            return  # QEMU is not there: whoever spawns it says so
        if words != self.machine:
            unlike = zip((*self.machine, *[""] * len(words)), words, strict=False)
            saved, now = next(((a, b) for a, b in unlike if a != b), (self.machine[-1], "nothing"))
            message = f"{self.folder}: saved on another machine: expected {saved!r}, found {now!r}"
            raise UsageError(message, hint=_AGAIN)

    def fill(self, process: QemuProcess) -> None:
        """Puts RAM and disk back, while QEMU starts: it looks at them when it gets the state.

        Raises InfrastructureError without space.
        """
        self._begin_check()
        run_dir = process.plan.run_dir
        try:
            sparse.fill(self.folder / RAM, process.ram_fd)
            for name in (DISK, VARIABLES):
                if name in self.files:
                    fd = os.open(run_dir / name, os.O_WRONLY | os.O_CLOEXEC)
                    try:
                        sparse.fill(self.folder / name, fd)
                    finally:
                        os.close(fd)
        except OSError as error:
            raise self._cannot(error, run_dir) from None

    def check_files(self, *, state: bool = False) -> None:
        """Raises InfrastructureError for a file that is not as it was saved.

        With `state` the devices' state, too: QEMU knows better what is wrong with that, so it is tried first.
        """
        assert self._check is not None
        self._check.join()
        for name in self._damaged:
            if name != STATE or state:
                raise InfrastructureError(f"{self.folder / name} is not what was saved", hint=_AGAIN)

    def _begin_check(self) -> None:
        """Compare the files with their digests, once, beside everything else."""
        if self._check is None:
            import threading

            self._check = threading.Thread(target=self._look, name="snapshot-check", daemon=True)
            self._check.start()

    def _look(self) -> None:
        for name, saved in self.files.items():
            now = ""
            with contextlib.suppress(OSError):
                now = sparse.digest(self.folder / name).hex()
            if now != saved:
                self._damaged.append(name)

    def _empty(self, name: str, run_dir: Path) -> Path | None:
        if name not in self.files:
            return None
        with (run_dir / name).open("wb") as file:
            file.truncate((self.folder / name).stat().st_size)
        return run_dir / name

    def _cannot(self, error: OSError, run_dir: Path) -> InfrastructureError:
        return InfrastructureError(f"cannot restore {self.folder} in {run_dir}: {error.strerror}")


def find(folder: Path) -> dict[str, Snapshot]:
    """The snapshots in a folder by architecture: it holds one, or a folder for each.  Raises UsageError."""
    if (folder / MANIFEST).exists():
        found = [Snapshot.read(folder)]
    else:
        try:
            inner = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
        except OSError:
            inner = []
        if not inner:
            raise UsageError(f"{folder}: no snapshot there", hint="smssboot snapshot save --out DIR")
        found = [Snapshot.read(path) for path in inner]
    return {snapshot.arch: snapshot for snapshot in found}


def choose(snapshots: Mapping[str, Snapshot], arch: str) -> list[Snapshot]:
    """Those of the architecture that was asked for (`all`: what there is).  Raises UsageError."""
    if arch == "all":
        return list(snapshots.values())
    if arch not in snapshots:
        raise UsageError(f"--arch {arch}: no snapshot of it there", hint=did_you_mean(arch, snapshots))
    return [snapshots[arch]]


def _sha256(path: str) -> str:
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
