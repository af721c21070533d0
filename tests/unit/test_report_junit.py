"""JUnit as GitLab and Jenkins keep it: names that identify, files that are small, places, attachments."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from lxml import etree

from smssboot import report
from smssboot.conformance.findings import Finding
from smssboot.report.junitxml import BODY_BYTES, MAX_BYTES
from smssboot.report.naming import class_names, run_labels
from smssboot.report.view import EventView, RunView, StudyView
from smssboot.timeline.items import Event

sys.path.insert(0, str(Path(__file__).parent))
import report_samples as samples

ROOT = Path(__file__).resolve().parents[2]
XSD = etree.XMLSchema(etree.parse(ROOT / "tests/vectors/junit.xsd"))


def tree(study: StudyView) -> Any:
    root = etree.fromstring(report.junit(study).encode(), etree.XMLParser(huge_tree=True))
    XSD.assertValid(root)
    return root


def keys(study: StudyView) -> list[tuple[str, str]]:
    return [(case.get("classname"), case.get("name")) for case in tree(study).iter("testcase")]


def several(*runs: RunView) -> StudyView:
    return StudyView(list(runs))


MATRIX = several(
    samples.run(),
    samples.run(arch="aarch64"),
    samples.run(recipe="images/dos-device.yaml"),
    samples.run(recipe="images/dos-device.yaml", arch="aarch64"),
    samples.run(recipe="other/dos-device.yaml", arch="aarch64"),
    samples.run(recipe="images/dos-device.yaml", arch="aarch64", memory_mib=256),
    samples.run(recipe="a.b c.yaml", profile="win11/observed"),
)


def test_no_two_tests_of_a_file_have_the_same_key() -> None:
    assert [key for key, count in Counter(keys(MATRIX)).items() if count > 1] == []


def test_the_key_names_profile_recipe_and_architecture() -> None:
    assert class_names(MATRIX) == [
        "smssboot.win11.documented.default.x86_64",
        "smssboot.win11.documented.default.aarch64",
        "smssboot.win11.documented.dos-device.x86_64",
        "smssboot.win11.documented.dos-device.aarch64",
        "smssboot.win11.documented.dos-device.aarch64.2",
        "smssboot.win11.documented.dos-device.aarch64.3",
        "smssboot.win11.observed.a-b-c.x86_64",
    ]
    assert run_labels(MATRIX)[3:6] == [
        "dos-device win11/documented aarch64",
        "dos-device win11/documented aarch64 (2)",
        "dos-device win11/documented aarch64 (3)",
    ]


def test_a_job_of_one_recipe_keeps_its_keys_whatever_the_recipe_is_called() -> None:
    renamed = several(*(dataclasses.replace(run, recipe="elsewhere.yaml") for run in samples.CONFORMS.runs))
    assert keys(renamed) == keys(samples.CONFORMS)
    assert class_names(renamed) == ["smssboot.win11.documented.x86_64", "smssboot.win11.documented.aarch64"]


def test_the_key_does_not_depend_on_the_outcome() -> None:
    good = samples.run(arch="aarch64")
    assert keys(several(good)) == keys(several(dataclasses.replace(good, events=samples.EVENTS)))
    bad = keys(several(dataclasses.replace(good, verdict="deviates", findings=(samples.MISPLACED,))))
    assert bad == keys(several(good))


@pytest.mark.parametrize("name", ["boot", "serial log", "a b", "a  b", "x" * 300, "x" * 301, "\x00", " "])
def test_an_event_of_a_strange_name_makes_no_duplicate(name: str) -> None:
    events = [EventView(Event("claim", word, {}, 1, 0, 1, 0, 4, 1)) for word in (name, name, "a b")]
    finding = Finding("E109", "damaged", "", "the log is damaged.")
    study = several(samples.run(verdict="deviates", events=events, findings=(finding, samples.MISSING)))
    assert max(Counter(keys(study)).values()) == 1
    (first, *_) = tree(study).iter("testcase")
    assert first.get("name") == "boot" and first.find("failure") is not None


def test_a_file_stays_below_what_gitlab_reads() -> None:
    events = [EventView(Event("claim", f"e{n}.{'x' * 900}", {}, 1, n, 1, 0, 4, n)) for n in range(6000)]
    findings = [
        Finding("E103", "unexpected", f"e{n}.{'x' * 900}", "<&\U0001f600" * 40_000, got="&" * 9000)
        for n in range(200)
    ]
    text = report.junit(several(samples.run(verdict="deviates", events=events, findings=findings)))
    assert len(text.encode()) < MAX_BYTES
    root = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True))
    XSD.assertValid(root)
    bodies = [failure.text for failure in root.findall(".//failure")]
    assert len(bodies) == 201
    assert all(len(etree.tostring(f, encoding="utf-8")) < BODY_BYTES + 9000 for f in root.iter("failure"))
    assert bodies[1].startswith("error[E103]")
    assert bodies[1].endswith("... cut; the JSON report has all of it")


def test_a_body_that_fits_is_whole() -> None:
    finding = dataclasses.replace(samples.MISSING, text="x" * (BODY_BYTES // 2), got="<&>" * 100)
    body = tree(several(samples.run(verdict="deviates", findings=(finding,)))).findall(".//failure")[1].text
    assert finding.text in body and finding.got in body and "cut;" not in body


def test_a_failure_says_where_it_happened() -> None:
    run = dataclasses.replace(samples.DEVIATES.runs[1], artifacts={"serial": "kept/aarch64/serial.log"})
    cases = {case.get("name"): case for case in tree(several(run)).iter("testcase")}
    assert dict(cases["smss.api-port.end"].attrib).items() >= {
        "file": "kept/aarch64/serial.log", "line": "3"
    }.items()  # fmt: skip
    assert cases["csrss.start"].get("file") and cases["csrss.start"].get("line") is None
    assert cases["hello"].get("file") is None


def test_kept_files_are_attached_and_the_disk_is_not() -> None:
    kept = {"disk": "k/disk.raw", "timeline": "k/timeline.jsonl", "serial": "k/serial.log", "odd": "k/]]x"}
    said = tree(several(samples.run(artifacts=kept))).findtext(".//testcase[@name='boot']/system-out")
    assert said == "[[ATTACHMENT|k/serial.log]]\n[[ATTACHMENT|k/timeline.jsonl]]"


def test_phases_of_two_sessions_at_once_have_each_their_time() -> None:
    def said(seq: int, name: str, time_ns: int, session: str) -> EventView:
        return EventView(Event("claim", name, {"session": session}, 0, seq, time_ns, 0, 16, seq + 1))

    events = [
        said(0, "smss.session.begin", 1_000_000, "0"),
        said(1, "smss.session.begin", 2_000_000, "1"),
        said(2, "smss.session.end", 5_000_000, "0"),
        said(3, "smss.session.end", 9_000_000, "1"),
    ]
    case = tree(several(samples.run(events=events))).find(".//testcase[@name='smss.session.end']")
    assert float(case.get("time")) == pytest.approx(0.004 + 0.007)


@pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())
def test_junitparser_reads_the_same_counts(study: StudyView) -> None:
    read = JUnitXml.fromstring(report.junit(study).encode())
    suites = list(read)
    assert [suite.name for suite in suites] == class_names(study)
    verdicts = {"conforms": (0, 0), "error": (0, 1)}
    for suite, run in zip(suites, study.runs, strict=True):
        kinds = [type(result).__name__ for case in suite for result in case.result]
        counted = (kinds.count("Failure"), kinds.count("Error"))
        assert counted == (suite.failures, suite.errors)
        assert counted == verdicts.get(run.verdict, counted)
        if run.verdict == "deviates":
            bad = {finding.event or "serial log" for finding in run.findings if finding.severity == "error"}
            assert counted == (1 + len(bad), 0)
        properties = {each.name: each.value for each in suite.properties()}
        assert properties["arch"] == run.arch and properties["cause"] == run.cause.kind
