"""`smssboot baseline`: what a boot costs is saved, checked and accepted, in files for a repository."""

from __future__ import annotations

import argparse
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.cli.parser import add_json, seconds, subcommands
from smssboot.errors import EXIT_CONFORMS, EXIT_DEVIATES, UsageError
from smssboot.image.paths import ARCHES

if TYPE_CHECKING:
    from smssboot.report.checked import Checked
    from smssboot.study.gates.baselinefile import Baseline
    from smssboot.study.gates.sample import Sample
    from smssboot.study.options import Options

FOLDER: Final = "baselines"
_DEFAULT: Final = "default"


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    actions = subcommands(parser, "action", "save|check|accept|list")
    save = actions.add_parser("save", help="boot, and keep what it costs", allow_abbrev=False)
    _add_which(save)
    save.add_argument("--why", metavar="TEXT", default="first baseline", help="a word for its history")
    save.add_argument("--replace", action="store_true", help="also where there is one already")
    save.add_argument(
        "--until", choices=("steady", "end"), default="end", help="what counts: until it is up, or all"
    )
    save.add_argument("--no-icount", action="store_true", help="count no instructions: a band")
    add_boot_options(save)
    check = actions.add_parser("check", help="boot, and hold it against a baseline", allow_abbrev=False)
    _add_which(check)
    check.add_argument("--run", metavar="FILE", help="a recorded run instead of a boot")
    check.add_argument(
        "--tolerance", metavar="P", type=percent, default=0.0, help="percent that a phase may be slower"
    )
    add_json(check)
    add_boot_options(check)
    accept = actions.add_parser("accept", help="take what was checked as baseline", allow_abbrev=False)
    _add_which(accept)
    accept.add_argument("--why", metavar="TEXT", required=True, help="why it costs more or less now")
    add_boot_options(accept)
    listing = actions.add_parser("list", help="the baselines, or the history of one", allow_abbrev=False)
    listing.add_argument("name", nargs="?", metavar="NAME")
    _add_dir(listing)


def _add_which(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the baseline: NAME.ARCH.yaml in its folder")
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="name in images/, or a file")
    parser.add_argument("--arch", choices=(*ARCHES, "all"), default="all")
    _add_dir(parser)


def _add_dir(parser: ArgumentParser) -> None:
    parser.add_argument("--dir", metavar="DIR", default=FOLDER, help=f"where baselines lie ({FOLDER})")


def add_boot_options(parser: ArgumentParser) -> None:
    """How to boot, as far as a baseline leaves a choice."""
    parser.add_argument("--profile", metavar="P", help="another profile than the recipe's")
    parser.add_argument("--target", metavar="T", help="QEMU machine (q35, microvm, virt)")
    parser.add_argument("--timeout", metavar="S", type=seconds, help="seconds to the steady state")
    parser.add_argument("--qemu", metavar="PATH", help="another QEMU binary")
    parser.add_argument("--disk", choices=("virtio", "memory"), help="how the guest reaches its disk")


