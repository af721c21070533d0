"""Where a boot's time went, for people: `time`, `blame` and `critical-chain` as tables and trees of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from smssboot.conformance.critical import Chain, Link
from smssboot.report.stages import stages
from smssboot.report.table import count, milliseconds, share, table
from smssboot.report.terminal import Line, Span
from smssboot.report.view import RunView
from smssboot.timeline.phases import IDLE, Busy, Phase
from smssboot.timeline.printable import printable, shorten

_LABEL: Final = 76
_WORTH_SHOWING: Final = 0.01
"""Links of a chain that took a smaller part of the whole are folded."""


def heading(run: RunView) -> Line:
    """Which run is spoken of."""
    words = " ".join(printable(word) for word in (run.recipe, run.profile, run.image_id[:16]) if word)
    return [Span(run.arch, "strong"), Span(f"  {words}" if words else "")]


def time(runs: Sequence[RunView]) -> Iterator[Line]:
    """One line per run: what each stage took."""
    named = len({run.recipe for run in runs}) > 1
    head = ["", "kernel", "smss", "sessions", "startup", "instructions", "shutdown", "host"]
    rows: list[list[Span | str]] = [[Span(word, "strong") for word in head]]
    for run in runs:
        known = stages(run)
        total = run.durations_s.get("total")
        name = f"{run.recipe} {run.arch}" if named else run.arch
        durations = [known.kernel_ns, known.smss_ns, known.sessions_ns, known.startup_ns]
        rows.append(
            [
                Span(name, "strong"),
                *(_duration(ns) for ns in durations),
                count(known.instructions),
                _duration(known.shutdown_ns),
                "-" if total is None else f"{total:.2f} s",
            ]
        )
    yield from table(rows)


def blame(run: RunView, most: int | None = None) -> Iterator[Line]:
    """The phases by their own time, the longest first; waiting comes apart."""
    own = by_key(run)
    idle = own.pop(IDLE, None)
    whole = sum(ns for ns, _ in own.values())
    ranked = sorted(own.items(), key=lambda entry: -entry[1][0])
    rows: list[list[Span | str]] = []
    for key, (ns, phase) in ranked[:most]:
        instructions = None if not run.deterministic else round(ns / 8)
        rows.append(
            [milliseconds(ns), share(ns, whole), count(instructions), key, Span(phase.process, "quiet")]
        )
    yield heading(run)
    yield from table([["own time", "share", "instructions", "phase", "process"], *rows], left=(3, 4))
    more = len(ranked) - len(rows)
    if more > 0:
        rest = sum(ns for _, (ns, _) in ranked[most:])
        yield [Span(f"{more} more phases: {milliseconds(rest)}", "quiet")]
    waited = "" if idle is None else f", and {milliseconds(idle[0])} of waiting"
    yield [Span(f"{milliseconds(whole)} in all{waited}")]


def by_key(run: RunView) -> dict[str, tuple[int, Phase]]:
    """Own time by `Phase.key`, with the first phase of that key."""
    found: dict[str, tuple[int, Phase]] = {}
    for phase in run.phases:
        before, first = found.get(phase.key, (0, phase))
        found[phase.key] = before + phase.own_ns, first
    return found


def critical_chain(run: RunView, chain: Chain, whole: bool = False) -> Iterator[Line]:
    """The chain as a tree, the end first; short links are folded unless the `whole` chain is wanted."""
    yield heading(run)
    if not chain.by_model:
        yield [Span("the model of this boot is not known: the order is that of each process", "warn")]
    if not chain.links:
        return
    busy = Busy([view.event for view in run.events])
    least = 0 if whole else chain.links[0].time_ns * _WORTH_SHOWING
    depth = 0
    folded: list[Link] = []
    for number, link in enumerate(chain.links):
        if number not in (0, len(chain.links) - 1) and link.own_ns < least:
            folded.append(link)
            continue
        if len(folded) > 1:
            took = milliseconds(sum(inner.own_ns for inner in folded))
            yield [_branch(depth), Span(f"({len(folded)} events, {took})", "quiet")]
            depth += 1
        shown = [link] if len(folded) > 1 else [*folded, link]
        folded = []
        for one in shown:
            yield _link(busy, one, depth, chain.links[0])
            depth += 1


def _link(busy: Busy, link: Link, depth: int, end: Link) -> Line:
    return [
        _branch(depth),
        Span(shorten(printable(link.label), _LABEL), "strong" if depth == 0 else ""),
        Span(f" @{milliseconds(link.time_ns)}", "quiet"),
        Span(f" +{milliseconds(link.own_ns)}", "bad" if link.own_ns >= end.time_ns / 10 else ""),
        Span(_doing(busy, link), "quiet"),
    ]


def _doing(busy: Busy, link: Link) -> str:
    """What took most of a link's time, where that is another phase than the link's own name says."""
    if not link.own_ns:
        return ""
    spent = spent_on(busy, link)
    phase, ns = max(spent.items(), key=lambda entry: entry[1], default=("", 0))
    if ns < link.own_ns / 2 or link.event.name.startswith(phase.partition(" ")[0]):
        return ""
    return f"  mostly {shorten(printable(phase), _LABEL)}"


def spent_on(busy: Busy, link: Link) -> Mapping[str, int]:
    """The phases that a link's own time belongs to."""
    return busy.between(link.time_ns - link.own_ns, link.time_ns)


def _branch(depth: int) -> Span:
    return Span("" if depth == 0 else "  " * (depth - 1) + "\u2514\u2500", "frame")


def _duration(ns: int | None) -> str:
    return "-" if ns is None else milliseconds(ns)
