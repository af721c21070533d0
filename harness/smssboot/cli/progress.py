"""Progress on a terminal: one line per boot that says how far it is.  Plain escape codes, no library."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, TextIO

from smssboot.timeline.items import Cause, Event, Item
from smssboot.timeline.printable import printable

if TYPE_CHECKING:
    from smssboot.study.boot import Boot

_EVERY_S: Final = 0.05
_WIDTH: Final = 80
"""Columns of a terminal that does not tell."""


class Progress:
    """An observer of boots that keeps one line per boot up to date, and takes the lines away at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: dict[int, str] = {}
        self._drawn = 0
        self._next = 0.0
        self._ansi = os.environ.get("TERM", "dumb") != "dumb"

    def __call__(self, boot: Boot, item: Item) -> None:
        """One more item of one boot."""
        if not self._ansi:
            return
        key = id(boot)
        if isinstance(item, Event):
            what = item.name
        elif isinstance(item, Cause):
            what = item.text or item.kind
        else:
            return
        seen, expected = boot.monitor.progress if boot.monitor is not None else (0, 0)
        self._lines[key] = f"{boot.image.name} {boot.image.arch:<8} {seen:>4}/{expected} {what}"
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_S
            self._draw()

    def close(self) -> None:
        """Take the lines away; the report follows."""
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._stream.flush()
            self._drawn = 0

    def _draw(self) -> None:
        try:
            width = os.get_terminal_size(self._stream.fileno()).columns or _WIDTH
        except OSError:
            width = _WIDTH
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A")
        for line in self._lines.values():
            self._stream.write("\x1b[K" + printable(line)[: width - 1] + "\n")
        self._drawn = len(self._lines)
        self._stream.flush()
