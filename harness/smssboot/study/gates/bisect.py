"""The first bad image of a row whose first one is good and whose last one is bad, in as few boots as can be.

Good is what a baseline says.  Without one the two ends say it: when the bad end deviates, an image is bad
that deviates; when it is slower, one is bad in which the phase that grew most is nearer to what it costs
there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from smssboot.conformance.gate import EXIT_CODES, Comparison, Reference, compare
from smssboot.errors import SmssbootError, UsageError
from smssboot.image.built import MANIFEST, BuiltImage
from smssboot.study.gates import bands, baselinefile, baselines
from smssboot.study.gates.sample import Sample
from smssboot.study.options import Options
from smssboot.timeline.printable import printable

SCHEMA: Final = "smssboot.bisect/1"


class Verdict(NamedTuple):
    """One image: `bad` is None when it cannot be judged, and `why` says what was seen."""

    image: str
    bad: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """`first` is the first bad image; `between` could not be judged and may be it as well.  `why` is what
    changed from the last good one to it."""

    good: str
    first: str
    between: tuple[str, ...]
    why: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = field(default_factory=tuple)


class Judge:
    """Boots images and says which are bad."""

    def __init__(
        self, arch: str, asked: Options, baseline: Path | None = None, tolerance: float = 0.0
    ) -> None:
        self._arch = arch
        self._options = asked
        self._tolerance = tolerance
        self._baseline = None if baseline is None else baselinefile.read(baseline)
        if self._baseline is not None:
            self._options = baselines.options_of(self._baseline, asked)
        self._seen: dict[str, Sample] = {}
        self._phase: str | None = None
        self._middle = 0.0

    def sample(self, word: str) -> Sample:
        """Boot an image, once.  Raises UsageError and InfrastructureError."""
        if word not in self._seen:
            (self._seen[word],) = baselines.boots(image_of(word, self._arch), self._options, 1)
        return self._seen[word]

    def ends(self, good: str, bad: str) -> None:
        """Learn from the two ends what bad means.  Raises UsageError when they do not differ."""
        first, last = self.sample(good), self.sample(bad)
        if first.key != last.key:
            differ = [name for name in first.key if first.key[name] != last.key[name]]
            raise UsageError(f"{good} and {bad} cannot be compared: they differ in {', '.join(differ)}")
        if self._baseline is not None:
            baselines.require_same(self._baseline, first.key)
        if first.run.verdict != "conforms" and self._baseline is None:
            raise UsageError(f"--good {good}: its boot deviates: {_finding(first)}")
        if self._baseline is None and last.run.verdict == "conforms":
            grown = [each for each in self.compare(good, bad).causes if each.delta > 0]
            if grown:
                self._phase = grown[0].phase
                self._middle = ((grown[0].before or 0) + (grown[0].after or 0)) / 2
            else:
                raise UsageError(f"--bad {bad}: its boot conforms and is not slower than that of {good}")
        for word, wanted in ((good, False), (bad, True)):
            verdict = self.judge(word)
            if verdict.bad is not wanted:
                option = "--bad" if wanted else "--good"
                raise UsageError(f"{option} {word}: it is {'bad' if verdict.bad else 'good'}: {verdict.why}")

    def judge(self, word: str) -> Verdict:
        """Whether an image is bad, and what was seen of it."""
        try:
            found = self.sample(word)
        except SmssbootError as error:
            return Verdict(word, None, printable(str(error)))
        if self._baseline is not None:
            held = self._held(found)
            return Verdict(word, EXIT_CODES[held.result] != 0, _summary(held, found))
        if found.run.verdict != "conforms":
            return Verdict(word, True, f"deviates: {_finding(found)}")
        if self._phase is None:
            return Verdict(word, False, "conforms")
        cost = found.measured.phases.get(self._phase, 0)
        return Verdict(word, cost >= self._middle, f"{self._phase}: {cost:,} {found.measured.unit}")

    def compare(self, good: str, bad: str) -> Comparison:
        """What changed from one image to another."""
        before, after = self.sample(good), self.sample(bad)
        return compare(
            Reference(before.measured, order=before.order),
            after.measured,
            order=after.order,
            conforms=after.run.verdict == "conforms",
            tolerance=self._tolerance,
        )

    def _held(self, found: Sample) -> Comparison:
        assert self._baseline is not None
        return compare(
            self._baseline.reference,
            bands.middle([found.measured]),
            order=found.order,
            conforms=found.run.verdict == "conforms",
            tolerance=self._tolerance,
        )


def image_of(word: str, arch: str) -> BuiltImage:
    """The image that is meant: a folder that `smssboot build` made, else a recipe.  Raises UsageError."""
    from smssboot.image.build import build

    folder = Path(word)
    if not folder.is_dir():
        return build(word, arch)
    try:
        image = BuiltImage.read(folder.absolute())
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{word}: expected a built image, found no readable {MANIFEST} in it") from None
    if image.arch != arch:
        hint = f"--arch {image.arch}"
        raise UsageError(f"{word}: the image is for {image.arch}, not for {arch}", hint=hint)
    return image


def search(row: Sequence[str], judge: Judge, tell: Callable[[str], None] = lambda line: None) -> Found:
    """The first bad image of a row.  `tell` hears about each step.  Raises UsageError.

    Boots O(log n) images; one that cannot be judged costs another boot beside it.
    """
    judge.ends(row[0], row[-1])
    verdicts: dict[int, Verdict] = {0: judge.judge(row[0]), len(row) - 1: judge.judge(row[-1])}
    good, bad = 0, len(row) - 1
    for verdict in verdicts.values():
        tell(_line(verdict))
    while True:
        untried = [at for at in range(good + 1, bad) if at not in verdicts]
        if not untried:
            break
        at = min(untried, key=lambda number: abs(2 * number - good - bad))
        verdicts[at] = judge.judge(row[at])
        tell(_line(verdicts[at]))
        if verdicts[at].bad is True:
            bad = at
        elif verdicts[at].bad is False:
            good = at
    return Found(
        good=row[good],
        first=row[bad],
        between=tuple(row[good + 1 : bad]),
        why=_why(judge, row[good], row[bad]),
        verdicts=tuple(verdicts[at] for at in sorted(verdicts)),
    )


def _why(judge: Judge, good: str, bad: str) -> tuple[str, ...]:
    """What the first bad image does that the last good one did not."""
    found, last = judge.compare(good, bad), judge.sample(bad)
    why = [f"deviates: {_finding(last)}"] if found.result == "deviates" else []
    unit = last.measured.unit
    why += [f"{each.phase}: {each.delta:+,} {unit}, of {found.delta:+,} in all" for each in found.causes[:3]]
    why += [f"gone: {label}" for label in found.gone[:3]] + [f"new: {label}" for label in found.new[:3]]
    return tuple(printable(line) for line in why)


def lines(found: Found) -> list[str]:
    """The outcome for people."""
    out = [f"first bad: {found.first}"] if not found.between else [f"first bad: {found.first}, or one of"]
    out += [f"  {word} (cannot be judged)" for word in found.between]
    out += [f"last good: {found.good}", *(f"  {each}" for each in found.why)]
    return [printable(line) for line in out]


def to_document(found: Found) -> dict[str, Any]:
    """The outcome for programs."""
    return {
        "schema": SCHEMA,
        "first_bad": found.first,
        "last_good": found.good,
        "cannot_be_judged": list(found.between),
        "why": list(found.why),
        "judged": [each._asdict() for each in found.verdicts],
    }


def _line(verdict: Verdict) -> str:
    word = "cannot be judged" if verdict.bad is None else "bad" if verdict.bad else "good"
    return f"{word}: {printable(verdict.image)}: {verdict.why}"


def _finding(found: Sample) -> str:
    run = found.run
    return printable(run.findings[0].text if run.findings else f"{run.cause.kind}: {run.cause.text}")


def _summary(held: Comparison, found: Sample) -> str:
    if held.result == "deviates":
        return f"deviates: {_finding(found)}"
    first = f", {held.causes[0].phase} {held.causes[0].delta:+,}" if held.causes else ""
    return printable(f"{held.result}, {held.delta:+,} {found.measured.unit}{first}")
