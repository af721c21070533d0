"""Two boots side by side: what only one of them did, said otherwise, or did in another order.

The model decides what counts.  Data that it fixes for each of the two boots, and that both have as it wants
them, are no divergence however they differ; the order of two events matters only where the model orders
them.  Where no model is known, each process's own order counts, and the data are compared as they are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from smssboot.conformance.identity import DEALT_OUT, MEASURED, Identity, Known, Seen, Side
from smssboot.conformance.matching import meets, same
from smssboot.conformance.ordering import misplaced
from smssboot.model.expectation import Match
from smssboot.timeline.spans import SYSTEM_PID

Which: TypeAlias = Literal["a", "b"]
Reason: TypeAlias = Literal["model", "machine", "dealt out"]
Kind: TypeAlias = Literal["presence", "data", "order", "verdict", "cause"]

MACHINES_OWN: Final = frozenset(
    {"PROCESSOR_ARCHITECTURE", "PROCESSOR_LEVEL", "PROCESSOR_IDENTIFIER", "PROCESSOR_REVISION"}
)
"""Variables of the environment whose values the processor dictates, where no model says better."""
_OF_THE_RUN: Final = frozenset({"arch", "machine", "image", "nonce", "serial"})
"""Data that say which run this is, or are made from that; the runs are known to be two."""

_EXACT: Final = frozenset({"eq", "has", "list", "in", "digest", "run", "same"})
"""Conditions that fix a value; the others leave it open."""
_WHOSE: Final = ("@process", "@session", "@pid.name", "@pid.session")
_ALIKE: Final = 0.5
_MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference that the model does not ask for.

    `only` says which boot has the event (presence), or in which one it is out of place (order).  `key` is the
    datum that differs, `a` and `b` its values (empty: it is absent).  `data` are the event's, to find it by;
    `times` how many events alike this stands for.
    """

    kind: Kind
    label: str
    event: str = ""
    voice: str = ""
    only: Which | None = None
    key: str = ""
    a: str = ""
    b: str = ""
    near: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """Data that differ and may: `why` says what makes them."""

    label: str
    key: str
    a: str
    b: str
    why: Literal["model", "machine"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two boots have in common and what not.

    `matched` events are in both.  `allowed` are data that differ as the model or the machine has it,
    `reordered` counts events that stand elsewhere where the model orders nothing, `background` those that the
    kernel made by itself while every program waited, in one boot only.
    """

    divergences: tuple[Divergence, ...]
    allowed: tuple[Difference, ...]
    matched: int
    reordered: int
    background: int


def compare(a: Side, b: Side) -> Comparison:
    """Compare two boots, event by event.  O(n log n) but for what is left without a partner."""
    return _Work(Seen(a), Seen(b)).result()


class _Work:
    def __init__(self, a: Seen, b: Seen) -> None:
        self._a, self._b = a, b
        self._pairs: list[tuple[Known, Known]] = []
        self._left: dict[Which, list[Known]] = {"a": [], "b": []}
        self._allowed: list[Difference] = []
        self._other_machine = a.side.arch != b.side.arch
        self._match()
        self._required = self._values_of_the_model()

    def result(self) -> Comparison:
        background = self._take_out_background()
        found = [*self._data(), *self._presence()]
        order = self._order()
        wire = self._wire_pairs()
        elsewhere = len(wire) - len(_longest([b.position for _, b in wire]))
        return Comparison(
            (*found, *order),
            tuple(self._allowed),
            len(self._pairs),
            max(0, elsewhere - len(order)),
            background,
        )

    # -- which is which --------------------------------------------------------------------------------

    def _match(self) -> None:
        self._left = {"a": list(self._a.known), "b": list(self._b.known)}
        self._pair_equals(lambda known: known.identity)
        # What the model lets anybody do, whoever comes first does: that is not said twice.
        self._pair_equals(lambda known: known.identity if known.node else _whoever(known))
        self._pair_what_is_left()
        self._pairs.sort(key=lambda pair: pair[0].position)

    def _pair_equals(self, identity: Callable[[Known], Identity]) -> None:
        waiting: dict[Identity, list[Known]] = defaultdict(list)
        for known in reversed(self._left["b"]):
            waiting[identity(known)].append(known)
        left: list[Known] = []
        for known in self._left["a"]:
            partners = waiting.get(identity(known))
            if partners:
                self._pairs.append((known, partners.pop()))
            else:
                left.append(known)
        alone = [known for partners in waiting.values() for known in partners]
        self._left = {"a": left, "b": sorted(alone, key=lambda known: known.position)}

    def _pair_what_is_left(self) -> None:
        """Events of one name and process that differ in little are one event with other data."""
        alone = Counter(_who(known) for left in self._left.values() for known in left)
        candidates: list[tuple[float, int, int]] = []
        for i, a in enumerate(self._left["a"][:_MOST]):
            for j, b in enumerate(self._left["b"][:_MOST]):
                likeness = _likeness(a, b)
                if likeness >= _ALIKE or (_who(a) == _who(b) and alone[_who(a)] == 2):
                    candidates.append((-likeness, i, j))
        taken: dict[Which, set[int]] = {"a": set(), "b": set()}
        for _, i, j in sorted(candidates):
            if i not in taken["a"] and j not in taken["b"]:
                taken["a"].add(i)
                taken["b"].add(j)
                self._pairs.append((self._left["a"][i], self._left["b"][j]))
        for which, gone in taken.items():
            self._left[which] = [known for n, known in enumerate(self._left[which]) if n not in gone]

    def _take_out_background(self) -> int:
        """What the kernel does by itself once programs run depends on when it is asked to stop."""
        seen: dict[Which, Seen] = {"a": self._a, "b": self._b}
        taken = 0
        for which, side in seen.items():
            begun = next((k.position for k in side.known if k.event.voice == "claim"), len(side.known))
            left = self._left[which]
            self._left[which] = [known for known in left if not _by_itself(known) or known.position < begun]
            taken += len(left) - len(self._left[which])
        return taken

    # -- presence --------------------------------------------------------------------------------------

    def _presence(self) -> Iterable[Divergence]:
        for which, left in self._left.items():
            alike: dict[Identity, list[Known]] = defaultdict(list)
            for known in left:
                alike[known.identity].append(known)
            for group in alike.values():
                first = group[0]
                yield Divergence(
                    "presence", first.label, first.event.name, first.event.voice, which,
                    data=first.data, times=len(group),
                )  # fmt: skip

    # -- data ------------------------------------------------------------------------------------------

    def _values_of_the_model(self) -> set[tuple[str, str]]:
        """Pairs of values that the model wants of the two boots for the same thing: (AMD64, ARM64)."""
        found: set[tuple[str, str]] = set()
        for a, b in self._pairs:
            if a.node is None or b.node is None:
                continue
            wanted = dict(b.node.data)
            for key, match in a.node.data:
                other = wanted.get(key)
                if other is None or (match.kind, other.kind) != ("eq", "eq") or match.args == other.args:
                    continue
                found.add((self._a.scrub(match.args[0]), self._b.scrub(other.args[0])))
        return found

    def _data(self) -> Iterable[Divergence]:
        for a, b in self._pairs:
            for key, x, y in _differences(a, b):
                why = self._why(a, b, key, x, y)
                if why == "dealt out":
                    continue
                if why is not None:
                    self._allowed.append(Difference(a.label, key, x, y, why))
                else:
                    yield Divergence(
                        "data", a.label, a.event.name, a.event.voice, key=key, a=x, b=y, data=a.data
                    )

    def _why(self, a: Known, b: Known, key: str, x: str, y: str) -> Reason | None:
        """What makes a value differ rightly, None when nothing does."""
        name, variable = _variable(key)
        here, there = _condition(a, name), _condition(b, name)
        if not (self._meets(self._a, a, name, here) and self._meets(self._b, b, name, there)):
            return None
        if name in DEALT_OUT:
            return "dealt out"
        if here is not None and there is not None and here.kind in _EXACT and there.kind in _EXACT:
            fixed = variable is None or (_names(here, variable) and _names(there, variable))
            if fixed:
                return "model"
        if (x, y) in self._required:
            return "model"
        other_content = self._other_machine or self._a.side.nonce != self._b.side.nonce
        if name in MEASURED and (self._other_machine or (other_content and name in ("sha256", "digest"))):
            return "machine"
        if variable is None and name in ("value", "data") and a.data.get("name") == b.data.get("name"):
            variable = a.data.get("name")
        if self._other_machine and variable in MACHINES_OWN:
            return "machine"
        return "machine" if name in _OF_THE_RUN else None

    def _meets(self, seen: Seen, known: Known, key: str, match: Match | None) -> bool:
        if match is None:
            return True
        assert seen.account is not None
        data = seen.account.by_position[known.position].data
        return meets(match, key, data, seen.account.tracker.run)

    # -- order -----------------------------------------------------------------------------------------

    def _wire_pairs(self) -> list[tuple[Known, Known]]:
        return [(a, b) for a, b in self._pairs if a.event.voice != "evidence"]

    def _order(self) -> list[Divergence]:
        if self._a.account is None or self._b.account is None:
            return self._order_of_processes()
        partner = {b.position: a for a, b in self._pairs}
        moved = {"a": self._moved(self._a), "b": self._moved(self._b)}
        here = {known.position for known, _ in moved["a"]}
        there = {partner[known.position].position for known, _ in moved["b"] if known.position in partner}
        matched_a = {a.position for a, _ in self._pairs}
        found: list[Divergence] = []
        for known, near in moved["a"]:
            if known.position in matched_a and known.position not in there:
                found.append(_out_of_place(known, "a", near))
        for known, near in moved["b"]:
            if known.position in partner and partner[known.position].position not in here:
                found.append(_out_of_place(known, "b", near))
        return found

    def _moved(self, seen: Seen) -> list[tuple[Known, str]]:
        """The events that stand against the model's order, each with one that it conflicts with."""
        account = seen.account
        assert account is not None
        by_position = {known.position: known for known in seen.known}
        places = account.seen
        return [
            (by_position[places[move.event][0]], by_position[places[move.partners[0]][0]].label)
            for move in misplaced(places, account.graph, account.rank)
        ]

    def _order_of_processes(self) -> list[Divergence]:
        """Without a model: what one process does comes in the same order."""
        of: dict[tuple[str, str, str], list[tuple[Known, Known]]] = defaultdict(list)
        for a, b in self._wire_pairs():
            who = (a.data.get("@process", ""), a.data.get("@parent", ""), a.data.get("@session", ""))
            of[who].append((a, b))
        found: list[Divergence] = []
        for pairs in of.values():
            kept = _longest([b.position for _, b in pairs])
            for number, (a, _) in enumerate(pairs):
                if number not in kept:
                    near = pairs[number - 1][0].label if number else ""
                    found.append(_out_of_place(a, "b", near))
        return found


def _whoever(known: Known) -> Identity:
    """An identity without the process that made the record."""
    words = known.identity[2:]
    pairs = zip(words[::2], words[1::2], strict=True)
    return (*known.identity[:2], *(word for pair in pairs if not pair[0].startswith("@") for word in pair))


def _by_itself(known: Known) -> bool:
    event = known.event
    required = known.node is not None and known.node.low > 0
    return event.voice == "fact" and event.pid == SYSTEM_PID and not required


def _out_of_place(known: Known, which: Which, near: str) -> Divergence:
    event = known.event
    return Divergence("order", known.label, event.name, event.voice, which, near=near, data=known.data)


def _differences(a: Known, b: Known) -> Iterable[tuple[str, str, str]]:
    """(key, value, value) where two events differ; of a block of variables, each variable by itself."""
    keys = [*a.event.data, *(key for key in b.event.data if key not in a.event.data)]
    for key in keys:
        x, y = a.data.get(key, ""), b.data.get(key, "")
        if same(key, x, y) or _counts_records(key, a, b):
            continue
        if key == "block":
            left, right = _block(x), _block(y)
            for name in [*left, *(name for name in right if name not in left)]:
                if left.get(name) != right.get(name):
                    yield f"block.{name}", left.get(name, ""), right.get(name, "")
        else:
            yield key, x, y


def _counts_records(key: str, a: Known, b: Known) -> bool:
    """Whether a value is only the number of records before it, which differs when anything else does."""
    return key == "count" and all(known.data.get("@records") == known.data.get(key) for known in (a, b))


def _block(value: str) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in value.split("\0") if item)


