"""Findings: what is wrong with a boot, written for the person who has to repair it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "missing",
    "unexpected",
    "duplicate",
    "out of order",
    "wrong data",
    "too late",
    "forbidden",
    "unproved",
    "damaged",
]
"""What is wrong with an event. An event with which nothing is wrong has the status `ok`."""

Status: TypeAlias = Literal["ok"] | Kind
Severity: TypeAlias = Literal["error", "warning", "note"]

CODES: Final[dict[str, str]] = {
    "E101": "an expected event is missing",
    "E102": "an event came too early or too late among the others",
    "E103": "an event is not part of the model, or came once too often",
    "E104": "an event carries wrong data",
    "E105": "an event appears under another key or name than expected",
    "E106": "the boot stopped before it was complete",
    "E107": "two events are too far apart, or too close, in time",
    "E108": "an event happened that must never happen",
    "E109": "part of the log is damaged or lost",
    "E110": "the log belongs to another run or image",
    "E111": "a claim is not proved by facts or evidence",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation.

    `event` is the bare name of the event, `label` the name with the data that identifies it.
    `expected` and `got` are short phrases. `line` (1-based, of the serial log), `seq` and `time_ns`
    say where it happened, None where nothing was seen. `rule` is `file:line:column` of the rule in the
    model; `sentences` quote the documents, one for each of `statements`. `related` are further events that
    the same fault explains (labels). `text` is one complete sentence; `cause` and `repair` are empty when
    nothing sensible can be said. `final` means that no later record can change the picture, so that a
    running boot need not be waited for.
    """

    code: str
    kind: Kind
    event: str
    text: str
    label: str = ""
    expected: str = ""
    got: str = ""
    statements: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    line: int | None = None
    time_ns: int | None = None
    seq: int | None = None
    cause: str = ""
    repair: str = ""
    why: str = ""
    severity: Severity = "error"
    rule: str = ""
    voice: str = ""
    related: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    `verdict` is `conforms` or `deviates`. `findings` begin with the root cause. `statuses` holds one
    status per item of the timeline (None for items that are no events). `expected` and `seen` count
    required events. `ended` is the required event that ends the boot early (`bugcheck`), when it was seen.
    """

    verdict: Literal["conforms", "deviates"]
    findings: tuple[Finding, ...] = ()
    statuses: tuple[Status | None, ...] = ()
    expected: int = 0
    seen: int = 0
    ended: str = ""
