"""Baselines: save what a boot costs, hold later boots against it, and accept what is meant.

A boot is counted exactly where two boots of the image come out the same; else five boots make a band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from smssboot.conformance.gate import Comparison, Reference, compare, settle
from smssboot.errors import InfrastructureError, InputError, UsageError
from smssboot.image.built import BuiltImage
from smssboot.report.checked import Checked, Point, Since
from smssboot.study.gates import bands, baselinefile, checklog, commits, sample
from smssboot.study.gates.baselinefile import Baseline, Entry
from smssboot.study.gates.sample import Sample
from smssboot.study.options import Options
from smssboot.timeline.measure import Measured, Until

_EXACT_BOOTS: Final = 2
_TRIES: Final = 2
_OTHER_WORDS: Final = {"cpu": "CPU model", "icount": "instruction counting", "qemu": "QEMU version"}


@dataclass(frozen=True, slots=True)
class Boots:
    """Boots of one image: `middle` is what they cost; `reason` says why they are not exact."""

    samples: tuple[Sample, ...]
    middle: Measured
    reason: str = ""

    @property
    def first(self) -> Sample:
        """The boot that stands for all where they do not differ."""
        return self.samples[0]

    @property
    def order(self) -> str:
        """The order that all of them have; empty when they differ."""
        orders = {each.order for each in self.samples}
        return orders.pop() if len(orders) == 1 else ""


def boots(image: BuiltImage, options: Options, count: int, until: Until = "end") -> list[Sample]:
    """Boot an image `count` times.  Raises UsageError and InfrastructureError."""
    from smssboot.study import runs

    return sample.of_boots(runs.run([image] * count, options), until)


def measure(
    image: BuiltImage, options: Options, until: Until = "end"
) -> tuple[Boots, Reference | None]:
    """Boot an image as often as it takes to know what is normal for it.

    The reference is None when a boot deviates: nobody wants that as a baseline.
    """
    found = boots(image, options, _EXACT_BOOTS, until)
    run = found[0].run
    reason = "" if run.deterministic else run.inexact or "instructions are not counted"
    if not reason and len({(each.measured.records, each.order) for each in found}) > 1:
        reason = "two boots of it differ"
    if reason:
        found += boots(image, options, bands.RUNS - len(found), until)
    group = Boots(tuple(found), bands.middle([each.measured for each in found]), reason)
    if any(each.run.verdict != "conforms" for each in found):
        return group, None
    if not reason:
        return replace(group, middle=group.first.measured), Reference(group.first.measured, order=group.order)
    return group, bands.reference([each.measured for each in found], group.order)


def save(name: str, recipe: str, group: Boots, reference: Reference, path: Path, why: str) -> Baseline:
    """Write a new baseline.  One that is there already is replaced, with its history gone on with."""
    old = _old(path)
    entry = _entry(path, group.first.run.image_id, reference, old, why)
    baseline = Baseline(
        name=name,
        recipe=recipe,
        image=group.first.run.image_id,
        key=group.first.key,
        reference=reference,
        history=(*(old.history if old else ()), entry),
        path=path,
    )
    baselinefile.write(baseline, path)
    return baseline


def _old(path: Path) -> Baseline | None:
    try:
        return baselinefile.read(path)
    except UsageError:
        return None


def _entry(path: Path, image: str, reference: Reference, old: Baseline | None, why: str) -> Entry:
    """The line of history for what is accepted now."""
    now = reference.measured
    before = old.reference.measured if old and old.reference.measured.unit == now.unit else None
    changed = {}
    if before is not None:
        for phase in {**before.phases, **now.phases}:
            pair = (before.phases.get(phase), now.phases.get(phase))
            if pair[0] != pair[1]:
                changed[phase] = pair
    return Entry(today(), commits.current(path.parent), image, now.total, why, changed)


def today() -> str:
    """The time as it is written down: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def options_of(baseline: Baseline, asked: Options) -> Options:
    """How to boot an image for a baseline: as it was booted then, where nothing else was asked for."""
    key = baseline.key
    return asked._replace(
        profile=asked.profile or key["profile"],
        target=asked.target or key["target"],
        memory_mib=asked.memory_mib or int(key["memory_mib"]),
        accel=asked.accel if asked.accel != "tcg" else key["accel"],
        deterministic=key["icount"] != "none",
        disk=asked.disk or ("virtio" if key["disk"] == "virtio" else None),
        firmware="uefi" if key["firmware"] == "uefi" else "direct",
    )


def require_same(baseline: Baseline, key: Mapping[str, str]) -> None:
    """Refuse to compare boots of different machines.  Raises InputError, at the key that differs."""
    for name in baselinefile.KEY:
        if key[name] != baseline.key[name]:
            line, column = baseline.places.get(name, (None, None))
            word = _OTHER_WORDS.get(name, name.removesuffix("_mib"))
            raise InputError(
                str(baseline.path), line, column,
                f"{name}: the baseline is for {word} {baseline.key[name]!r}, this boot has {key[name]!r}",
                hint=f"smssboot baseline save {baseline.name} --arch {baseline.arch} --replace makes it anew",
            )  # fmt: skip


