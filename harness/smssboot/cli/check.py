"""`smssboot check`: a recorded timeline or serial log is judged without QEMU."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from smssboot.cli import outputs
from smssboot.image.paths import ARCHES


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--profile", metavar="P")
    parser.add_argument("--recipe", metavar="RECIPE", help="the recipe of the image that was booted")
    parser.add_argument("--arch", choices=ARCHES)
    outputs.add_arguments(parser)


def main(options: Namespace) -> int:
    """Judge a file and report."""
    outputs.check(options)
    from smssboot.study.offline import check_file

    path = Path(options.file)
    view = check_file(path, recipe=options.recipe, profile=options.profile, arch=options.arch)
    return outputs.report(view, options)
