"""Bisection over a row of images: the first bad one in few boots, and honest about what cannot be judged."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smssboot.errors import InfrastructureError, UsageError
from smssboot.report.view import CauseView, RunView
from smssboot.study.gates import bisect
from smssboot.study.gates.bisect import Judge, search
from smssboot.study.gates.sample import Sample
from smssboot.study.options import Options
from smssboot.timeline.measure import Measured, Record

SCHEMA: dict[str, Any] = json.loads(
    files("smssboot.report").joinpath("bisect.schema.json").read_text("utf-8")
)


class Row(Judge):
    """Images by name: what the phase `smss.init` costs in each; a text says why there is no boot."""

    def __init__(self, costs: dict[str, int | str]) -> None:
        super().__init__("x86_64", Options())
        self._costs = costs
        self.boots: list[str] = []

    def sample(self, word: str) -> Sample:
        if word not in self.boots:
            self.boots.append(word)
        cost = self._costs[word]
        if isinstance(cost, str):
            raise InfrastructureError(cost)
        deviates = cost < 0
        run = RunView("deviates" if deviates else "conforms", CauseView("bugcheck", "0x6F"), "x86_64", "p")
        phases = {"System": 1000, "smss.init": abs(cost)}
        records = (Record(1000, "fact hello"), Record(abs(cost), "claim smss.init.end"))
        measured = Measured("instructions", "steady", 1000 + abs(cost), phases, records, {}, 1)
        return Sample(run, measured, "same", {"arch": "x86_64"})


def names(costs: list[int | str]) -> dict[str, int | str]:
    return {f"v{number}": cost for number, cost in enumerate(costs)}


@settings(deadline=None)
@given(st.integers(2, 300), st.data())
def test_the_first_bad_one_is_found_in_logarithmic_boots(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, count - 1))
    judge = Row(names([100 + n % 3 if n < first else 400 + n % 5 for n in range(count)]))
    found = search([f"v{n}" for n in range(count)], judge)
    assert (found.first, found.good, found.between) == (f"v{first}", f"v{first - 1}", ())
    assert len(judge.boots) <= 2 + (count - 1).bit_length()


@settings(deadline=None)
@given(st.integers(3, 60), st.data())
def test_what_cannot_be_judged_is_stepped_over(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, count - 1))
    broken = data.draw(st.sets(st.integers(1, count - 2)))
    costs: list[int | str] = [100 if n < first else 400 for n in range(count)]
    for number in broken:
        costs[number] = "does not build"
    found = search([f"v{n}" for n in range(count)], Row(names(costs)))
    candidates = [*found.between, found.first]
    assert f"v{first}" in candidates
    assert {int(word[1:]) for word in found.between} <= broken
    assert costs[int(found.good[1:])] == 100


def test_a_deviation_is_what_bad_means_when_the_bad_end_deviates() -> None:
    judge = Row(names([100, 900, 900, -100, -100]))
    found = search(list(names([0] * 5)), judge)
    assert (found.first, found.good) == ("v3", "v2")
    assert found.why[0] == "deviates: bugcheck: 0x6F"


def test_the_reason_is_told_to_people_and_programs() -> None:
    heard: list[str] = []
    found = search(list(names([0] * 4)), Row(names([100, "no\x1b[1m tool", 400, 410])), heard.append)
    assert "cannot be judged: v1: no tool" in heard
    said = bisect.lines(found)
    assert said[0] == "first bad: v2, or one of"
    assert "  smss.init: +300 instructions, of +300 in all" in said
    jsonschema.validate(bisect.to_document(found), SCHEMA)


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([100, 100, 100], "--bad v2: its boot conforms and is not slower than that of v0"),
        ([400, 100, 100], "--bad v2: its boot conforms and is not slower than that of v0"),
        ([-100, 100, -100], "--good v0: its boot deviates"),
    ],
)
def test_ends_that_are_not_good_and_bad_are_refused(costs: list[int | str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        search(["v0", "v1", "v2"], Row(names(costs)))


def test_images_of_other_machines_are_refused() -> None:
    class Other(Row):
        def sample(self, word: str) -> Sample:
            return super().sample(word)._replace(key={"qemu": word})

    with pytest.raises(UsageError, match="cannot be compared: they differ in qemu"):
        search(["v0", "v1"], Other(names([100, 400])))


def test_a_folder_that_is_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a built image"):
        bisect.image_of(str(tmp_path), "x86_64")


def test_a_row_holds_its_ends_once() -> None:
    from smssboot.cli.bisect import _row

    def row(*images: str) -> list[str]:
        return _row(cast(Any, SimpleNamespace(images=list(images), good="a", bad="d")))

    assert row("b", "c") == row("a", "b", "c") == row("b", "c", "d") == row("a", "b", "c", "d")
    assert row() == ["a", "d"]
