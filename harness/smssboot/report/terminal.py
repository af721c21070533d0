"""The report for people: findings like a good compiler's errors, then one line per architecture.

`lines` lays the report out once, as styled spans.  `text` joins them to plain text; `show` colours them
when the stream is a terminal that wants colour, and only then loads rich.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, TextIO

from smssboot.conformance.findings import Finding
from smssboot.report.view import EXIT_CODES, EventView, RunView, StatementView, StudyView
from smssboot.timeline.items import Voice
from smssboot.timeline.printable import printable, shorten

IN_FULL: Final = 3
"""Findings per boot that are shown in full, so that the root cause stays on the screen."""
IN_SHORT: Final = 7
"""Further ones that take one line; the rest are counted."""
_CONTEXT: Final = 2
_MAX_VALUE: Final = 160


class Span(NamedTuple):
    """A piece of one line; `style` is a word of `STYLES` or empty."""

    text: str
    style: str = ""


Line = Sequence[Span]

STYLES: Final = {
    "good": "bold green",
    "bad": "bold red",
    "warn": "bold yellow",
    "strong": "bold",
    "frame": "blue",
    "quiet": "dim",
}
_VERDICT_STYLE: Final = {"conforms": "good", "deviates": "bad", "error": "warn"}
_SEVERITY_STYLE: Final = {"error": "bad", "warning": "warn", "note": "strong"}


def text(study: StudyView) -> str:
    """The whole report as plain text that is safe on any terminal, each line ended by a line feed."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines(study))


def show(study: StudyView, stream: TextIO, *, colour: bool, width: int | None = None) -> None:
    """Write the report to `stream`.  `colour` is the caller's decision (terminal, and NO_COLOR unset)."""
    put(lambda wrap: lines(study, wrap), stream, colour=colour, width=width)


def put(
    make: Callable[[int | None], Iterable[Line]],
    stream: TextIO,
    *,
    colour: bool,
    width: int | None = None,
) -> None:
    """Write lines to `stream`; `make` gets the columns that notes are wrapped to, None without a terminal."""
    if not colour:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        whole = "".join("".join(span.text for span in line).rstrip() + "\n" for line in make(None))
        stream.write(whole.encode(encoding, "backslashreplace").decode(encoding))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, force_terminal=True, width=width, highlight=False, soft_wrap=True)
    for line in make(min(console.width, 110)):
        console.print(Text.assemble(*((span.text, STYLES.get(span.style, "")) for span in line)))


def wants_colour(stream: TextIO, environment: dict[str, str]) -> bool:
    """Whether colour is welcome: a terminal, NO_COLOR unset or empty, TERM not `dumb`."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def lines(study: StudyView, wrap: int | None = None) -> Iterator[Line]:
    """The report's lines.  Notes are wrapped to `wrap` columns; None leaves them on one line each."""
    for run in study.runs:
        if run.verdict != "conforms" or run.findings:
            yield from _run_details(run, study, wrap)
    width = max((len(run.arch) for run in study.runs), default=0)
    for run in study.runs:
        yield _summary(run, width)
        for note in run.notes:
            yield [Span(" " * (width + 2)), Span(_safe(note), "quiet")]
    verdict = study.verdict
    yield [Span("verdict: "), Span(verdict, _VERDICT_STYLE[verdict]), Span(f" (exit {EXIT_CODES[verdict]})")]


def finding_text(finding: Finding, run: RunView, study: StudyView) -> str:
    """One finding in full as plain text, as JUnit shows it."""
    laid_out = _finding(finding, run, study, None)
    return "\n".join("".join(span.text for span in line).rstrip() for line in laid_out)


def _run_details(run: RunView, study: StudyView, wrap: int | None) -> Iterator[Line]:
    for finding in run.findings[:IN_FULL]:
        yield from _finding(finding, run, study, wrap)
        yield []
    for finding in run.findings[IN_FULL : IN_FULL + IN_SHORT]:
        yield [*_head(finding, run), Span("  --> ", "frame"), Span(_place(finding, run))]
    more = len(run.findings) - IN_FULL - IN_SHORT
    if more > 0:
        word = "findings" if more > 1 else "finding"
        yield [Span(f"{run.arch}: {more} more {word}; all of them are in the JSON report", "strong")]
    if len(run.findings) > IN_FULL:
        yield []
    if run.cause.infrastructure or (run.verdict != "conforms" and not run.findings):
        style = "warn" if run.cause.infrastructure else "bad"
        said = _safe(run.cause.text or "no further word")
        yield [Span(f"{run.arch}: "), Span(run.cause.kind, style), Span(f": {said}", "strong")]
        for later in run.later_causes:
            yield from _note(f"then {later.kind}", later.text, wrap)
        if run.console_tail:
            yield [Span("  the last of the console:", "quiet")]
            for row in run.console_tail[-10:]:
                yield [Span("  | ", "frame"), Span(shorten(_safe(row), _MAX_VALUE))]
        yield []


