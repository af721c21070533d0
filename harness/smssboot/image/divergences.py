"""The recipe's key `divergences`: in what the boots of this image may differ from each other, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smssboot.image.document import Node, Place
from smssboot.image.paths import ARCHES

KEYS: Final = ("event", "data", "only", "why")


@dataclass(frozen=True, slots=True)
class Divergence:
    """One entry.  `event` is a name (with `*`), `data` its data by key, `only` an architecture or empty."""

    place: Place
    event: str
    why: str
    data: dict[str, str] = field(default_factory=dict)
    only: str = ""


def read(node: Node) -> list[Divergence]:
    """The entries of the list.  Raises InputError."""
    return [_entry(item) for item in node.items()]


def _entry(node: Node) -> Divergence:
    fields = node.fields(KEYS, required=("event", "why"))
    for key in ("event", "why"):
        if not fields[key].text().strip():
            fields[key].fail(f"{key}: expected words, found none")
    data: dict[str, str] = {}
    if "data" in fields:
        for key, (_, value) in fields["data"].pairs().items():
            if value.kind in ("seq", "map", "null"):
                value.text()
            data[key] = value.raw()
    return Divergence(
        place=node.place,
        event=fields["event"].text().strip(),
        why=fields["why"].text().strip(),
        data=data,
        only=fields["only"].choice(ARCHES) if "only" in fields else "",
    )
