"""Two runs are compared, if they can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from smssboot.errors import UsageError
from smssboot.study.subjects import Subject

if TYPE_CHECKING:
    from smssboot.conformance.comparison import Divergence
    from smssboot.conformance.declared import Declared
    from smssboot.report.comparison import ComparisonView
    from smssboot.report.view import RunView


def obstacles(a: RunView, b: RunView) -> list[str]:
    """Why two runs cannot be compared: each thing that is not the same, with both its values.

    Two architectures of one recipe are made to be compared: machine and image are theirs.
    """
    pairs = [
        ("QEMU", a.qemu_version, b.qemu_version),
        ("accelerator", a.accel, b.accel),
        ("clock", _clock(a), _clock(b)),
        ("profile", a.profile, b.profile),
        ("memory", _memory(a), _memory(b)),
    ]
    if a.arch != b.arch:
        pairs.append(("recipe", a.recipe, b.recipe))
    else:
        pairs += [("machine", a.target, b.target), ("processor", _processor(a), _processor(b))]
        pairs.append(("image", a.image_id, b.image_id))
    return [f"{what}: {x or 'unknown'} and {y or 'unknown'}" for what, x, y in pairs if x != y]


def _processor(run: RunView) -> str:
    return next((value for word, value in pairwise(run.qemu_argv) if word == "-cpu"), "")


def _memory(run: RunView) -> str:
    return f"{run.memory_mib} MiB" if run.memory_mib else ""


def _clock(run: RunView) -> str:
    return "counts instructions" if run.deterministic else "free-running"


def compare(a: Subject, b: Subject, declared: Sequence[Declared], *, anyway: bool) -> ComparisonView:
    """Compare two runs.  Raises UsageError when they cannot be compared, unless they shall be `anyway`."""
    from smssboot.conformance import comparison as comparing
    from smssboot.conformance.declared import sort_out
    from smssboot.conformance.identity import Side
    from smssboot.report.comparison import ComparisonView

    found = obstacles(a.run, b.run)
    if found and not anyway:
        raise UsageError(f"these runs cannot be compared: {'; '.join(found)}", hint="--anyway does it")
    wanted = (a.expectation(), b.expectation())
    known = None not in wanted
    sides = [
        Side(each.run.arch, [view.event for view in each.run.events], wish if known else None, each.run.nonce)
        for each, wish in zip((a, b), wanted, strict=True)
    ]
    comparison = comparing.compare(*sides)
    divergences = [*_ends(a.run, b.run), *comparison.divergences]
    ordered = sort_out(divergences, declared, (a.run.arch, b.run.arch))
    return ComparisonView(a.run, b.run, _names(a, b), comparison, ordered, known, tuple(found))


def _ends(a: RunView, b: RunView) -> list[Divergence]:
    """Verdict and cause, where both runs were judged and came to another end."""
    from smssboot.conformance.comparison import Divergence

    if any(view.status is None for run in (a, b) for view in run.events):
        return []
    found: list[Divergence] = []
    if a.verdict != b.verdict:
        found.append(Divergence("verdict", "the verdict", "verdict", a=a.verdict, b=b.verdict))
    if a.cause.kind != b.cause.kind:
        found.append(Divergence("cause", "the cause of the end", "cause", a=a.cause.kind, b=b.cause.kind))
    return found


def _names(a: Subject, b: Subject) -> tuple[str, str]:
    if a.run.arch != b.run.arch:
        return a.run.arch, b.run.arch
    return ("A", "B")


def declarations(recipe: str | Path, *, required: bool) -> list[Declared]:
    """The divergences that a recipe declares; none if there is no such recipe and it is not `required`."""
    from smssboot.conformance.declared import Declared
    from smssboot.image.recipe import find_recipe, load_recipe

    try:
        find_recipe(str(recipe))
    except UsageError:
        if required:
            raise
        return []
    return [
        Declared(one.event, one.why, one.data, one.only, f"{one.place.path}:{one.place.line}")
        for one in load_recipe(recipe).divergences
    ]
