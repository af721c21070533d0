"""Lost and unreadable records: stretches of the log in which something was said that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from smssboot.timeline.items import Damage, Event, Item

NO_END: Final = "no bye"
"""How the decoder's remark begins that a log has no last record."""


@dataclass(slots=True)
class Stretch:
    """A damaged place. `after` is the position (in the timeline) behind which it lies.

    `first` and `last` are the sequence numbers that are missing, None when nothing is missing in number
    and only noise was found. `lost` counts missing records; `raw` is what can still be read.
    """

    after: int
    first: int | None
    last: int | None
    lost: int
    line: int | None = None
    reason: str = ""
    raw: str = ""
    explains: list[int] = field(default_factory=list)


def stretches(items: Sequence[Item]) -> list[Stretch]:
    """All damaged places of a timeline, in its order."""
    damages = [(position, item) for position, item in enumerate(items) if isinstance(item, Damage)]
    seen: dict[int, int] = {}
    for position, item in enumerate(items):
        if isinstance(item, Event) and item.seq is not None:
            seen.setdefault(item.seq, position)
    out: list[Stretch] = []
    next_seq = 0
    where = -1
    for seq in sorted(seen):
        if seq > next_seq:
            out.append(Stretch(where, next_seq, seq - 1, seq - next_seq))
        where = max(where, seen[seq])
        next_seq = seq + 1
    for position, damage in damages:
        _attach(out, position, damage, next_seq)
    out.sort(key=lambda s: s.after)
    return out


def without_end(items: Sequence[Item]) -> list[Stretch]:
    """The damaged places, apart from the remark that the log has no end: a boot that stopped has none."""
    return [s for s in stretches(items) if s.first is not None or s.raw or not s.reason.startswith(NO_END)]


def _attach(out: list[Stretch], position: int, damage: Damage, next_seq: int) -> None:
    """Give a Damage to the gap that it belongs to, else make a place of its own."""
    raw = damage.raw.decode("utf-8", "replace")
    for stretch in out:
        if stretch.first is None or stretch.last is None:
            continue
        inside = damage.seq is not None and stretch.first <= damage.seq <= stretch.last
        near = damage.seq is None and stretch.after < position and not stretch.raw
        if inside or (near and _adjacent(out, stretch, position)):
            stretch.line = stretch.line or (damage.line or None)
            stretch.reason = stretch.reason or damage.reason
            stretch.raw += raw
            return
    beyond = damage.seq is not None and damage.seq >= next_seq
    out.append(
        Stretch(
            after=position,
            first=damage.seq if beyond else None,
            last=damage.seq if beyond else None,
            lost=1 if beyond else 0,
            line=damage.line or None,
            reason=damage.reason,
            raw=raw,
        )
    )


def _adjacent(out: list[Stretch], stretch: Stretch, position: int) -> bool:
    """Whether no other gap lies between this gap and the damage."""
    return not any(stretch.after < other.after < position for other in out if other is not stretch)
