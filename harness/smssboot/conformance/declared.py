"""Divergences that a recipe declares as expected, told apart from those that nobody expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from smssboot.conformance.comparison import Divergence


@dataclass(frozen=True, slots=True)
class Declared:
    """One expected divergence.

    `event` is a name and may hold `*`; `data` are values that the event carries, which may hold `*` too.
    `only` is the architecture to which the event belongs alone; empty: any difference of the event.  `why` is
    the reason, `place` where the recipe says so.
    """

    event: str
    why: str
    data: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    place: str = ""

    def covers(self, divergence: Divergence, arches: tuple[str, str]) -> bool:
        """Whether this is the divergence that was meant; `arches` are those of the two boots."""
        if not fnmatchcase(divergence.event, self.event):
            return False
        for key, wanted in self.data.items():
            values = [divergence.data.get(key, "")]
            if key == divergence.key:
                values += [divergence.a, divergence.b]
            if not any(fnmatchcase(value.casefold(), wanted.casefold()) for value in values):
                return False
        if not self.only:
            return True
        if divergence.kind != "presence" or divergence.only is None:
            return False
        return arches[0 if divergence.only == "a" else 1] == self.only


@dataclass(frozen=True, slots=True)
class Sorted:
    """The divergences that nobody declared, those that somebody did, and declarations without any."""

    undeclared: tuple[Divergence, ...]
    declared: tuple[tuple[Divergence, Declared], ...]
    unused: tuple[Declared, ...]


def sort_out(
    divergences: Iterable[Divergence], declared: Sequence[Declared], arches: tuple[str, str]
) -> Sorted:
    """Tell them apart; the first declaration that covers a divergence is its reason."""
    open_ones: list[Divergence] = []
    known: list[tuple[Divergence, Declared]] = []
    used: set[int] = set()
    for divergence in divergences:
        covering = [number for number, one in enumerate(declared) if one.covers(divergence, arches)]
        used.update(covering)
        if covering:
            known.append((divergence, declared[covering[0]]))
        else:
            open_ones.append(divergence)
    unused = tuple(one for number, one in enumerate(declared) if number not in used)
    return Sorted(tuple(open_ones), tuple(known), unused)
