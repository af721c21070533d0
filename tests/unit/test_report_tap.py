"""TAP: read back level by level by tap.py, a parser that is not ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap.parser import ENABLE_VERSION_13, Parser

from smssboot.report.cases import event_cases
from smssboot.report.naming import run_labels
from smssboot.report.tap import tap
from smssboot.report.view import StudyView

sys.path.insert(0, str(Path(__file__).parent))
import report_samples as samples

EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())


def read(text: str) -> list[Any]:
    """The tests of one level, with the rules of a level checked."""
    assert ENABLE_VERSION_13, "tap.py needs more-itertools for YAML blocks"
    lines = list(Parser().parse_text(text))
    plans = [line for line in lines if line.category == "plan"]
    tests = [line for line in lines if line.category == "test"]
    assert [plan.expected_tests for plan in plans] == [len(tests)]
    assert [test.number for test in tests] == list(range(1, len(tests) + 1))
    assert not any(line.category == "bail" for line in lines)
    assert not any(test.skip or test.todo for test in tests), "a name became a directive"
    return tests


def levels(text: str) -> tuple[list[Any], list[list[Any]]]:
    """The tests of the document, and those of each of its subtests."""
    lines = text.split("\n")
    assert lines[0] == "TAP version 14" and lines[-1] == ""
    inner: list[list[str]] = []
    for line in lines:
        if line.startswith("# Subtest: "):
            inner.append(["TAP version 14"])
        elif line.startswith("    ") and not line.startswith("    - "):
            inner[-1].append(line[4:])
    assert all(line.isprintable() for line in lines)
    outer = [line for line in lines if not line.startswith("    ") or line.startswith("    - ")]
    return read("\n".join(outer)), [read("\n".join(part)) for part in inner]


@EVERY
def test_every_boot_is_a_subtest_with_a_test_for_each_event_name(study: StudyView) -> None:
    boots, inner = levels(tap(study))
    assert [test.ok for test in boots] == [run.verdict == "conforms" for run in study.runs]
    for tests, run in zip(inner, study.runs, strict=True):
        cases = event_cases(run)
        assert len(tests) == len(cases) + 1
        assert tests[0].ok == (run.verdict == "conforms") and tests[0].description == "- boot"
        assert [test.ok for test in tests[1:]] == [not case.errors for case in cases]


def test_the_block_says_what_a_finding_says() -> None:
    _, inner = levels(tap(samples.DEVIATES))
    failed = {test.description: test.yaml_block for test in inner[1] if not test.ok}
    block = failed["- smss.api-port.end"]
    assert block["message"] == samples.MISPLACED.text and block["severity"] == "fail"
    assert (block["code"], block["kind"], block["at"]) == ("E102", "out of order", "serial.log:3")
    assert block["wanted"] == samples.MISPLACED.expected and block["found"] == "before it"
    assert block["source"][0].startswith("S-024 (smss-article") and len(block["source"]) == 2
    assert len(block["follows"]) == 9
    assert failed["- csrss.start"]["found"] == "nothing"


def test_trouble_of_the_machine_is_told_apart_from_a_deviation() -> None:
    _, inner = levels(tap(samples.ERROR))
    block = inner[0][0].yaml_block
    assert (block["severity"], block["cause"], block["message"]) == (
        "error", "qemu-died", "QEMU ended with status 1"
    )  # fmt: skip
    assert block["console"] == ["UEFI", "out of memory"] and block["then"] == ["interrupted: called off"]
    assert "duration_ms" not in block


def test_a_remark_fails_nothing_and_is_told() -> None:
    _, inner = levels(tap(StudyView([samples.run(findings=(samples.NOTE,))])))
    hello = inner[0][1]
    assert hello.ok and hello.yaml_block["severity"] == "comment"


def test_phases_have_the_guests_time() -> None:
    _, inner = levels(tap(samples.CONFORMS))
    assert inner[0][3].yaml_block == {"duration_ms": 0.5}


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_text_of_a_guest_breaks_it(name: str, text: str) -> None:
    finding = samples.Finding("E103", "unexpected", name, text, label=text, got=text, related=(text,))
    run = samples.run(verdict="deviates", findings=(finding,), console_tail=[text], recipe=text)
    study = StudyView([run, samples.run(recipe="x"), samples.run(recipe=text)])
    boots, inner = levels(tap(study))
    assert len(boots) == 3 == len(run_labels(study)) and not inner[0][-1].ok
    assert inner[0][-1].yaml_block["code"] == "E103"


@pytest.mark.parametrize("name", ["a # TODO later", "# SKIP", "1..3", "Bail out!", "not ok 7 - x", "\\"])
def test_a_name_is_no_word_of_the_protocol(name: str) -> None:
    finding = samples.Finding("E103", "unexpected", name, "Bail out! now\nok 9\n1..9\n  ...\nBail out!")
    _, inner = levels(tap(StudyView([samples.run(verdict="deviates", findings=(finding,))])))
    assert not inner[0][-1].ok and inner[0][-1].yaml_block["message"].startswith("Bail out! now")
