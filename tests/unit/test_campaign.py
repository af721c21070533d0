"""A campaign by executors that are not ours: what counts, what is kept, what is done again, what is told."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import report_samples as samples
import rich.console
from lxml import etree

from smssboot.cli.campaign_progress import Lines, LiveTable, watch
from smssboot.conformance.findings import Finding
from smssboot.errors import InputError, UsageError
from smssboot.image import guest
from smssboot.report.campaign import document, junitxml, page, terminal
from smssboot.report.campaign.verdicts import Expected, Shown, unmet
from smssboot.report.campaign.view import CampaignView, CellView, QuarantineView
from smssboot.report.document import to_document
from smssboot.report.view import CauseView, EventView, RunView, StudyView
from smssboot.study.campaigns.campaign import Campaign
from smssboot.study.campaigns.executor import Executor, Handle, Needs
from smssboot.study.campaigns.job import Job, Result
from smssboot.study.campaigns.journal import NAME, Journal, Record
from smssboot.study.campaigns.matrix import load
from smssboot.timeline.items import Event

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(files("smssboot.report.campaign").joinpath("campaign.schema.json").read_text("utf-8"))
XSD = etree.XMLSchema(etree.parse(ROOT / "tests/vectors/junit.xsd"))
TODAY = date(2026, 7, 1)
MATRIX = """\
axes: {image: diskless, memory: [default, 96 MiB], fault: [none, gone]}
faults:
  gone: {changes: {programs: {lsass.exe: removed}}, expect: {finding: E108, bugcheck: 0x6F}}
