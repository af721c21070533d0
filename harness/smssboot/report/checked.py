"""A check against a baseline, told to people and to programs (schema `smssboot.baseline-check/1`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from smssboot.conformance.findings import Finding
from smssboot.conformance.gate import EXIT_CODES, Comparison, Difference, Divergence, Result
from smssboot.timeline.measure import Unit, Until
from smssboot.timeline.printable import printable, shorten

SCHEMA: Final = "smssboot.baseline-check/1"

_CAUSES: Final = 5
_EFFECTS: Final = 4
_LABELS: Final = 5
_LINE: Final = 100


class Point(NamedTuple):
    """A boot of the past: when it was accepted or checked, at which commit (may be empty), of which
    image, and what the phase in question cost then."""

    date: str
    commit: str
    image: str
    cost: int | None


@dataclass(frozen=True, slots=True)
class Since:
    """Between which two boots a phase changed.

    `first` is None when this is the first boot that shows it; `commits` are those in between, the oldest
    first; `accepted` is how the phase got where the baseline has it.
    """

    last: Point
    first: Point | None = None
    commits: Sequence[str] = ()
    accepted: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """One boot (`boots` of them, of which the median counts) held against one baseline."""

    name: str
    arch: str
    recipe: str
    unit: Unit
    until: Until
    exact: bool
    comparison: Comparison
    image_before: str
    image: str
    date: str
    commit: str = ""
    boots: int = 1
    tolerance: float = 0.0
    since: Since | None = None
    findings: Sequence[Finding] = ()
    cause: str = ""
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def result(self) -> Result:
        """The outcome in one word."""
        return self.comparison.result


def exit_code(checks: Sequence[Checked]) -> int:
    """1 when anything is slower, changed or deviates."""
    return max((EXIT_CODES[check.result] for check in checks), default=0)


def text(checks: Sequence[Checked]) -> str:
    """All checks as plain text that is safe on any terminal."""
    width = max((len(check.arch) for check in checks), default=0)
    return "".join(f"{printable(line)}\n" for check in checks for line in _lines(check, width))


def _lines(check: Checked, width: int) -> Iterator[str]:
    found = check.comparison
    how = "exactly" if check.exact else f"within {found.noise:,} {check.unit}"
    head = f"{check.arch:<{width}}  {check.result:<8}  {check.name}: "
    if not found.delta:
        yield f"{head}{found.after:,} {check.unit}, as accepted"
    elif check.result == "same":
        yield f"{head}{found.before:,} -> {found.after:,} {check.unit}, the same {how}"
    else:
        part = f"{_signed(found.delta)}, {100 * found.delta / max(1, found.before):+.2f} %"
        yield f"{head}{found.before:,} -> {found.after:,} {check.unit} ({part})"
    if check.boots > 1:
        yield f"  the median of {check.boots} boots"
    if check.result == "deviates":
        yield f"  the boot deviates: {check.findings[0].text if check.findings else check.cause}"
    yield from (f"  {_cause(cause, check)}" for cause in found.causes[:_CAUSES])
    if len(found.causes) > _CAUSES:
        yield f"  and {len(found.causes) - _CAUSES} more phases"
    if found.divergence is not None:
        yield f"  {_divergence(found.divergence, check)}"
    if found.effects:
        small = [f"{each.phase} {_signed(each.delta)}" for each in found.effects[:_EFFECTS]]
        more = len(found.effects) - len(small)
        rest = f", and {more} more" if more > 0 else ""
        yield f"  side effects: {', '.join(small)}{rest}"
    yield from _order(found)
    if check.since is not None:
        yield from _since(check.since, found.causes[0].phase if found.causes else "")
    if check.image != check.image_before:
        yield f"  image: {check.image_before} -> {check.image}"
    yield from (f"  {note}" for note in check.notes)
    yield from (f"  {line}" for line in _advice(check))


def _cause(cause: Difference, check: Checked) -> str:
    if cause.before is None:
        return f"{cause.phase}: new, {cause.after or 0:,} {check.unit}"
    if cause.after is None:
        return f"{cause.phase}: gone, it was {cause.before:,} {check.unit}"
    percent = cause.percent
    part = "" if percent is None else f" ({percent:+.2g} %)" if abs(percent) < 10 else f" ({percent:+.0f} %)"
    return f"{cause.phase}: {_signed(cause.delta)} {check.unit}{part}{_share(cause, check.comparison)}"


def _share(cause: Difference, found: Comparison) -> str:
    """How much of the total's change this phase is."""
    if not found.delta or (found.delta > 0) != (cause.delta > 0):
        return ""
    only = len(found.causes) == 1
    return f", all of the {_signed(found.delta)}" if only else f" of the {_signed(found.delta)}"


