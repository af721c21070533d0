"""What a boot must lead to, told in the terms of the system: processes, links, directories, environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smssboot.model.context import Context
from smssboot.model.expectation import Expectation, Node
from smssboot.model.grounding import ground
from smssboot.model.loader import load


@dataclass(frozen=True, slots=True)
class Process:
    """A process that must be created."""

    name: str
    parent: str
    session: int
    stays: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """The outcome of a boot by its model. `environment` is what csrss inherits."""

    profile: str
    arch: str
    sessions: tuple[int, ...]
    processes: tuple[Process, ...]
    links: dict[str, str]
    directories: tuple[str, ...]
    ports: tuple[str, ...]
    events: tuple[str, ...]
    drivers: tuple[str, ...]
    environment: tuple[str, ...]
    bugcheck: str | None
    end: str

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "profile": self.profile,
            "arch": self.arch,
            "sessions": list(self.sessions),
            "processes": [
                {"name": p.name, "parent": p.parent, "session": p.session, "stays": p.stays}
                for p in self.processes
            ],
            "links": dict(self.links),
            "directories": list(self.directories),
            "ports": list(self.ports),
            "events": list(self.events),
            "drivers": list(self.drivers),
            "environment": list(self.environment),
            "bugcheck": self.bugcheck,
            "end": self.end,
        }

    def __str__(self) -> str:
        lines = [f"{self.profile} on {self.arch}"]
        lines.append("sessions    " + ", ".join(map(str, self.sessions)))
        lines.append("processes")
        lines += self._tree(None, 1)
        for title, rows in (
            ("links", [f"{path} -> {target}" for path, target in self.links.items()]),
            ("directories", self.directories),
            ("ports", self.ports),
            ("events", self.events),
            ("drivers", self.drivers),
            ("environment of csrss", self.environment),
        ):
            if rows:
                lines += [title, *[f"  {row}" for row in rows]]
        if self.bugcheck is not None:
            lines.append(f"bugcheck    {self.bugcheck}")
        lines.append(f"end         {self.end}")
        return "\n".join(lines) + "\n"

    def _tree(self, above: Process | None, depth: int) -> list[str]:
        """The processes below one, indented."""
        out: list[str] = []
        for process in self.processes:
            if _is_child(process, above):
                fate = "" if process.stays else "  (transient)"
                out.append(f"{'  ' * depth}{process.name}  session {process.session}{fate}")
                out += self._tree(process, depth + 1)
        return out


def _is_child(process: Process, above: Process | None) -> bool:
    if above is None:
        return process.parent == "System"
    if process.parent != above.name:
        return False
    # The master smss makes one copy of itself per session; the copies start everything else.
    if above.parent == "System":
        return process.name == above.name
    return process.name != above.name and process.session == above.session


def predict(context: Context) -> Prediction:
    """What this context must lead to. Raises ModelError for an unknown profile."""
    return prediction_of(ground(load(context.profile), context))


def prediction_of(expectation: Expectation) -> Prediction:
    """The same from an expectation that is at hand."""
    facts = [n for n in expectation.nodes if n.voice == "fact" and n.low > 0]
    objects = [n for n in facts if n.name == "object.create"]
    ended = {
        (k["name"], k.get("@pid.parent"), k.get("@pid.session"))
        for k in (_data(n) for n in facts if n.name == "process.exit" and not n.after_steady)
    }
    processes = []
    for data in (_data(n) for n in facts if n.name == "process.create"):
        gone = (data["name"], data["parent"], data["session"]) in ended
        processes.append(Process(data["name"], data["parent"], int(data["session"]), not gone))
    checks = [_data(n) for n in facts if n.name == "bugcheck"]
    goodbye = [_data(n) for n in facts if n.name == "bye"]
    return Prediction(
        profile=expectation.profile,
        arch=expectation.arch,
        sessions=tuple(int(_data(n)["id"]) for n in facts if n.name == "session.create"),
        processes=tuple(processes),
        links={d["path"]: d.get("target", "") for d in _of(objects, "SymbolicLink")},
        directories=tuple(d["path"] for d in _of(objects, "Directory")),
        ports=tuple(d["path"] for d in _of(objects, "Port")),
        events=tuple(d["path"] for d in _of(objects, "Event")),
        drivers=tuple(dict.fromkeys(_data(n)["path"] for n in facts if n.name == "driver.load")),
        environment=_environment(facts),
        bugcheck=f"{checks[0].get('code')} {checks[0].get('name', '')}".strip() if checks else None,
        end=goodbye[0].get("reason", "") if goodbye else "",
    )


def _data(node: Node) -> dict[str, str]:
    """Everything of a node that is a plain value."""
    return {k: m.args[0] for k, m in node.data if m.kind == "eq"} | dict(node.key)


def _of(objects: Iterable[Node], kind: str) -> list[dict[str, str]]:
    return [data for data in map(_data, objects) if data.get("type") == kind]


def _environment(facts: Iterable[Node]) -> tuple[str, ...]:
    for node in facts:
        block = dict(node.data).get("block")
        if block is None or node.name != "process.environment":
            continue
        if dict(node.key).get("name") != "smss.exe":
            return block.args
    return ()