exclude: [{memory: 96 MiB, fault: gone}]
"""


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    programs = ("smss.exe", "lsass.exe", "ntoskrnl.exe")
    for name in ("boot-x86_64.elf", "boot-aarch64.img", *programs):
        (folder / name).write_bytes(b"MZ")
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)


def run_of(verdict: str = "conforms", **fields: Any) -> RunView:
    cause = "powered-off" if verdict == "conforms" else "bugcheck"
    usual = {"arch": "x86_64", "profile": "win11/documented", "durations_s": {"total": 0.5}}
    return RunView(**{"verdict": verdict, "cause": CauseView(cause, "said so"), **usual, **fields})


def bugcheck(code: str = "0x6F") -> RunView:
    event = EventView(Event("fact", "bugcheck", {"code": code}), "forbidden")
    found = Finding("E108", "forbidden", "bugcheck", f"bugcheck {code} must never happen.")
    return run_of("deviates", events=[event], findings=[found])


def done(run: RunView) -> Result:
    return Result("done", report=to_document(StudyView([run])), seconds=0.1)


def as_it_should(job: Job) -> Result:
    return done(bugcheck() if "fault=gone" in job.name else run_of())


class Elsewhere:
    """A fleet's engine in small: jobs leave as JSON, are done in another order, and one result may get lost,
    come twice, or belong to nobody."""

    def __init__(self, answer: Callable[[Job], Result] = as_it_should, lose: int = 0) -> None:
        self.answer = answer
        self.lose = lose
        self.sent: list[str] = []
        self.jobs: list[Job] = []
        self.tries: list[int] = []
        self.closed = False

    def submit(self, job: Job, needs: Needs, timeout_s: float | None, retries: int) -> Handle:
        assert needs == {"cpu": 1} and timeout_s is not None and timeout_s > 60
        self.tries.append(retries)
        self.sent.append(job.to_json())
        return Handle(len(self.sent), job.name)

    def cancel(self, handle: Handle) -> None:
        raise AssertionError("nobody cancels here")

    async def results(self) -> AsyncIterator[tuple[Handle, Result]]:
        waiting, self.sent = self.sent, [""] * len(self.sent)
        pairs = [(number, text) for number, text in enumerate(waiting, 1) if text]
        for number, text in reversed(pairs):
            await asyncio.sleep(0)
            job = Job.from_json(text)
            self.jobs.append(job)
            if self.lose:
                self.lose -= 1
                continue
            result = Result.from_json(self.answer(job).to_json())
            yield Handle(number, job.name), result
            yield Handle(number, job.name), Result("infrastructure", "told twice")
            yield Handle(9999, "somebody"), result

    async def close(self) -> None:
        self.closed = True


def campaign(folder: Path, executor: Executor, text: str = MATRIX, **options: Any) -> CampaignView:
    path = folder / "matrix.yaml"
    path.write_text(text)
    found = Campaign(load(path, TODAY), folder / "out", keep=False, **options)
    try:
        return asyncio.run(found.run(executor))
    finally:
        found.close()


def outcomes(view: CampaignView) -> dict[str, str]:
    return {cell.id: cell.outcome for cell in view.cells}


def test_another_executor_takes_our_place(tmp_path: Path) -> None:
    remote = Elsewhere()
    view = campaign(tmp_path, remote)
    assert (view.verdict, view.counts["passed"], len(view.cells)) == ("passed", 6, 6)
    assert [job.name for job in remote.jobs] == [cell.id for cell in reversed(view.cells)]
    assert remote.closed
    assert set(remote.tries) == {1}
    assert all((tmp_path / "out" / cell.report).is_file() for cell in view.cells)
    assert not any(cell.page for cell in view.cells)
    assert not any(job.keep for job in remote.jobs)


def test_a_job_that_was_lost_is_asked_for_again(tmp_path: Path) -> None:
    remote = Elsewhere(lose=1)
    view = campaign(tmp_path, remote)
    assert view.verdict == "passed"
    assert len(remote.jobs) == 7


def test_a_job_that_is_always_lost_is_an_error_and_no_failure(tmp_path: Path) -> None:
    view = campaign(tmp_path, Elsewhere(lose=99), MATRIX + "retries: 2\n")
    assert (view.verdict, view.counts["error"]) == ("error", 6)
    assert view.cells[0].why == "infrastructure: the executor lost the job"


def test_a_fault_that_is_not_found_is_the_failure(tmp_path: Path) -> None:
    view = campaign(tmp_path, Elsewhere(lambda job: done(run_of())))
    assert view.verdict == "failed"
    failed = {cell.id: cell.why for cell in view.cells if cell.outcome == "failed"}
    assert set(failed) == {"diskless/x86_64/fault=gone", "diskless/aarch64/fault=gone"}
    assert set(failed.values()) == {"the fault was not found: the boot conforms"}
    cell = next(cell for cell in view.cells if cell.outcome == "failed")
    assert "<html" in (tmp_path / "out" / cell.page).read_text()


def test_trouble_is_no_failure(tmp_path: Path) -> None:
    trouble = Result("infrastructure", "host-too-slow: it was", attempts=2)
    view = campaign(tmp_path, Elsewhere(lambda job: trouble if "x86" in job.name else as_it_should(job)))
    assert (view.verdict, view.counts["error"], view.counts["failed"]) == ("error", 3, 0)
    wrong = Elsewhere(lambda job: Result("done", report={"runs": []}))
    assert campaign(tmp_path / "binaries", wrong).verdict == "error"


QUARANTINE = "quarantine: [{cell: '*gone', reason: known, expires: 2026-12-01}]\n"


def test_what_is_in_quarantine_runs_and_does_not_fail_the_campaign(tmp_path: Path) -> None:
    remote = Elsewhere(lambda job: done(run_of()))
    view = campaign(tmp_path, remote, MATRIX + QUARANTINE)
    assert (view.verdict, view.counts["quarantined"], len(remote.jobs)) == ("passed", 2, 6)


def test_what_passes_in_quarantine_is_told(tmp_path: Path) -> None:
    view = campaign(tmp_path, Elsewhere(), MATRIX + QUARANTINE)
    assert [cell.id for cell in view.cells if cell.passed_in_quarantine] == [
        "diskless/x86_64/fault=gone", "diskless/aarch64/fault=gone",
    ]  # fmt: skip


# --- going on after an interruption


class Stopped(Elsewhere):
    """Ends after some results as an interrupted process does."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    async def results(self) -> AsyncIterator[tuple[Handle, Result]]:
        async for number, found in _counted(super().results()):
            if number == self.after * 3:
                raise asyncio.CancelledError
            yield found


