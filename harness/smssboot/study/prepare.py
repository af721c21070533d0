"""From a built image to a launch plan, with the nonce planted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from smssboot.errors import InfrastructureError, UsageError, did_you_mean
from smssboot.image.built import BuiltImage
from smssboot.machine.errors import MachineError
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.targets import DEFAULT_TARGET, TARGETS, Target
from smssboot.study.options import Options, run_directory


class Prepared(NamedTuple):
    """One boot, ready to be launched."""

    image: BuiltImage
    profile: str
    nonce: str
    plan: LaunchPlan
    keep: bool

    @property
    def run_dir(self) -> Path:
        """The folder of this boot alone."""
        return self.plan.run_dir


def prepare(image: BuiltImage, options: Options) -> Prepared:
    """Choose the machine, make the boot's folder, plant the nonce.  Raises UsageError."""
    target = choose_target(image, options)
    profile = options.profile or image.profile
    nonce = options.draw_nonce()
    run_dir = run_directory(options.keep, f"{image.recipe.stem}-{image.arch}")
    plan = LaunchPlan(
        target=target,
        run_dir=run_dir,
        kernel=image.stub,
        initrd=image.plant(nonce, run_dir / "modules.cpio"),
        append=f"profile={profile} image={image.id} nonce={nonce}",
        memory_mib=options.memory_mib or image.memory_mib,
        accel=choose_accel(image, options),
        deterministic=options.deterministic,
        eager=True,
        qemu=options.qemu,
        profile=profile,
        image=image.id,
        image_sha256=image.sha256,
        nonce=nonce,
    )
    return Prepared(image, profile, nonce, plan, options.keep is not None)


def choose_accel(image: BuiltImage, options: Options) -> str:
    """The accelerator by name; another one than TCG has to prove itself first."""
    if options.accel == "tcg":
        return "tcg"
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
