"""The chain of events that decided when an event happened: each behind the latest that had to come before it.

What had to come before what is the model's business.  An event's own time is what passed since the latest of
its predecessors in the model's order: until then it could not happen, so nobody else is to blame for it.
Where no model is known, what one process does comes in its order, and a process follows its creation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smssboot.conformance.accounts import Account
from smssboot.conformance.identity import Known, Seen, Side
from smssboot.model.expectation import Expectation
from smssboot.timeline.items import Event


@dataclass(frozen=True, slots=True)
class Link:
    """One event of the chain.  `own_ns` is the time since the link behind it (of the last one, since 0)."""

    label: str
    event: Event
    time_ns: int
    own_ns: int


@dataclass(frozen=True, slots=True)
class Chain:
    """From the event that was asked for back to the first.  `by_model` is False where no model was known."""

    links: tuple[Link, ...]
    by_model: bool


class NoSuchEventError(LookupError):
    """The event that was asked for did not happen; `names` are those that did."""

    def __init__(self, wanted: str, names: Iterable[str]) -> None:
        super().__init__(wanted)
        self.names = sorted(set(names))


def chain(events: Sequence[Event], expectation: Expectation | None, until: str = "") -> Chain:
    """The chain that ends in the steady state, or in the event `until` (`name key=value ...`).

    Raises NoSuchEventError.
    """
    seen = Seen(Side("", events, expectation))
    wire = {known.position: known for known in seen.known if known.event.time_ns is not None}
    before = _Model(seen.account, wire) if seen.account is not None else _Programs(wire)
    end = _find(wire, until) if until else before.steady()
    if end is None:
        raise NoSuchEventError(until or "the steady state", (known.event.name for known in wire.values()))
    path = [end]
    while (last := before.latest(path[-1])) is not None:
        path.append(last)
    links: list[Link] = []
    for number, position in enumerate(path):
        known = wire[position]
        now = known.event.time_ns or 0
        then = wire[path[number + 1]].event.time_ns or 0 if number + 1 < len(path) else 0
        links.append(Link(known.label, known.event, now, now - then))
    return Chain(tuple(links), seen.account is not None)


def _find(wire: dict[int, Known], until: str) -> int | None:
    """The last event that is meant; `smss.paging-files` alone means its end."""
    name, *words = until.split()
    pairs = [word.partition("=")[::2] for word in words]

    def fits(known: Known, wanted: str) -> bool:
        data = {"session": known.data.get("@session", ""), **known.data}
        return known.event.name == wanted and all(data.get(key) == value for key, value in pairs)

    for wanted in (name, f"{name}.end"):
        found = [position for position, known in wire.items() if fits(known, wanted)]
        if found:
            return found[-1]
    return None


class _Model:
    """Predecessors by the model's order."""

    def __init__(self, account: Account, wire: dict[int, Known]) -> None:
        self._account = account
        self._wire = wire
        self._at: dict[int, list[int]] = {
            node: [s.position for s in sightings if s.position in wire]
            for node, sightings in account.at.items()
        }

    def steady(self) -> int | None:
        """The latest event before the shutdown part that the model requires."""
        required = [
            position
            for node, positions in self._at.items()
            if self._account.node(node).low > 0 and not self._account.node(node).after_steady
            for position in positions
        ]
        return max(required, key=self._time, default=None)

    def latest(self, position: int) -> int | None:
        """The latest of the nearest predecessors that were seen; what was not seen passes its own on."""
        node = self._wire[position].node
        if node is None:
            return None
        now = self._time(position)
        stack, visited = list(self._account.graph.pred[node.index]), set[int]()
        found: list[int] = []
        while stack:
            index = stack.pop()
            if index in visited:
                continue
            visited.add(index)
            places = self._at.get(index)
            if places:
                found += [place for place in places if self._time(place) <= now and place != position]
            else:
                stack += self._account.graph.pred[index]
        return max(found, key=lambda place: (self._time(place), place), default=None)

    def _time(self, position: int) -> int:
        return self._wire[position].event.time_ns or 0


class _Programs:
    """Predecessors by the order of each process's own records and by who started whom."""

    def __init__(self, wire: dict[int, Known]) -> None:
        self._wire = wire
        self._before: dict[int, int | None] = {}
        last: dict[int, int] = {}
        started: dict[str, int] = {}
        for position, known in wire.items():
            event = known.event
            pid = event.pid if event.pid is not None else -1
            self._before[position] = last.get(pid, started.get(str(pid)))
            last[pid] = position
            if event.voice == "fact" and event.name in ("process.create", "process.resume"):
                started[event.data.get("pid", "")] = position

    def steady(self) -> int | None:
        """The last claim before the request to end."""
        found = None
        for position, known in self._wire.items():
            if known.event.name == "power.request":
                break
            if known.event.voice == "claim":
                found = position
        return found

    def latest(self, position: int) -> int | None:
        """What the process did before, or its start."""
        return self._before[position]
