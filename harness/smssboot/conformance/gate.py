"""A boot's cost against the accepted one: is it slower, and which phase is it?

In exact mode every difference is a change of the guest.  But a change in one phase moves a few instructions
in others (code lies elsewhere, a quantum ends elsewhere): differences that are small beside the largest one,
and pairs of them that cancel each other, are told as its side effects, and alone do not fail a gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final, Literal, NamedTuple, TypeAlias

from smssboot.timeline.measure import Measured, Record

Result: TypeAlias = Literal["same", "faster", "slower", "changed", "deviates"]

EXIT_CODES: Final[Mapping[Result, int]] = {"same": 0, "faster": 0, "slower": 1, "changed": 1, "deviates": 1}

SIDE_EFFECT: Final = 0.05
"""A difference below this part of the largest one is a side effect of it."""
MOVED: Final = 0.2
"""So are two that cancel each other, up to this part: processes that run side by side changed turns."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What was accepted.

    `bands` are the half widths of what is normal by phase (empty: exact), `band` that of the total.  `order`
    is the fingerprint of the order of events, empty when it was not known.
    """

    measured: Measured
    exact: bool = True
    bands: Mapping[str, int] = field(default_factory=dict)
    band: int = 0
    order: str = ""


class Difference(NamedTuple):
    """One phase, in the baseline's unit.  None: there is no such phase on that side."""

    phase: str
    before: int | None
    after: int | None
    noise: int

    @property
    def delta(self) -> int:
        """How much more it costs now."""
        return (self.after or 0) - (self.before or 0)

    @property
    def percent(self) -> float | None:
        """The same in percent of what it was; None when it was nothing."""
        return 100 * self.delta / self.before if self.before else None


class Divergence(NamedTuple):
    """The first record (0-based) at which the two boots part.  None: this side had no more records."""

    number: int
    before: Record | None
    after: Record | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome.

    `causes` are the phases that changed, largest difference first; `effects` the small ones that come with
    them.  `order_same` is None when one side's order is not known.
    """

    result: Result
    before: int
    after: int
    noise: int
    causes: tuple[Difference, ...] = ()
    effects: tuple[Difference, ...] = ()
    divergence: Divergence | None = None
    order_same: bool | None = None
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def delta(self) -> int:
        """How much more the whole boot costs now."""
        return self.after - self.before


def compare(
    reference: Reference, now: Measured, *, order: str = "", conforms: bool = True, tolerance: float = 0.0
) -> Comparison:
    """Hold a boot against the reference.  `tolerance` is in percent, of each phase and of the total."""
    old = reference.measured
    noise = max(reference.band, int(old.total * tolerance / 100), old.step, now.step)
    found = [_difference(reference, now, phase, tolerance) for phase in {**old.phases, **now.phases}]
    found = [each for each in found if each.delta]
    found.sort(key=lambda each: (-abs(each.delta), each.phase))
    beyond = [each for each in found if abs(each.delta) > each.noise]
    delta = now.total - old.total
    if abs(delta) > noise and not beyond:
        beyond = found[:1]
    largest = abs(beyond[0].delta) if beyond else 0
    moved = _moved(beyond[1:], largest)
    causes = tuple(
        each for each in beyond if abs(each.delta) >= SIDE_EFFECT * largest and each.phase not in moved
    )
    effects = tuple(each for each in beyond if each not in causes)
    order_same = order == reference.order if order and reference.order else None
    gone, new = _labels(old, now) if order_same is False else ((), ())
    return Comparison(
        result=_result(causes, delta, noise, order_same, conforms),
        before=old.total,
        after=now.total,
        noise=noise,
        causes=causes,
        effects=effects,
        divergence=_divergence(old, now, causes, order_same) if causes or order_same is False else None,
        order_same=order_same,
        gone=gone,
        new=new,
    )


def _difference(reference: Reference, now: Measured, phase: str, tolerance: float) -> Difference:
    old = reference.measured
    before, after = old.phases.get(phase), now.phases.get(phase)
    noise = max(
        reference.bands.get(phase, reference.band),
        int((before or 0) * tolerance / 100),
        now.reading.get(phase, old.step),
    )
    return Difference(phase, before, after, noise)


def _moved(rest: list[Difference], largest: int) -> set[str]:
    """The phases whose differences cancel each other, two by two."""
    found: set[str] = set()
    small = [each for each in rest if SIDE_EFFECT * largest <= abs(each.delta) <= MOVED * largest]
    for number, one in enumerate(small):
        for other in small[number + 1 :]:
            cancel = abs(one.delta + other.delta) < SIDE_EFFECT * min(abs(one.delta), abs(other.delta))
            if cancel and not {one.phase, other.phase} & found:
                found |= {one.phase, other.phase}
    return found


def _result(
    causes: tuple[Difference, ...], delta: int, noise: int, order_same: bool | None, conforms: bool
) -> Result:
    if not conforms:
        return "deviates"
    if order_same is False:
        return "changed"
    if delta > noise or any(each.delta > 0 for each in causes):
        return "slower"
    return "faster" if delta < -noise or causes else "same"


def _divergence(
    old: Measured, now: Measured, causes: tuple[Difference, ...], order_same: bool | None
) -> Divergence | None:
    """The first record that costs noticeably more (or less, as the first cause does) than the same one did.

    Where the order is another one: the first record that is not the one that the baseline has there.
    """
    if not old.records or not now.records:
        return None
    if order_same is False:
        for number, (before, after) in enumerate(zip_longest(old.records, now.records)):
            if before is None or after is None or before.label != after.label:
                return Divergence(number, before, after)
    delta = causes[0].delta if causes else 0
    known: dict[str, list[Record]] = {}
    for record in reversed(old.records):
        known.setdefault(record.label, []).append(record)
    pairs = [(known[after.label].pop() if known.get(after.label) else None, after) for after in now.records]
    for part in (MOVED, SIDE_EFFECT):  # one that is no side effect, else one of many that share the change
        for number, (before, after) in enumerate(pairs):
            more = after.cost - (before.cost if before else 0)
            if abs(more) > max(part * abs(delta), old.step, now.step) and (more > 0) == (delta > 0):
                return Divergence(number, before, after)
    return None


def settle(old: Measured, now: Measured) -> Measured:
    """`now` as it is kept in place of `old`: what differs by no more than the clock's step stays as it was.

    So a file's diff shows what changed.  Costs that are kept so add up to the total but for these steps.
    """
    phases = {}
    for phase, cost in now.phases.items():
        before = old.phases.get(phase, cost)
        phases[phase] = before if abs(cost - before) <= now.reading.get(phase, now.step) else cost
    known: dict[str, list[Record]] = {}
    for record in reversed(old.records):
        known.setdefault(record.label, []).append(record)
    records = []
    for record in now.records:
        same = known.get(record.label)
        kept = same.pop() if same else record
        records.append(kept if abs(kept.cost - record.cost) <= now.step else record)
    return replace(now, phases=phases, records=tuple(records))


def _labels(old: Measured, now: Measured) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Records that only the baseline has, and those that only this boot has, each as often as it is more."""
    if not old.records or not now.records:
        return (), ()
    before, after = _counts(old), _counts(now)
    gone = [label for label, count in before.items() for _ in range(count - after.get(label, 0))]
    new = [label for label, count in after.items() for _ in range(count - before.get(label, 0))]
    return tuple(gone), tuple(new)


def _counts(measured: Measured) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in measured.records:
        found[record.label] = found.get(record.label, 0) + 1
    return found
