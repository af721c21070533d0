"""Since when a phase is slower: from what was accepted, what was checked since, and the commits between."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smssboot.conformance.gate import Reference
from smssboot.errors import InfrastructureError, InputError
from smssboot.report import checked
from smssboot.report.view import CauseView, RunView
from smssboot.study.gates import baselinefile, baselines, commits
from smssboot.study.gates.baselinefile import Baseline
from smssboot.study.gates.sample import Sample
from smssboot.timeline.measure import Measured, Record

KEY = {name: name for name in baselinefile.KEY} | {"arch": "x86_64", "memory_mib": "64"}


def sample(cost: int, image: str = "now", verdict: str = "conforms") -> Sample:
    """A boot whose `smss.init` costs so much."""
    phases = {"System": 1000, "smss.init": cost}
    records = (Record(1000, "fact hello"), Record(cost, "claim smss.init.end"))
    measured = Measured("instructions", "end", 1000 + cost, phases, records, {}, 1)
    run = RunView(verdict, CauseView("powered-off", ""), "x86_64", "p", image_id=image)  # type: ignore[arg-type]
    return Sample(run, measured, "order", KEY)


@pytest.fixture
def dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """One day passes from one look at the clock to the next."""

    def days() -> Iterator[str]:
        for day in range(1, 29):
            yield f"2026-11-{day:02d}T00:00:00Z"

    clock = days()
    monkeypatch.setattr(baselines, "today", lambda: next(clock))


@pytest.fixture
def saved(tmp_path: Path, dates: None) -> Path:
    """A baseline in a repository."""
    git(tmp_path, "init", "-q")
    commit(tmp_path, "start")
    path = baselinefile.path_of(tmp_path / "baselines", "mine", "x86_64")
    group = baselines.Boots((sample(500, "then"),), sample(500).measured)
    baselines.save("mine", "default", group, Reference(sample(500).measured, order="order"), path, "first")
    return path


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, message: str) -> str:
    (folder / "recipe").write_text(message)
    git(folder, "add", "recipe")
    git(folder, "commit", "-qm", message)
    return commits.current(folder)


def hold(path: Path, cost: int) -> checked.Checked:
    return baselines.check(baselinefile.read(path), [sample(cost)], "default")


def test_the_commits_between_the_last_good_and_the_first_bad_check(saved: Path, tmp_path: Path) -> None:
    commit(tmp_path, "harmless")
    assert hold(saved, 500).result == "same"
    good = commit(tmp_path, "harmless again")
    assert hold(saved, 505).result == "slower"  # a little, but not what comes
    bad = commit(tmp_path, "the slow one")
    first = hold(saved, 700)
    assert first.since is not None
    assert (first.since.last.commit, first.since.first) == (good, None)
    commit(tmp_path, "later")
    since = hold(saved, 702).since
    assert since is not None
    assert since.first is not None
    assert (since.last.commit, since.first.commit) == (good, bad)
    assert [line.split(" ", 1)[1] for line in since.commits] == ["the slow one"]
    said = checked.text([hold(saved, 702)])
    assert f"last without it: 2026-11-03T00:00:00Z at commit {good}" in said
    assert f"first with it:   2026-11-04T00:00:00Z at commit {bad}" in said


def test_without_checks_it_is_the_acceptance(saved: Path, tmp_path: Path) -> None:
    commit(tmp_path, "one")
    commit(tmp_path, "two")
    since = hold(saved, 700).since
    assert since is not None
    assert since.last.date == "2026-11-01T00:00:00Z"
    assert [line.split(" ", 1)[1] for line in since.commits] == ["one", "two"]


def test_what_was_accepted_bit_by_bit_is_told(saved: Path) -> None:
    for cost in (520, 560):
        hold(saved, cost)
        known = baselinefile.read(saved)
        past = baselines.last_checked(known)
        assert past is not None
        baselines.accept_checked(known, past, "a little more")
    assert baselines.last_checked(baselinefile.read(saved)) is None  # nothing was checked since
    found = baselinefile.read(saved)
    assert [found.costs_at(n)["smss.init"] for n in range(3)] == [500, 520, 560]
    assert found.history[-1].changed == {"smss.init": (520, 560)}
    assert hold(saved, 560).result == "same"
    said = checked.text([hold(saved, 700)])
    assert "smss.init as accepted so far: 500 (" in said
    assert said.count(" -> 5") >= 2


def test_of_several_boots_the_median_counts(saved: Path) -> None:
    found = baselines.check(baselinefile.read(saved), [sample(c) for c in (900, 500, 500)], "default")
    assert (found.result, found.boots) == ("same", 3)
    worse = [sample(500), sample(500, verdict="deviates")]
    assert baselines.check(baselinefile.read(saved), worse, "default").result == "deviates"


def test_an_alarm_is_believed_when_it_comes_twice() -> None:
    def boots(*costs: int) -> Sample:
        rest = iter([sample(cost) for cost in costs[1:]])
        return baselines.confirmed(sample(costs[0]), lambda: next(rest))

    assert boots(700, 700).measured.phases["smss.init"] == 700
    assert boots(700, 500, 500).measured.phases["smss.init"] == 500
    assert boots(700, 500, 700).measured.phases["smss.init"] == 700
    with pytest.raises(InfrastructureError, match="boots of one image differ"):
        boots(700, 500, 600)


@pytest.mark.parametrize("name", baselinefile.KEY)
def test_another_machine_is_refused_at_the_key_that_differs(name: str, saved: Path) -> None:
    known = baselinefile.read(saved)
    other = sample(500)._replace(key={**KEY, name: "other"})
    with pytest.raises(InputError) as caught:
        baselines.check(known, [other], "default")
    assert caught.value.line == known.places[name][0]
    assert f"--arch {known.arch} --replace" in str(caught.value)


def test_a_baseline_that_is_replaced_keeps_its_history(saved: Path) -> None:
    group = baselines.Boots((sample(900),), sample(900).measured)
    reference = Reference(sample(900).measured, order="order")
    found = baselines.save("mine", "default", group, reference, saved, "another QEMU")
    assert [entry.why for entry in found.history] == ["first", "another QEMU"]
    assert found.history[-1].changed == {"smss.init": (500, 900)}
    assert isinstance(found, Baseline)
    assert baselinefile.read(saved).reference == reference
