"""From a built image to a launch plan, with the nonce planted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smssboot.errors import InfrastructureError, UsageError, did_you_mean
from smssboot.image.built import DISK, BuiltImage
from smssboot.machine.errors import MachineError, QemuMissing
from smssboot.machine.plan import LaunchPlan, Transport
from smssboot.machine.targets import DEFAULT_TARGET, TARGETS, Target
from smssboot.study.exactness import obstacle
from smssboot.study.options import Options, run_directory
from smssboot.study.replays import recording as recordings

if TYPE_CHECKING:
    from smssboot.study.snapshots.snapshot import Snapshot

VARIABLES = "variables.fd"
WRITE_LOG = "writes.log"


class Prepared(NamedTuple):
    """One boot, ready to be launched."""

    image: BuiltImage
    profile: str
    nonce: str
    plan: LaunchPlan
    keep: bool
    restored: Snapshot | None = None  # where it goes on from; None: it begins at power-on

    @property
    def run_dir(self) -> Path:
        """The folder of this boot alone."""
        return self.plan.run_dir


def prepare(image: BuiltImage, options: Options, recording: Path | None = None) -> Prepared:
    """Choose the machine, make the boot's folder, plant the nonce.  Raises UsageError.

    `recording`: where the boot is recorded, if it is and its own folder is not the place.
    """
    if options.record:
        _check_record(image, options, recording)
    restored = options.restore.get(image.arch)
    if restored is not None:
        options = restored.settle(image, options)
    plan = draft(image, options)
    if options.record and plan.inexact:
        # QEMU takes a recorded disk's answers at points of its own that a guest which sleeps never reaches.
        raise UsageError(f"--record: cannot be recorded: {plan.inexact}", hint="a disk as memory can")
    if restored is not None:
        plan = plan._replace(eager=False, restore=restored.state, variables=Path(VARIABLES))
        restored.check_machine(plan)
    if plan.cpu is not None:
        _check_cpu(plan)
    firmware = template(plan.target) if options.firmware == "uefi" else None
    run_dir = run_directory(options.keep, f"{image.recipe.stem}-{image.arch}")
    if restored is not None:
        disk, variables = restored.lay_out(run_dir)
        modules = image.modules  # they are in RAM by then; QEMU wants to see a file of that size
    else:
        disk, variables = _own_copies(image, run_dir, plan.nonce, firmware, _line(plan, image))
        modules = image.plant(plan.nonce, run_dir / "modules.cpio")
    write_log = None
    if options.log_writes:
        write_log = run_dir / WRITE_LOG
        write_log.touch()
    plan = plan._replace(
        run_dir=run_dir,
        initrd=None if plan.initrd is None else modules,
        disk=disk,
        write_log=write_log,
        variables=variables,
    )
    if options.record:
        plan = _recorded(plan, image, recording or run_dir / recordings.FOLDER)
    return Prepared(image, plan.profile, plan.nonce, plan, options.keep is not None, restored)


def _check_record(image: BuiltImage, options: Options, recording: Path | None) -> None:
    """Refuse a recording of what could not be done again from power-on."""
    if recording is None and options.keep is None:
        raise UsageError("--record: needs --keep for the recording")
    what = {
        "--log-writes": options.log_writes,
        "--from": image.arch in options.restore,
        "--sac": options.operator,
        f"{image.name!r}, itself a replay,": image.replay,
    }
    for name, found in what.items():
        if found:
            raise UsageError(f"--record: {name} cannot be recorded")


def check(image: BuiltImage, options: Options) -> None:
    """Whether some machine can do this boot.  Raises UsageError when none can."""
    plan = draft(image, options)
    if plan.cpu is not None:
        _check_cpu(plan)


def draft(image: BuiltImage, options: Options) -> LaunchPlan:
    """The boot's plan with the image's own files: nothing of this boot is there yet.  Raises UsageError."""
    target = choose_target(image, options)
    uefi = options.firmware == "uefi"
    plan = LaunchPlan(
        target=target,
        run_dir=image.dir,
        kernel=None if uefi else image.stub,
        initrd=None if uefi else image.modules,
        memory_mib=choose_memory(image, options, target),
        cpu=options.cpu,
        accel=choose_accel(image, options),
        deterministic=options.deterministic,
        inexact=obstacle(image, options, target) if options.deterministic else "",
        eager=True,
        qemu=options.qemu,
        disk=image.disk,
        transport=choose_transport(image, options, target),
        firmware=options.firmware,
        profile=options.profile or image.profile,
        image=image.id,
        image_sha256=image.sha256,
        nonce=options.draw_nonce(),
    )
    return plan if uefi else plan._replace(append=_line(plan, image))


def _line(plan: LaunchPlan, image: BuiltImage) -> str:
    """The kernel's command line."""
    line = f"profile={plan.profile} image={plan.image} nonce={plan.nonce}"
    return line if image.disk is None else f"{line} systempartition={image.disk_guid}"


def _check_cpu(plan: LaunchPlan) -> None:
    """Refuse a processor that QEMU does not know.  Without any QEMU the launch says so, in a report."""
    from smssboot.machine import cpus

    try:
        cpus.check(plan)
    except QemuMissing:
        pass
    except MachineError as error:
        if error.kind == "usage":
            raise UsageError(f"--cpu: {error}") from None
        raise InfrastructureError(str(error)) from None


