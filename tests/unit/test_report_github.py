"""GitHub's step summary and annotations, read by GitHub's own Markdown library and by a runner's rules."""

from __future__ import annotations

import dataclasses
import html
import re
import sys
from pathlib import Path
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from smssboot.report.github import ANNOTATIONS, SUMMARY_BYTES, commands, summary
from smssboot.report.terminal import finding_text
from smssboot.report.view import StudyView

sys.path.insert(0, str(Path(__file__).parent))
import report_samples as samples

EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())
TAGS = {
    "div", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "pre", "p",
    "em",
}  # fmt: skip


def page(markdown: str) -> Any:
    """The page that GitHub's library makes of it; HTML in it stays as it is."""
    made = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    return lxml_html.fragment_fromstring(f"<div>{made}</div>")


def cells(root: Any) -> list[list[str]]:
    rows = root.find(".//table").findall("tbody/tr")
    return [[cell.text_content() for cell in row.findall("td")] for row in rows]


@EVERY
def test_the_summary_holds_nothing_but_what_we_wrote(study: StudyView) -> None:
    text = summary(study)
    root = page(text)
    assert {element.tag for element in root.iter() if isinstance(element.tag, str)} <= TAGS
    assert not root.xpath("//comment()")
    for element in root.iter():
        assert set(element.attrib) <= {"open", "lang", "align", "class"}, etree.tostring(element)
    assert all(line == "" or line.isprintable() for line in text.split("\n"))
    tables = root.xpath("//table")
    assert len(tables[0].xpath("tbody/tr")) == len(study.runs)
    for table in tables:
        widths = {len(row.xpath("td|th")) for row in table.xpath(".//tr")}
        assert len(widths) == 1
    assert len(root.xpath("//details")) == len(re.findall("^<details( open)?><summary>", text, re.MULTILINE))
    assert all(each.find("summary") is not None for each in root.xpath("//details"))


@EVERY
def test_another_parser_finds_the_same_tables_and_blocks(study: StudyView) -> None:
    text = summary(study)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    root = page(text)
    assert sum(token.type == "table_open" for token in tokens) == len(root.xpath("//table"))
    fences = [token.content.rstrip("\n") for token in tokens if token.type == "fence"]
    assert fences == [pre.text_content().rstrip("\n") for pre in root.xpath("//pre")]


def test_the_summary_says_what_the_report_says() -> None:
    root = page(summary(samples.DEVIATES))
    assert root.findtext("h2") == "❌ smssboot: deviates"
    first, second = cells(root)
    assert first[:4] == ["x86_64", "✅ conforms", "win11/documented", "default-5f2c"]
    assert second[5:] == ["3 of 4", "2", "1.23 s"]
    run = samples.DEVIATES.runs[1]
    blocks = [pre.text_content().rstrip("\n") for pre in root.xpath("//pre")]
    assert blocks == [finding_text(finding, run, samples.DEVIATES) for finding in run.findings]
    heads = [each.text_content() for each in root.xpath("//details/summary")]
    assert heads[0] == "error E102, out of order: smss.api-port.end"
    assert [("open" in each.attrib) for each in root.xpath("//details")] == [True, False, False]


def test_trouble_of_the_machine_is_told_with_its_last_words() -> None:
    root = page(summary(samples.ERROR))
    assert root.findtext("h2") == "⚠️ smssboot: error"
    assert "qemu-died: QEMU ended with status 1" in root.text_content()
    assert root.xpath("//pre")[0].text_content() == "UEFI\nout of memory\n"


def test_phases_stand_side_by_side() -> None:
    table = page(summary(samples.CONFORMS)).xpath("//table")[1]
    rows = [[cell.text_content() for cell in row] for row in table.xpath("tbody/tr")]
    assert ["smss.api-port", "0.500", "0.500"] in rows


@pytest.mark.parametrize(
    "said",
    ["</details><img src=x>", "```\n# head\n", "````````", "| a | b |", "[x](http://y)", "http://y", "@a",
     "&lt;b&gt;", "<!--", "</code></summary><script>", "a\\|b", "`", "\n\n---\n", "#1"],
)  # fmt: skip
def test_a_guests_words_are_text_everywhere(said: str) -> None:
    finding = dataclasses.replace(samples.MISSING, label=f"x {said}", text=said, got=said)
    run = samples.run(
        verdict="deviates", findings=(finding,), image_id=said, recipe=said, console_tail=[said]
    )
    study = StudyView([run, dataclasses.replace(run, verdict="error", recipe="b")])
    test_the_summary_holds_nothing_but_what_we_wrote(study)
    root = page(summary(study))
    shown = " ".join(said.split())
    if "\n" not in said:
        assert cells(root)[0][3] == shown
        assert root.xpath("//summary")[0].text_content().endswith(f"x {shown}")
        assert said in root.xpath("//pre")[0].text_content()
    assert not root.xpath("//a | //img | //script")


