"""What a report is made of: plain values that `study` fills in and every format reads.

Nothing in here opens a file or knows QEMU.  Strings may hold whatever a guest printed; each format makes
them safe for its own reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from smssboot.conformance.findings import Finding, Status
from smssboot.timeline.items import Console, Event, Voice
from smssboot.timeline.phases import Phase, phases

Verdict: TypeAlias = Literal["conforms", "deviates", "error"]

DURATIONS: Final = ("launch", "first_record", "steady", "shutdown", "total")
"""Keys of `RunView.durations_s`, each in seconds of the host; a stage that was not reached is absent."""


@dataclass(frozen=True, slots=True)
class EventView:
    """One event of the timeline and how the model judged it.

    `status` is None where nothing judges: in a log that is shown without a model.
    """

    event: Event
    status: Status | None = "ok"


@dataclass(frozen=True, slots=True)
class CauseView:
    """Why a boot ended.  `kind` is one word of the closed set in `machine.causes`."""

    kind: str
    text: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    infrastructure: bool = False


@dataclass(frozen=True, slots=True)
class StatementView:
    """One sentence of a source document, as findings quote it."""

    id: str
    document: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class RestoredView:
    """The snapshot that a boot went on from: what it was saved at, the last record (`seq`) and the guest's
    time in ns by then, and its folder."""

    event: str
    seq: int
    time_ns: int
    folder: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One boot, or one log that was checked without booting (then `qemu_argv` is empty).

    `nonce`, `memory_mib` (RAM in MiB, 0: unknown) and `deterministic` (instructions were counted, so that
    guest times repeat exactly) are what the boot was given; `inexact` is why they do not though it was asked
    for; `timeline_hash` is the hash of everything that the guest said, with its times (empty: nothing to
    hash); `cached` says that the result is an earlier boot's, and `booted` when that was (UTC, ISO 8601);
    `restored_from` is the snapshot that it went on from (None: from power-on), and then everything up to that
    is as the saved boot said it.
    `console` are all lines of console text, with their place in the log.
    `expected` and `seen` count required events.  `later_causes` are causes after the first.
    `log` names the serial log in findings (`aarch64/serial.log`).  `console_tail` holds the last lines
    of console text, for a boot that ended badly.  `artifacts` maps what a file is (`timeline`,
    `serial`, ...) to its path.  `notes` are further words for people.
    """

    verdict: Verdict
    cause: CauseView
    arch: str
    profile: str
    image_id: str = ""
    image_sha256: str = ""
    recipe: str = ""
    target: str = ""
    accel: str = ""
    qemu_version: str = ""
    qemu_argv: tuple[str, ...] = ()
    nonce: str = ""
    memory_mib: int = 0
    deterministic: bool = False
    inexact: str = ""
    timeline_hash: str = ""
    cached: bool = False
    booted: str = ""
    restored_from: RestoredView | None = None
    events: Sequence[EventView] = ()
    findings: Sequence[Finding] = ()
    expected: int = 0
    seen: int = 0
    durations_s: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    later_causes: Sequence[CauseView] = ()
    console_tail: Sequence[str] = ()
    console: Sequence[Console] = ()
    log: str = "serial.log"
    notes: Sequence[str] = ()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The boot's phases with their own times, worked out anew from its events."""
        return phases([view.event for view in self.events])

    def instructions(self, phase: Phase) -> int | None:
        """How many instructions a phase took by itself; None where they were not counted."""
        return phase.instructions if self.deterministic else None

    def count(self, voice: Voice) -> int:
        """How many events of one voice were seen."""
        return sum(1 for view in self.events if view.event.voice == voice)


@dataclass(frozen=True, slots=True)
class StudyView:
    """All boots of one command.  `statements` holds those that the findings refer to, by id."""

    runs: Sequence[RunView]
    statements: Mapping[str, StatementView] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """`deviates` when any boot deviates: that is certain, whatever failed elsewhere.  Else `error` when
        any boot could not be judged (or there was none), and `conforms` only when all of them do.
        """
        verdicts = {run.verdict for run in self.runs}
        if "deviates" in verdicts:
            return "deviates"
        return "conforms" if verdicts == {"conforms"} else "error"


EXIT_CODES: Final[Mapping[Verdict, int]] = {"conforms": 0, "deviates": 1, "error": 3}
