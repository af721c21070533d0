"""`smssboot compare`: two architectures of one image, or any two runs, side by side."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from smssboot.cli import outputs, subjects
from smssboot.errors import EXIT_INFRASTRUCTURE, UsageError, did_you_mean
from smssboot.image.paths import ARCHES
from smssboot.study.subjects import Subject


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    subjects.add_arguments(parser, "RECIPE|A B")
    parser.add_argument("--anyway", action="store_true", help="also runs of another image, QEMU, clock ...")
    parser.add_argument("--recipe", metavar="RECIPE", help="whose declared divergences count")
    parser.add_argument("--all", action="store_true", help="show every phase, and data that differ rightly")


def main(options: Namespace) -> int:
    """Compare, and say in what the two diverge: exit code 1 if in anything that is not declared."""
    outputs.check(options)
    if len(options.subject) > 2:
        raise UsageError(f"expected a recipe or two runs, found {len(options.subject)} words")
    a, b = _pair(options)
    if any(each.boot is not None and each.run.verdict == "error" for each in (a, b)):
        return EXIT_INFRASTRUCTURE  # what happened has been told
    from smssboot.report import comparison, comparison_document
    from smssboot.study import comparing

    recipe = options.recipe or (a.recipe or a.run.recipe)
    required = options.recipe is not None
    declared = comparing.declarations(recipe, required=required) if recipe else []
    view = comparing.compare(a, b, declared, anyway=options.anyway)
    subjects.show(
        options,
        lambda wrap: comparison.lines(view, options.all),
        lambda: comparison_document.to_document(view),
    )
    return 1 if view.diverges else 0


def _pair(options: Namespace) -> tuple[Subject, Subject]:
    words = options.subject or ["default"]
    if len(words) == 2:
        return _one(words[0], options), _one(words[1], options)
    found = _runs(words[0], options)
    if _counted_in_part(found) and not options.deterministic:
        print(f"smssboot: {words[0]}: one machine cannot count instructions: both run free", file=sys.stderr)
        options.free_running = True
        found = _runs(words[0], options)
    if len(found) != 2:
        there = f"found {len(found)} in {words[0]}" if len(found) != 1 else f"{words[0]} gives one"
        raise UsageError(f"expected two runs, {there}", hint="name two files, or leave --arch out")
    return found[0], found[1]


def _counted_in_part(found: list[Subject]) -> bool:
    """Whether boots of ours could be made deterministic on one machine and not on another."""
    return len({each.run.deterministic for each in found if each.boot is not None}) > 1


def _one(word: str, options: Namespace) -> Subject:
    found = _runs(word, options)
    if len(found) != 1:
        there = ", ".join(subject.run.arch for subject in found)
        message = f"{word}: expected one run, found {len(found)} ({there})"
        raise UsageError(message, hint=f"{word}#ARCH or --arch chooses one")
    return found[0]


def _runs(word: str, options: Namespace) -> list[Subject]:
    """The runs that a word names: `FILE`, `FILE#ARCH`, a recipe."""
    from smssboot.study.subjects import recorded

    name, mark, arch = word.rpartition("#")
    if not mark:
        name, arch = word, options.arch
    elif arch not in ARCHES:
        raise UsageError(f"{word}: unknown architecture {arch!r}", hint=did_you_mean(arch, ARCHES))
    path = subjects.as_recording(name)
    if path is not None:
        return subjects.chosen(recorded(path), name, arch)
    return subjects.boot(Namespace(**{**vars(options), "arch": arch}), [name])
