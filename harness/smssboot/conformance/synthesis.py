"""From an expectation to a timeline that conforms to it: for tests, benchmarks and examples."""

from __future__ import annotations

import random
from collections.abc import Sequence

from smssboot.conformance.matching import digest
from smssboot.model.expectation import Expectation, Graph, Match, Node
from smssboot.timeline.items import Event, Item, Start

_STEP_NS = 1_000_000


def linearise(expectation: Expectation, seed: int | None = None) -> list[int]:
    """One order of the nodes that the model allows; `seed` chooses among them."""
    graph = Graph(len(expectation.nodes), expectation.edges)
    if seed is None:
        return _framed(expectation, graph.order)
    chance = random.Random(seed)
    waiting = [len(p) for p in graph.pred]
    ready = [i for i, n in enumerate(waiting) if n == 0]
    out: list[int] = []
    while ready:
        node = ready.pop(chance.randrange(len(ready)))
        out.append(node)
        for then in graph.succ[node]:
            waiting[then] -= 1
            if waiting[then] == 0:
                ready.append(then)
    return _framed(expectation, out)


def _framed(expectation: Expectation, order: Sequence[int]) -> list[int]:
    """`hello` opens a log and `bye` closes it, wherever the order leaves room."""
    return sorted(order, key=lambda index: {"hello": -1, "bye": 1}.get(expectation.nodes[index].name, 0))


def synthesise(
    expectation: Expectation, order: Sequence[int] | None = None, optional: bool = False
) -> list[Item]:
    """A timeline whose every event is as the model wants it."""
    nodes = linearise(expectation) if order is None else list(order)
    people = _People(expectation)
    wire: list[Item] = []
    evidence: list[Item] = []
    for index in nodes:
        node = expectation.nodes[index]
        if not node.voice:
            continue
        times = max(node.low, 1 if optional and node.high else 0)
        for _ in range(times):
            if node.voice == "evidence":
                evidence.append(Event("evidence", node.name, people.data(node, 0), host_ns=0))
            else:
                seq = len(wire)
                wire.append(people.record(node, seq))
    return [Start(arch=expectation.arch, profile=expectation.profile), *wire, *evidence]


class _People:
    """Gives every process of the model a pid, so that headers and data agree."""

    def __init__(self, expectation: Expectation) -> None:
        self.run = {"nonce": expectation.nonce, "image": expectation.image}
        self.pids: dict[tuple[str, str, str], str] = {("System", "", "0"): "4"}
        for node in expectation.nodes:
            if node.name == "process.create" and node.voice == "fact":
                key = dict(node.key)
                who = (key["name"], key["parent"], key["session"])
                self.pids.setdefault(who, str(100 + 4 * len(self.pids)))

    def pid(self, name: str, parent: str | None, session: str | None) -> str | None:
        """The pid of the first process that fits."""
        for (n, p, s), pid in self.pids.items():
            if n == name and parent in (None, p) and session in (None, s):
                return pid
        return None

    def record(self, node: Node, seq: int) -> Event:
        """A record of the guest."""
        wants = dict(node.key) | {k: m.args[0] for k, m in node.data if m.kind == "eq"}
        process = wants.get("@process")
        session = wants.get("@session")
        pid = "4"
        if process is not None:
            pid = self.pid(process, wants.get("@parent"), session) or "4"
        elif node.name == "process.exit":
            pid = self.pid(wants["name"], wants.get("@pid.parent"), wants.get("@pid.session")) or "4"
        home = next((who[2] for who, known in self.pids.items() if known == pid), "0")
        data = self.data(node, seq, pid)
        return Event(
            node.voice or "fact",
            node.name,
            data,
            host_ns=seq * _STEP_NS,
            seq=seq,
            time_ns=seq * _STEP_NS,
            session=int(session or home),
            pid=int(pid),
            line=seq + 1,
        )

    def data(self, node: Node, seq: int, by: str = "4") -> dict[str, str]:
        """Data that meet every condition of a node."""
        wants = dict(node.key)
        out = {key: value for key, value in node.key if not key.startswith("@")}
        about = {key: m.args[0] for key, m in node.data if m.kind == "eq"} | wants
        if any(key.startswith("@pid.") for key in about) or node.name in ("process.create", "process.exit"):
            name = about.get("name", "")
            parent = about.get("@pid.parent", about.get("parent"))
            session = about.get("@pid.session", about.get("session"))
            out["pid"] = self.pid(name, parent, session) or "0"
        for key, match in node.data:
            if not key.startswith("@"):
                out[key] = self.value(match, {"@records": str(seq + 1), "@by": by, **out})
        return out

    def value(self, match: Match, known: dict[str, str]) -> str:
        """A value that meets one condition."""
        args = match.args
        match match.kind:
            case "glob":
                return args[0].replace("*", "x").replace("?", "x")
            case "any":
                return "x"
            case "has" | "list":
                joint = "\0" if any("=" in arg for arg in args) else ","
                return joint.join(arg[:-1] + "x" if arg.endswith("=*") else arg for arg in args)
            case "digest":
                return digest(match)
            case "same":
                return known[args[0]]
            case "run":
                return self.run.get(args[0]) or "x"
        return args[0]
