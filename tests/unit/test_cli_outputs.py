"""The formats from the command line, by the real program: files, standard output, histories, GitHub."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml
from tap.parser import Parser

from smssboot.cli.outputs import FORMATS
from smssboot.report.history import header

sys.path.insert(0, str(Path(__file__).parent))
from recorded_help import no_compiler, recorded

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A log of a boot that conforms, and one that lacks an event."""
    folder = tmp_path_factory.mktemp("logs")
    with pytest.MonkeyPatch.context() as patch:
        no_compiler(folder, patch)
        found = {}
        for name, lacks in (("good", ""), ("bad", "smss.dos-devices.end")):
            place = folder / name
            place.mkdir()
            found[name] = recorded(place, "aarch64", lambda node, lacks=lacks: node.name != lacks)
    return found


def check(log: Path, *arguments: object, code: int = 0, **environment: str) -> Done:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "smssboot", "check", *map(str, (log, *arguments))],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    return done


def test_every_format_is_written_in_one_go(logs: dict[str, Path], tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in FORMATS}
    check(logs["bad"], *(word for name, path in files.items() for word in (f"--{name}", path)), code=1)
    assert all(path.stat().st_size for path in files.values())
    assert json.loads(files["json"].read_text())["verdict"] == "deviates"
    assert JUnitXml.fromfile(str(files["junit"])).failures == 2
    (test,) = [line for line in Parser().parse_file(files["tap"]) if line.category == "test"]
    assert not test.ok and test.description == "- aarch64"
    assert files["github-summary"].read_text().startswith("## ❌ smssboot: deviates\n")
    assert files["github-annotations"].read_text().startswith("::error file=timeline.jsonl")
    assert json.loads(files["trace"].read_text())["otherData"]["verdict"] == "deviates"
    assert {row["verdict"] for row in csv.DictReader(files["csv"].open())} == {"deviates"}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "pftrace"])
def test_a_document_takes_standard_output_alone(name: str, logs: dict[str, Path]) -> None:
    done = check(logs["bad"], f"--{name}", "-", code=1)
    assert "verdict: deviates" in done.stderr and "verdict: deviates (exit 1)" not in done.stdout
    assert done.stdout.endswith("\n")


def test_a_document_of_bytes_takes_standard_output_too(logs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "boot.pftrace"
    check(logs["good"], "--pftrace", path)
    command = [sys.executable, "-m", "smssboot", "check", str(logs["good"]), "--pftrace", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == path.read_bytes() and b"verdict: conforms" in done.stderr


def test_a_history_grows(logs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    for name, code in (("good", 0), ("bad", 1), ("good", 0)):
        check(logs[name], "--csv", path, code=code)
    rows = [row for row in csv.DictReader(path.open()) if row["phase"] == "boot"]
    assert [row["verdict"] for row in rows] == ["conforms", "deviates", "conforms"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["date"]) for row in rows)
    assert path.read_text().count(header()) == 1


def test_rows_after_a_killed_job_begin_on_a_line_of_their_own(logs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(header() + "\n2026,torn")
    check(logs["good"], "--csv", path)
    assert path.read_text().splitlines()[1] == "2026,torn"
    assert path.read_text().splitlines()[2].startswith("20")


@pytest.mark.parametrize("content", ["a,b,c\n1,2,3\n", "\x00\x01", "date,run\n"])
def test_another_file_is_not_taken_for_a_history(
    content: str, logs: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    done = check(logs["good"], "--csv", path, code=2)
    assert f"{path}:1:1: expected the columns of a history" in done.stderr and done.stdout == ""
    assert path.read_text() == content


def test_two_programs_add_to_one_history(logs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    command = [sys.executable, "-m", "smssboot", "check", str(logs["good"]), "--csv", str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [process.wait(120) for process in running] == [0] * 4
    rows = list(csv.DictReader(path.open(), strict=True))
    assert sum(row["phase"] == "boot" for row in rows) == 4 and path.read_text().count(header()) == 1


def test_github_gets_annotations_and_a_summary(logs: dict[str, Path], tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# another step\n")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = check(logs["bad"], "--github", code=1, **environment)
    lines = done.stdout.splitlines()
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert stop
    end = lines.index(f"::{stop[1]}::")
    assert lines[end - 1] == "verdict: deviates (exit 1)"
    assert lines[end + 1].startswith("::error ") and len(lines) == end + 2
    assert summary.read_text().startswith("# another step\n## ❌ smssboot: deviates\n")


def test_a_summary_leaves_room_for_what_is_there(logs: dict[str, Path], tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("x" * (1024 * 1024 - 100) + "\n")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    check(logs["bad"], "--github", code=1, **environment)
    assert summary.stat().st_size <= 1024 * 1024


def test_outside_of_github_nothing_is_said_to_it(logs: dict[str, Path], tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = check(logs["bad"], "--github", code=1, GITHUB_STEP_SUMMARY=str(summary))
    assert "::" not in done.stdout.replace("::\\", "") and not summary.exists()
