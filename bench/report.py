"""The HTML report of ten thousand events: seconds to make it and its size, beside the JSON report's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bench.engine import SMALL, boot_of
from bench.guests import DEFAULTS
from bench.measure import BenchError, best
from bench.table import Figure
from smssboot.conformance import check
from smssboot.image.build import build
from smssboot.image.built import PLACEHOLDER
from smssboot.report.document import to_json
from smssboot.report.html import html
from smssboot.report.svg import svg
from smssboot.report.view import StudyView
from smssboot.study.expect import context
from smssboot.study.view import log_view

SECTION = "report"
ROUNDS: Final = 5
WRITERS: Final[dict[str, Callable[[StudyView], str]]] = {"HTML": html, "SVG": svg, "JSON": to_json}
ENOUGH_S: Final = 1.5
ENOUGH_MB: Final = 6.0


def figures(rounds: int, scratch: Path) -> list[Figure]:
    """Processor seconds and bytes of each format."""
    study = study_of(SMALL)
    count = len(study.runs[0].events)
    spent = {name: best(partial(write, study), ROUNDS) for name, write in WRITERS.items()}
    size = {name: len(write(study).encode()) for name, write in WRITERS.items()}
    return [
        Figure(SECTION, "HTML / JSON, time", spent["HTML"] / spent["JSON"], form=".1f"),
        Figure(SECTION, "HTML / JSON, bytes", size["HTML"] / size["JSON"], form=".2f"),
        Figure(SECTION, f"HTML of {count:,} events", spent["HTML"], reach=ENOUGH_S, unit=" s"),
        Figure(SECTION, f"HTML of {count:,} events, size", size["HTML"] / 1e6, reach=ENOUGH_MB, unit=" MB"),
        Figure(SECTION, f"SVG of {count:,} events", spent["SVG"] * 1e3, form=",.0f", unit=" ms"),
        Figure(SECTION, f"SVG of {count:,} events, size", size["SVG"] / 1e6, unit=" MB"),
    ]


def study_of(events: int) -> StudyView:
    """A boot that conforms, of about so many events."""
    image = build("default", DEFAULTS[0].arch)
    expected, items = boot_of(context(image, image.profile, PLACEHOLDER), events)
    report = check(expected, items)
    if report.verdict != "conforms":
        raise BenchError(f"a synthetic boot deviates: {report.findings[0].text}")
    return StudyView([log_view(items, report, arch=image.arch, profile=image.profile, log="serial.log")])
