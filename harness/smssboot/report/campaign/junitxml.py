"""A campaign for CI systems: JUnit XML, one case per cell, so that a cell keeps its name from run to run.

A cell that failed is a failure, one that could not be judged an error, one in quarantine or not done is
skipped.
"""

from __future__ import annotations

import re
from typing import Any, Final

from smssboot.report.campaign.view import CampaignView, CellView
from smssboot.timeline.printable import printable

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(campaign: CampaignView) -> str:
    """The XML document as text."""
    from junitparser import JUnitXml, TestSuite

    document: Any = JUnitXml("smssboot")  # the library's methods are only partly typed
    suite: Any = TestSuite(_xml(f"smssboot.campaign.{campaign.name}"))
    for cell in campaign.cells:
        suite.add_testcase(_case(cell, f"smssboot.campaign.{campaign.name}"))
    document.add_testsuite(suite)
    document.update_statistics()
    encoded = document.tostring()
    return encoded.decode("utf-8") if isinstance(encoded, bytes) else str(encoded)


def _case(cell: CellView, classname: str) -> Any:
    from junitparser import Error, Failure, Skipped, TestCase

    case = TestCase(_xml(cell.id), _xml(classname), cell.seconds)
    if cell.outcome in ("failed", "error"):
        make = Failure if cell.outcome == "failed" else Error
        kind = cell.shown.code or cell.shown.cause if cell.shown is not None else "infrastructure"
        result = make(_xml(cell.why), _xml(kind))
        result.text = _xml("\n".join(_details(cell)))
        case.result = [result]
    elif cell.outcome == "quarantined" and cell.quarantine is not None:
        excuse = f"in quarantine until {cell.quarantine.expires}: {cell.quarantine.reason}"
        case.result = [Skipped(_xml(excuse), "quarantine")]
        case.system_out = _xml("\n".join(_details(cell)))
    elif cell.outcome == "waiting":
        case.result = [Skipped("the campaign was interrupted before", "interrupted")]
    elif cell.passed_in_quarantine and cell.quarantine is not None:
        case.system_out = _xml(f"passed, though in quarantine: {cell.quarantine.reason}")
    return case


def _details(cell: CellView) -> list[str]:
    told = [cell.why, f"expected: {cell.expected.text()}"]
    if cell.shown is not None:
        told.append(f"shown: {cell.shown.verdict}, by {cell.shown.cause}, {cell.shown.findings} findings")
    if cell.report:
        told.append(f"report: {cell.report}")
    return told


def _xml(words: str) -> str:
    """`words` without the characters that XML 1.0 forbids."""
    return _FORBIDDEN.sub("\ufffd", "\n".join(printable(row) for row in words.split("\n")))
