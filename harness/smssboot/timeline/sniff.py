"""Tell what kind of log a file holds, and read either kind to items."""

from __future__ import annotations

import io
from typing import Final, Literal

from smssboot.errors import InputError
from smssboot.timeline.items import Item
from smssboot.timeline.jsonl import Reader
from smssboot.timeline.order import guest_order
from smssboot.timeline.wire import Decoder

LogKind = Literal["timeline", "report", "serial"]

HEAD: Final = 4096
"""Bytes from a file's beginning that are enough for `sniff`."""
_PIECE: Final = 1 << 16


def sniff(head: bytes) -> LogKind:
    """What a file that begins with `head` is: a recorded timeline, a report of ours, or a raw serial log."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:HEAD]
    if first.startswith(b"{"):
        if b'"smssboot.report/' in first:
            return "report"
        if b'"schema"' in first.split(b"\n", 1)[0] or b'"kind"' in first.split(b"\n", 1)[0]:
            return "timeline"
    return "serial"


def read_items(data: bytes, name: str) -> list[Item]:
    """The items of a recorded timeline or a serial log.

    The records are in the guest's order (`order.guest_order`).  In a serial log nothing has a host
    time, so `host_ns` is 0 everywhere.  Raises InputError for an empty file, a report, and a timeline
    with a line that is no item.
    """
    if not data.strip():
        raise InputError(name, None, None, "expected a timeline or a serial log, found an empty file")
    kind = sniff(data)
    if kind == "report":
        raise InputError(
            name, 1, 1, "expected a timeline or a serial log, found a report",
            hint="check the timeline that the report names under artifacts",
        )
    if kind == "timeline":
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        return guest_order(Reader(io.StringIO(text, newline="\n"), name))
    decoder = Decoder()
    items: list[Item] = []
    for at in range(0, len(data), _PIECE):
        items += decoder.feed(data[at : at + _PIECE], 0)
    return guest_order(items + decoder.close(0))
