"""The report in the Test Anything Protocol, version 14: a subtest per boot, a test per event name.

What is wrong stands below its test as a YAML block, one line for each field, in double quotes: whatever a
guest printed is text there and never a line of the protocol.  Trouble of the machine under us is a failed
`boot` whose block says `severity: error`; a deviation says `severity: fail`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, TypeAlias

from smssboot.conformance.findings import Finding
from smssboot.report.cases import BOOT_CASE, Case, event_cases
from smssboot.report.naming import run_labels
from smssboot.report.terminal import cite
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.printable import printable, shorten

Value: TypeAlias = str | int | float | Sequence[str] | None
Block: TypeAlias = Mapping[str, Value]

_INDENT: Final = "    "
_MAX_VALUE: Final = 4000
_MAX_RELATED: Final = 20


def tap(study: StudyView) -> str:
    """The document as text."""
    lines = ["TAP version 14", f"1..{len(study.runs)}"]
    for number, (run, label) in enumerate(zip(study.runs, run_labels(study), strict=True), 1):
        lines.append(f"# Subtest: {_escape(label)}")
        lines += (_INDENT + line for line in _subtest(run, study))
        lines += _point(number, run.verdict == "conforms", label, _summary(run))
    return "\n".join(lines) + "\n"


def _subtest(run: RunView, study: StudyView) -> Iterator[str]:
    cases = event_cases(run)
    yield f"1..{len(cases) + 1}"
    yield from _point(1, run.verdict == "conforms", BOOT_CASE, _boot(run))
    for number, case in enumerate(cases, 2):
        yield from _point(number, not case.errors, case.name, _event(case, run, study))


def _point(number: int, good: bool, name: str, block: Block) -> Iterator[str]:
    """A test and its block, where there is something to say."""
    yield f"{'ok' if good else 'not ok'} {number} - {_escape(name)}"
    said = {key: value for key, value in block.items() if value not in ("", None, [], ())}
    if said:
        yield "  ---"
        for key, value in said.items():
            if isinstance(value, str | int | float):
                yield f"  {key}: {_scalar(value)}"
            else:
                yield f"  {key}:"
                yield from (f"    - {_scalar(each)}" for each in value or ())
        yield "  ..."


def _summary(run: RunView) -> Block:
    return {
        "verdict": run.verdict,
        "cause": run.cause.kind,
        "profile": run.profile,
        "recipe": run.recipe,
        "image": run.image_id,
        "timeline_hash": run.timeline_hash,
    }


def _boot(run: RunView) -> Block:
    """Why a boot ended as it did; how long it took when that is all there is to say."""
    total = run.durations_s.get("total")
    took = round(total * 1000, 3) if total is not None and 0 <= total < 1e9 else None
    if run.verdict == "conforms":
        return {"duration_ms": took}
    return {
        "message": run.cause.text or run.cause.kind,
        "severity": "error" if run.verdict == "error" else "fail",
        "cause": run.cause.kind,
        "then": [f"{cause.kind}: {cause.text}" for cause in run.later_causes],
        "duration_ms": took,
        "files": list(run.artifacts.values()),
        "console": list(run.console_tail),
    }


def _event(case: Case, run: RunView, study: StudyView) -> Block:
    """The first finding of an event in full; of the others what they say."""
    took = None if case.time_s is None else round(case.time_s * 1000, 6)
    if not case.findings:
        return {"duration_ms": took}
    first = (case.errors or case.remarks)[0]
    return {
        **_finding(first, run, study),
        "duration_ms": took,
        "also": [finding.text for finding in case.findings if finding is not first],
    }


def _finding(finding: Finding, run: RunView, study: StudyView) -> Block:
    log = run.artifacts.get("serial", run.log)
    place = log if finding.line is None else f"{log}:{finding.line}"
    sources = zip_longest(finding.statements, finding.sentences, fillvalue="")
    return {
        "message": finding.text,
        "severity": "fail" if finding.severity == "error" else "comment",
        "code": finding.code,
        "kind": finding.kind,
        "at": place,
        "found": finding.got or ("nothing" if finding.kind == "missing" else ""),
        "wanted": finding.expected,
        "source": [cite(name, sentence, study) for name, sentence in sources],
        "why": finding.why,
        "rule": finding.rule,
        "likely_cause": finding.cause,
        "repair": finding.repair,
        "follows": list(finding.related[:_MAX_RELATED]),
    }


def _scalar(value: str | int | float) -> str:
    """A value in YAML: text in double quotes, as JSON writes it."""
    if isinstance(value, str):
        return json.dumps(shorten(printable(value), _MAX_VALUE), ensure_ascii=False)
    return json.dumps(value)


def _escape(words: str) -> str:
    """A test's name on one line.  `#` would begin a directive, and not every reader knows its escape."""
    return printable(words).replace("#", "\\x23").replace("\\", "\\\\")
