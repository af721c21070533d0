"""The report for people who want everything: one HTML file, without external parts.

The same study gives the same bytes.  Nothing that a guest printed can become markup or script: the template
escapes everything by default, control and bidirectional characters are made visible before that, and the
page's content security policy admits this one style sheet and these two scripts, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from smssboot import __version__
from smssboot.report import page
from smssboot.report.groups import Group, groups
from smssboot.report.lanes import Chart, chart
from smssboot.report.palette import asset, variables
from smssboot.report.svg import NAMES, duration, height, names, plot
from smssboot.report.terminal import seconds
from smssboot.report.view import DURATIONS, EXIT_CODES, RunView, StudyView
from smssboot.timeline.printable import printable

SIGNS: Final[Mapping[str, str]] = {"conforms": "\u2713", "deviates": "\u2717", "error": "!"}
_DURATION_WORDS: Final[Mapping[str, str]] = {
    "launch": "until the guest ran",
    "first_record": "until its first record",
    "steady": "until its steady state",
    "shutdown": "to shut down",
    "total": "in all",
}


def html(study: StudyView) -> str:
    """The page."""
    environment = Environment(
        autoescape=True,
        finalize=_safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "seconds": seconds,
        "duration": duration,
        "ms": _ms,
        "count": _count,
        "prose": _prose,
    }
    css = variables() + asset("report.css") + asset("lanes.css")
    early, late = asset("early.js"), asset("report.js")
    known = groups(study)
    return environment.from_string(asset("report.html.j2")).render(
        study=study,
        exit_code=EXIT_CODES[study.verdict],
        signs=SIGNS,
        groups=[_group(group, study) for group in known],
        several=len(known) > 1,
        title=_title(study, known),
        version=__version__,
        policy=_policy(css, early, late),
        css=Markup(css),
        early=Markup(early),
        late=Markup(late),
        chunk=page.CHUNK,
        names_width=NAMES,
    )


def _safe(value: object) -> object:
    """Every string on its way into the page; the template's own markup has been through here before."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value.replace("\r\n", " ").replace("\n", " "))
    return "" if value is None else value


def _prose(text: str) -> Markup:
    """A sentence in which names stand between backquotes."""
    words = str(_safe(text)).split("`")
    if len(words) % 2 == 0:
        return escape("`".join(words))
    return Markup("").join(
        Markup("<code>{}</code>").format(word) if at % 2 else escape(word) for at, word in enumerate(words)
    )


def _policy(css: str, *scripts: str) -> str:
    hashes = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {hashes}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _title(study: StudyView, known: list[Group]) -> str:
    return f"{known[0].title if len(known) == 1 else f'{len(study.runs)} boots'}: {study.verdict}"


def _group(group: Group, study: StudyView) -> dict[str, Any]:
    """Everything about runs that belong together, by the names that the template uses."""
    lanes = chart(group.runs)
    rows = page.phase_rows(group)
    return {
        "title": group.title,
        "runs": [
            _run(run, number, label, at)
            for at, (number, label, run) in enumerate(
                zip(group.numbers, group.labels, group.runs, strict=True)
            )
        ],
        "labels": group.labels,
        "findings": page.findings(group, study),
        "chart": _chart(lanes, group),
        "phases": rows,
        "totals": page.totals(rows, len(group.runs)),
        "counted": any(run.deterministic for run in group.runs),
        "evidence": page.evidence(group),
        "links": page.finding_links(group),
    }


def _chart(lanes: Chart, group: Group) -> dict[str, Any]:
    scale = [[each.begin_ns, each.end_ns, each.left, each.right, each.cut] for each in lanes.scale.segments]
    return {
        "height": height(lanes),
        "names": Markup(names(lanes, group.labels)),
        "plot": Markup(plot(lanes, group.labels, numbers=group.numbers)),
        "scale": json.dumps(scale),
        "homeless": [
            (group.labels[mark.run], f"f{group.numbers[mark.run]}-{mark.index}", mark.finding)
            for mark in lanes.homeless
        ],
        "left_out": lanes.left_out,
        "empty": not lanes.processes,
    }


def _run(run: RunView, number: int, label: str, at: int) -> dict[str, Any]:
    callers = page.process_names(run)
    rows = [(view.event, view.status, callers.get(id(view.event), "")) for view in run.events]
    return {
        "view": run,
        "number": number,
        "label": label,
        "colour": f"run{at % 4}",
        "chunks": [(begin, rows[begin : begin + page.CHUNK]) for begin in range(0, len(rows), page.CHUNK)],
        "argv": page.command_line(run.qemu_argv),
        "durations": [
            (_DURATION_WORDS[key], run.durations_s[key]) for key in DURATIONS if key in run.durations_s
        ],
        "voices": [(voice, run.count(voice)) for voice in ("claim", "fact", "evidence")],
        "processes": sorted({name for name in callers.values() if name}),
        "statuses": sorted({view.status for view in run.events if view.status not in ("ok", None)}),
    }


def _ms(ns: int) -> str:
    """Nanoseconds as milliseconds with three decimals."""
    return f"{ns / 1e6:,.3f}"


def _count(number: int) -> str:
    return f"{number:,}"
