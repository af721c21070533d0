"""Which sequence numbers were seen: gaps, repetitions, restarts and the last word.

Numbers that belong to a record known to be damaged are not reported a second time as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GAP: Final = "sequence gap"
REPEATED: Final = "sequence number used twice"
RESTART: Final = "second hello"
NO_HELLO: Final = "no hello"
NO_BYE: Final = "no bye"
AFTER_BYE: Final = "record after bye"
BYE_COUNT: Final = "bye with another count"

_MAX_RANGES: Final = 256
_MAX_DAMAGED: Final = 4096


class Sequence:
    """Follows the numbers of one log.  Every method returns reasons in words, with the number concerned."""

    def __init__(self) -> None:
        self.expected = 0
        self.seen = 0
        self.ended = False
        self._missing: list[tuple[int, int]] = []  # not announced yet, ascending
        self._announced: list[tuple[int, int]] = []
        self._damaged: set[int] = set()

    def restarted(self) -> str:
        """Another `hello` has come with number 0; the caller goes on with a new Sequence."""
        after = "bye" if self.ended else f"record {self.expected - 1}"
        return f"{RESTART}: the guest started again after {after}"

    def arrive(self, seq: int) -> str | None:
        """A whole record has come.  A reason means: do not use it, its number was used before."""
        if seq == self.expected:
            self.expected = seq + 1
        elif seq > self.expected:
            self._missing.append((self.expected, seq - 1))
            del self._missing[:-_MAX_RANGES]
            self.expected = seq + 1
        elif not (_take(self._missing, seq) or _take(self._announced, seq)):
            return f"{REPEATED}: {seq}; the first one stands"
        self.seen += 1
        return None

    def damaged(self, seq: int) -> None:
        """The record with this number is known to be damaged."""
        if len(self._damaged) < _MAX_DAMAGED:
            self._damaged.add(seq)

    def gaps(self) -> list[tuple[int, str]]:
        """First missing number and reason of each gap that was not announced yet."""
        found: list[tuple[int, str]] = []
        for low, high in self._missing:
            for first, last in self._without_damaged(low, high):
                found.append((first, f"{GAP}: {first if first == last else f'{first}..{last}'} missing"))
        self._announced = (self._announced + self._missing)[-_MAX_RANGES:]
        self._missing.clear()
        return found

    def bye(self, data: Mapping[str, str]) -> str | None:
        """The last record has come (and was counted).  The reason when its count does not fit."""
        self.ended = True
        if data.get("count") != str(self.expected):
            said = data.get("count", "nothing")[:20]
            return f"{BYE_COUNT}: it says {said}, its own number makes it {self.expected}"
        return None

    def end(self) -> str | None:
        """The log ends here.  The reason when the guest had not finished."""
        if self.seen and not self.ended:
            return f"{NO_BYE}: the log ends after record {self.expected - 1}"
        return None

    def _without_damaged(self, low: int, high: int) -> list[tuple[int, int]]:
        inside = sorted(seq for seq in self._damaged if low <= seq <= high)
        self._damaged.difference_update(inside)
        ranges: list[tuple[int, int]] = []
        for seq in inside:
            if low < seq:
                ranges.append((low, seq - 1))
            low = seq + 1
        if low <= high:
            ranges.append((low, high))
        return ranges


def _take(ranges: list[tuple[int, int]], seq: int) -> bool:
    """Take `seq` out of the ranges; False when it is in none of them."""
    for at, (low, high) in enumerate(ranges):
        if low <= seq <= high:
            ranges[at : at + 1] = [part for part in ((low, seq - 1), (seq + 1, high)) if part[0] <= part[1]]
            return True
    return False
