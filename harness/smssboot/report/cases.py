"""A boot as a list of tests, for the formats that know only tests: one per event name, and one for the boot.

A test's name says what is tested and nothing of the outcome, so it stays the same from run to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smssboot.conformance.findings import Finding
from smssboot.report.spans import read_spans
from smssboot.report.view import RunView
from smssboot.timeline.printable import printable, shorten

BOOT_CASE: Final = "boot"
LOG_CASE: Final = "serial log"
"""The case that takes the findings which belong to no event, such as a damaged line."""
MAX_CASES: Final = 5000
"""Tests of one boot; a guest that invents more names than this is cut, findings first."""
_MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one event name.  `time_s` is the guest's time in phases that end with it."""

    name: str
    findings: Sequence[Finding] = ()
    time_s: float | None = None

    @property
    def errors(self) -> list[Finding]:
        """The findings that make the boot deviate."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def remarks(self) -> list[Finding]:
        """The findings that do not."""
        return [finding for finding in self.findings if finding.severity != "error"]


def event_cases(run: RunView) -> list[Case]:
    """One case per event name in the order in which they came, then those that did not come.

    A boot that could not be judged has no findings here.
    """
    judged: dict[str, list[Finding]] = {}
    for finding in run.findings if run.verdict != "error" else ():
        judged.setdefault(_case_name(finding.event), []).append(finding)
    times = _phase_times(run)
    seen: dict[str, float | None] = {}
    for view in run.events:
        name = _case_name(view.event.name)
        seen[name] = seen.get(name) or times.get(view.event.name)
    kept = [*judged, *(name for name in seen if name not in judged)][:MAX_CASES]
    order = {name: number for number, name in enumerate(seen)}
    kept.sort(key=lambda name: order.get(name, len(order)))
    return [Case(name, judged.get(name, ()), seen.get(name)) for name in kept]


def _case_name(event: str) -> str:
    """The name of an event's case: never that of the boot's own case, never empty."""
    name = shorten(" ".join(printable(event[: 2 * _MAX_NAME]).split()), _MAX_NAME)
    return f"{name} (event)" if name in (BOOT_CASE, LOG_CASE) else name or LOG_CASE


def _phase_times(run: RunView) -> dict[str, float]:
    """For each `<phase>.end` the seconds of the guest since its `<phase>.begin` in the same process."""
    times: dict[str, float] = {}
    for span in read_spans(run.events).spans:
        if span.ended:
            name = f"{span.name}.end"
            times[name] = times.get(name, 0.0) + (span.end_ns - span.begin_ns) / 1e9
    return times
