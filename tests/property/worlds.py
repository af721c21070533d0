"""Contexts, expectations and faults for the property tests: what can be wrong with a conforming timeline."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from smssboot.conformance.synthesis import linearise, synthesise
from smssboot.model import Context, Expectation, ground, load
from smssboot.model.context import Registry
from smssboot.model.expectation import Graph
from smssboot.timeline.items import Event, Item

MANAGER = r"ControlSet001\Control\Session Manager"
CSRSS = (
    r"%SystemRoot%\system32\csrss.exe ObjectDirectory=\Windows ServerDll=basesrv,1 "
    r"ServerDll=winsrv:UserServerDllInitialization,3 ServerDll=winsrv:ConServerDllInitialization,2"
)


def registry(devices: int = 5, sessions: int = 2, control_set: int = 1) -> Registry:
    """A SYSTEM hive as the image room reads it."""
    links = {"AUX": r"\DosDevices\COM1", "PRN": r"\DosDevices\LPT1", "NUL": r"\Device\Null"}
    links |= {"PIPE": r"\Device\NamedPipe", "MAILSLOT": r"\Device\MailSlot"}
    links |= {f"X{n}": rf"\Device\X{n}" for n in range(devices - len(links))}
    manager = MANAGER.replace("001", f"{control_set:03d}")
    return {
        "Select": {"Current": ("REG_DWORD", control_set)},
        manager: {
            "ObjectDirectories": ("REG_MULTI_SZ", [r"\Windows", r"\RPC Control"]),
            "NumberOfInitialSessions": ("REG_DWORD", sessions),
            "Execute": ("REG_MULTI_SZ", [r"%SystemRoot%\system32\winlogon.exe"]),
        },
        rf"{manager}\DOS Devices": {k: ("REG_SZ", v) for k, v in list(links.items())[:devices]},
        rf"{manager}\Environment": {
            "ComSpec": ("REG_EXPAND_SZ", r"%SystemRoot%\system32\cmd.exe"),
            "OS": ("REG_SZ", "Windows_NT"),
            "Path": ("REG_EXPAND_SZ", r"%SystemRoot%\system32;%SystemRoot%"),
            "TEMP": ("REG_EXPAND_SZ", r"%SystemRoot%\TEMP"),
        },
        rf"{manager}\SubSystems": {
            "Required": ("REG_MULTI_SZ", ["Debug", "Windows"]),
            "Debug": ("REG_EXPAND_SZ", ""),
            "Kmode": ("REG_EXPAND_SZ", r"\SystemRoot\System32\win32k.sys"),
            "Windows": ("REG_EXPAND_SZ", CSRSS),
        },
    }


@lru_cache(maxsize=16)
def expectation(
    arch: str = "x86_64", devices: int = 5, sessions: int = 2, action: str = "poweroff", fault: str = ""
) -> Expectation:
    """The grounded win11/documented model."""
    context = Context(
        arch=arch,
        registry=registry(devices, sessions),
        nonce="00112233",
        image="img",
        action=action,
        fault=fault,
    )
    return ground(load("win11/documented"), context)


_ABOVE: dict[tuple[str, str], list[int]] = {}


def above(expected: Expectation) -> list[int]:
    """For each node the bitset of all that must come before it."""
    key = (expected.key, expected.arch)
    if key not in _ABOVE:
        _ABOVE[key] = _above(expected)
    return _ABOVE[key]


def _above(expected: Expectation) -> list[int]:
    graph = Graph(len(expected.nodes), expected.edges)
    found = graph.ancestors_within(list(range(len(expected.nodes))))
    return [found[node] for node in range(len(expected.nodes))]


def trace(expected: Expectation, seed: int | None = None) -> list[Item]:
    """A conforming timeline; with a seed, a random linearisation."""
    return synthesise(expected, None if seed is None else linearise(expected, seed))


def renumber(items: list[Item]) -> list[Item]:
    """Sequence numbers and `bye` put right after records were added, removed or moved."""
    total = sum(1 for item in items if isinstance(item, Event) and item.seq is not None)
    out: list[Item] = []
    number = 0
    for item in items:
        if isinstance(item, Event) and item.seq is not None:
            data = item.data
            if item.name == "bye" and item.voice == "fact":
                data = {**data, "count": str(total)}
            item = replace(item, seq=number, line=number + 1, time_ns=number * 1_000_000, data=data)
            number += 1
        out.append(item)
    return out


@dataclass(frozen=True)
class Mutant:
    """A timeline with one fault, and the event names of which one must be named first."""

    operator: str
    items: list[Item]
    named: frozenset[str]
    told: str


def _records(items: list[Item], inner: bool = True) -> list[int]:
    """Positions of records; `inner` leaves out hello and bye."""
    found = [n for n, item in enumerate(items) if isinstance(item, Event) and item.seq is not None]
    return found[1:-1] if inner else found


def _event(items: list[Item], position: int) -> Event:
    item = items[position]
    assert isinstance(item, Event)
    return item


def _mutant(operator: str, items: list[Item], *named: Event) -> Mutant:
    told = "; ".join(f"{e.voice} {e.name} {dict(e.data)}" for e in named)
    return Mutant(operator, renumber(items), frozenset(e.name for e in named), told)


def _defining(event: Event) -> bool:
    """Whether losing the event makes others unintelligible (who a pid is)."""
    return event.name == "process.create"


def delete(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    at = chance.choice(_records(items))
    if _defining(_event(items, at)):
        return None
    return _mutant("delete", items[:at] + items[at + 1 :], _event(items, at))


def duplicate(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    at = chance.choice(_records(items))
    event = _event(items, at)
    if event.name in ("registry.open", "image.map", "autochk.problem"):
        return None  # legal in any number
    return _mutant("duplicate", items[: at + 1] + [event] + items[at + 1 :], event)


def foreign(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    at = chance.choice(_records(items))
    event = replace(_event(items, at), voice="claim", name="smss.teapot", data={"colour": "blue"})
    return _mutant("foreign", items[:at] + [event] + items[at:], event)


def rename(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    at = chance.choice(_records(items))
    event = _event(items, at)
    if _defining(event) or event.name == "power.request":
        return None
    other = replace(event, name=event.name + "x")
    return _mutant("rename", items[:at] + [other] + items[at + 1 :], event, other)


def change_data(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    """Another value where the model asks for one."""
    from smssboot.conformance.tracking import Tracker

    tracker = Tracker(expected)
    choices: list[tuple[int, str]] = []
    for position, item in enumerate(items):
        if not isinstance(item, Event):
            continue
        sighting = tracker.see(item, position)
        if sighting.outcome == "node" and item.name != "hello":
            node = expected.nodes[sighting.node]
            choices += [
                (position, key)
                for key, match in node.data
                if not key.startswith("@") and match.kind not in ("any", "run") and key in item.data
            ]
    position, key = chance.choice(choices)
    event = _event(items, position)
    value = "77777777" if event.name == "bye" else "~"
    if key in ("parent", "session", "pid", "name") and _defining(event):
        return None
    mutated = replace(event, data={**event.data, key: value})
    if event.name == "bye" and key == "count":
        changed = renumber(items)
        last = max(_records(changed, inner=False))
        wrong = replace(_event(changed, last), data={**_event(changed, last).data, "count": value})
        changed[last] = wrong
        return Mutant("change data", changed, frozenset({"bye"}), "bye count")
    return _mutant("change data", items[:position] + [mutated] + items[position + 1 :], mutated)


def change_key(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    """The same event about something else."""
    keyed = [
        (at, key)
        for at in _records(items)
        for key in ("path", "name", "session", "id", "role")
        if key in _event(items, at).data
        and _event(items, at).voice == "claim"
        and any(
            node.name == _event(items, at).name and key in dict(node.key) for node in expected.nodes
        )
    ]
    at, key = chance.choice(keyed)
    event = _event(items, at)
    mutated = replace(event, data={**event.data, key: "Elsewhere"})
    if event.name == "csrss.directory":
        return None
    return _mutant("change key", items[:at] + [mutated] + items[at + 1 :], mutated)


def truncate(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    """The log ends. The next event of the conforming log, or an equal one, must be named."""
    records = _records(items)
    at = chance.choice(records[3:])
    kept = [item for n, item in enumerate(items) if n < at]
    seen = {id(item) for item in kept}
    spoken = [item for item in items if isinstance(item, Event) and item.seq is not None]
    absent = frozenset(event.name for event in spoken if id(event) not in seen)
    return Mutant("truncate", kept, absent, "the end")


def swap(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    """Two neighbours that the model orders."""
    nodes, lattice = node_of(expected, items), above(expected)
    pairs = [
        (a, b)
        for a, b in _neighbours(items)
        if lattice[nodes[b]] >> nodes[a] & 1
        and not _defining(_event(items, a))
        and "power.request" not in (_event(items, a).name, _event(items, b).name)
    ]
    a, b = chance.choice(pairs)
    changed = list(items)
    changed[a], changed[b] = changed[b], changed[a]
    return _mutant("swap", changed, _event(items, a), _event(items, b))


def move(expected: Expectation, items: list[Item], chance: random.Random) -> Mutant | None:
    """One event at least two ordered places away, so that it alone is to blame."""
    records = _records(items)
    at = chance.choice(records)
    event = _event(items, at)
    if _defining(event) or event.name in ("power.request", "process.exit"):
        return None
    nodes = node_of(expected, items)
    lattice = above(expected)
    before = [n for n in records if n < at and lattice[nodes[at]] >> nodes[n] & 1]
    after = [n for n in records if n > at and lattice[nodes[n]] >> nodes[at] & 1]
    targets = before[:-1] + [n + 1 for n in after[1:]]
    if not targets:
        return None
    to = chance.choice(targets)
    crossed = before if to <= at else after
    crossed = [n for n in crossed if (n >= to if to <= at else n < to)]
    if any(_defining(_event(items, n)) or _event(items, n).name == "power.request" for n in crossed):
        return None
    rest = items[:at] + items[at + 1 :]
    place = to if to <= at else to - 1
    return _mutant("move", rest[:place] + [event] + rest[place:], event)


def _neighbours(items: list[Item]) -> list[tuple[int, int]]:
    records = _records(items)
    return [(a, b) for a, b in pairwise(records) if b == a + 1]


def node_of(expected: Expectation, items: list[Item]) -> dict[int, int]:
    """Position to node, by the tracker."""
    from smssboot.conformance.tracking import Tracker

    tracker = Tracker(expected)
    out: dict[int, int] = {}
    for position, item in enumerate(items):
        if isinstance(item, Event):
            out[position] = tracker.see(item, position).node
    return out


def unordered_swap(expected: Expectation, items: list[Item], chance: random.Random) -> list[Item]:
    """A negative control: two neighbours that the model leaves free, swapped."""
    nodes = node_of(expected, items)
    lattice = above(expected)
    pairs = [
        (a, b)
        for a, b in _neighbours(items)
        if not lattice[nodes[b]] >> nodes[a] & 1 and not _defining(_event(items, a))
    ]
    a, b = chance.choice(pairs)
    changed = list(items)
    changed[a], changed[b] = changed[b], changed[a]
    return renumber(changed)


Operator = Callable[[Expectation, list[Item], random.Random], Mutant | None]
OPERATORS: dict[str, Operator] = {
    "delete": delete,
    "duplicate": duplicate,
    "foreign": foreign,
    "rename": rename,
    "change data": change_data,
    "change key": change_key,
    "truncate": truncate,
    "swap": swap,
    "move": move,
}
