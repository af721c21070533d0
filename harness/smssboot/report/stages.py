"""The stages of a boot, and what each took: kernel, Session Manager, sessions, shutdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smssboot.report.view import RunView
from smssboot.timeline.phases import INSTRUCTION_NS
from smssboot.timeline.spans import boots

_SESSIONS: Final = "smss.session.begin"
_REQUEST: Final = "power.request"


@dataclass(frozen=True, slots=True)
class Stages:
    """Durations in nanoseconds of the guest; None for a stage that was not completed.

    `kernel_ns` from kernel entry to the first word of a program, `smss_ns` from there to the first session,
    `sessions_ns` to the last word of a program before it is asked to shut down; `waiting_ns` to that request,
    `shutdown_ns` from there to the end of the log.  `instructions` are those of the first three together.
    """

    kernel_ns: int | None = None
    smss_ns: int | None = None
    sessions_ns: int | None = None
    waiting_ns: int | None = None
    shutdown_ns: int | None = None
    instructions: int | None = None

    @property
    def startup_ns(self) -> int | None:
        """From kernel entry to the steady state."""
        if self.kernel_ns is None or self.smss_ns is None or self.sessions_ns is None:
            return None
        return self.kernel_ns + self.smss_ns + self.sessions_ns


def stages(run: RunView) -> Stages:
    """The stages of a run's last start of the kernel."""
    starts = boots([view.event for view in run.events])
    if not starts:
        return Stages()
    boot = starts[-1]
    first = session = steady = request = end = None
    for event, life in zip(boot.records, boot.life_of, strict=True):
        now = end = event.time_ns or 0
        if event.voice == "claim":
            first = now if first is None else first
            if session is None and event.name == _SESSIONS:
                session = now
        elif event.name == _REQUEST and request is None:
            request = now
        if request is None and life != 0:
            steady = now
    if request is None:
        steady = end = None
    elif session is None:
        steady = None
    kernel, smss = first, _between(first, session)
    startup = None if steady is None or first is None else steady
    return Stages(
        kernel_ns=kernel,
        smss_ns=smss,
        sessions_ns=_between(session, steady),
        waiting_ns=_between(steady, request),
        shutdown_ns=_between(request, end),
        instructions=round(startup / INSTRUCTION_NS) if startup is not None and run.deterministic else None,
    )


def _between(begin: int | None, end: int | None) -> int | None:
    return None if begin is None or end is None else end - begin
