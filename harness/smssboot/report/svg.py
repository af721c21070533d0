"""Draws lanes as SVG: into the HTML page, and as a picture that stands by itself.

Everything along the time axis is in per cent of the width, so that the page zooms by making the drawing
wider: nothing is laid out again, text keeps its size, and it works without script.  There is no `style`
attribute anywhere; the page's content security policy would refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from smssboot.report.groups import groups
from smssboot.report.lanes import Bar, Chart, Lane, Mark, Process, Scale, Segment, chart
from smssboot.report.palette import asset, resolved
from smssboot.report.terminal import seconds
from smssboot.report.view import StudyView
from smssboot.timeline.printable import printable, shorten

WIDTH: Final = 1400
"""Pixels of the picture that stands by itself."""
NAMES: Final = 196
"""Pixels of the column of names."""
ROW: Final = 17
AXIS: Final = 24
_BAR: Final = 15
_TICK: Final = 7
_PAD: Final = 4
_HEAD: Final = 24
_CHARACTER: Final = 6.2
"""Width of a character of a label, in pixels."""
_NOMINAL: Final = 1100
"""Width of the plot for which labels are chosen; a narrower one clips them."""
ZOOM_LEVELS: Final = 10
_ABOUT_TICKS: Final = 9
_RESOLUTION: Final = 1_000_000


def svg(study: StudyView) -> str:
    """The timelines of a study as one SVG document."""
    pieces: list[str] = []
    top = 0
    for group in groups(study):
        lanes = chart(group.runs)
        tall = height(lanes)
        title = f"{group.title}: {', '.join(f'{label} {run.verdict}' for label, run in group.labelled)}"
        pieces.append(f'<text class="title" x="10" y="{top + 22}">{_text(title)}</text>')
        top += 34
        pieces.append(
            f'<svg x="0" y="{top}" width="{NAMES}" height="{tall}">{names(lanes, group.labels)}</svg>'
        )
        room = WIDTH - NAMES - 10
        drawn = plot(lanes, group.labels, wide=room)
        pieces.append(f'<svg x="{NAMES}" y="{top}" width="{room}" height="{tall}">{drawn}</svg>')
        top += tall
        pieces.append(f'<g transform="translate(10 {top + 16})">{legend(group.labels)}</g>')
        top += 40
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{max(top, 40)}" '
        f'viewBox="0 0 {WIDTH} {max(top, 40)}" role="img" aria-labelledby="title desc" class="lanes">'
    )
    told = "; ".join(
        f"{run.arch}: {run.verdict}, {_counted(len(run.findings), 'finding')}" for run in study.runs
    )
    about = (
        f'<title id="title">Timeline of the boot, {_text(study.verdict)}</title>'
        f'<desc id="desc">One lane per session and process and architecture. {_text(told)}.</desc>'
    )
    css = escape(resolved(asset("lanes.css")), quote=False)
    paper = '<rect class="paper" width="100%" height="100%"/>'
    return f"{head}{about}<style>{css}</style>{paper}{''.join(pieces)}</svg>\n"


def height(lanes: Chart) -> int:
    """Height of the drawing, in pixels."""
    return AXIS * 2 + sum(
        _HEAD * head + sum(_tall(lane) for lane in process.lanes) for process, head in _headed(lanes)
    )


def _headed(lanes: Chart) -> Iterator[tuple[Process, bool]]:
    """Each process, and whether a new session begins with it."""
    session: int | None = None
    for process in lanes.processes:
        yield process, process.session != session
        session = process.session


def _tall(lane: Lane) -> int:
    return lane.rows * ROW + _TICK + 2 * _PAD


def names(lanes: Chart, labels: Sequence[str]) -> str:
    """The column of names, to stand beside the plot: inside of an `<svg>` of the same height."""
    pieces = []
    top = AXIS
    for process, head in _headed(lanes):
        if head:
            pieces.append(f'<text class="session" x="10" y="{top + 16}">Session {process.session}</text>')
            top += _HEAD
        for number, lane in enumerate(process.lanes):
            middle = top + min(_tall(lane), ROW + 2 * _PAD) // 2 + 4
            if number == 0:
                called = _text(shorten(printable(process.name), 18))
                full = _text(f"{process.name}, pid {lane.pid}")
                alike = len({each.pid for each in process.lanes}) == 1
                pid = f' <tspan class="pid">{lane.pid}</tspan>' if alike else ""
                pieces.append(
                    f'<text class="name" x="10" y="{middle}"><title>{full}</title>{called}{pid}</text>'
                )
            label = _text(shorten(labels[lane.run], 10))
            pieces.append(
                f'<text class="run {run_class(lane.run)}" x="{NAMES - 8}" y="{middle}">{label}</text>'
            )
            top += _tall(lane)
    return "".join(pieces)


def plot(lanes: Chart, labels: Sequence[str], *, wide: int | None = None, numbers: Sequence[int] = ()) -> str:
    """The lanes themselves: inside of an `<svg>` that is `wide` pixels wide, or, for a page, as one likes.

    In a page findings lead to `#f<number of the run>-<index>`, and labels that have no room until the
    drawing is two, four, ... times as wide have the class `z1`, `z2`, ...
    """
    total = height(lanes)
    pieces = [*_grid(lanes.scale, total)]
    top = AXIS
    for number, (process, head) in enumerate(_headed(lanes)):
        if head:
            pieces.append(f'<line class="rule" x1="0" x2="100%" y1="{top + 0.5}" y2="{top + 0.5}"/>')
            top += _HEAD
        tall = sum(_tall(lane) for lane in process.lanes)
        if number % 2 == 0:
            pieces.append(f'<rect class="band" x="0" y="{top}" width="100%" height="{tall}"/>')
        for lane in process.lanes:
            pieces += _lane(lane, labels[lane.run], top, wide, numbers[lane.run] if numbers else None)
            top += _tall(lane)
    return "".join(pieces)


def _lane(lane: Lane, label: str, top: int, wide: int | None, number: int | None) -> Iterator[str]:
    colour = run_class(lane.run)
    base = top + _PAD + lane.rows * ROW
    yield f'<g class="lane {colour}">'
    seen = [0] * (lane.rows + 1)
    for bar in lane.bars:
        seen[bar.row] += 1
        yield from _bar(
            bar, label, top + _PAD + bar.row * ROW, odd=seen[bar.row] % 2 == 0, scaled=wide is None
        )
    for voice, places in lane.ticks.items():
        yield _ticks(voice, places, base, wide)
    yield "</g>"
    for mark in lane.marks:
        yield _mark(mark, label, base, number)


def _ticks(voice: str, places: Sequence[float], top: int, wide: int | None) -> str:
    """Every record of one voice in one lane, as one path."""
    if wide is not None:
        where = sorted({round(at * wide, 1) for at in places})
        return f'<path class="{voice}" d="{"".join(f"M{x:g} {top}v{_TICK}" for x in where)}"/>'
    units = sorted({round(at * _RESOLUTION) for at in places})
    return (
        f'<svg class="ticks" x="0" y="{top}" width="100%" height="{_TICK}" '
        f'viewBox="0 0 {_RESOLUTION} 1" preserveAspectRatio="none">'
        f'<path class="{voice}" d="{"".join(f"M{x} 0v1" for x in units)}"/></svg>'
    )


def _bar(bar: Bar, label: str, top: int, *, odd: bool, scaled: bool) -> Iterator[str]:
    left, wide = _percent(bar.left), _percent(bar.right - bar.left)
    length = f"{duration(bar.end_ns - bar.begin_ns)}{'' if bar.ended else ', never ended'}"
    said = f" {bar.what}" if bar.what else ""
    title = _text(f"{label}: {bar.name}{said}\n{seconds(bar.begin_ns)} s, {length}")
    kind = f"bar{' odd' if odd else ''}{'' if bar.ended else ' open'}"
    yield (
        f'<rect class="{kind}" x="{left}" y="{top}" width="{wide}" height="{_BAR}" rx="2">'
        f"<title>{title}</title></rect>"
    )
    short = bar.name.partition(".")[2] or bar.name
    if bar.which:
        short += f" {bar.which}"
    level = _label_level(printable(short), bar.right - bar.left)
    if level == 0 or (scaled and level < ZOOM_LEVELS):
        shown = f' class="z{level}"' if level else ""
        yield (
            f'<svg{shown} x="{left}" y="{top}" width="{wide}" height="{_BAR}">'
            f'<text class="label{"" if bar.ended else " open"}" x="4" y="11">{_text(short)}</text></svg>'
        )


def _label_level(text: str, share: float) -> int:
    """How often the drawing has to be doubled in width until this label has room."""
    need, level = len(text) * _CHARACTER + 8, 0
    while share * _NOMINAL * (1 << level) < need and level < ZOOM_LEVELS:
        level += 1
    return level


def _mark(mark: Mark, label: str, base: int, number: int | None) -> str:
    finding = mark.finding
    title = _text(f"{label}: {finding.code} {finding.kind}: {finding.label or finding.event}\n{finding.text}")
    shape = (
        f'<svg class="mark {finding.severity}" x="{_percent(mark.at or 0)}" y="{base - 5}" '
        f'width="1" height="1" overflow="visible"><title>{title}</title>'
        f'<path d="M0 -1 L6 6 L0 13 L-6 6 Z"/></svg>'
    )
    if number is None:
        return shape
    name = _text(f"{finding.code} {finding.kind}, {label}")
    return f'<a href="#f{number}-{mark.index}" aria-label="{name}">{shape}</a>'


def _grid(scale: Scale, total: int) -> Iterator[str]:
    """The axis above and below, with a line at each of its ticks, and what is cut out of it."""
    ends = AXIS, total - AXIS
    for segment in scale.segments:
        if segment.cut:
            middle = _percent((segment.left + segment.right) / 2)
            yield (
                f'<rect class="cut" x="{_percent(segment.left)}" y="{ends[0]}" '
                f'width="{_percent(segment.right - segment.left)}" height="{ends[1] - ends[0]}">'
                f"<title>{duration(segment.end_ns - segment.begin_ns)} without a record</title></rect>"
            )
            for y in (ends[0] - 8, ends[1] + 16):
                gone = duration(segment.end_ns - segment.begin_ns)
                yield f'<text class="tick cut-text" x="{middle}" y="{y}">{gone}</text>'
    yield '<g class="axis">'
    for place, words in axis(scale):
        x = _percent(place)
        yield f'<line x1="{x}" x2="{x}" y1="{ends[0] - 4}" y2="{ends[1] + 4}"/>'
        edge = " first" if place < 0.02 else " last" if place > 0.98 else ""
        for y in (ends[0] - 8, ends[1] + 16):
            yield f'<text class="tick{edge}" x="{x}" y="{y}">{words}</text>'
    yield "</g>"


def axis(scale: Scale) -> Iterator[tuple[float, str]]:
    """Round times along the axis."""
    step = _step(scale.shown_ns / _ABOUT_TICKS)
    for segment in scale.segments:
        if not segment.cut:
            yield from _round_times(segment, scale, step)


def _round_times(segment: Segment, scale: Scale, step: int) -> Iterator[tuple[float, str]]:
    after = segment.left if segment.begin_ns == 0 else segment.left + 0.045
    at = -(-segment.begin_ns // step) * step
    while at <= segment.end_ns:
        place = scale.at(at)
        if place >= after and segment.right - place > (0.0 if segment.right > 0.95 else 0.045):
            yield place, tick_text(at, step)
        at += step


def _step(about_ns: float) -> int:
    """The round number of nanoseconds, 1, 2 or 5 times a power of ten, that is not less than `about_ns`."""
    power = 1
    while power * 10 < about_ns:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= about_ns)


def tick_text(ns: int, step: int) -> str:
    """A time on the axis with as many digits as the step has."""
    if ns >= 10**10 or step >= 10**9:
        return f"{ns / 1e9:.{_digits(step, 10**9)}f} s"
    return f"{ns / 1e6:.{_digits(step, 10**6)}f} ms"


def _digits(step: int, unit: int) -> int:
    digits = 0
    while step * 10**digits < unit:
        digits += 1
    return digits


def duration(ns: int) -> str:
    """How long something took, with three significant digits or so."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("\u00b5s", 10**3)):
        if ns >= size:
            value = ns / size
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return f"{ns} ns"