def _recorded(plan: LaunchPlan, image: BuiltImage, folder: Path) -> LaunchPlan:
    """The plan that records.  Raises InfrastructureError without space."""
    try:
        return recordings.begin(folder, image, plan)
    except OSError as error:
        raise InfrastructureError(f"cannot record in {folder}: {error.strerror}") from None


def choose_transport(image: BuiltImage, options: Options, target: Target) -> Transport:
    """How the guest reaches its disk.  Raises UsageError when this machine cannot show it so."""
    transport: Transport = options.disk or image.transport
    if options.deterministic and image.disk is not None and target.disk is not None:
        transport = "virtio" if obstacle(image, options, target) else "memory"
    if image.disk is None:
        asked = "--firmware uefi" if options.firmware == "uefi" else "--disk" if options.disk else None
        asked = "--log-writes" if options.log_writes else asked
        if asked is not None:
            raise UsageError(f"{asked}: the image {image.name!r} has no disk")
        return transport
    if target.disk is None:
        raise UsageError(
            f"the target {target.name!r} has no place for a disk", hint="use a recipe with 'disk: none'"
        )
    if options.firmware == "uefi":
        if image.boot_line is None:
            raise UsageError(f"--firmware uefi: the image {image.name!r} has no loader for the firmware")
        if transport == "memory" or options.disk == "memory":
            raise UsageError("--firmware uefi: the firmware reads no memory disk", hint="--disk virtio")
    if options.log_writes and (transport == "memory" or options.keep is None):
        raise UsageError("--log-writes: needs a virtio disk, and --keep for the log")
    size = image.disk.stat().st_size
    if "memory" not in (transport, options.disk):
        return transport
    if size > target.memory_disk_mib << 20:
        raise UsageError(
            f"the disk of {image.name!r} has {size >> 20} MiB, as memory {target.name} can show "
            f"{target.memory_disk_mib} MiB",
            hint="--disk virtio",
        )
    if size & (size - 1):
        raise UsageError(f"the disk of {image.name!r} is no power of two, so it cannot be shown as memory")
    return transport


def choose_memory(image: BuiltImage, options: Options, target: Target) -> int | None:
    """RAM in MiB; None: the target's default.  The firmware may need more than the image asks for."""
    wanted = options.memory_mib or image.memory_mib
    if options.firmware == "uefi":
        return max(wanted or target.memory_mib, target.uefi_mib)
    return wanted


def template(target: Target) -> Path:
    """The template of the firmware's variables.  Raises InfrastructureError without any firmware."""
    from smssboot.machine import firmware

    try:
        return firmware.find(target).variables
    except MachineError as error:
        raise InfrastructureError(str(error), hint="run ci/setup.sh, or smssboot doctor") from None


def _own_copies(
    image: BuiltImage, run_dir: Path, nonce: str, template: Path | None, line: str
) -> tuple[Path | None, Path | None]:
    """This boot's disk and firmware variables in its folder.  Raises InfrastructureError without space."""
    disk = variables = None
    try:
        if image.disk is not None:
            disk = image.plant_disk(nonce, run_dir / DISK, line)
        if template is not None:
            from smssboot.image import sparse

            variables = run_dir / VARIABLES
            sparse.copy(template, variables)
    except OSError as error:
        raise InfrastructureError(f"cannot make the boot's disk in {run_dir}: {error.strerror}") from None
    return disk, variables


def choose_accel(image: BuiltImage, options: Options) -> str:
    """The accelerator by name; another one than TCG has to prove itself first."""
    if options.accel == "tcg":
        return "tcg"
    if options.deterministic:
        raise UsageError(f"--accel {options.accel}: only tcg counts instructions, as --deterministic needs")
    from smssboot.machine import accel

    try:
        return accel.choose(options.accel, image.arch).name
    except MachineError as error:
        if error.kind == "usage":
            raise UsageError(str(error)) from None
        raise InfrastructureError(str(error), hint="use --accel tcg") from None


def choose_target(image: BuiltImage, options: Options) -> Target:
    """The machine that was asked for, else the recipe's, else the architecture's default."""
    name = options.target or image.target
    if name is None:
        return DEFAULT_TARGET[image.arch]
    target = TARGETS.get(name)
    if target is None:
        hint = did_you_mean(name, TARGETS)
        if options.target is not None:
            raise UsageError(f"unknown target {name!r}", hint=hint)
        raise recipe_error(image, f"target.{image.arch}", f"unknown target {name!r}", hint)
    if target.arch != image.arch:
        known = [t.name for t in TARGETS.values() if t.arch == image.arch]
        message = f"target {name!r} is a machine for {target.arch}, not for {image.arch}"
        hint = "valid: " + ", ".join(known)
        if options.target is not None:
            raise UsageError(message, hint=hint)
        raise recipe_error(image, f"target.{image.arch}", message, hint)
    return target


def recipe_error(image: BuiltImage, key: str, message: str, hint: str | None) -> UsageError:
    """An error that points at a key of the recipe."""
    from smssboot.image.recipe import load_recipe

    try:
        return load_recipe(image.recipe).place(key).error(message, hint=hint)
    except UsageError:
        return UsageError(f"{image.recipe}: {message}", hint=hint)
