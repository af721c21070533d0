"""Cells whose failure is known: each entry names them, says why, and ends on a day.

A quarantined cell still runs.  An entry without a reason or a day, one that has expired, and one that no cell
is in, are errors at their line: a quarantine that nobody looks after would hide what it was not made for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from smssboot.errors import did_you_mean
from smssboot.image.document import Node, Place

_KEYS: Final = ("cell", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Entry:
    """The cells whose ids match any of `patterns` (`*` is any text) are excused up to the day `expires`."""

    place: Place
    patterns: tuple[str, ...]
    reason: str
    expires: date

    def holds(self, cell: str) -> bool:
        """Whether the cell is in it."""
        return any(fnmatchcase(cell, pattern) for pattern in self.patterns)


def read(node: Node, cells: Iterable[str], today: date) -> tuple[Entry, ...]:
    """The entries of a `quarantine:` list for a matrix with these cells.  Raises InputError."""
    known = list(cells)
    return tuple(_entry(item, known, today) for item in node.items())


def _entry(node: Node, cells: list[str], today: date) -> Entry:
    fields = node.fields(_KEYS, required=_KEYS)
    named = fields["cell"]
    patterns = named.items() if named.kind == "seq" else [named]
    if not patterns:
        named.fail(f"{named.where}: expected the ids of cells")
    for pattern in patterns:
        if not any(fnmatchcase(cell, pattern.text()) for cell in cells):
            hint = did_you_mean(pattern.text(), cells)
            pattern.fail(f"{named.where}: no cell is {pattern.text()!r}", hint=hint)
    reason = fields["reason"]
    if not reason.text().strip():
        reason.fail(f"{reason.where}: a quarantine needs a reason")
    expires = _date(fields["expires"])
    if expires < today:
        fields["expires"].fail(
            f"{fields['expires'].where}: expired on {expires}, today is {today}",
            hint="repair the cell, or look at it again and give it another day",
        )
    return Entry(node.place, tuple(p.text() for p in patterns), reason.text().strip(), expires)


def _date(node: Node) -> date:
    try:
        return date.fromisoformat(node.raw() if node.kind in ("timestamp", "str") else "")
    except ValueError:
        node.fail(f"{node.where}: expected a day like 2026-12-31, found {node.raw()!r}")
