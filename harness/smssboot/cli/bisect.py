"""`smssboot bisect`: the first bad image of a row, or one step for `git bisect run`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from smssboot.cli.baseline import FOLDER, add_boot_options, boot_options, percent
from smssboot.cli.parser import add_json
from smssboot.errors import EXIT_CONFORMS, SmssbootError, UsageError
from smssboot.image.paths import ARCHES

CANNOT_JUDGE = 125
"""What `git bisect run` takes as: skip this commit."""


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="recipes or built images, oldest first")
    parser.add_argument("--good", metavar="A", help="the image before the first one, known to be good")
    parser.add_argument("--bad", metavar="B", help="the image after the last one, known to be bad")
    parser.add_argument("--step", metavar="NAME", help="judge one image by a baseline: for `git bisect run`")
    parser.add_argument("--baseline", metavar="NAME", help="good is what this baseline says")
    parser.add_argument("--arch", choices=ARCHES, default=ARCHES[0])
    parser.add_argument("--dir", metavar="DIR", default=FOLDER, help=f"where baselines lie ({FOLDER})")
    parser.add_argument(
        "--tolerance", metavar="P", type=percent, default=0.0, help="percent that a phase may be slower"
    )
    add_json(parser)
    add_boot_options(parser)


def main(options: Namespace) -> int:
    """Search, or judge one step."""
    if options.step is not None:
        wrong = [f"--{name}" for name in ("good", "bad", "baseline") if getattr(options, name) is not None]
        if wrong or len(options.images) > 1:
            raise UsageError(f"--step: takes one RECIPE, and not {wrong[0] if wrong else options.images[1]}")
        return _step(options)
    for name in ("good", "bad"):
        if getattr(options, name) is None:
            raise UsageError(f"expected --{name}, or --step NAME", hint="smssboot bisect --help")
    return _search(options)


def _step(options: Namespace) -> int:
    """0 good, 1 bad, 125 cannot be judged.  Nothing that is wrong with an image or the host is bad."""
    from smssboot.image.build import build
    from smssboot.report import checked
    from smssboot.study.gates import baselinefile, baselines

    try:
        (path,) = baselinefile.find(Path(options.dir), options.step, (options.arch,))
        known = baselinefile.read(path)
        recipe = options.images[0] if options.images else known.recipe
        image = build(recipe, known.arch)
        found = baselines.check_image(
            known, image, recipe, boot_options(options), options.tolerance, log=False
        )
    except SmssbootError as error:
        print(f"smssboot: cannot be judged: {error}", file=sys.stderr)
        return CANNOT_JUDGE
    sys.stdout.write(checked.text([found]))
    if options.json:
        from smssboot.cli.outputs import write

        write(options.json, json.dumps(checked.to_document([found]), indent=1))
    return checked.exit_code([found])


def _search(options: Namespace) -> int:
    from smssboot.study.gates import bisect

    row = _row(options)
    judge = bisect.Judge(options.arch, boot_options(options), _baseline(options), options.tolerance)
    told = sys.stderr if options.json == "-" else sys.stdout

    def tell(line: str) -> None:
        print(line, file=told, flush=True)

    found = bisect.search(row, judge, tell)
    for line in bisect.lines(found):
        tell(line)
    if options.json:
        from smssboot.cli.outputs import write

        write(options.json, json.dumps(bisect.to_document(found), indent=1))
    return EXIT_CONFORMS


def _row(options: Namespace) -> list[str]:
    """All images, the good one first and the bad one last."""
    row = [str(image) for image in options.images]
    if not row or row[0] != options.good:
        row.insert(0, options.good)
    if len(row) < 2 or row[-1] != options.bad:
        row.append(options.bad)
    return row


def _baseline(options: Namespace) -> Path | None:
    from smssboot.study.gates import baselinefile

    if options.baseline is None:
        return None
    (path,) = baselinefile.find(Path(options.dir), options.baseline, (options.arch,))
    return path
