"""Which event of one boot is which event of another: by what it is about, not by numbers that were dealt out.

The model says which data tell an event from others of its name (a node's key).  For events that it does not
list, all data count that are neither handed out at run time nor measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from smssboot.conformance.accounts import Account
from smssboot.conformance.checker import resolve
from smssboot.conformance.matching import folded
from smssboot.conformance.processes import ProcessTable
from smssboot.conformance.tracking import Sighting
from smssboot.model.expectation import Expectation, Node
from smssboot.timeline.items import Event

Identity: TypeAlias = tuple[str, ...]
"""Voice, name, then key and value in turn."""

DEALT_OUT: Final = frozenset({"pid", "ppid", "tid", "address", "base", "handle", "pc", "sp", "halted"})
"""Data that are handed out as it comes, and where a processor stood: another boot has others."""

MEASURED: Final = frozenset(
    {"bytes", "cluster", "clusters", "digest", "free", "mappings", "offset", "pages", "pages-in", "pages-out",
     "sequence", "sha256", "size"}
)  # fmt: skip
"""Data that follow from how large programs are and what is in files."""

_SHORT: Final = 8
_NONCE: Final = "<nonce>"


@dataclass(frozen=True, slots=True)
class Side:
    """One boot of two that are compared.  `expectation` is None when nobody knows what it had to be."""

    arch: str
    events: Sequence[Event]
    expectation: Expectation | None = None
    nonce: str = ""


@dataclass(slots=True)
class Known:
    """One event with its identity.  `node` is what the model expects there, None for what it only allows."""

    position: int
    event: Event
    data: Mapping[str, str]
    identity: Identity
    label: str
    node: Node | None = None


class Seen:
    """A side with every event identified."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.account: Account | None = None
        if side.expectation is not None:
            self.account = Account(resolve(side.expectation, side.events), side.events)
            sightings = self.account.sightings
        else:
            table = ProcessTable()
            sightings = [
                Sighting(position, event, table.describe(event), "unexpected")
                for position, event in enumerate(side.events)
            ]
        self.known = [self._identify(sighting) for sighting in sightings]

    def scrub(self, text: str) -> str:
        """A value with the run's nonce, whole or short, taken out."""
        nonce = self.side.nonce
        if not nonce:
            return text
        return re.sub(rf"(?<!\d)(?:{re.escape(nonce)}|{re.escape(nonce[:_SHORT])})(?!\d)", _NONCE, text)

    def _identify(self, sighting: Sighting) -> Known:
        event = sighting.event
        node = None
        if self.account is not None and sighting.node >= 0:
            node = self.account.node(sighting.node)
        data = {key: self.scrub(value) for key, value in sighting.data.items()}
        if node is not None:
            # Whose process it is, the node knows even when the creation was lost or is still to come.
            data.update((key, self.scrub(value)) for key, value in node.key if key not in event.data)
            keys = [key for key, _ in node.key]
        else:
            keys = [
                key for key in event.data if key not in DEALT_OUT and key not in MEASURED and key != "block"
            ]
            keys += [key for key in ("@process", "@session", "@pid.session") if key in data]
        parts = [word for key in keys for word in (key, folded(key, data.get(key, "")))]
        label = " ".join([event.name, *_shown(keys, data)])
        return Known(sighting.position, event, data, (event.voice, event.name, *parts), label, node)


def _shown(keys: Sequence[str], data: Mapping[str, str]) -> list[str]:
    """What a label says of an event: its keys, and a session where none of them says it."""
    shown = [f"{key}={data[key]}" for key in keys if not key.startswith("@") and key in data]
    which = "@pid.session" if "@pid.session" in keys else "@session"
    if which in keys and "session" not in keys and data.get(which, "") not in ("", "0"):
        shown.append(f"session={data[which]}")
    return shown