async def _counted(results: AsyncIterator[Any]) -> AsyncIterator[tuple[int, Any]]:
    number = 0
    async for result in results:
        yield number, result
        number += 1


def test_what_was_done_stays_done(tmp_path: Path) -> None:
    first = campaign(tmp_path, Stopped(after=2))
    assert first.verdict == "interrupted"
    assert first.counts["waiting"] == 4
    second = Elsewhere()
    view = campaign(tmp_path, second, resume=True)
    assert view.verdict == "passed"
    assert len(second.jobs) == 4
    assert sum(cell.earlier for cell in view.cells) == 2
    third = Elsewhere()
    assert campaign(tmp_path, third, resume=True).verdict == "passed"
    assert third.jobs == []


def test_a_folder_is_not_used_twice_by_mistake(tmp_path: Path) -> None:
    campaign(tmp_path, Elsewhere())
    with pytest.raises(UsageError, match="there is a campaign already"):
        campaign(tmp_path, Elsewhere())


def test_a_folder_has_one_campaign_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out", resume=False)
    with pytest.raises(UsageError, match="a campaign is running there"):
        campaign(tmp_path, Elsewhere(), resume=True)
    journal.close()
    assert campaign(tmp_path, Elsewhere(), resume=True).verdict == "passed"


def test_what_changed_is_done_again(tmp_path: Path) -> None:
    campaign(tmp_path, Elsewhere())
    again = Elsewhere()
    campaign(tmp_path, again, MATRIX.replace("lsass.exe: removed", "smss.exe: removed"), resume=True)
    assert {job.name for job in again.jobs} == {"diskless/x86_64/fault=gone", "diskless/aarch64/fault=gone"}
    more = Elsewhere()
    campaign(tmp_path, more, MATRIX.replace("96 MiB", "128 MiB"), resume=True)
    assert {job.name for job in more.jobs} >= {"diskless/x86_64/memory=128MiB"}
    assert "diskless/x86_64" not in {job.name for job in more.jobs}


def test_another_expectation_needs_no_other_boot(tmp_path: Path) -> None:
    campaign(tmp_path, Elsewhere())
    none = Elsewhere()
    view = campaign(tmp_path, none, MATRIX.replace("0x6F", "0x6B"), resume=True)
    assert none.jobs == []
    assert view.verdict == "failed"


def test_errors_are_tried_again(tmp_path: Path) -> None:
    campaign(tmp_path, Elsewhere(lambda job: Result("infrastructure", "no")))
    again = Elsewhere()
    assert campaign(tmp_path, again, resume=True).verdict == "passed"
    assert len(again.jobs) == 6


def test_a_torn_last_line_is_what_a_killed_campaign_leaves(tmp_path: Path) -> None:
    campaign(tmp_path, Elsewhere())
    journal = tmp_path / "out" / NAME
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    again = Elsewhere()
    assert campaign(tmp_path, again, resume=True).verdict == "passed"
    assert len(again.jobs) == 1
    assert len(journal.read_bytes().splitlines()) == len(lines)


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"schema": "other/1"}\n', b"[]\n"])
def test_a_journal_that_is_none(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_bytes(line)
    with pytest.raises(InputError, match=r"journal\.jsonl:1: not a campaign's journal"):
        campaign(tmp_path, Elsewhere(), resume=True)


def test_every_record_is_on_the_disk_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path, resume=False)
    record = Record("a/x86_64", "key", "done", "", {"verdict": "conforms"}, 1, 0.5, "r", "p", "f")
    journal.write(record)
    told = [json.loads(line) for line in (tmp_path / NAME).read_bytes().splitlines()]
    assert told[1]["cell"] == "a/x86_64"
    journal.close()
    assert Journal(tmp_path, resume=True).records == {"a/x86_64": record}