def _variable(key: str) -> tuple[str, str | None]:
    name, dot, variable = key.partition(".")
    return (name, variable) if dot and name == "block" else (key, None)


def _condition(known: Known, key: str) -> Match | None:
    return None if known.node is None else dict(known.node.data).get(key)


def _names(match: Match, variable: str) -> bool:
    """Whether a condition on a block fixes this variable's value."""
    prefix = f"{variable}=".casefold()
    return any(arg.casefold().startswith(prefix) and not arg.endswith("=*") for arg in match.args)


def _who(known: Known) -> tuple[str | None, ...]:
    """Voice, name and process of an event."""
    return (known.event.voice, known.event.name, *(known.data.get(key) for key in _WHOSE))


def _likeness(a: Known, b: Known) -> float:
    if _who(a) != _who(b):
        return 0.0
    keys = [key for key in {*a.event.data, *b.event.data} if key not in DEALT_OUT and key not in MEASURED]
    if not keys:
        return 0.0
    return sum(1 for key in keys if a.data.get(key) == b.data.get(key)) / len(keys)


def _longest(values: Sequence[int]) -> set[int]:
    """Places of a longest rising subsequence: the fewest others had to move.  O(n log n)."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        at = bisect_left(ends, value)
        before.append(places[at - 1] if at else -1)
        if at == len(ends):
            ends.append(value)
            places.append(place)
        else:
            ends[at], places[at] = value, place
    kept: set[int] = set()
    place = places[-1] if places else -1
    while place >= 0:
        kept.add(place)
        place = before[place]
    return kept
