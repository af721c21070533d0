"""What a cell's boot must show, what it showed, and whether that is the same.

A cell with a fault passes when the fault is found: one that nobody notices is the failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from smssboot.report.view import Verdict


@dataclass(frozen=True, slots=True)
class Expected:
    """`verdict`; of a deviation also what the first finding must be (any of `codes`; the pattern `says` in
    its words), the code of a `bugcheck`, and the `cause` of the end.  Empty or None: whatever it is."""

    verdict: Verdict = "conforms"
    codes: tuple[str, ...] = ()
    says: str = ""
    bugcheck: int | None = None
    cause: str = ""

    def text(self) -> str:
        """In a few words."""
        said: list[str] = [self.verdict]
        if self.codes:
            said.append(" or ".join(self.codes))
        if self.says:
            said.append(f"/{self.says}/")
        if self.bugcheck is not None:
            said.append(f"bugcheck 0x{self.bugcheck:X}")
        if self.cause:
            said.append(f"cause {self.cause}")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a boot showed, as a campaign's journal keeps it.  `first` are the words of the first error, `text`
    its sentence."""

    verdict: Verdict
    cause: str
    cause_text: str = ""
    code: str = ""
    text: str = ""
    first: str = ""
    findings: int = 0
    bugchecks: tuple[int, ...] = ()
    image_id: str = ""
    image_sha256: str = ""
    timeline_hash: str = ""
    cached: bool = False
    booted_s: float | None = None

    @classmethod
    def of_report(cls, report: Mapping[str, Any]) -> Shown:
        """Of a JSON report with one run.  Raises ValueError, KeyError or TypeError for anything else."""
        (run,) = report["runs"]
        errors = [finding for finding in run["findings"] if finding["severity"] == "error"]
        first = errors[0] if errors else None
        words = [str(first[key]) for key in ("text", "event", "expected", "got")] if first else []
        return cls(
            verdict=run["verdict"],
            cause=run["cause"],
            cause_text=run["cause_text"],
            code=first["code"] if first else "",
            text=first["text"] if first else "",
            first=" ".join(words),
            findings=len(run["findings"]),
            bugchecks=tuple(_bugchecks(run["events"])),
            image_id=run["image"]["id"],
            image_sha256=run["image"]["sha256"],
            timeline_hash=run["timeline_hash"],
            cached=run["cached"],
            booted_s=run["durations_s"]["total"],
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shown:
        """What `to_json` made.  Raises TypeError or KeyError for anything else."""
        known = {field.name for field in fields(cls)}
        if not set(data) <= known:
            raise TypeError(f"unknown fields {sorted(set(data) - known)}")
        return cls(**{**data, "bugchecks": tuple(data["bugchecks"])})


def _bugchecks(events: Sequence[Mapping[str, Any]]) -> list[int]:
    found = []
    for event in events:
        if event["name"] == "bugcheck" and event["voice"] == "fact":
            code = str(event["data"].get("code", ""))
            if re.fullmatch("0x[0-9A-Fa-f]{1,16}", code):
                found.append(int(code, 16))
    return found


def unmet(expected: Expected, shown: Shown) -> str:
    """What of the expectation the boot did not meet, in one sentence; empty when it met all of it."""
    if shown.verdict != expected.verdict:
        if expected.verdict == "deviates" and shown.verdict == "conforms":
            return "the fault was not found: the boot conforms"
        said = shown.text or shown.cause_text
        return f"the boot {shown.verdict}, by {shown.cause}" + (f": {said}" if said else "")
    if expected.codes and shown.code not in expected.codes:
        found = f"{shown.code}: {shown.text}" if shown.code else "nothing"
        return f"the first finding should be {' or '.join(expected.codes)}, it is {found}"
    if expected.says and not re.search(expected.says, shown.first):
        return f"the first finding does not say /{expected.says}/: {shown.text or 'there is none'}"
    if expected.bugcheck is not None and expected.bugcheck not in shown.bugchecks:
        codes = ", ".join(f"0x{code:X}" for code in shown.bugchecks) or "none"
        return f"the bugcheck should be 0x{expected.bugcheck:X}, it is {codes}"
    if expected.cause and shown.cause != expected.cause:
        return f"the boot should end by {expected.cause}, it ended by {shown.cause}"
    return ""
