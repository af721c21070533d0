"""`smssboot snapshot save`: boots to an event and keeps the machine as it stands there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from smssboot.cli.parser import subcommands
from smssboot.cli.run import add_boot_options, boot_options
from smssboot.errors import EXIT_CONFORMS
from smssboot.image.paths import ARCHES


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    save = subcommands(parser, "action", "save").add_parser(
        "save", help="boot to an event and save the machine there", allow_abbrev=False
    )
    save.add_argument("recipe", nargs="?", default="default", metavar="RECIPE", help="name, or a file")
    save.add_argument("--arch", choices=(*ARCHES, "all"), default="all")
    save.add_argument(
        "--at", default="steady", metavar="EVENT", help="steady, or a record: 'smss.start role=master'"
    )
    save.add_argument("--out", required=True, metavar="DIR", help="its folder; for all, one in it for each")
    add_boot_options(save)


def main(options: Namespace) -> int:
    """Boot, save, and say where."""
    from smssboot.cli.build import images
    from smssboot.study.snapshots import saving

    settings = boot_options(options)
    saving.At.read(options.at)
    out = Path(options.out)
    options.recipe = [options.recipe]
    for image in images(options):
        folder = out / image.arch if options.arch == "all" else out
        made = saving.save(image, settings, options.at, folder)
        record = f"record {made.seq}, {made.time_ns / 1e9:.6f} s of the guest"
        print(f"{image.name} {image.arch} {image.id} saved at {made.event} ({record}): {made.folder}")
    return EXIT_CONFORMS
