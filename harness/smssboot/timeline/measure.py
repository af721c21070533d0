"""What a boot cost, phase by phase and record by record: what a baseline keeps and a gate compares.

In a deterministic run the guest's clock counts instructions, and costs are instructions.  Otherwise they are
nanoseconds of the guest's clock.  The wait for the power button is the host's doing and costs the guest
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Final, Literal, NamedTuple, TypeAlias

from smssboot.timeline.items import WIRE_VOICES, Event
from smssboot.timeline.phases import INSTRUCTION_NS, SYSTEM, costs
from smssboot.timeline.spans import boots

Unit: TypeAlias = Literal["instructions", "ns"]
Until: TypeAlias = Literal["steady", "end"]

_READY: Final = ".ready"
_REQUEST: Final = "power.request"
_TELLING: Final = ("session", "index", "name", "path", "key", "port", "type", "client")
"""Keys of a record that tell it from others of its name; no process ids, which shift."""
_LONGEST: Final = 120
_SHORT: Final = 8
"""Digits of the nonce in the name of the planted device."""


class Record(NamedTuple):
    """One record of the guest: what it cost since the one before it, and what it says."""

    cost: int
    label: str


@dataclass(frozen=True, slots=True)
class Measured:
    """The cost of one boot in `unit`.

    `phases` are own costs by `Phase.key`, in the order in which they began; what passes before the first
    record of a process is apart from the kernel's (`lsass.exe start`).  They add up to `total`, and so do the
    costs of `records`.  `reading` is by how much the cost of a phase can be misread, because the guest's
    clock moves in steps; `step` is such a step.
    """

    unit: Unit
    until: Until
    total: int
    phases: Mapping[str, int]
    records: tuple[Record, ...] = ()
    reading: Mapping[str, int] = field(default_factory=dict)
    step: int = 0


def measure(events: Sequence[Event], *, exact: bool, until: Until = "steady", nonce: str = "") -> Measured:
    """The cost of a boot from its events: to its steady state, or to its end without the wait before it.

    `nonce` is put out of the records' labels.  Raises ValueError when the guest said nothing with a time.
    """
    heard = [e for e in events if e.voice in WIRE_VOICES and e.seq is not None and e.time_ns is not None]
    heard = [e for e in heard if e.pid is not None]
    heard = _without_wait(heard) if until == "end" else heard[: steady(heard) + 1]
    if not heard:
        raise ValueError("the guest made no record with a time")
    unit: Unit = "instructions" if exact else "ns"
    scale = INSTRUCTION_NS if exact else 1
    moments = [_moment(event, scale) for event in heard]
    counted = [replace(event, time_ns=now) for event, now in zip(heard, moments, strict=True)]
    numbered = [replace(event, time_ns=number) for number, event in enumerate(heard, 1)]
    step = _step(heard, scale)
    before = [0, *moments]
    own = [now - then for now, then in zip(moments, before, strict=False)]
    return Measured(
        unit=unit,
        until=until,
        total=moments[-1],
        phases=_phases(counted),
        records=tuple(Record(cost, label(e, nonce)) for cost, e in zip(own, heard, strict=True)),
        reading={phase: count * step for phase, count in _phases(numbered).items()},
        step=step,
    )


def steady(events: Sequence[Event]) -> int:
    """The position of the record with which the boot was up: the last program's `ready`, else the last."""
    found = [at for at, event in enumerate(events) if event.voice == "claim" and event.name.endswith(_READY)]
    return found[-1] if found else len(events) - 1


def label(event: Event, nonce: str = "") -> str:
    """A record in a few words, the same in every boot of the same image."""
    said = [event.voice, event.name, *(f"{key}={event.data[key]}" for key in _TELLING if key in event.data)]
    text = without_nonce(" ".join(" ".join(said).split()), nonce)
    text = text.encode("ascii", "backslashreplace").decode("ascii")
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text[:_LONGEST]


def without_nonce(text: str, nonce: str) -> str:
    """`text` with zeros, a deterministic boot's nonce, where a boot's own nonce (or its short form) is."""
    if not nonce.strip("0"):
        return text
    return text.replace(nonce, "0" * len(nonce)).replace(nonce[:_SHORT], "0" * _SHORT)


def _phases(events: Sequence[Event]) -> dict[str, int]:
    """Own costs by phase, with the start of each process apart from the kernel's own work."""
    found = costs(events)
    for boot in boots(events):
        known = {0}
        for at, (event, life) in enumerate(zip(boot.records, boot.life_of, strict=True)):
            if life not in known:
                known.add(life)
                before = boot.records[at - 1].time_ns if at else 0
                own = (event.time_ns or 0) - (before or 0)
                session = f" session={event.session}" if event.session else ""
                key = f"{boot.lives[life].name or f'process {event.pid}'} start{session}"
                found[key] = found.get(key, 0) + own
                found[SYSTEM] -= own
    return found


def _moment(event: Event, scale: int) -> int:
    """The event's time in units of `scale` ns, to the nearest."""
    assert event.time_ns is not None
    return (event.time_ns + scale // 2) // scale


def _step(events: Sequence[Event], scale: int) -> int:
    """The step in which the guest's clock moves, in units of `scale` ns, and no less than the unit itself."""
    times = [event.time_ns or 0 for event in events]
    common = gcd(*(time - times[0] for time in times[1:])) if len(times) > 1 else 0
    return max(1, -(-common // scale)) if len(times) > 2 else 1


def _without_wait(events: Sequence[Event]) -> list[Event]:
    """The events with the time between the steady state and the request to switch off taken out."""
    up = steady(events)
    request = next((at for at in range(up + 1, len(events)) if events[at].name == _REQUEST), None)
    if request is None:
        return list(events)
    wait = (events[request].time_ns or 0) - (events[up].time_ns or 0)
    later = [replace(event, time_ns=(event.time_ns or 0) - wait) for event in events[request:]]
    return [*events[: up + 1], *later]
