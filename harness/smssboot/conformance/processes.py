"""Who speaks: the processes of a boot, learnt from the kernel's own records."""

from __future__ import annotations

from collections.abc import Iterable

from smssboot.timeline.items import Event

SYSTEM_PID = "4"


class ProcessTable:
    """Adds to an event what its process ids stand for.

    `@process`, `@parent`, `@session`, `@by` describe the process in the header; `@pid.name`,
    `@pid.parent`, `@pid.session` the one in `pid=`; `@records` is the number of records so far
    according to the sequence number. What is not known is left out.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str, str]] = {SYSTEM_PID: ("System", "", "0")}

    def learn(self, event: Event) -> None:
        """Take in a `process.create`."""
        data = event.data
        pid = data.get("pid")
        if pid is not None:
            self._known[pid] = (data.get("name", ""), data.get("parent", ""), data.get("session", ""))

    def infer(self, events: Iterable[Event], creations: Iterable[tuple[str, str, str]]) -> None:
        """Restore processes whose creation was lost, from what else the log says of them.

        A name comes with `pid=` in other facts, a session from the headers of the process's own records;
        the parent is that of the only expected creation (name, parent, session) that fits and was not seen.
        """
        names: dict[str, str] = {}
        sessions: dict[str, str] = {}
        created = set(self._known)
        taken: set[tuple[str, str, str]] = set()
        for event in events:
            pid = event.data.get("pid")
            if event.voice == "fact" and event.name == "process.create" and pid is not None:
                created.add(pid)
                data = event.data
                taken.add((data.get("name", ""), data.get("parent", ""), data.get("session", "")))
            elif event.voice == "fact" and pid is not None and "name" in event.data:
                names.setdefault(pid, event.data["name"])
            if event.pid is not None and event.session is not None:
                sessions.setdefault(str(event.pid), str(event.session))
        expected = list(creations)
        for pid in (names.keys() | sessions.keys()) - created:
            fitting = [
                who
                for who in expected
                if who not in taken
                and names.get(pid, who[0]) == who[0] and sessions.get(pid, who[2]) == who[2]
            ]
            if len(fitting) == 1:
                self._known[pid] = fitting[0]

    def describe(self, event: Event) -> dict[str, str]:
        """The event's data with the fields above. Constant time."""
        data = dict(event.data)
        if event.voice == "fact" and event.name == "process.create":
            self.learn(event)
        if event.pid is not None:
            data["@by"] = str(event.pid)
            found = self._known.get(data["@by"])
            if found is not None:
                data["@process"], data["@parent"] = found[0], found[1]
        if event.session is not None:
            data["@session"] = str(event.session)
        if event.seq is not None:
            data["@records"] = str(event.seq + 1)
        target = data.get("pid")
        if target is not None:
            found = self._known.get(target)
            if found is not None:
                data["@pid.name"], data["@pid.parent"], data["@pid.session"] = found
        return data
