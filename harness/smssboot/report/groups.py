"""Runs that belong together: the same image under the same model, on one or more architectures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smssboot.report.naming import numbered
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.printable import printable

_ORDER: Final = {"x86_64": 0, "aarch64": 1}
"""So that an architecture has the same place and colour in every report."""


@dataclass(frozen=True, slots=True)
class Group:
    """Runs to be shown side by side.  `numbers` are their places among all runs of the study."""

    title: str
    runs: tuple[RunView, ...]
    numbers: tuple[int, ...]
    labels: tuple[str, ...]

    @property
    def labelled(self) -> tuple[tuple[str, RunView], ...]:
        """Each run with its label."""
        return tuple(zip(self.labels, self.runs, strict=True))


def groups(study: StudyView) -> list[Group]:
    """The groups of a study, in the order of their first runs."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, run in enumerate(study.runs):
        found.setdefault((run.recipe, run.profile), []).append(number)
    for numbers in found.values():
        numbers.sort(key=lambda number: (_ORDER.get(study.runs[number].arch, len(_ORDER)), number))
    return [
        Group(
            " \u00b7 ".join(printable(word) for word in (recipe or "recorded log", profile) if word),
            runs := tuple(study.runs[number] for number in numbers),
            tuple(numbers),
            tuple(numbered([printable(run.arch) for run in runs], "{} ({})")),
        )
        for (recipe, profile), numbers in found.items()
    ]