# --- what is wrong with a matrix that only shows when it is built


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "axes: {fault: [none, a]}\nfaults:\n  a:\n    expect: {finding: E101}\n    changes:\n"
            "      programs: {tool.exe: {file: nothere.exe}}\n",
            "matrix.yaml:6:35: matrix.faults.a.changes.programs",
        ),
        (
            "axes: {image: diskless, fault: [none, a]}\nfaults:\n  a:\n    expect: {finding: E101}\n"
            "    changes: {memory: 1 MiB}\n",
            "matrix.yaml:5:23: matrix.faults.a.changes.memory: 1 MiB is not between",
        ),
        ("axes: {image: diskless, disk: virtio}\n", "matrix.yaml:1:7: the cell diskless/x86_64/disk="),
        (
            "axes: {image: diskless, cpu: maxx}\n",
            "matrix.yaml:1:7: the cell diskless/x86_64/cpu=maxx: --cpu: unknown processor 'maxx'",
        ),
    ],
)
def test_it_points_into_the_matrix_and_nothing_boots(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        campaign(tmp_path, Elsewhere(), text)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


# --- verdicts


@pytest.mark.parametrize(
    ("expected", "run", "why"),
    [
        (Expected(), run_of(), ""),
        (Expected(), bugcheck(), "the boot deviates, by bugcheck: bugcheck 0x6F must never happen."),
        (Expected("deviates", says="x"), run_of(), "the fault was not found: the boot conforms"),
        (Expected("deviates", ("E108",), "must.never", 0x6F, "bugcheck"), bugcheck(), ""),
        (Expected("deviates", ("E101", "E111")), bugcheck(), "should be E101 or E111, it is E108: bugcheck"),
        (Expected("deviates", says="paging"), bugcheck(), "the first finding does not say /paging/"),
        (Expected("deviates", bugcheck=0x6B), bugcheck(), "the bugcheck should be 0x6B, it is 0x6F"),
        (Expected("deviates", bugcheck=0x6B), run_of("deviates"), "should be 0x6B, it is none"),
        (Expected("deviates", ("E108",)), run_of("deviates"), "should be E108, it is nothing"),
        (Expected("deviates", bugcheck=0x6F, cause="silent-hang"), bugcheck(), "it ended by bugcheck"),
    ],
)
def test_a_boot_shows_what_it_has_to_or_does_not(expected: Expected, run: RunView, why: str) -> None:
    shown = Shown.of_report(to_document(StudyView([run])))
    found = unmet(expected, shown)
    assert why in found
    assert bool(found) == bool(why)
    assert Shown.from_json(json.loads(json.dumps(shown.to_json()))) == shown


def test_a_bugcheck_that_the_guest_only_claims_is_none() -> None:
    said = (Event("claim", "bugcheck", {"code": "0x6F"}), Event("fact", "bugcheck", {"code": "no"}))
    events = [EventView(event) for event in said]
    assert Shown.of_report(to_document(StudyView([run_of(events=events)]))).bugchecks == ()


# --- reports


def hostile() -> CampaignView:
    shown = Shown("deviates", "bugcheck", samples.HOSTILE, "E108", samples.HOSTILE, findings=3)
    cached = Shown("conforms", "powered-off", cached=True, bugchecks=(0x6F,))
    wrong = Expected("deviates", ("E101",), samples.HOSTILE)
    left = {"report": "cells/a b#?.json", "page": "cells/p.html", "folder": "cells/f"}
    excuse = QuarantineView(samples.HOSTILE, "2026-12-01")
    axes = {"image": "default", "arch": "x86_64"}
    cells = [
        CellView("default/x86_64#1", axes, "passed", Expected(), shown=cached),
        CellView("default/x86_64#2", axes, "failed", wrong, 2, samples.HOSTILE, shown, **left),
        CellView("default/aarch64", {**axes, "arch": "aarch64"}, "error", Expected(), why="no QEMU"),
        CellView("x/x86_64", axes, "quarantined", Expected(), 1, "w", shown, excuse, attempts=3),
        CellView("y/x86_64", axes, "passed", Expected(), shown=shown, quarantine=excuse, earlier=True),
        CellView("z/x86_64", axes, "waiting", Expected()),
    ]
    lists = {"image": ["default", samples.HOSTILE], "arch": ["x86_64", "aarch64"]}
    return CampaignView(samples.HOSTILE, "m.yaml", cells, samples.HOSTILE, "a", "b", 1.5, 2, lists)


@pytest.fixture(params=["hostile", "empty"])
def view(request: pytest.FixtureRequest) -> CampaignView:
    return hostile() if request.param == "hostile" else CampaignView("empty", "m.yaml", [])


def test_the_document_follows_its_schema(view: CampaignView) -> None:
    text = document.to_json(view)
    assert text.isascii()
    found = json.loads(text)
    jsonschema.validate(found, SCHEMA)
    assert found == json.loads(json.dumps(document.to_document(view)))
    required = set(SCHEMA["$defs"]["cell"]["required"])
    assert required == set(SCHEMA["$defs"]["cell"]["properties"])


def test_one_case_for_each_cell(view: CampaignView) -> None:
    root = etree.fromstring(junitxml.junit(view).encode())
    XSD.assertValid(root)
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == [cell.id for cell in view.cells]
    kinds = {name: [child.tag for child in case] for name, case in cases.items()}
    if cases:
        assert kinds == {
            "default/x86_64#1": [], "default/x86_64#2": ["failure"], "default/aarch64": ["error"],
            "x/x86_64": ["skipped", "system-out"], "y/x86_64": ["system-out"], "z/x86_64": ["skipped"],
        }  # fmt: skip
    (suite,) = root.iter("testsuite")
    assert int(suite.get("tests")) == len(view.cells)


class Tags(HTMLParser):
    """Which elements there are, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_stands_alone_and_drives_no_browser(view: CampaignView) -> None:
    text = page.html(view, "../camp aign")
    tags = Tags()
    tags.feed(text)
    assert not tags.names & {"script", "img", "link", "iframe"}
    assert all(link.startswith("../camp%20aign/cells/") for link in tags.links)
    assert "\x1b" not in text and "\u202e" not in text
    if view.cells:
        assert "../camp%20aign/cells/a%20b%23%3F.json" in tags.links
        assert "passed in quarantine" in text
        assert all(cell.outcome in text for cell in view.cells)


def test_the_summary_drives_no_terminal(view: CampaignView) -> None:
    text = "\n".join("".join(span.text for span in line) for line in terminal.lines(view))
    assert "\x1b" not in text and "\u202e" not in text
    if not view.cells:
        return
    assert "campaign: failed (exit 1)" in text
    assert "6 cells: 2 passed, 1 failed, 1 error, 1 quarantined, 1 waiting" in text
    row = next(line for line in text.splitlines() if line.startswith("default "))
    assert row.split() == ["default", "1", "of", "2", "error"]
    assert "passed in quarantine: y/x86_64" in text
    assert "report: cells/p.html" in text


def test_the_live_table_shows_what_runs_and_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    executor: Any = SimpleNamespace(running=[Handle(7, "default/aarch64/cpu=max")])
    cells = hostile().cells
    with watch(stream, executor, "nightly") as display:
        assert isinstance(display, LiveTable)
        display.begins(6, 2)
        display.finished(cells[0], 3, 6)
        display.finished(cells[2], 4, 6)
        rich.console.Console(file=stream, width=200).print(display.table())
    text = stream.getvalue()
    for words in ("nightly: 4 of 6", "1 passed, 1 error", "default/aarch64: no QEMU", "boots", "cpu=max"):
        assert words in text
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(watch(stream, executor, "x"), Lines)


def test_a_line_for_each_cell_drives_no_terminal() -> None:
    stream = io.StringIO()
    with Lines(stream) as display:
        display.begins(6, 2)
        for number, cell in enumerate(hostile().cells, 1):
            display.finished(cell, number, 6)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "6 cells, 2 of them known from before"
    assert lines[1] == "[1/6] passed      default/x86_64#1 (cached)"
    assert len(lines) == 7
    assert "\x1b" not in stream.getvalue()


def test_a_campaign_is_what_its_worst_cell_is() -> None:
    def verdict(*outcomes: Any) -> str:
        cells = [CellView(f"{n}/x", {"arch": "x"}, outcome, Expected()) for n, outcome in enumerate(outcomes)]
        return CampaignView("c", "m", cells).verdict

    assert verdict("passed", "quarantined") == "passed"
    assert verdict("passed", "error") == "error"
    assert verdict("error", "failed", "waiting") == "failed"
    assert verdict("passed", "waiting", "error") == "interrupted"
