"""Bring records that were repaired late to the place that their number gives them."""

from __future__ import annotations

from collections.abc import Iterable

from smssboot.timeline.items import Event, Item


def guest_order(items: Iterable[Item]) -> list[Item]:
    """The items with every late repaired record in front of the records with higher numbers.

    A record that another one interrupted is complete only after that one (`wire.Decoder` holds nothing
    back).  Nothing else moves, and nothing moves across a `hello`: numbers start afresh there.
    """
    ordered: list[Item] = []
    highest = -1
    for item in items:
        if not isinstance(item, Event) or item.seq is None:
            ordered.append(item)
        elif item.seq > highest or not item.repaired:
            highest = 0 if item.seq == 0 else max(highest, item.seq)
            ordered.append(item)
        else:
            ordered.insert(_place(ordered, item.seq), item)
    return ordered


def _place(ordered: list[Item], seq: int) -> int:
    """Where a record belongs: in front of the run of higher numbers at the end."""
    place = len(ordered)
    for at in range(len(ordered) - 1, -1, -1):
        item = ordered[at]
        if isinstance(item, Event) and item.seq is not None:
            if item.seq < seq:
                break
            place = at
    return place
