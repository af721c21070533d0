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


class Progress:
    """An observer of boots that keeps one line per boot up to date, and takes the lines away at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: dict[int, str] = {}
        self._counts: dict[int, int] = {}
        self._drawn = 0
        self._next = 0.0
        self._ansi = os.environ.get("TERM", "dumb") != "dumb"

    def __call__(self, boot: Boot, item: Item) -> None:
        """One more item of one boot."""
        if not self._ansi:
            return
        key = id(boot)
        if isinstance(item, Event):
            self._counts[key] = self._counts.get(key, 0) + 1
            what = item.name
        elif isinstance(item, Cause):
            what = item.text or item.kind
        else:
            return
        total = len(boot.expected.nodes) if boot.expected else 0
        image = boot.image
        self._lines[key] = f"{image.name} {image.arch:<8} {self._counts.get(key, 0):>4}/{total} {what}"
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
            width = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            width = 80
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A")
        for line in self._lines.values():
            self._stream.write("\x1b[K" + printable(line)[: width - 1] + "\n")
        self._drawn = len(self._lines)
        self._stream.flush()
