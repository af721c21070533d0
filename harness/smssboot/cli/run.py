"""`smssboot run`: boots, and the report on them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.cli import outputs
from smssboot.cli.parser import add_recipes, mebibytes, seconds
from smssboot.errors import UsageError

if TYPE_CHECKING:
    from smssboot.study.options import Options as BootOptions
    from smssboot.study.snapshots.snapshot import Snapshot


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    add_recipes(parser)
    add_boot_options(parser)
    parser.add_argument("--from", dest="source", metavar="DIR", help="go on from a snapshot")
    parser.add_argument("--keep", metavar="DIR", help="keep timeline, log and command line of each boot")
    parser.add_argument("--record", action="store_true", help="with --keep: so that `smssboot replay` works")
    parser.add_argument("--log-writes", action="store_true", help="with --keep: the order of disk writes too")
    outputs.add_arguments(parser)


def add_boot_options(parser: ArgumentParser) -> None:
    """How to boot: what every command that boots takes."""
    parser.add_argument("--profile", metavar="P", help="another profile than the recipe's")
    parser.add_argument("--target", metavar="T", help="QEMU machine (q35, microvm, virt)")
    parser.add_argument("--accel", default="tcg", metavar="A", help="accelerator: tcg (default), kvm, auto")
    parser.add_argument("--deterministic", action="store_true", help="count instructions: repeats bit by bit")
    parser.add_argument("--timeout", metavar="S", type=seconds, help="seconds to the steady state")
    parser.add_argument("--nonce", metavar="DIGITS", help="plant this nonce instead of a fresh one")
    parser.add_argument(
        "--power-off", choices=("button", "sac"), default="button", help="how the guest is asked to end"
    )
    parser.add_argument(
        "--sac", action="append", default=[], metavar="CMD", type=typed,
        help="type this on the operator's console at the steady state; may be repeated",
    )  # fmt: skip
    parser.add_argument("--disk", choices=("virtio", "memory"), help="how the guest reaches its disk")
    parser.add_argument(
        "--firmware", choices=("direct", "uefi"), default="direct", help="who loads the kernel: QEMU or UEFI"
    )
    parser.add_argument("--cpu", metavar="MODEL", help="another processor than the target's (qemu -cpu help)")
    parser.add_argument("--memory", metavar="MIB", type=mebibytes, help="RAM instead of the recipe's")
    parser.add_argument("--no-cache", action="store_true", help="boot, even if the result is known already")
    parser.add_argument("--qemu", metavar="PATH", help="another QEMU binary")


def main(options: Namespace) -> int:
    """Build, boot, judge, report."""
    outputs.check(options)
    from smssboot.cli.build import images
    from smssboot.study import runs

    snapshots = _snapshots(options)
    settings = boot_options(options)._replace(restore=snapshots)
    observer = None
    if sys.stderr.isatty():
        from smssboot.cli.progress import Progress

        observer = Progress(sys.stderr)
    try:
        boots = runs.run(images(options), settings, observer)
    finally:
        if observer is not None:
            observer.close()
    return outputs.report(runs.view(boots), options)


def typed(text: str) -> str:
    """A line for the operator's console, as argparse's type."""
    if not text.isascii() or not text.isprintable() or not text:
        raise ArgumentTypeError(f"expected a line of printable ASCII, found {text!r}")
    return text


def _snapshots(options: Namespace) -> dict[str, Snapshot]:
    """What `--from` says, by architecture; recipe and architectures are the snapshots' unless given."""
    if options.source is None:
        return {}
    from smssboot.study.snapshots import snapshot

    chosen = snapshot.choose(snapshot.find(Path(options.source)), options.arch)
    if len(options.recipe) > 1:
        raise UsageError("--from: a snapshot is of one image", hint="name one RECIPE")
    if not options.recipe:
        options.recipe = [chosen[0].recipe]
    if len(chosen) == 1:
        options.arch = chosen[0].arch
    return {each.arch: each for each in chosen}


def boot_options(options: Namespace) -> BootOptions:
    """What was said by `add_boot_options`, and by `run` alone.  Raises UsageError for an unknown profile."""
    from smssboot.study.options import Options

    if options.profile is not None:
        _check_profile(options.profile)
    keep = getattr(options, "keep", None)
    return Options(
        profile=options.profile,
        target=options.target,
        accel=options.accel,
        deterministic=options.deterministic or getattr(options, "record", False),
        timeout_s=options.timeout,
        keep=Path(keep) if keep else None,
        nonce=options.nonce,
        qemu=options.qemu,
        power_off=options.power_off,
        disk=options.disk,
        firmware=options.firmware,
        log_writes=getattr(options, "log_writes", False),
        cpu=options.cpu,
        memory_mib=options.memory,
        cache=not options.no_cache,
        record=getattr(options, "record", False),
        operator=tuple(options.sac),
    )


def _check_profile(profile: str) -> None:
    """Refuse an unknown profile before anything is built."""
    from smssboot import model

    try:
        model.load(profile)
    except model.ModelError as error:
        raise UsageError(str(error)) from None
