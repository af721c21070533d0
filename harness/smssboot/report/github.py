"""The report for GitHub Actions: a step summary in Markdown, and annotations as workflow commands.

Nothing that a guest printed is Markdown, HTML or a command here: in the summary it stands in code, with all
that is no letter or digit written as a character's number, or in a fenced block whose fence is longer than
any in the text; in a command it is escaped as the runner unescapes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from smssboot.conformance.findings import Finding
from smssboot.report.naming import run_labels
from smssboot.report.terminal import finding_text
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.phases import costs
from smssboot.timeline.printable import printable, shorten

SUMMARY_BYTES: Final = 1024 * 1024
"""What GitHub takes at most as the summary of a step; a longer one is refused as a whole."""
ANNOTATIONS: Final = 10
"""What GitHub shows of each kind per step."""
_SIGN: Final = {"conforms": "✅", "deviates": "❌", "error": "⚠️"}
_COMMAND: Final = {"error": "error", "warning": "warning", "note": "notice"}
_FINDINGS: Final = 20
_PHASES: Final = 15
_MAX_CELL: Final = 120
_MAX_BLOCK: Final = 20_000
_MAX_MESSAGE: Final = 2000
_CUT: Final = "\n*The rest is cut: GitHub takes no longer summary. The JSON report has all of it.*\n"


def summary(study: StudyView, room: int = SUMMARY_BYTES) -> str:
    """The summary in GitHub's Markdown, at most `room` bytes of UTF-8; empty when there is no room at all."""
    labels = run_labels(study)
    parts = [f"## {_SIGN[study.verdict]} smssboot: {study.verdict}\n\n", "".join(_table(study, labels))]
    for run, label in zip(study.runs, labels, strict=True):
        parts += _details(run, label, study)
    parts.append("".join(_times(study, labels)))
    room -= len(_CUT.encode())
    text = ""
    for part in parts:
        if len(text.encode()) + len(part.encode()) > room:
            return text + _CUT if room > 0 else ""
        text += part
    return text


def commands(study: StudyView) -> str:
    """The annotations, a workflow command on each line: every boot's first finding, then the second ones, as
    many as GitHub shows.
    """
    found: list[tuple[int, str, str]] = []
    for run, label in zip(study.runs, run_labels(study), strict=True):
        place = 0
        if run.verdict == "error" or (run.verdict == "deviates" and not run.findings):
            said = run.cause.text or run.cause.kind
            found.append((0, "error", _command("error", said, title=f"{label}: {run.cause.kind}")))
            place = 1
        for finding in run.findings:
            kind = _COMMAND[finding.severity]
            found.append((place, kind, _annotation(kind, finding, run, label)))
            place += 1
    lines: list[str] = []
    count = dict.fromkeys(_COMMAND.values(), 0)
    for _, kind, line in sorted(found, key=lambda each: each[0]):
        count[kind] += 1
        if count[kind] <= ANNOTATIONS:
            lines.append(line + "\n")
    return "".join(lines)


def _annotation(kind: str, finding: Finding, run: RunView, label: str) -> str:
    title = f"{label}: {finding.code} {finding.kind}: {finding.label or finding.event or 'the log'}"
    rows = [finding.text]
    for word, said in (("expected", finding.expected), ("happened", finding.got), ("repair", finding.repair)):
        if said:
            rows.append(f"{word}: {said}")
    file = run.artifacts.get("serial", run.log)
    line = None if finding.line is None else str(finding.line)
    return _command(kind, "\n".join(map(printable, rows)), file=file, line=line, title=title)


def _command(kind: str, message: str, **properties: str | None) -> str:
    """A command that is one line, whatever is in it."""
    said = ",".join(
        f"{key}={_escape(shorten(printable(value), 2 * _MAX_CELL)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value
    )
    rows = "\n".join(printable(row) for row in shorten(message, _MAX_MESSAGE).split("\n"))
    return f"::{kind} {said}::{_escape(rows)}"


def _escape(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _table(study: StudyView, labels: list[str]) -> Iterator[str]:
    yield "| boot | verdict | profile | image | machine | events | findings | time |\n"
    yield "| --- | --- | --- | --- | --- | ---: | ---: | ---: |\n"
    for run, label in zip(study.runs, labels, strict=True):
        machine = "/".join(word for word in (run.target, run.accel) if word)
        total = run.durations_s.get("total", math.nan)
        cells = (
            _code(label),
            f"{_SIGN[run.verdict]} {run.verdict}",
            _code(run.profile),
            _code(run.image_id),
            _code(machine) + (" exact" if run.deterministic else "") + (" cached" if run.cached else ""),
            f"{run.seen} of {run.expected}" if run.expected else "",
            str(len(run.findings)),
            f"{total:.2f} s" if math.isfinite(total) else "",
        )
        yield "| " + " | ".join(cells) + " |\n"


def _details(run: RunView, label: str, study: StudyView) -> Iterator[str]:
    """What went wrong in a boot: the root cause open, the rest folded."""
    if run.verdict == "conforms" and not run.findings:
        return
    count = len(run.findings)
    yield f"\n### {_code(label)}: {run.verdict}, {count} finding{'' if count == 1 else 's'}\n"
    if run.verdict == "error" or not run.findings:
        yield f"\n{_code(run.cause.kind)}: {_code(run.cause.text, _MAX_MESSAGE)}\n"
        if run.console_tail:
            yield _folded("the last of the console", "\n".join(map(printable, run.console_tail)), False)
    for number, finding in enumerate(run.findings[:_FINDINGS]):
        name = finding.label or finding.event or "the log"
        head = f"{finding.severity} {finding.code}, {finding.kind}: {_code(name)}"
        yield _folded(head, finding_text(finding, run, study), number == 0)
    if count > _FINDINGS:
        yield f"\n{count - _FINDINGS} more findings; all of them are in the JSON report.\n"


def _times(study: StudyView, labels: list[str]) -> Iterator[str]:
    """The phases that took longest, boots side by side; folded."""
    own = [costs([view.event for view in run.events]) for run in study.runs]
    names = dict.fromkeys(name for known in own for name in known)
    longest = sorted(names, key=lambda name: -max(known.get(name, 0) for known in own))[:_PHASES]
    if not longest:
        return
    yield "\n<details><summary>Where the time went (the guest's own, in ms)</summary>\n\n"
    yield "| phase | " + " | ".join(map(_code, labels)) + " |\n| --- |" + " ---: |" * len(labels) + "\n"
    for name in longest:
        cells = [f"{known[name] / 1e6:.3f}" if name in known else "" for known in own]
        yield f"| {_code(name)} | " + " | ".join(cells) + " |\n"
    yield "\n</details>\n"


def _folded(head: str, body: str, opened: bool) -> str:
    """A section that folds, with a text as it is."""
    text = shorten(body, _MAX_BLOCK)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    mark = " open" if opened else ""
    return f"\n<details{mark}><summary>{head}</summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>\n"


def _code(words: str, most: int = _MAX_CELL) -> str:
    """Text in code, none of whose characters means anything to Markdown or HTML."""
    text = shorten(" ".join(printable(words).split()), most)
    return f"<code>{re.sub(r'[^A-Za-z0-9 ]', lambda m: f'&#{ord(m[0])};', text)}</code>" if text else ""
