"""A campaign for people: what went wrong, what is noteworthy, and the counts.  Plain text, or coloured by
rich."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

from smssboot.report.campaign.view import EXIT_CODES, CampaignView, CellView, Outcome
from smssboot.report.terminal import STYLES, Line, Span
from smssboot.timeline.printable import printable

STYLE: Final[dict[Outcome, str]] = {
    "passed": "good", "failed": "bad", "error": "warn", "quarantined": "warn", "waiting": "quiet",
}  # fmt: skip
_WORST_FIRST: Final[tuple[Outcome, ...]] = ("failed", "error", "waiting", "quarantined", "passed")
_VERDICT: Final = {"passed": "good", "failed": "bad", "error": "warn", "interrupted": "warn"}


def show(campaign: CampaignView, stream: TextIO, *, colour: bool) -> None:
    """Write the summary to `stream`."""
    if not colour:
        text = "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines(campaign))
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, force_terminal=True, highlight=False, soft_wrap=True)
    for line in lines(campaign):
        console.print(Text.assemble(*((span.text, STYLES.get(span.style, "")) for span in line)))


def lines(campaign: CampaignView) -> Iterator[Line]:
    """The summary: cells that are worth a look, then the table of images against architectures, then
    counts."""
    for cell in campaign.cells:
        if cell.outcome in ("failed", "error", "quarantined") or cell.passed_in_quarantine:
            yield from _cell(cell)
    yield from _table(campaign)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in campaign.counts.items() if count)
    cached = sum(1 for cell in campaign.cells if cell.shown is not None and cell.shown.cached)
    earlier = sum(1 for cell in campaign.cells if cell.earlier)
    facts = [f"{len(campaign.cells)} cells: {counts}", f"{campaign.seconds:.1f} s, {campaign.jobs} at a time"]
    facts += [f"{cached} from the cache"] if cached else []
    facts += [f"{earlier} from before"] if earlier else []
    yield [Span(", ".join(facts))]
    verdict = campaign.verdict
    yield [Span("campaign: "), Span(verdict, _VERDICT[verdict]), Span(f" (exit {EXIT_CODES[verdict]})")]


def _cell(cell: CellView) -> Iterator[Line]:
    """What is to be said of one cell."""
    word = "passed in quarantine" if cell.passed_in_quarantine else cell.outcome
    yield [Span(word, STYLE[cell.outcome]), Span(f": {_safe(cell.id)}", "strong")]
    if cell.why:
        yield [Span("   = ", "frame"), Span("why: ", "strong"), Span(_safe(cell.why))]
    if cell.outcome == "failed":
        yield [Span("   = ", "frame"), Span("expected: ", "strong"), Span(_safe(cell.expected.text()))]
    if cell.quarantine is not None:
        until = f"until {cell.quarantine.expires}: {_safe(cell.quarantine.reason)}"
        if cell.passed_in_quarantine:
            until += " (the entry may not be needed any more)"
        yield [Span("   = ", "frame"), Span("quarantine: ", "strong"), Span(until)]
    if cell.report and cell.outcome != "passed":
        yield [Span("   = ", "frame"), Span("report: ", "strong"), Span(_safe(cell.page or cell.report))]


def _table(campaign: CampaignView) -> Iterator[Line]:
    """One row for what differs beside the architecture, one column for each of those: how many passed of
    all."""
    arches = list(campaign.axes.get("arch", ()))
    rows: dict[str, dict[str, list[CellView]]] = {}
    for cell in campaign.cells:
        rows.setdefault(row_of(cell), {}).setdefault(cell.axes["arch"], []).append(cell)
    width = max((len(_safe(row)) for row in rows), default=0)
    yield [Span(f"{'':<{width}}  " + "  ".join(f"{arch:>11}" for arch in arches), "quiet")]
    for row, columns in rows.items():
        spans = [Span(f"{_safe(row):<{width}}")]
        for arch in arches:
            word, style = _word(columns.get(arch, []))
            spans.append(Span(f"  {word:>11}", style))
        yield spans


def row_of(cell: CellView) -> str:
    """A cell's name without its architecture and its number among repetitions."""
    parts = cell.id.partition("#")[0].split("/")
    return "/".join(part for number, part in enumerate(parts) if number != 1)


def _word(cells: list[CellView]) -> tuple[str, str]:
    if not cells:
        return "-", "quiet"
    worst = min((cell.outcome for cell in cells), key=_WORST_FIRST.index)
    passed = sum(1 for cell in cells if cell.outcome == "passed")
    return cells[0].outcome if len(cells) == 1 else f"{passed} of {len(cells)}", STYLE[worst]


def _safe(words: str) -> str:
    return printable(words.replace("\r\n", " ").replace("\n", " "))