def percent(text: str) -> float:
    """A part in percent, as argparse's type."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError(f"expected percent, found {text!r}")
    return value


def boot_options(options: Namespace) -> Options:
    """What was said by `add_boot_options`."""
    from smssboot.study.options import Options

    return Options(
        profile=options.profile,
        target=options.target,
        timeout_s=options.timeout,
        qemu=options.qemu,
        disk=options.disk,
        deterministic=not getattr(options, "no_icount", False),
    )


def main(options: Namespace) -> int:
    """Do one of the four."""
    actions = {"save": _save, "check": _check, "accept": _accept, "list": _list}
    return actions[options.action](options)


def _arches(options: Namespace) -> tuple[str, ...]:
    return ARCHES if options.arch == "all" else (options.arch,)


def _save(options: Namespace) -> int:
    from smssboot.image.build import build
    from smssboot.study.gates import bands, baselinefile, baselines

    recipe = options.recipe or _DEFAULT
    paths = {arch: baselinefile.path_of(Path(options.dir), options.name, arch) for arch in _arches(options)}
    there = [str(path) for path in paths.values() if path.exists()]
    if there and not options.replace:
        hint = "baseline accept changes it, --replace saves anew"
        raise UsageError(f"{there[0]} is there already", hint=hint)
    code = EXIT_CONFORMS
    for arch, path in paths.items():
        group, reference = baselines.measure(build(recipe, arch), boot_options(options), options.until)
        if reference is None:
            _refuse(group.samples)
            code = EXIT_DEVIATES
            continue
        saved = baselines.save(options.name, recipe, group, reference, path, options.why)
        print(f"{arch}: {_cost(saved)}{f', a band: {group.reason}' if group.reason else ''}: {path}")
        if reference.band > bands.WIDE * reference.measured.total:
            part = 100 * reference.band / reference.measured.total
            print(f"{arch}: a band of {part:.0f} % finds little: count instructions, or use a quiet machine")
    return code


def _cost(saved: Baseline) -> str:
    """What a baseline holds, in a few words."""
    reference = saved.reference
    known = reference.measured
    where = "to the steady state" if known.until == "steady" else "from start to end"
    band = f" ± {reference.band:,}" if reference.band else ""
    return f"{known.total:,}{band} {known.unit} {where}, {len(known.phases)} phases"


def _refuse(samples: tuple[Sample, ...]) -> None:
    """Say why nobody wants these boots as a baseline."""
    from smssboot.timeline.printable import printable

    run = next(each.run for each in samples if each.run.verdict != "conforms")
    said = run.findings[0].text if run.findings else f"{run.cause.kind}: {run.cause.text}"
    print(f"{run.arch}: not saved, the boot deviates: {printable(said)}", file=sys.stderr)


def _check(options: Namespace) -> int:
    from smssboot.cli.outputs import write
    from smssboot.report import checked
    from smssboot.study.gates import baselinefile

    if options.run and options.recipe:
        raise UsageError("RECIPE and --run: one of them is enough")
    paths = baselinefile.find(Path(options.dir), options.name, _arches(options))
    known = [baselinefile.read(path) for path in paths]
    found = _check_file(known, options) if options.run else [_check_boot(each, options) for each in known]
    if options.json:
        write(options.json, json.dumps(checked.to_document(found), indent=1))
    (sys.stderr if options.json == "-" else sys.stdout).write(checked.text(found))
    return checked.exit_code(found)


def _check_boot(known: Baseline, options: Namespace) -> Checked:
    from smssboot.image.build import build
    from smssboot.study.gates import baselines

    recipe = options.recipe or known.recipe
    image = build(recipe, known.arch)
    return baselines.check_image(known, image, recipe, boot_options(options), options.tolerance)


def _check_file(known: list[Baseline], options: Namespace) -> list[Checked]:
    """The runs of a file, each against the baseline of its architecture."""
    from smssboot.study.gates import baselines, sample

    path = Path(options.run)
    by_arch = {each.arch: each for each in known}
    untils = {each.reference.measured.until for each in known}
    found = []
    for until in sorted(untils):
        for each in sample.of_file(path, until):
            held = by_arch.get(each.run.arch)
            if held is not None and held.reference.measured.until == until:
                found.append(baselines.check(held, [each], held.recipe, options.tolerance))
    if not found:
        raise UsageError(f"{path}: no run is for {' or '.join(by_arch)}, for which {options.name!r} is")
    return found


def _accept(options: Namespace) -> int:
    from smssboot.image.build import build
    from smssboot.study.gates import baselinefile, baselines

    if not options.why.strip():
        raise UsageError("--why: expected a reason")
    paths = baselinefile.find(Path(options.dir), options.name, _arches(options))
    code = EXIT_CONFORMS
    for known in [baselinefile.read(path) for path in paths]:
        past = None if options.recipe else baselines.last_checked(known)
        if past is not None and past.result == "deviates":
            print(f"{known.arch}: not accepted, the boot that was checked last deviates", file=sys.stderr)
            code = EXIT_DEVIATES
            continue
        if past is not None:
            new = baselines.accept_checked(known, past, options.why)
            print(f"{known.arch}: {_cost(new)}, as checked {past.date} (image {past.image}): {known.path}")
            continue
        recipe = options.recipe or known.recipe
        asked = baselines.options_of(known, boot_options(options))
        until = known.reference.measured.until
        group, reference = baselines.measure(build(recipe, known.arch), asked, until)
        if reference is None:
            _refuse(group.samples)
            code = EXIT_DEVIATES
            continue
        baselines.require_same(known, group.first.key)
        new = baselines.accept(known, reference, group.first.run.image_id, recipe, options.why)
        print(f"{known.arch}: {_cost(new)}: {known.path}")
    return code


def _list(options: Namespace) -> int:
    from smssboot.study.gates import baselinefile

    folder = Path(options.dir)
    if options.name is not None:
        for path in baselinefile.find(folder, options.name, ARCHES):
            _history(baselinefile.read(path))
        return EXIT_CONFORMS
    for name, arch, path in baselinefile.every(folder):
        known = baselinefile.read(path)
        latest = known.history[-1]
        where = f" at {latest.commit}" if latest.commit else ""
        print(f"{name:<20} {arch:<8} {_cost(known)}, accepted {latest.date}{where}")
    return EXIT_CONFORMS


def _history(known: Baseline) -> None:
    """Every acceptance, with the phases that it changed."""
    from smssboot.timeline.printable import printable

    print(f"{known.name} {known.arch}: {_cost(known)}")
    for entry in known.history:
        where = f" {entry.commit}" if entry.commit else ""
        print(f"  {entry.date}{where} image {entry.image}: {entry.total:,}  {printable(entry.why)}")
        for phase, (before, after) in entry.changed.items():
            shown = ["none" if cost is None else f"{cost:,}" for cost in (before, after)]
            print(f"    {printable(phase)}: {shown[0]} -> {shown[1]}")
