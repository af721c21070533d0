"""The three reports: what they say, that they keep to their schemas, and that no guest can abuse them."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from smssboot import report
from smssboot.conformance.findings import CODES, Finding, Kind, Severity
from smssboot.report.document import to_document
from smssboot.report.reading import from_document
from smssboot.report.terminal import IN_FULL, IN_SHORT, show, wants_colour
from smssboot.report.view import StudyView
from smssboot.timeline.items import VOICES

sys.path.insert(0, str(Path(__file__).parent))
import report_samples as samples

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "harness/smssboot/report/schema.json").read_text())
XSD = etree.XMLSchema(etree.parse(ROOT / "tests/vectors/junit.xsd"))
EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())


def tree(study: StudyView) -> Any:
    root = etree.fromstring(report.junit(study).encode())
    XSD.assertValid(root)
    return root


# --- for people


def test_a_boot_that_conforms_takes_one_line_per_architecture() -> None:
    assert report.text(samples.CONFORMS) == (
        "x86_64   conforms  win11/documented default-5f2c q35/tcg, 4 of 4 events, "
        "2 claims + 1 facts + 1 evidence, 1.23 s\n"
        "aarch64  conforms  win11/documented default-5f2c virt/tcg, 4 of 4 events, "
        "2 claims + 1 facts + 1 evidence, 1.23 s\n"
        "verdict: conforms (exit 0)\n"
    )


def test_a_finding_says_what_was_expected_who_says_so_what_happened_and_where() -> None:
    assert report.text(samples.DEVIATES).split("\n\n")[0] == (
        "error[E102]: aarch64: out of order: smss.api-port.end\n"
        "  --> serial.log:3  (at 0.001500 s of the guest, seq 2)\n"
        "1 |    0.000000  0.4  fact hello proto=1\n"
        "2 |    0.001000  0.232  claim smss.api-port.begin path=\\SmApiPort\n"
        "3 |    0.001500  0.232  claim smss.api-port.end  <- here\n"
        "   = what: smss.api-port.end came before the port was created.\n"
        "   = expected: after object.create type=Port path=\\SmApiPort\n"
        "   = happened: before it\n"
        '   = source: S-024 (smss-article, The boot sequence): "Creates DOS device mappings"\n'
        "   = source: S-058: Creates the port\n"
        "   = rule: win11.yaml:42:5\n"
        "   = likely cause: the port is created after the workers\n"
        "   = repair: create the port first\n"
        "   = follows: event.0, event.1, event.2, event.3, event.4, event.5 and 3 more"
    )


def test_a_missing_event_says_that_nothing_happened() -> None:
    assert "missing: csrss.start session=1\n  --> serial.log\n" in report.text(samples.DEVIATES)
    assert "   = happened: nothing\n" in report.text(samples.DEVIATES)
    assert report.text(samples.DEVIATES).endswith("verdict: deviates (exit 1)\n")


def test_trouble_of_the_machine_is_told_with_its_last_words() -> None:
    text = report.text(samples.ERROR)
    assert "x86_64: qemu-died: QEMU ended with status 1\n   = then interrupted: called off\n" in text
    assert "  | out of memory\n" in text and text.endswith("verdict: error (exit 3)\n")


def test_many_findings_are_counted() -> None:
    run = samples.run(verdict="deviates", findings=(samples.MISSING,) * (IN_FULL + IN_SHORT + 2))
    text = report.text(StudyView([run]))
    assert text.count("   = what: ") == IN_FULL
    assert text.count("error[E101]: x86_64: missing: csrss.start session=1  --> serial.log\n") == IN_SHORT
    assert "x86_64: 2 more findings; all of them are in the JSON report" in text


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["conforms", "conforms"], "conforms"),
        (["conforms", "deviates"], "deviates"),
        (["error", "deviates"], "deviates"),
        (["conforms", "error"], "error"),
        ([], "error"),
    ],
)
def test_the_verdict_over_all_boots(verdicts: list[str], expected: str) -> None:
    assert StudyView([samples.run(verdict=verdict) for verdict in verdicts]).verdict == expected


@EVERY
def test_plain_text_drives_no_terminal(study: StudyView) -> None:
    for line in report.text(study).split("\n"):
        assert line == "" or line.isprintable(), repr(line)


@EVERY
def test_colour_adds_nothing_but_colour(study: StudyView) -> None:
    stream = io.StringIO()
    show(study, stream, colour=True, width=10_000)
    coloured = stream.getvalue()
    assert "\x1b[" in coloured
    bare = without_colour(coloured)
    assert "\x1b" not in bare and "\x9b" not in bare and "\x07" not in bare
    assert "".join(bare.split()).startswith("".join(report.text(study).split())[:60])


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_notes_are_wrapped_on_a_terminal_only() -> None:
    long = dataclasses.replace(samples.MISSING, text="word " * 60)
    study = StudyView([samples.run(verdict="deviates", findings=(long,))])
    stream = io.StringIO()
    show(study, stream, colour=True, width=60)
    shown = without_colour(stream.getvalue()).splitlines()
    wrapped = [line for line in shown if line.strip().startswith("word")]
    assert len(wrapped) > 3 and all(len(line) <= 60 for line in wrapped)
    assert ("word " * 60).strip() in report.text(study)


def test_an_ascii_stream_gets_escapes_and_no_error() -> None:
    finding = dataclasses.replace(samples.MISSING, text="\u4e2d")
    study = StudyView([samples.run(verdict="deviates", findings=(finding,))])
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show(study, stream, colour=False)
    stream.flush()
    assert b"\\u4e2d" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_when_colour_is_welcome() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert wants_colour(Terminal(), {"TERM": "xterm"})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})
    assert not wants_colour(io.StringIO(), {})


def test_plain_text_does_not_load_rich() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "import report_samples as s; from smssboot import report; "
        "report.text(s.DEVIATES); report.to_json(s.DEVIATES); "
        "sys.exit([m for m in ('rich', 'junitparser', 'lxml', 'asyncio') if m in sys.modules] or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# --- for programs


@EVERY
def test_the_document_keeps_to_its_schema(study: StudyView) -> None:
    text = report.to_json(study)
    assert text.isascii() and "\x1b" not in text
    document = json.loads(text)
    Draft202012Validator(SCHEMA).validate(document)
    assert document == to_document(study)


def test_the_schema_is_one_and_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for path, part in parts(SCHEMA):
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False, path
            assert part["required"] == list(part["properties"]), path


@pytest.mark.parametrize("path", ["", "runs/0", "runs/1/findings/0", "runs/0/events/1", "runs/0/qemu"])
def test_the_schema_refuses_what_is_missing_or_more(path: str) -> None:
    validator = Draft202012Validator(SCHEMA)
    for key in [None, *at(to_document(samples.DEVIATES), path)]:
        document = to_document(samples.DEVIATES)
        if key is None:
            at(document, path)["surplus"] = 1
        else:
            del at(document, path)[key]
        assert not validator.is_valid(document), key


def test_the_schema_knows_every_word_of_the_code() -> None:
    finding = SCHEMA["$defs"]["finding"]["properties"]
    assert finding["kind"]["enum"] == list(get_args(Kind))
    assert finding["severity"]["enum"] == list(get_args(Severity))
    assert SCHEMA["$defs"]["status"]["enum"] == ["ok", *get_args(Kind), None]
    assert SCHEMA["$defs"]["event"]["properties"]["voice"]["enum"] == list(VOICES)


def test_the_document_has_what_its_readers_look_for() -> None:
    document = to_document(samples.DEVIATES)
    assert (document["schema"], document["verdict"]) == ("smssboot.report/1", "deviates")
    run = document["runs"][1]
    assert (run["verdict"], run["cause"], run["arch"]) == ("deviates", "powered-off", "aarch64")
    assert (run["accel"], run["qemu"]["version"]) == ("tcg", "7.2.22")
    assert run["image"] == {"id": "default-5f2c", "sha256": samples.SHA}
    assert run["events"][2]["status"] == "out of order" and run["events"][3]["seq"] is None
    assert run["findings"][0]["statements"] == ["S-024", "S-058"]
    assert document["statements"]["S-024"]["document"] == "smss-article"
    assert to_document(samples.ERROR)["runs"][0]["durations_s"] == {
        "launch": 0.05, "first_record": None, "steady": None, "shutdown": None, "total": None
    }  # fmt: skip


def test_the_page_names_every_field_and_every_code() -> None:
    page = (ROOT / "docs/json.md").read_text()
    for _, part in parts(SCHEMA):
        for key in part.get("properties", {}):
            assert f"`{key}`" in page, key
    verdicts = (ROOT / "docs/verdicts.md").read_text()
    for code, meaning in CODES.items():
        assert code in verdicts, (code, meaning)
    for kind in get_args(Kind):
        assert f"`{kind}`" in verdicts, kind


# --- for CI systems


@EVERY
def test_junit_keeps_to_its_schema_and_counts_right(study: StudyView) -> None:
    root = tree(study)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))


def test_cases_keep_their_names() -> None:
    names = [[case.get("name") for case in suite.findall("testcase")] for suite in tree(samples.DEVIATES)]
    assert names[0] == ["boot", "hello", "smss.api-port.begin", "smss.api-port.end", "qmp.SHUTDOWN"]
    assert names[1] == [*names[0], "csrss.start"]
    classes = {case.get("classname") for case in tree(samples.DEVIATES).iter("testcase")}
    assert classes == {"smssboot.win11.documented.x86_64", "smssboot.win11.documented.aarch64"}


def test_deviations_are_failures_with_the_whole_diagnosis() -> None:
    root = tree(samples.DEVIATES)
    failures = {case.get("name"): case.find("failure") for case in root.iter("testcase") if len(case)}
    assert list(failures) == ["boot", "smss.api-port.end", "csrss.start"]
    failure = failures["smss.api-port.end"]
    assert failure.get("type") == "E102 out of order" and failure.get("message") == samples.MISPLACED.text
    assert "= repair: create the port first" in failure.text
    assert root.findall(".//error") == []


def test_trouble_of_the_machine_is_an_error_and_no_failure() -> None:
    root = tree(samples.ERROR)
    (error,) = root.findall(".//error")
    assert error.get("type") == "qemu-died" and error.getparent().get("name") == "boot"
    assert root.findall(".//failure") == []
    assert "out of memory" in root.findtext(".//system-out")


def test_a_damaged_line_is_a_case_of_its_own() -> None:
    finding = Finding("E109", "damaged", "", "the log is damaged: sequence gap: 17..18 missing.")
    study = StudyView([samples.run(verdict="deviates", findings=(finding,))])
    case = tree(study).find(".//testcase[@name='serial log']")
    assert case.find("failure").get("type") == "E109 damaged"
    assert "damaged: the log\n" in report.text(study)


def test_a_hole_in_the_log_is_shown_where_it_is() -> None:
    finding = Finding("E109", "damaged", "hello", "record 2 is lost.", line=3, seq=9)
    shown = report.text(StudyView([samples.run(verdict="deviates", findings=(finding,))]))
    assert "begin path=\\SmApiPort\n3 |           ?  damaged or lost  <- here\n" in shown


def test_a_remark_does_not_fail_a_case() -> None:
    root = tree(StudyView([samples.run(findings=(samples.NOTE,))]))
    assert root.findall(".//failure") == []
    assert "note[E107]" in root.find(".//testcase[@name='hello']").findtext("system-out")


def test_stages_have_the_guests_time() -> None:
    case = tree(samples.CONFORMS).find(".//testcase[@name='smss.api-port.end']")
    assert float(case.get("time")) == pytest.approx(0.0005)


@settings(deadline=None)
@given(st.text())
def test_no_text_of_a_guest_breaks_a_report(text: str) -> None:
    finding = dataclasses.replace(samples.MISSING, text=text or "x", got=text, label=text, event=text)
    run = samples.run(verdict="deviates", findings=(finding,), console_tail=[text], image_id=text)
    study = StudyView([run])
    tree(study)
    Draft202012Validator(SCHEMA).validate(json.loads(report.to_json(study)))
    assert all(line == "" or line.isprintable() for line in report.text(study).split("\n"))


def parts(value: Any, path: str = "") -> Any:
    if isinstance(value, dict):
        yield path, value
        for key, entry in value.items():
            yield from parts(entry, f"{path}/{key}")


def at(document: Any, path: str) -> Any:
    for word in filter(None, path.split("/")):
        document = document[int(word)] if word.isdigit() else document[word]
    return document


@EVERY
def test_a_report_that_is_read_back_shows_the_same(study: StudyView) -> None:
    document = json.loads(json.dumps(to_document(study)))
    assert to_document(from_document(document)) == document


@pytest.mark.parametrize("broken", [[], {}, {"schema": "smssboot.report/9"}, {"schema": "smssboot.report/1"}])
def test_what_is_no_report_is_refused_with_a_reason(broken: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        from_document(broken)


def test_the_phases_are_in_the_report_and_count_instructions_only_where_they_were_counted() -> None:
    for deterministic in (False, True):
        document = to_document(StudyView([samples.run(deterministic=deterministic)]))
        phases = {phase["name"]: phase for phase in document["runs"][0]["phases"]}
        port = phases["smss.api-port"]
        assert (port["begin_ns"], port["end_ns"], port["own_ns"]) == (1_000_000, 1_500_000, 500_000)
        assert port["instructions"] == (500_000 // 8 if deterministic else None)
        assert document["runs"][0]["phases"][port["parent"]]["name"] == "process 232"


ADDED = (
    "nonce", "memory_mib", "deterministic", "inexact", "timeline_hash", "cached", "booted", "restored_from",
    "phases", "console", "notes",
)  # fmt: skip
"""What reports of the first version did not have; docs/json.md promises that readers bear it."""


def test_a_report_of_the_first_version_is_read() -> None:
    document = to_document(samples.DEVIATES)
    for run in document["runs"]:
        for key in ADDED:
            del run[key]
    again = to_document(from_document(document))
    for old, new in zip(document["runs"], again["runs"], strict=True):
        assert {key: new[key] for key in old} == old