@settings(deadline=None)
@given(st.text())
def test_no_text_becomes_markup(said: str) -> None:
    finding = dataclasses.replace(samples.MISSING, label=said, text=said, got=said, event=said)
    run = samples.run(verdict="deviates", findings=(finding,), image_id=said, recipe=said)
    study = StudyView([run, samples.run(recipe="b")])
    test_the_summary_holds_nothing_but_what_we_wrote(study)
    assert all(parse(line) for line in commands(study).splitlines())


def test_a_long_summary_is_cut_between_its_parts() -> None:
    finding = dataclasses.replace(samples.MISSING, text="x" * 19_000)
    runs = [samples.run(verdict="deviates", findings=(finding,) * 20, arch=f"a{n}") for n in range(9)]
    study = StudyView(runs)
    whole = summary(study)
    assert len(whole.encode()) <= SUMMARY_BYTES and whole.endswith("The JSON report has all of it.*\n")
    test_the_summary_holds_nothing_but_what_we_wrote(study)
    assert len(summary(study, 30_000).encode()) <= 30_000
    assert summary(study, 0) == "" == summary(study, -5)


# --- annotations


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner's ActionCommand reads it."""
    found = re.fullmatch(r"::([a-z-]+)(?: (.*?))?::(.*)", line)
    assert found, line
    name, said, message = found.groups()
    properties = {}
    for pair in (said or "").split(","):
        key, _, value = pair.partition("=")
        for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(code, char)
        properties[key] = value
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(code, char)
    return name, properties, message


def test_an_annotation_says_where_and_what() -> None:
    run = dataclasses.replace(samples.DEVIATES.runs[1], artifacts={"serial": "kept/a,b:c/serial.log"})
    first, second = map(parse, commands(StudyView([run])).splitlines())
    assert first == (
        "error",
        {
            "file": "kept/a,b:c/serial.log",
            "line": "3",
            "title": "aarch64: E102 out of order: smss.api-port.end",
        },
        "smss.api-port.end came before the port was created.\n"
        "expected: after object.create type=Port path=\\SmApiPort\n"
        "happened: before it\nrepair: create the port first",
    )
    assert "line" not in second[1] and second[2] == "csrss.start did not come."


def test_what_conforms_has_no_annotation_and_a_remark_is_a_notice() -> None:
    assert commands(samples.CONFORMS) == ""
    (line,) = commands(StudyView([samples.run(findings=(samples.NOTE,))])).splitlines()
    assert parse(line)[0] == "notice"


def test_trouble_of_the_machine_is_an_annotation() -> None:
    (line,) = commands(samples.ERROR).splitlines()
    assert parse(line) == ("error", {"title": "x86_64: qemu-died"}, "QEMU ended with status 1")


def test_the_root_causes_of_all_boots_come_first() -> None:
    runs = [
        samples.run(verdict="deviates", arch=f"a{n}", findings=(samples.MISPLACED, *[samples.MISSING] * 20))
        for n in range(3)
    ]
    lines = [parse(line) for line in commands(StudyView(runs)).splitlines()]
    assert len(lines) == ANNOTATIONS
    assert [line[1]["title"].split(":")[0] for line in lines[:3]] == ["a0", "a1", "a2"]
    assert all("E102" in line[1]["title"] for line in lines[:3])


@pytest.mark.parametrize("said", ["::error::x", "a\n::set-env name=x::y", "100%0A", "##[error]x", "a,b=c:d"])
def test_a_guests_words_are_no_command(said: str) -> None:
    finding = dataclasses.replace(samples.MISSING, label=said, text=said, got=said)
    lines = commands(StudyView([samples.run(verdict="deviates", findings=(finding,))])).splitlines()
    assert len(lines) == 1
    name, properties, message = parse(lines[0])
    assert name == "error" and set(properties) == {"file", "title"}
    assert message.startswith(html.unescape(said.replace("\n", "\\x0a")))
