"""What a campaign's reports are made of: plain values that `study` fills in and every format reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from smssboot.report.campaign.verdicts import Expected, Shown

Outcome: TypeAlias = Literal["passed", "failed", "error", "quarantined", "waiting"]
"""`error`: nothing could be said about the guest.  `quarantined`: it failed or could not be judged, and is
known for that.  `waiting`: the campaign was interrupted before."""

OUTCOMES: Final[tuple[Outcome, ...]] = ("passed", "failed", "error", "quarantined", "waiting")


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """Why a cell's failure does not count, and until when (ISO 8601)."""

    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell of the matrix and what became of it.

    `axes` has every axis of the matrix with the cell's value.  `why` says what is wrong.  `earlier` tells
    that the result is from before the campaign was resumed.  `report` (JSON), `page` (HTML, of a cell
    that did not pass) and `folder` are paths relative to the campaign's folder, empty where nothing was left.
    """

    id: str
    axes: Mapping[str, str]
    outcome: Outcome
    expected: Expected
    repetition: int = 1
    why: str = ""
    shown: Shown | None = None
    quarantine: QuarantineView | None = None
    attempts: int = 0
    seconds: float = 0.0
    earlier: bool = False
    report: str = ""
    page: str = ""
    folder: str = ""

    @property
    def passed_in_quarantine(self) -> bool:
        """The entry in the quarantine may be of no use any more."""
        return self.quarantine is not None and self.outcome == "passed"


CampaignVerdict: TypeAlias = Literal["passed", "failed", "error", "interrupted"]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """All cells in the matrix's order.  `started` and `ended` are UTC, ISO 8601; `jobs` ran at a time."""

    name: str
    matrix: str
    cells: Sequence[CellView]
    description: str = ""
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    jobs: int = 1
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many cells came out how."""
        found = Counter(cell.outcome for cell in self.cells)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def verdict(self) -> CampaignVerdict:
        """`failed` when any cell failed: that is certain, whatever else went wrong."""
        counts = self.counts
        if counts["failed"]:
            return "failed"
        if counts["waiting"]:
            return "interrupted"
        return "error" if counts["error"] else "passed"


EXIT_CODES: Final[Mapping[CampaignVerdict, int]] = {"passed": 0, "failed": 1, "error": 3, "interrupted": 130}
