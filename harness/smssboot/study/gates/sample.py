"""One boot as a baseline sees it: what it was run with, what it cost, in which order things happened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from smssboot.errors import InfrastructureError, InputError, UsageError
from smssboot.report.view import RunView
from smssboot.timeline.measure import Measured, Until, measure, without_nonce

if TYPE_CHECKING:
    from smssboot.model.expectation import Expectation
    from smssboot.study.boot import Boot
    from smssboot.timeline.items import Item

_UNKNOWN: Final = "unknown"


class Sample(NamedTuple):
    """`order` is the fingerprint of the boot's order, empty when nobody knows what the model wanted."""

    run: RunView
    measured: Measured
    order: str
    key: Mapping[str, str]


def of_boots(boots: Sequence[Boot], until: Until = "end") -> list[Sample]:
    """The samples of boots that have ended.  Raises InfrastructureError for one that could not be judged, and
    for a guest that said nothing."""
    from smssboot.study.view import run_view

    found = []
    for each in boots:
        run = run_view(each)
        if run.verdict == "error":
            raise InfrastructureError(f"{run.arch}: {run.cause.kind}: {run.cause.text or 'no further word'}")
        order = ""
        if each.expected is not None:
            order = order_of(each.expected, each.items, each.prepared.nonce)
        found.append(Sample(run, measured(run, until), order, key_of(run)))
    return found


def of_file(path: Path, until: Until = "end") -> list[Sample]:
    """The samples of recorded runs.  Raises InputError when nothing can be compared with them."""
    from smssboot.study.recorded import load_runs

    found = []
    for run in load_runs(path).runs:
        if run.verdict == "error":
            raise InputError(str(path), None, None, f"{run.cause.kind}: {run.cause.text or 'not judged'}")
        if not run.qemu_argv:
            raise InputError(str(path), None, None, "nothing says on which machine this boot was made")
        found.append(Sample(run, measured(run, until), _recorded_order(run), key_of(run)))
    return found


def order_of(expected: Expectation, items: Sequence[Item], nonce: str) -> str:
    """The fingerprint of the order in which things happened, as far as the model tells orders apart.

    The nonce is taken out of the events' names, so that every boot has the same.
    """
    from smssboot.conformance.foata import fingerprint, normal_form

    names = [without_nonce(f"{node.voice} {node.label}", nonce) for node in expected.nodes]
    return fingerprint(normal_form(expected, items, names))


def key_of(run: RunView) -> dict[str, str]:
    """What has to be the same for this boot to be compared with another one."""
    argv = run.qemu_argv
    kind = "virtio" if _has(argv, "virtio-blk-pci") else "memory" if _has(argv, "ivshmem-plain") else "none"
    return {
        "arch": run.arch,
        "profile": run.profile,
        "target": run.target or _UNKNOWN,
        "cpu": _after(argv, "-cpu") or _UNKNOWN,
        "memory_mib": _after(argv, "-m") or str(run.memory_mib),
        "accel": run.accel or _UNKNOWN,
        "icount": _after(argv, "-icount") or "none",
        "disk": kind,
        "firmware": "direct" if "-kernel" in argv else "uefi",
        "qemu": run.qemu_version or _UNKNOWN,
        "model": model_mark(run.profile),
    }


def model_mark(profile: str) -> str:
    """A hash of the files that a profile's model is written in.  Raises UsageError for an unknown one."""
    from smssboot import model

    try:
        loaded = model.load(profile)
    except model.ModelError as error:
        raise UsageError(str(error)) from None
    digest = hashlib.sha256()
    for name in loaded.files:
        place = files("smssboot.model").joinpath("versions")
        for part in name.split("/"):
            place = place.joinpath(part)
        digest.update(name.encode() + b"\0" + place.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def measured(run: RunView, until: Until) -> Measured:
    """What a run cost.  Raises InfrastructureError when the guest said nothing."""
    try:
        return measure(
            [view.event for view in run.events], exact=run.deterministic, until=until, nonce=run.nonce
        )
    except ValueError as error:
        raise InfrastructureError(f"{run.arch}: {run.cause.kind}: {error}") from None


def _recorded_order(run: RunView) -> str:
    """The order of a kept run, whose context says what the model wanted; of a mere report it is not known."""
    from smssboot.study import expect, recorded
    from smssboot.study.offline import find_context
    from smssboot.timeline.sniff import read_items

    log = Path(run.artifacts.get("timeline") or run.artifacts.get("serial") or "")
    if not log.is_file() or not (log.parent / recorded.CONTEXT).is_file():
        return ""
    items = read_items(log.read_bytes(), str(log))
    ground = find_context(log, items, recipe=None, profile=None, arch=None)
    return order_of(expect.ground_context(ground), items, ground.nonce or "")


def _after(argv: Sequence[str], option: str) -> str:
    """What stands behind an option of QEMU's command line; empty when it is not there."""
    at = argv.index(option) + 1 if option in argv else len(argv)
    return argv[at] if at < len(argv) else ""


def _has(argv: Sequence[str], device: str) -> bool:
    return any(argument.split(",")[0] == device for argument in argv)
