"""Everything that was seen during a boot, in order, one dataclass each.

A timeline is a sequence of items.  Every item knows when the *host* saw it (`host_ns`, nanoseconds on
the host's monotonic clock, counted from the moment the run began, so the first item is at 0).  Records
of the guest also carry the guest's own clock (`time_ns`, nanoseconds since kernel entry).

The items are plain, immutable values: they open nothing, print nothing and check nothing.  What a boot
*must* look like is the business of `model` and `conformance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Voice: TypeAlias = Literal["claim", "fact", "evidence"]
"""Who speaks: a user-mode program, the guest's kernel, or the host alone."""

VOICES: Final[tuple[Voice, ...]] = ("claim", "fact", "evidence")
WIRE_VOICES: Final[tuple[Voice, ...]] = ("claim", "fact")
"""The only voices that a guest may use; evidence is made by the harness and never read off the wire."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first item: which image is about to be booted, on what."""

    host_ns: int = 0
    arch: str = ""
    profile: str = ""
    image: str = ""
    image_sha256: str = ""
    nonce: str = ""
    accel: str = ""
    target: str = ""
    qemu_version: str = ""
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One record of the guest, or one observation of the harness (voice `evidence`).

    `seq`, `time_ns`, `session` and `pid` come from the record's header and are None for evidence.
    `line` is the 1-based line of the serial log on which the record starts.  `repaired` is None for a
    record that arrived whole; otherwise it says how the record was put together again.
    """

    voice: Voice
    name: str
    data: Mapping[str, str] = field(default_factory=dict)
    host_ns: int = 0
    seq: int | None = None
    time_ns: int | None = None
    session: int | None = None
    pid: int | None = None
    line: int | None = None
    repaired: str | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """Serial text that is no record: firmware, kernel chatter.  Safe to print on a terminal."""

    text: str
    host_ns: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Damage:
    """Evidence that something was said and could not be read.

    `raw` is what arrived (shortened when it was endless; empty for a gap), `seq` the sequence number
    when it was still legible, or the first missing one for a gap.
    """

    raw: bytes
    reason: str
    host_ns: int = 0
    line: int = 0
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A measurement of the host: CPU seconds of QEMU, load, resident memory."""

    host_ns: int
    name: str
    data: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the run ended.  The first cause wins; later ones are kept because they help to explain."""

    host_ns: int
    kind: str
    text: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


Item: TypeAlias = Start | Event | Console | Damage | Sample | Cause
