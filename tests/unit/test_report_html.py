"""The HTML report as a file: what is in it, and that nothing a guest prints becomes part of the page."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html as parser

sys.path.insert(0, str(Path(__file__).parent))
import report_boots as boots
import report_samples as samples

from smssboot.report import page
from smssboot.report.groups import groups
from smssboot.report.html import html
from smssboot.report.view import EventView, RestoredView, StudyView
from smssboot.timeline.items import Event

ROOT = Path(__file__).resolve().parents[2]
STUDIES = {
    "boots": boots.study(),
    "hostile": boots.study(boots.hostile()),
    "failed": boots.error(),
    "hostile failed": boots.error(boots.hostile()),
    **{f"sample {name}": study for name, study in samples.ALL.items()},
}
EVERY = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES.keys())
VOID = {"meta", "input", "br", "col", "link", "img", "hr"}


def tree(study: StudyView) -> Any:
    return parser.document_fromstring(html(study))


def words(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def by_id(root: Any, name: str) -> Any:
    (only,) = root.xpath("//*[@id=$name]", name=name)
    return only


# --- a page of its own


@EVERY
def test_it_needs_nothing_from_elsewhere(study: StudyView) -> None:
    root = tree(study)
    for element in root.iter(
        "a", "link", "img", "script", "iframe", "object", "embed", "use", "base", "form"
    ):
        assert "src" not in element.attrib and "action" not in element.attrib
        assert element.get("href", "#").startswith("#")
    assert not list(root.iter("link", "img", "iframe", "object", "embed", "base"))
    assert "url(" not in "".join(style.text for style in root.iter("style"))
    assert "@import" not in "".join(style.text for style in root.iter("style"))


@EVERY
def test_only_its_own_style_and_scripts_are_admitted(study: StudyView) -> None:
    root = tree(study)
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert not re.search(r"unsafe|\*|http|data:", policy)
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        found = [sha(element.text) for element in root.iter(tag)]
        assert found == rules[directive]
    for element in root.iter():
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@EVERY
def test_every_element_is_closed_and_every_link_leads_somewhere(study: StudyView) -> None:
    text = html(study)
    opened = Counter(re.findall(r"<([a-z][a-z0-9]*)[\s>]", re.sub(r"(?s)<(style|script)>.*?</\1>", "", text)))
    closed = Counter(re.findall(r"</([a-z][a-z0-9]*)>", re.sub(r"(?s)<(style|script)>.*?</\1>", "", text)))
    for tag, number in opened.items():
        short = len(re.findall(rf"<{tag}\b[^>]*/>", text))
        assert tag in VOID or number == closed[tag] + short, tag
    root = tree(study)
    ids = [element.get("id") for element in root.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-describedby", "for"):
        assert set(" ".join(root.xpath(f"//@{name}")).split()) <= set(ids)
    assert {href[1:] for href in root.xpath("//a/@href")} <= set(ids)


def test_the_same_study_gives_the_same_bytes() -> None:
    first = html(boots.study())
    assert first == html(boots.study())
    again = (
        "import report_boots, smssboot.report.html as h, sys; sys.stdout.write(h.html(report_boots.study()))"
    )
    places = f"{ROOT / 'harness'}:{ROOT / 'tests/unit'}"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", again], capture_output=True, timeout=60, check=True,
            env={"PYTHONPATH": places, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert done.stdout.decode() == first


def test_what_it_is_made_of_is_installed_with_it() -> None:
    listed = (ROOT / "pyproject.toml").read_text("utf-8")
    for path in (ROOT / "harness/smssboot/report/templates").iterdir():
        assert f'"**/*{path.suffix}"' in listed, path


# --- nothing of a guest's becomes markup


@pytest.mark.parametrize("make", [boots.study, boots.error])
def test_hostile_text_makes_no_element_and_no_attribute(make: Any) -> None:
    calm, hostile = shape(tree(make())), shape(tree(make(boots.hostile())))
    # A place where runs agree may not do so with hostile words; findings are then shown apart.
    assert set(hostile) == set(calm)


def test_each_hostile_text_makes_no_element_wherever_it_stands() -> None:
    calm = shape(tree(boots.study(lambda word: word + "-x")))
    for payload in boots.PAYLOADS:
        assert shape(tree(boots.study(lambda word, payload=payload: word + payload))) == calm, payload


def shape(root: Any) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter((element.tag, tuple(sorted(element.attrib))) for element in root.iter())


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("`a.b` came", "<code>a.b</code> came"),
        ("`<b>` and `x", "`&lt;b&gt;` and `x"),
        ("<i> `<b>` </i>", "&lt;i&gt; <code>&lt;b&gt;</code> &lt;/i&gt;"),
        ("`{}`\x1b[2J", "<code>{}</code>"),
        ("", ""),
    ],
)
def test_names_in_sentences_are_set_as_names_and_escaped(text: str, written: str) -> None:
    study = StudyView([boots.run("x86_64", verdict="deviates", findings=[boots.finding(text=text)])])
    (said,) = re.findall(r'<p class="said">(.*?)</p>', html(study))
    assert said.strip() == written


@EVERY
def test_no_character_drives_anything(study: StudyView) -> None:
    text = html(study)
    text.encode("utf-8")
    odd = {char for char in text if not char.isprintable()} - {"\n"}
    assert not odd


def test_hostile_text_is_shown_as_what_it_is() -> None:
    said = words(by_id(tree(boots.study(boots.hostile())), "events"))
    for payload in boots.PAYLOADS[:-1]:
        assert payload in said
    assert r"\u202e" in said and r"\ud800" in said and r"\x00" in said


# --- what is in it


def test_the_verdict_is_at_the_top_for_each_run() -> None:
    root = tree(boots.study())
    cards = root.xpath("//section[@id='verdict']//article")
    assert [words(card.find("header")) for card in cards] == ["x86_64 ✗ deviates", "aarch64 ✗ deviates"]
    assert "E102 out of order smss.object-directory came too early. and 2 more" in words(cards[0])
    assert "20 of 20 required events seen" in words(cards[0])
    assert root.xpath("//main/section/@id")[:2] == ["verdict", "findings"]


def test_a_finding_of_both_architectures_is_shown_once_with_everything() -> None:
    found = tree(boots.study()).xpath("//article[contains(@class, 'finding')]")
    assert len(found) == 3
    said = words(found[0])
    for piece in (
        r"E102 out of order smss.object-directory path=\Windows",
        "x86_64 serial.log:5 0.003000 s, seq 4 aarch64 serial.log:5 0.003000 s, seq 4",
        "expected after object.create happened before it",
        '"Creates DOS devices" S-024 smss-article, The boot',
        "Another sentence S-999",
        "likely cause the entry is made late",
        "repair make it first",
        "rule win11/master.yaml:42:5",
        "follows from it event.one , event.two",
    ):
        assert piece in said, piece
    assert "happened nothing" in words(found[1])


def test_a_finding_leads_to_its_record_and_back() -> None:
    root = tree(boots.study())
    (link,) = root.xpath("//article[contains(@class, 'finding')][1]//p[@class='where']/a[1]/@href")[:1]
    row = by_id(root, link[1:])
    assert words(row.find("th")) == "smss.object-directory"
    assert row.xpath(".//a/@href") == ["#f0-0"]
    assert words(row.xpath(".//a")[0]) == "out of order"


def test_the_log_around_a_finding_has_records_and_console_text() -> None:
    lost = tree(boots.study()).xpath("//article[contains(@class, 'finding')][3]//ol/li")
    assert [(line.get("value"), line.get("class")) for line in lost] == [
        ("7", None), ("7", None), ("8", "here"), ("9", None),
    ]  # fmt: skip
    assert "console Checking file system on C:" in words(lost[1])


def test_the_timeline_marks_the_finding_in_its_place() -> None:
    root = tree(boots.study())
    marks = root.xpath("//figure//a/@href")
    assert sorted(marks) == ["#f0-0", "#f0-1", "#f0-2", "#f1-0"]
    assert words(root.xpath("//p[@class='homeless']")[0]) == "Without a place in time: E101 missing, x86_64 ."


def test_phases_are_side_by_side_with_their_ratio() -> None:
    root = tree(boots.study())
    rows = {
        words(row.find("th")): [words(cell) for cell in row.findall("td")]
        for row in root.xpath("//table[contains(@class, 'phases')]//tr[th[@scope='row']]")
    }
    mine, his = 1_000_000, 800_000
    assert rows["smss.registry"] == [
        f"{mine / 1e6:.3f}", f"{mine // 8:,}", "", f"{his / 1e6:.3f}", f"{his // 8:,}", "", "0.80",
    ]  # fmt: skip
    heads = [words(head) for head in root.xpath("//table[contains(@class, 'phases')]//thead/tr/th")]
    assert heads == ["phase", "x86_64 ms", "instructions", "", "aarch64 ms", "instructions", "", "ratio"]
    names = list(rows)
    assert names.index("smss.boot-command index=0") == names.index("smss.boot-execute") + 1


def test_a_phase_that_only_one_run_has_stands_where_it_began() -> None:
    whole = boots.run("aarch64")
    less = [view for view in whole.events if "registry" not in view.event.name]
    (group,) = groups(StudyView([boots.run("x86_64", events=less), whole]))
    rows = page.phase_rows(group)
    keys = [row.key for row in rows]
    assert keys.index("smss.registry") < keys.index("smss.boot-execute")
    assert keys[keys.index("smss.registry") - 1] == "smss.exe"
    (only,) = (row for row in rows if row.key == "smss.registry")
    assert only.costs[0] is None and only.ratios == (None,)


def test_the_times_of_all_phases_add_up() -> None:
    (group,) = groups(boots.study())
    rows = page.phase_rows(group)
    for at, run in enumerate(group.runs):
        last = max(view.event.time_ns or 0 for view in run.events)
        assert sum(cost.own_ns for row in rows if (cost := row.costs[at])) == last


def test_every_event_is_a_row() -> None:
    study = boots.study(extra=450)
    rows = tree(study).xpath("//section[@id='events']//tbody/tr")
    assert len(rows) == sum(len(run.events) for run in study.runs)
    said = [[words(cell) for cell in row] for row in rows]
    assert said[0] == ["", "", "", "evidence", "pe.image", "file= smss.exe size= 44032", "ok"]
    assert said[4] == ["3", "0.002500", "0.16 smss.exe", "claim", "smss.registry.begin", "", "ok"]
    for table in tree(study).xpath("//section[@id='events']//table"):
        assert len(table.xpath(".//tbody/tr")) <= page.CHUNK
        assert table.xpath(".//thead//th/@scope") == ["col"] * 7 and table.find("caption") is not None


def test_evidence_is_grouped_by_kind_and_what_all_saw_is_one_row() -> None:
    root = tree(boots.study())
    kinds = root.xpath("//section[@id='evidence']//details")
    assert [words(kind.find("summary")) for kind in kinds] == [
        "memory.process 3",
        "pe.image 1",
        "qmp.SHUTDOWN 1",
    ]
    heads = [words(head) for head in kinds[0].xpath(".//thead//th")]
    assert heads == ["seen on", "pid", "name"]
    assert [words(cell) for cell in kinds[0].xpath(".//tbody/tr[1]/td")] == ["all", "0", "smss.exe"]


def test_evidence_with_many_data_is_no_wider_than_a_page() -> None:
    data = {f"key{n}": str(n) for n in range(page.MAX_COLUMNS + 3)}
    run = boots.run("x86_64", events=[EventView(Event("evidence", "memory.x", data))])
    (row,) = tree(StudyView([run])).xpath("//section[@id='evidence']//tbody/tr")
    assert len(row) == 1 + page.MAX_COLUMNS + 1
    assert words(row[-1]) == "key8=8 key9=9 key10=10"


def test_evidence_of_one_run_says_of_which() -> None:
    study = StudyView([boots.run("x86_64"), boots.run("aarch64", events=boots.run("aarch64").events[:-1])])
    (kind,) = tree(study).xpath("//details[.//h4 = 'qmp.SHUTDOWN']")
    assert words(kind.xpath(".//tbody/tr/td")[0]) == "x86_64"


def test_run_data_has_the_command_line_for_a_shell() -> None:
    said = "".join(by_id(tree(boots.study()), "data").xpath(".//pre")[0].itertext())
    assert said == "qemu-system \\\n  -S \\\n  -append 'profile=x y' \\\n  -device ''\n"


def test_a_run_that_could_not_be_judged_says_so() -> None:
    card = tree(boots.error()).xpath("//section[@id='verdict']//article")[0]
    said = words(card)
    assert "qemu-died QEMU ended with status 1 then interrupted called off" in said
    assert "it could not be judged" in said
    assert "UEFI out of memory" in said


def test_what_a_boot_was_given_and_where_it_came_from_is_said() -> None:
    snapshot = RestoredView("smss.start", 7, 1_500_000, "snapshots/x")
    early = boots.run("x86_64", cached=True, booted="2026-01-02T03:04:05Z", restored_from=snapshot)
    late = boots.run("aarch64", deterministic=False, inexact="the disk is the host's")
    root = tree(StudyView([early, late]))
    first, second = (words(each) for each in root.xpath("//dl[@class='data']"))
    assert "went on from snapshot at smss.start, seq 7, 0.001500 s: snapshots/x" in first
    assert "from the cache yes, booted 2026-01-02T03:04:05Z" in first
    assert "deterministic yes: instructions were counted" in first
    assert "deterministic no: the disk is the host's" in second and "from the cache no" in second
    cards = [words(each) for each in root.xpath("//p[@class='machine']")]
    assert "deterministic · from a snapshot · from the cache" in cards[0]
    assert "times are not exact: the disk is the host's" in cards[1]


def test_runs_of_different_images_are_shown_apart() -> None:
    study = StudyView(
        [boots.run(arch, recipe=recipe) for recipe in ("one", "two") for arch in ("aarch64", "x86_64")]
    )
    root = tree(study)
    assert [words(title) for title in root.xpath("//h2[@class='title']")] == [
        "one · win11/documented",
        "two · win11/documented",
    ]
    assert len(root.xpath("//figure")) == 2
    assert [group.numbers for group in groups(study)] == [(1, 0), (3, 2)]


def test_two_runs_of_one_architecture_have_names_of_their_own() -> None:
    (group,) = groups(StudyView([boots.run("x86_64"), boots.run("x86_64")]))
    assert group.labels == ("x86_64", "x86_64 (2)")


# --- for those who do not look at it


@EVERY
def test_there_are_landmarks_headings_and_names(study: StudyView) -> None:
    root = tree(study)
    assert root.get("lang") == "en"
    assert len(root.xpath("//h1")) == len(root.xpath("//main")) == 1
    assert root.xpath("//body/*[1]/@href") == ["#main"]
    assert root.xpath("//nav/@aria-label") and root.xpath("//form[@role='search']")
    assert root.xpath("//*[@aria-live='polite']/@id") == ["hits"]
    for section in root.xpath("//section"):
        assert section.get("aria-label") or section.get("aria-labelledby")
    for control in root.xpath("//button | //select | //input"):
        inside = control.xpath("ancestor::label") or root.xpath("//label[@for=$id]", id=control.get("id", ""))
        assert inside or control.get("aria-label") or words(control)
    for table in root.xpath("//table"):
        assert table.xpath(".//thead//th[@scope='col']")
    levels = [
        int(heading.tag[1])
        for heading in root.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")
    ]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for scroller in root.xpath("//*[@tabindex='0']"):
        assert scroller.get("aria-label") or scroller.get("aria-labelledby")