def legend(labels: Sequence[str]) -> str:
    """What the colours mean."""
    pieces, left = [], 0
    swatch = '<rect class="bar" x="{}" y="-9" width="16" height="11" rx="2"/>'
    entries = [(swatch, label, run_class(number)) for number, label in enumerate(labels)]
    entries += [
        ('<path class="claim" d="M{} -8v9"/>', "claim (a program said so)", "ticks"),
        ('<path class="fact" d="M{} -8v9"/>', "fact (the kernel did it)", "ticks"),
        ('<path d="M{} -10l6 6l-6 6l-6 -6z"/>', "finding", "mark error"),
    ]
    for shape, words, kind in entries:
        x = left + (8 if "path" in shape else 0)
        text = f'<text class="key" x="{left + 22}" y="0">{_text(words)}</text>'
        pieces.append(f'<g class="{kind}">{shape.format(x)}</g>{text}')
        left += 44 + round(len(words) * _CHARACTER)
    return "".join(pieces)


def run_class(number: int) -> str:
    """The colour of a run; there are four of them."""
    return f"r{number % 4}"


def _percent(share: float) -> str:
    return f"{share * 100:.4f}".rstrip("0").rstrip(".") + "%"


def _text(words: str) -> str:
    """Text and attribute values: escaped, and nothing in it that XML forbids or that a terminal obeys."""
    return escape("\n".join(printable(row) for row in words.split("\n")))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
