"""What people and other programs are told: terminal text, JSON, JUnit.  Pure: opens nothing.

The three formats load on first use, so that a run that writes none of them does not pay for them.
"""

from __future__ import annotations

from smssboot.report.view import StudyView


def text(study: StudyView) -> str:
    """The report for people, plain; `report.terminal.show` colours it on a terminal."""
    from smssboot.report.terminal import text as render

    return render(study)


def to_json(study: StudyView) -> str:
    """The report for programs: one JSON document, schema `smssboot.report/1`."""
    from smssboot.report.document import to_json as render

    return render(study)


def junit(study: StudyView) -> str:
    """The report for CI systems: JUnit XML."""
    from smssboot.report.junitxml import junit as render

    return render(study)
