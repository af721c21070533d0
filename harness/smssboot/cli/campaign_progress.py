"""How a campaign goes: a live table on a terminal, one line per cell elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from smssboot.report.campaign.terminal import STYLE
from smssboot.report.campaign.view import CellView
from smssboot.report.terminal import STYLES
from smssboot.timeline.printable import printable, shorten

if TYPE_CHECKING:
    from rich.table import Table

    from smssboot.study.campaigns.local import LocalExecutor

_SHOWN: Final = 8
"""Cells that went wrong, and that run, in the live table."""


class Display(Protocol):
    """A watcher that is shown for as long as a block lasts."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begins(self, total: int, earlier: int) -> None:
        """So many cells."""

    def finished(self, cell: CellView, done: int, total: int) -> None:
        """One more."""


def watch(stream: TextIO, executor: LocalExecutor, name: str) -> Display:
    """The display that fits the stream."""
    import os

    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return LiveTable(stream, executor, name)
    return Lines(stream)


class Lines:
    """A line per finished cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def begins(self, total: int, earlier: int) -> None:
        """So many cells."""
        known = f", {earlier} of them known from before" if earlier else ""
        self._say(f"{total} cells{known}")

    def finished(self, cell: CellView, done: int, total: int) -> None:
        """One more."""
        self._say(f"[{done:>{len(str(total))}}/{total}] {_line(cell)}")

    def _say(self, words: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        text = printable(words).encode(encoding, "backslashreplace").decode(encoding)
        self._stream.write(text + "\n")
        self._stream.flush()


class LiveTable:
    """What runs, what went wrong, and how many cells came out how; gone when the campaign is over."""

    def __init__(self, stream: TextIO, executor: LocalExecutor, name: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._executor = executor
        self._name = name
        self._done = self._total = 0
        self._earlier = 0
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._wrong: list[CellView] = []
        self._since: dict[int, float] = {}
        console = Console(file=stream, highlight=False)
        self._live = Live(
            console=console, get_renderable=self.table, refresh_per_second=8, transient=True, screen=False
        )

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begins(self, total: int, earlier: int) -> None:
        """So many cells."""
        self._total, self._earlier, self._done = total, earlier, earlier

    def finished(self, cell: CellView, done: int, total: int) -> None:
        """One more."""
        self._done, self._total = done, total
        self._counts[cell.outcome] += 1
        if cell.outcome != "passed":
            self._wrong.append(cell)

    def table(self) -> Table:
        """As it is at this moment."""
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items())
        rate = self._done - self._earlier
        speed = f", {rate * 60 / max(now - self._began, 0.001):.0f} a minute" if rate else ""
        head = f"{printable(self._name)}: {self._done} of {self._total}"
        table.add_row(Text(head, "bold"), Text(f"{counts}{speed}"))
        for cell in self._wrong[-_SHOWN:]:
            style = STYLES[STYLE[cell.outcome]]
            table.add_row(Text(cell.outcome, style), Text(shorten(printable(f"{cell.id}: {cell.why}"), 200)))
        for handle in self._executor.running[:_SHOWN]:
            began = self._since.setdefault(handle.number, now)
            table.add_row(Text("boots", "dim"), Text(f"{printable(handle.name)}  {now - began:.1f} s"))
        return table


def _line(cell: CellView) -> str:
    how = "cached" if cell.shown is not None and cell.shown.cached else f"{cell.seconds:.2f} s"
    tries = f", {cell.attempts} attempts" if cell.attempts > 1 else ""
    why = f": {cell.why}" if cell.why else ""
    return f"{cell.outcome:<11} {cell.id} ({how}{tries}){why}"