def _finding(finding: Finding, run: RunView, study: StudyView, wrap: int | None) -> Iterator[Line]:
    yield _head(finding, run)
    moment = [] if finding.time_ns is None else [f"at {seconds(finding.time_ns)} s of the guest"]
    moment += [] if finding.seq is None else [f"seq {finding.seq}"]
    where = f"  ({', '.join(moment)})" if moment else ""
    yield [Span("  --> ", "frame"), Span(_place(finding, run) + where)]
    yield from _context(finding, run)
    yield from _note("what", finding.text, wrap)
    if finding.expected:
        yield from _note("expected", finding.expected, wrap)
    if finding.got or finding.kind == "missing":
        yield from _note("happened", finding.got or "nothing", wrap)
    for statement, sentence in zip_longest(finding.statements, finding.sentences, fillvalue=""):
        yield from _note("source", cite(statement, sentence, study), wrap)
    if finding.why:
        yield from _note("why", finding.why, wrap)
    if finding.rule:
        yield from _note("rule", finding.rule, wrap)
    if finding.cause:
        yield from _note("likely cause", finding.cause, wrap)
    if finding.repair:
        yield from _note("repair", finding.repair, wrap)
    if finding.related:
        yield from _note("follows", _some(finding.related, 6), wrap)


def _head(finding: Finding, run: RunView) -> list[Span]:
    label = shorten(_safe(finding.label or finding.event or "the log"), _MAX_VALUE)
    return [
        Span(f"{finding.severity}[{finding.code}]", _SEVERITY_STYLE[finding.severity]),
        Span(f": {run.arch}: {finding.kind}: {label}", "strong"),
    ]


def _place(finding: Finding, run: RunView) -> str:
    return _safe(run.log if finding.line is None else f"{run.log}:{finding.line}")


def _context(finding: Finding, run: RunView) -> Iterator[Line]:
    """The log up to the finding's line: the events before it, and the one on it or the hole there."""
    if finding.line is None:
        return
    logged = [view for view in run.events if view.event.line is not None]
    before = [view for view in logged if (view.event.line or 0) < finding.line][-_CONTEXT:]
    here = [view for view in logged if view.event.line == finding.line]
    if finding.seq is not None:
        here = [view for view in here if view.event.seq == finding.seq]
    gutter = len(str(finding.line))
    for view in before:
        yield _log_line(view, gutter, here=False)
    if here:
        yield _log_line(here[0], gutter, here=True)
    elif finding.kind == "damaged":
        hole = Span(f"{'?':>11}  damaged or lost", "strong")
        yield [Span(f"{finding.line} | ", "frame"), hole, Span("  <- here", "bad")]


def _log_line(view: EventView, gutter: int, *, here: bool) -> Line:
    event = view.event
    time = "" if event.time_ns is None else seconds(event.time_ns)
    said = " ".join([event.voice, event.name, *(f"{key}={value}" for key, value in event.data.items())])
    spans = [
        Span(f"{event.line:>{gutter}} | ", "frame"),
        Span(f"{time:>11}  {event.session}.{event.pid}  "),
        Span(shorten(_safe(said), _MAX_VALUE), "strong" if here else "quiet"),
    ]
    if here:
        spans.append(Span("  <- here", "bad"))
    return spans


def cite(statement: str, sentence: str, study: StudyView) -> str:
    """A statement's number with its document and sentence, as far as they are known."""
    known: StatementView | None = study.statements.get(statement)
    if known is None:
        return ": ".join(word for word in (statement, sentence) if word)
    section = f", {known.section}" if known.section else ""
    return f"{known.id} ({known.document}{section}): {known.text}"


def _note(label: str, body: str, wrap: int | None) -> Iterator[Line]:
    head = f"   = {label}: "
    whole = _safe(body)
    if wrap is None:
        yield [Span("   = ", "frame"), Span(f"{label}: ", "strong"), Span(whole)]
        return
    room = max(wrap - len(head), 20)
    rows = textwrap.wrap(whole, room, break_on_hyphens=False) or [""]
    yield [Span("   = ", "frame"), Span(f"{label}: ", "strong"), Span(rows[0])]
    for row in rows[1:]:
        yield [Span(" " * len(head)), Span(row)]


def _summary(run: RunView, width: int) -> Line:
    machine = "/".join(word for word in (run.target, run.accel) if word)
    spans = [Span(f"{run.arch:<{width}}  "), Span(f"{run.verdict:<8}", _VERDICT_STYLE[run.verdict])]
    facts = [_safe(" ".join(word for word in (run.profile, run.image_id[:40], machine) if word))]
    if run.restored_from is not None:
        facts.append(_safe(f"restored from {run.restored_from.event}"))
    if run.expected:
        facts.append(f"{run.seen} of {run.expected} events")
    voices = [f"{run.count(voice)} {word}" for voice, word in _VOICE_WORDS if run.count(voice)]
    if voices:
        facts.append(" + ".join(voices))
    if run.findings:
        facts.append(f"{len(run.findings)} finding{'s' if len(run.findings) > 1 else ''}")
    if run.verdict != "conforms":
        facts.append(run.cause.kind)
    if run.inexact:
        facts.append(f"times are not exact: {_safe(run.inexact)}")
    if run.cached:
        facts.append(f"cached, booted {_safe(run.booted)}")
    elif "total" in run.durations_s:
        facts.append(f"{run.durations_s['total']:.2f} s")
    spans.append(Span("  " + ", ".join(fact for fact in facts if fact)))
    return spans


_VOICE_WORDS: Final[tuple[tuple[Voice, str], ...]] = (
    ("claim", "claims"),
    ("fact", "facts"),
    ("evidence", "evidence"),
)


def seconds(nanoseconds: int) -> str:
    """A time of the guest in seconds, to the microsecond."""
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9 // 1000:06d}"


def _some(words: Iterable[str], most: int) -> str:
    every = list(words)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _safe(words: str) -> str:
    return printable(words.replace("\r\n", " ").replace("\n", " "))
