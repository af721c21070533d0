"""The figures as aligned plain text: a row per figure, a column per machine, and what a row should reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal

Mark = Literal["", "met", "reached", "NOT MET"]

HOST = "host"
"""The column of what no guest machine takes part in."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the table. `reach` is the worst value that is good enough, `aim` what is aimed at; with
    `more` a larger value is a better one. `form` and `unit` say how the value is printed."""

    section: str
    name: str
    value: float
    column: str = HOST
    _: KW_ONLY
    reach: float | None = None
    aim: float | None = None
    more: bool = False
    form: str = ".2f"
    unit: str = ""

    @property
    def mark(self) -> Mark:
        """`met`; `reached` when good enough but short of the aim; `NOT MET`; empty without a goal."""
        goals = [goal for goal in (self.reach, self.aim) if goal is not None]
        if not goals:
            return ""
        if all(self._meets(goal) for goal in goals):
            return "met"
        return "reached" if self.reach is not None and self._meets(self.reach) else "NOT MET"

    @property
    def goal(self) -> str:
        """The goal in words."""
        words = []
        if self.reach is not None:
            words.append(f"{'at least' if self.more else 'at most'} {self._print(self.reach)}")
        if self.aim is not None:
            words.append(f"aim at {self._print(self.aim)}")
        return ", ".join(words)

    def text(self) -> str:
        """The value as it is printed, without what it is aimed at."""
        return f"{self.value:{self.form}}{self.unit}"

    def _meets(self, goal: float) -> bool:
        return self.value >= goal if self.more else self.value <= goal

    def _print(self, goal: float) -> str:
        return f"{goal:,g}{self.unit}"


def render(figures: Sequence[Figure]) -> str:
    """All figures, grouped by section and then by name, in the order of their first mention."""
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.section, figure.name), {})[figure.column] = figure
    columns = list(dict.fromkeys(figure.column for figure in figures))
    name_width = max((len(name) for _, name in rows), default=0)
    widths = {c: max([len(c), *(len(f.text()) for f in figures if f.column == c)]) for c in columns}
    lines = [(" " * (name_width + 2) + "".join(f"  {c:>{widths[c]}}" for c in columns)).rstrip()]
    section = ""
    for (of, name), row in rows.items():
        if of != section:
            section = of
            lines += ["", section]
        cells = "".join(f"  {row[c].text() if c in row else '':>{widths[c]}}" for c in columns)
        lines.append(f"  {name:<{name_width}}{cells}   {_verdict(row)}".rstrip())
    return "\n".join(lines)


def _verdict(row: dict[str, Figure]) -> str:
    """The goal of a row, and the columns that miss it or fall short of the aim."""
    goal = next((figure.goal for figure in row.values() if figure.goal), "")
    if not goal:
        return ""
    missed = [c for c, figure in row.items() if figure.mark == "NOT MET"]
    short = [c for c, figure in row.items() if figure.mark == "reached"]
    said = ["met"] if not missed and not short else []
    for word, of in (("NOT MET", missed), ("aim missed", short)):
        if of:
            said.append(word if len(row) == 1 else f"{word} on {' and '.join(of)}")
    return f"{goal}: {', '.join(said)}"
