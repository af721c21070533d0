"""`smssboot build`, and the images that `smssboot run` boots."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.cli.parser import add_recipes
from smssboot.errors import UsageError

if TYPE_CHECKING:
    from smssboot.image.built import BuiltImage


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    add_recipes(parser)
    parser.add_argument("--out", metavar="DIR", help="also copy the images there")


def main(options: Namespace) -> int:
    """Build what was asked for and say where it is."""
    out = Path(options.out) if options.out else None
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {out}: {error.strerror}") from None
    for image in images(options, out):
        print(f"{image.name} {image.arch} {image.id} {image.dir}")
        if image.disk is not None:
            print(f"  disk {image.disk.stat().st_size >> 20} MiB, by {image.transport}: {image.disk}")
            for volume in image.volumes:
                name = volume.letter or "EFI"
                state = ", ".join(["dirty" if volume.dirty else "clean", *volume.problems])
                size = f"{volume.bytes >> 20} MiB, {volume.free} bytes free"
                print(f"  {name:<3} {volume.filesystem} {size}, {state}")
    return 0


def images(options: Namespace, out: Path | None = None) -> list[BuiltImage]:
    """The images of all recipes for all architectures that were asked for, built if need be."""
    from smssboot.image.build import build as build_image
    from smssboot.image.guest import is_current, plain_dir
    from smssboot.image.paths import ARCHES

    arches = ARCHES if options.arch == "all" else (options.arch,)
    stale = [arch for arch in arches if not is_current(plain_dir(arch))]
    if stale and sys.stderr.isatty():
        print(f"building the guest for {' and '.join(stale)} ...", file=sys.stderr)
    return [build_image(recipe, arch, out) for recipe in options.recipe or ["default"] for arch in arches]