def _divergence(found: Divergence, check: Checked) -> str:
    before, after = found.before, found.after
    if before is not None and after is not None and before.label == after.label:
        said = shorten(after.label, _LINE)
        return f"first at record {found.number}: {before.cost:,} -> {after.cost:,} before `{said}`"
    was = f"`{shorten(before.label, _LINE)}`" if before else "nothing"
    now = f"`{shorten(after.label, _LINE)}`" if after else "nothing"
    return f"first at record {found.number}: {now}, where the baseline has {was}"


def _order(found: Comparison) -> Iterator[str]:
    if found.order_same is not False:
        return
    if not found.gone and not found.new:
        yield "  the events are the same, in an order that the model tells apart"
    for title, labels in (("gone", found.gone), ("new", found.new)):
        yield from (f"  {title}: {shorten(label, _LINE)}" for label in labels[:_LABELS])
        if len(labels) > _LABELS:
            yield f"  {title}: {len(labels) - _LABELS} more records"


def _since(since: Since, phase: str) -> Iterator[str]:
    last = since.last
    yield f"  last without it: {_point(last)}"
    if since.first is not None:
        yield f"  first with it:   {_point(since.first)}"
    for commit in since.commits:
        yield f"    {shorten(commit, _LINE)}"
    if len(since.accepted) > 1:
        steps = [f"{point.cost or 0:,} ({point.commit or point.date})" for point in since.accepted]
        yield f"  {phase} as accepted so far: {' -> '.join(steps)}"


def _point(point: Point) -> str:
    where = f" at commit {point.commit}" if point.commit else ""
    return f"{point.date}{where}, image {point.image}"


def _advice(check: Checked) -> Iterator[str]:
    if check.result in ("slower", "changed"):
        yield f"if that is meant: smssboot baseline accept {check.name} --why '...'"
    elif check.result == "faster":
        yield f"to hold it: smssboot baseline accept {check.name} --why '...'"


def _signed(number: int) -> str:
    return f"{number:+,}"


def to_document(checks: Sequence[Checked]) -> dict[str, Any]:
    """The checks as dictionaries and lists."""
    return {"schema": SCHEMA, "exit_code": exit_code(checks), "checks": [_document(each) for each in checks]}


def _document(check: Checked) -> Mapping[str, Any]:
    found = check.comparison
    since = check.since
    return {
        "name": check.name,
        "arch": check.arch,
        "recipe": check.recipe,
        "result": check.result,
        "exact": check.exact,
        "unit": check.unit,
        "until": check.until,
        "boots": check.boots,
        "tolerance_percent": check.tolerance,
        "date": check.date,
        "commit": check.commit,
        "image": {"before": check.image_before, "now": check.image},
        "total": {
            "before": found.before,
            "now": found.after,
            "difference": found.delta,
            "noise": found.noise,
        },
        "causes": [_difference(each) for each in found.causes],
        "side_effects": [_difference(each) for each in found.effects],
        "first_divergence": None if found.divergence is None else _records(found.divergence),
        "order_same": found.order_same,
        "events": {"gone": list(found.gone), "new": list(found.new)},
        "since": None
        if since is None
        else {
            "last_without": since.last._asdict(),
            "first_with": None if since.first is None else since.first._asdict(),
            "commits": list(since.commits),
            "accepted": [point._asdict() for point in since.accepted],
        },
        "findings": [{"code": each.code, "event": each.event, "text": each.text} for each in check.findings],
        "cause": check.cause,
        "notes": list(check.notes),
    }


def _difference(each: Difference) -> Mapping[str, Any]:
    return {
        "phase": each.phase,
        "before": each.before,
        "now": each.after,
        "difference": each.delta,
        "percent": None if each.percent is None else round(each.percent, 4),
    }


def _records(found: Divergence) -> Mapping[str, Any]:
    sides = {"before": found.before, "now": found.after}
    return {
        "record": found.number,
        **{side: None if record is None else record._asdict() for side, record in sides.items()},
    }
