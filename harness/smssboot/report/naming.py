"""What tells the boots of one study apart: their names for readers that keep a history by name.

A name holds no more than is needed: the architecture alone when nothing else differs, the recipe and the
profile when there are several of them, and a number when even that is not enough.  So the names of a job
that always boots the same things are the same each time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from smssboot.report.view import RunView, StudyView


def short_recipe(run: RunView) -> str:
    """The recipe's name without folders and `.yaml`; `image` where none is known."""
    last = re.split(r"[/\\]", run.recipe.rstrip("/\\"))[-1]
    return last.removesuffix(".yaml") or "image"


def run_labels(study: StudyView) -> list[str]:
    """For people: `aarch64`, `dos-device aarch64`, `dos-device win11/observed aarch64`, `... (2)`."""
    recipes, profiles = _several(study)
    words = [
        " ".join(
            word
            for word in (short_recipe(run) if recipes else "", run.profile if profiles else "", run.arch)
            if word
        )
        or "run"
        for run in study.runs
    ]
    return numbered(words, "{} ({})")


def class_names(study: StudyView) -> list[str]:
    """For JUnit: `smssboot.<profile>.<arch>`, with the recipe before the architecture when there are several.

    A dot divides the parts, so none is left inside a part.
    """
    recipes, _ = _several(study)
    names = []
    for run in study.runs:
        parts = ["smssboot", *run.profile.split("/"), *([short_recipe(run)] if recipes else []), run.arch]
        names.append(".".join(re.sub(r"[\s.]+", "-", part) for part in parts if part))
    return numbered(names, "{}.{}")


def numbered(words: Sequence[str], pattern: str) -> list[str]:
    """The words, each different: what came before gets a number from 2 on, as `pattern` says."""
    taken: set[str] = set()
    used: Counter[str] = Counter()
    every: list[str] = []
    for word in words:
        used[word] += 1
        name = word if used[word] == 1 else pattern.format(word, used[word])
        while name in taken:
            used[word] += 1
            name = pattern.format(word, used[word])
        taken.add(name)
        every.append(name)
    return every


def _several(study: StudyView) -> tuple[bool, bool]:
    """Whether there are several recipes, and several profiles."""
    return len({run.recipe for run in study.runs}) > 1, len({run.profile for run in study.runs}) > 1
