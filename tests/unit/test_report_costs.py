"""time, blame and critical-chain: what they make of a log, as text and as JSON."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import report_samples

from smssboot.conformance.critical import NoSuchEventError, chain
from smssboot.report import costs, costs_document, terminal
from smssboot.report.stages import Stages, stages
from smssboot.report.terminal import Line
from smssboot.report.view import EventView, RunView
from smssboot.timeline.items import Event

SCHEMA: dict[str, Any] = json.loads(files("smssboot.report").joinpath("costs.schema.json").read_text("utf-8"))
MS = 1_000_000

RECORDS = [
    ("fact", 4, 1, "hello", {}),
    ("fact", 4, 9, "process.create", {"pid": "16", "name": "smss.exe"}),
    ("claim", 16, 10, "smss.start", {}),
    ("claim", 16, 11, "smss.paging-files.begin", {}),
    ("claim", 16, 41, "smss.paging-files.end", {}),
    ("claim", 16, 42, "smss.session.begin", {"session": "0"}),
    ("fact", 16, 44, "process.create", {"pid": "20", "name": "csrss.exe"}),
    ("claim", 20, 54, "csrss.ready", {}),
    ("claim", 16, 55, "smss.session.end", {"session": "0"}),
    ("fact", 4, 500, "power.request", {}),
    ("claim", 16, 502, "smss.shutdown.begin", {}),
    ("fact", 4, 505, "bye", {}),
]


def run(until: str = "bye", **changes: Any) -> RunView:
    events: list[EventView] = []
    for seq, (voice, pid, ms, name, data) in enumerate(RECORDS):
        event = Event(voice, name, data, seq, seq, ms * MS, 0, pid, seq + 1)  # type: ignore[arg-type]
        events.append(EventView(event))
        if name == until:
            break
    return dataclasses.replace(report_samples.run(), events=events, **changes)


def text(lines: Iterable[Line], *, colour: bool = False) -> str:
    stream = io.StringIO()
    terminal.put(lambda wrap: lines, stream, colour=colour, width=200)
    return stream.getvalue()


def words(line: str) -> str:
    return " ".join(line.split())


def test_the_stages_of_a_boot() -> None:
    found = stages(run())
    assert found == Stages(10 * MS, 32 * MS, 13 * MS, 445 * MS, 5 * MS, None)
    assert found.startup_ns == 55 * MS
    assert stages(run(deterministic=True)).instructions == 55 * MS // 8


@pytest.mark.parametrize(
    ("until", "known"),
    [
        ("hello", Stages()),
        ("smss.paging-files.end", Stages(10 * MS)),
        ("csrss.ready", Stages(10 * MS, 32 * MS)),
        ("power.request", Stages(10 * MS, 32 * MS, 13 * MS, 445 * MS, 0)),
    ],
)
def test_a_stage_that_was_not_completed_has_no_time(until: str, known: Stages) -> None:
    assert stages(run(until)) == known
    assert stages(dataclasses.replace(run(), events=())) == Stages()


def test_time_is_a_line_for_each_run() -> None:
    runs = [run(durations_s={"total": 1.5}), run("csrss.ready", arch="aarch64")]
    lines = text(costs.time(runs)).splitlines()
    assert words(lines[1]) == "x86_64 10.000 ms 32.000 ms 13.000 ms 55.000 ms - 5.000 ms 1.50 s"
    assert words(lines[2]).startswith("aarch64 10.000 ms 32.000 ms - ")


def test_blame_ranks_by_own_time_and_keeps_waiting_apart() -> None:
    lines = text(costs.blame(run(deterministic=True), most=2)).splitlines()
    assert words(lines[2]) == "30.000 ms 50.0 % 3,750,000 smss.paging-files smss.exe"
    assert lines[3].split()[-2:] == ["System", "System"]
    assert "4 more phases" in lines[4]
    assert lines[5] == "60.000 ms in all, and 445.000 ms of waiting"


def test_a_chain_goes_from_the_end_to_the_beginning_and_says_what_took_long() -> None:
    known = run()
    found = chain([view.event for view in known.events], None)
    labels = [link.label for link in found.links]
    assert labels[:2] == ["smss.session.end session=0", "process.create name=csrss.exe"]
    shown = text(costs.critical_chain(known, found, True))
    assert "the model of this boot is not known" in shown
    assert "smss.paging-files.end @41.000 ms +30.000 ms" in shown
    ready = chain([view.event for view in known.events], None, "csrss.ready")
    assert [link.event.name for link in ready.links][:3] == [
        "csrss.ready", "process.create", "smss.session.begin",
    ]  # fmt: skip
    assert sum(link.own_ns for link in ready.links) == 54 * MS


def test_an_event_that_did_not_happen_is_no_chain() -> None:
    with pytest.raises(NoSuchEventError) as error:
        chain([view.event for view in run().events], None, "csrss.raedy")
    assert "csrss.ready" in error.value.names
    with pytest.raises(NoSuchEventError):
        chain([view.event for view in run("hello").events], None)


def test_the_documents_keep_to_the_schema() -> None:
    runs = [run(deterministic=True), run("hello", arch="aarch64")]
    found = chain([view.event for view in runs[0].events], None)
    for document in (
        costs_document.time(runs),
        costs_document.blame(runs),
        costs_document.critical_chain([(runs[0], found)]),
    ):
        jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), SCHEMA)
        spoilt = {**document, "runs": [{**document["runs"][0], "more": 1}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spoilt, SCHEMA)


def test_what_a_guest_prints_drives_no_terminal() -> None:
    hostile = Event("claim", "x\x1b[2J\u202e.begin", {}, 9, 99, 600 * MS, 0, 20, 99)
    end = Event("claim", "x\x1b[2J\u202e.end", {}, 9, 100, 900 * MS, 0, 20, 100)
    known = run(recipe="\x1b]0;x\x07")
    known = dataclasses.replace(known, events=[*known.events, EventView(hostile), EventView(end)])
    found = chain([view.event for view in known.events], None, end.name)
    for lines in (costs.blame(known), costs.critical_chain(known, found, True), costs.time([known])):
        shown = text(lines)
        assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