def check(
    baseline: Baseline, found: Sequence[Sample], recipe: str, tolerance: float = 0.0, log: bool = True
) -> Checked:
    """Hold boots against a baseline: one, or several of which the median counts.  Raises InputError."""
    for each in found:
        require_same(baseline, each.key)
    first, middle = found[0], bands.middle([each.measured for each in found])
    worst = next((each for each in found if each.run.verdict != "conforms"), first)
    orders = {each.order for each in found}
    order = orders.pop() if len(orders) == 1 else ""
    comparison = compare(
        baseline.reference, middle, order=order, conforms=worst.run.verdict == "conforms", tolerance=tolerance
    )
    assert baseline.path is not None
    now = checklog.Past(
        date=today(),
        commit=commits.current(baseline.path.parent),
        accepted=baseline.history[-1].date,
        recipe=recipe,
        image=first.run.image_id,
        result=comparison.result,
        order=order,
        key=first.key,
        phases=middle.phases,
        measured=middle,
    )
    since = _since(baseline, comparison, now)
    if log:
        checklog.add(baseline.path, now)
    notes = []
    if comparison.order_same is None and baseline.reference.order:
        notes.append("the order of events was not compared: nothing says what the model wanted of this boot")
    return Checked(
        name=baseline.name,
        arch=baseline.arch,
        recipe=recipe,
        unit=middle.unit,
        until=middle.until,
        exact=baseline.reference.exact,
        comparison=comparison,
        image_before=baseline.image,
        image=first.run.image_id,
        date=now.date,
        commit=now.commit,
        boots=len(found),
        tolerance=tolerance,
        since=since,
        findings=worst.run.findings,
        cause=f"{worst.run.cause.kind}: {worst.run.cause.text}",
        notes=notes,
    )


def check_image(
    baseline: Baseline,
    image: BuiltImage,
    recipe: str,
    asked: Options,
    tolerance: float = 0.0,
    log: bool = True,
) -> Checked:
    """Boot an image and hold it against a baseline.  Where boots differ by themselves, one that looks slow is
    not believed before the median of five says the same."""
    options = options_of(baseline, asked)
    until = baseline.reference.measured.until
    found = boots(image, options, 1, until)
    first = check(baseline, found, recipe, tolerance, log=False)
    if not baseline.reference.exact and first.result in ("slower", "faster"):
        found += boots(image, options, bands.RUNS - 1, until)
    elif baseline.reference.exact and first.result not in ("same", "faster"):
        found = [confirmed(found[0], lambda: boots(image, options, 1, until)[0])]
    elif not log:
        return first
    return check(baseline, found, recipe, tolerance, log)


def confirmed(first: Sample, again: Callable[[], Sample]) -> Sample:
    """A boot that came out the same twice: one that counts exactly and alarms is not believed before.

    Raises InfrastructureError when three boots are three different ones.
    """
    seen = [first]
    for _ in range(_TRIES):
        other = again()
        for known in seen:
            if _outcome(known) == _outcome(other):
                return other
        seen.append(other)
    causes = ", ".join(each.run.cause.kind for each in seen)
    raise InfrastructureError(f"{first.run.arch}: boots of one image differ ({causes}), so none is believed")


def _outcome(found: Sample) -> tuple[Measured, str, str]:
    return found.measured, found.order, found.run.verdict


def _since(baseline: Baseline, comparison: Comparison, now: checklog.Past) -> Since | None:
    """Between which two boots the first cause came: accepted ones, and those that were checked since then."""
    if not comparison.causes or comparison.result not in ("slower", "faster", "changed"):
        return None
    phase = comparison.causes[0].phase
    before, after = comparison.causes[0].before or 0, comparison.causes[0].after or 0
    accepted = baseline.history[-1]
    last = Point(accepted.date, accepted.commit, accepted.image, before)
    first = None
    assert baseline.path is not None
    for past in checklog.read(baseline.path):
        if past.accepted != accepted.date or past.key != now.key or past.recipe != now.recipe:
            continue
        cost = past.phases.get(phase, 0)
        point = Point(past.date, past.commit, past.image, cost)
        if abs(cost - before) < abs(cost - after):
            last, first = point, None
        elif first is None:
            first = point
    newest = first.commit if first else now.commit
    between = commits.between(baseline.path.parent, last.commit, newest or "HEAD") if last.commit else []
    return Since(last, first, between, _accepted(baseline, phase))


def _accepted(baseline: Baseline, phase: str) -> list[Point]:
    """What a phase cost each time that another cost of it was accepted."""
    found: list[Point] = []
    for number, entry in enumerate(baseline.history):
        cost = baseline.costs_at(number).get(phase)
        if not found or found[-1].cost != cost:
            found.append(Point(entry.date, entry.commit, entry.image, cost))
    return found


def accept(baseline: Baseline, reference: Reference, image: str, recipe: str, why: str) -> Baseline:
    """Write what is accepted now, with one more line of history."""
    assert baseline.path is not None
    if reference.exact and baseline.reference.exact:
        reference = replace(reference, measured=settle(baseline.reference.measured, reference.measured))
    entry = _entry(baseline.path, image, reference, baseline, why)
    history = (*baseline.history, entry)
    new = replace(baseline, image=image, recipe=recipe, reference=reference, history=history)
    baselinefile.write(new, baseline.path)
    return new


def last_checked(baseline: Baseline) -> checklog.Past | None:
    """The boot that was checked last against the baseline as it is; a band is made of more than one boot."""
    assert baseline.path is not None
    known = checklog.read(baseline.path)
    if not known or not baseline.reference.exact:
        return None
    past = known[-1]
    usable = past.measured is not None and past.accepted == baseline.history[-1].date
    return past if usable and all(past.key.get(name) == baseline.key[name] for name in baseline.key) else None


def accept_checked(baseline: Baseline, past: checklog.Past, why: str) -> Baseline:
    """Accept the boot that was checked last."""
    assert past.measured is not None
    reference = Reference(past.measured, order=past.order or baseline.reference.order)
    return accept(baseline, reference, past.image, past.recipe, why)
