"""Tables of text: columns as wide as their widest cell, and how times and numbers are written in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from smssboot.report.terminal import Line, Span
from smssboot.timeline.printable import printable, shorten

Cell: TypeAlias = Span | str

_GAP = "  "
_WIDEST = 90


def table(rows: Sequence[Sequence[Cell]], left: Collection[int] = (0,)) -> Iterator[Line]:
    """Rows whose cells stand under each other, those of the columns in `left` at their left edge.

    Whatever a cell holds comes out safe for any terminal.
    """
    laid_out = [[_cell(cell) for cell in row] for row in rows]
    count = max(map(len, laid_out), default=0)
    widths = [max((len(row[n].text) for row in laid_out if n < len(row)), default=0) for n in range(count)]
    for row in laid_out:
        line: list[Span] = []
        for number, cell in enumerate(row):
            room = widths[number]
            text = cell.text.ljust(room) if number in left else cell.text.rjust(room)
            line.append(Span(text if number == 0 else _GAP + text, cell.style))
        yield line


def milliseconds(ns: int) -> str:
    """A duration of the guest in milliseconds, to the microsecond."""
    return f"{ns / 1e6:,.3f} ms"


def count(number: int | None) -> str:
    """A whole number in groups of three; a dash where nothing was counted."""
    return "-" if number is None else f"{number:,}"


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def ratio(part: int, whole: int) -> str:
    """How many times as much one is as the other; a dash where there is no such number."""
    return f"{part / whole:.3f}" if whole > 0 else "-"


def _cell(cell: Cell) -> Span:
    span = cell if isinstance(cell, Span) else Span(cell)
    text = shorten(printable(span.text.replace("\r\n", " ").replace("\n", " ")), _WIDEST)
    return Span(text, span.style)
