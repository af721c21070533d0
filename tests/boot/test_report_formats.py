"""One boot in all forms: what other people's readers find in them is what the JSON report says."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from boot_help import smssboot
from junitparser import JUnitXml
from tap.parser import Parser

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import perfetto_help

ARCHES = ["x86_64", "aarch64"]


def test_a_boot_of_both_architectures_in_every_form(tmp_path: Path) -> None:
    names = ("trace", "junit", "tap", "csv", "github-summary", "github-annotations")
    files = {name: tmp_path / name for name in names}
    wanted = [word for name, path in files.items() for word in (f"--{name}", path)]
    done = smssboot("run", "--json", "-", "--keep", tmp_path / "kept", *wanted)
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)["runs"]

    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(files["junit"]))}
    assert list(suites) == [f"smssboot.win11.documented.{arch}" for arch in ARCHES]
    for suite, run in zip(suites.values(), runs, strict=True):
        cases = {case.name: case for case in suite}
        assert set(cases) == {"boot", *(event["name"] for event in run["events"])}
        assert len(cases) == suite.tests and suite.failures == suite.errors == 0
        attached = str(cases["boot"].system_out).splitlines()
        assert attached[0] == f"[[ATTACHMENT|{run['artifacts']['serial']}]]"
        assert all(Path(line[13:-2]).is_file() for line in attached)

    boots = [line for line in Parser().parse_file(files["tap"]) if line.category == "test"]
    assert [(test.ok, test.description) for test in boots] == [(True, f"- {arch}") for arch in ARCHES]

    rows = list(csv.DictReader(files["csv"].open(), strict=True))
    for run in runs:
        mine = [row for row in rows if row["arch"] == run["arch"]]
        last = max(event["time_ns"] or 0 for event in run["events"])
        assert int(mine[0]["total_ns"]) == last == sum(int(row["own_ns"]) for row in mine[1:])
        assert {("smss.registry", "0"), ("smss.session", "1")} <= {(r["phase"], r["session"]) for r in mine}

    assert files["github-annotations"].read_bytes() == b""
    assert files["github-summary"].read_text("utf-8").count("✅ conforms") == 2
    check_trace(files["trace"], runs)


def check_trace(path: Path, runs: list[dict[str, object]]) -> None:
    """Perfetto finds every phase with the guest's times, in a process for each of the guest's."""
    with perfetto_help.opened(path.read_bytes()) as perfetto:
        assert perfetto.query("select name, value from stats where severity != 'info' and value > 0") == []
        found = perfetto.query(
            "select p.name, s.name, s.ts, s.dur from slice s join thread_track on track_id = thread_track.id "
            "join thread using (utid) join process p using (upid) where category = 'claim' and dur > 0"
        )
        shown = perfetto.query("select category, count(*) from slice group by 1")
    claims = facts = evidence = 0
    for run in runs:
        begun: dict[tuple[object, ...], int] = {}
        told = set()
        for event in run["events"]:  # type: ignore[attr-defined]
            claims += event["voice"] == "claim"
            facts += event["voice"] == "fact"
            evidence += event["voice"] == "evidence"
            stem, _, edge = event["name"].rpartition(".")
            data = event["data"]
            which = (stem, event["pid"], data.get("session") if stem == "smss.session" else data.get("index"))
            if event["voice"] == "claim" and edge == "begin":
                begun[which] = event["time_ns"]
            elif event["voice"] == "claim" and edge == "end":
                begin = begun.pop(which)
                told.add((stem, begin, event["time_ns"] - begin))
        assert not begun
        mine = {row[1:] for row in found if row[0].startswith(f"{run['arch']}: ")}
        assert mine == told and len(told) > 30
    counted = dict(shown)
    assert counted["fact"] == facts and counted["evidence"] == evidence
    assert counted["claim"] == claims - len(found)
    assert {row[0] for row in found} >= {f"{arch}: smss.exe (0.16)" for arch in ARCHES}
