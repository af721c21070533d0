"""The history as CSV: rows that other tools can read, and that say what the report says."""

from __future__ import annotations

import csv
import io
import sqlite3
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smssboot.report.history import COLUMNS, header, history
from smssboot.report.view import StudyView
from smssboot.timeline.phases import phases

sys.path.insert(0, str(Path(__file__).parent))
import report_samples as samples

DATE = "2026-11-26T15:00:00+00:00"
EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())


def rows(text: str) -> list[dict[str, str]]:
    read = list(csv.DictReader(io.StringIO(text), strict=True))
    assert all(None not in row and None not in row.values() for row in read), "a row of another width"
    return read


@EVERY
def test_every_row_is_as_wide_as_the_header(study: StudyView) -> None:
    text = history(study, DATE)
    assert text.split("\n")[0] == header() and text.endswith("\n")
    assert len(text.splitlines()) == text.count("\n"), "a line end that only some readers know"
    assert [row["verdict"] for row in rows(text) if row["phase"] == "boot"] == [r.verdict for r in study.runs]


def test_the_columns_are_what_they_were() -> None:
    assert header() == (
        "date,run,recipe,arch,profile,image,image_sha256,target,accel,qemu,memory_mib,deterministic,cached,"
        "verdict,cause,findings,phase,session,total_ns,own_ns,host_s"
    )


def test_own_times_add_up_to_the_whole() -> None:
    read = rows(history(samples.CONFORMS, DATE))
    for arch in ("x86_64", "aarch64"):
        mine = [row for row in read if row["arch"] == arch]
        assert mine[0]["phase"] == "boot" and mine[0]["host_s"] == "1.234000"
        assert int(mine[0]["total_ns"]) == sum(int(row["own_ns"]) for row in mine[1:]) == 1_500_000
        (phase,) = [row for row in mine if row["phase"] == "smss.api-port"]
        assert (phase["total_ns"], phase["own_ns"], phase["session"]) == ("500000", "500000", "0")
    events = [view.event for view in samples.CONFORMS.runs[0].events]
    assert {row["phase"] for row in read} == {"boot", *(phase.name for phase in phases(events))}


def test_rows_can_be_added_to_a_file_of_the_same_columns() -> None:
    text = history(samples.CONFORMS, "1") + history(samples.DEVIATES, "2", begin=False)
    read = rows(text)
    assert len(read) == len(rows(history(samples.CONFORMS, "1"))) + len(rows(history(samples.DEVIATES, "2")))
    database = sqlite3.connect(":memory:")
    database.execute(f"create table history ({', '.join(COLUMNS)})")
    marks = ", ".join("?" * len(COLUMNS))
    database.executemany(f"insert into history values ({marks})", [list(row.values()) for row in read])
    found = database.execute("select date, verdict from history where phase = 'boot' and arch = 'aarch64'")
    assert found.fetchall() == [("1", "conforms"), ("2", "deviates")]


def test_a_boot_that_said_nothing_has_a_row_without_times() -> None:
    (row,) = rows(history(StudyView([samples.run(verdict="error", events=(), durations_s={})]), DATE))
    assert (row["phase"], row["total_ns"], row["own_ns"], row["host_s"]) == ("boot", "", "", "")


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(said: str) -> None:
    row = rows(history(StudyView([samples.run(recipe=said)]), DATE))[0]
    assert row["recipe"][0] in "' \\"


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_text_breaks_it(recipe: str, image: str) -> None:
    study = StudyView([samples.run(recipe=recipe, image_id=image)])
    text = history(study, DATE)
    assert len(rows(text)) == text.count("\n") - 1
    assert all(line.isprintable() for line in text.split("\n"))
