"""The trace: the rules of the Trace Event Format, what stands where, and Perfetto itself reading it."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smssboot.report.trace import trace
from smssboot.report.tracks import read_tracks
from smssboot.report.view import EventView, StudyView
from smssboot.timeline.items import Event

sys.path.insert(0, str(Path(__file__).parent))
import perfetto_help
import report_samples as samples

EVERY = pytest.mark.parametrize("study", samples.ALL.values(), ids=samples.ALL.keys())

_KEYS = {
    "M": {"ph", "name", "pid", "args"},
    "B": {"ph", "name", "pid", "tid", "ts", "cat", "args"},
    "E": {"ph", "name", "pid", "tid", "ts", "cat", "args"},
    "i": {"ph", "name", "pid", "tid", "ts", "cat", "args", "s"},
    "C": {"ph", "name", "pid", "ts", "args"},
}


def claim(seq: int, name: str, time_ns: int, **data: str) -> EventView:
    return EventView(Event("claim", name, data, time_ns, seq, time_ns, 0, 16, seq + 1))


def one(*views: EventView, **changes: object) -> StudyView:
    return StudyView([samples.run(events=views, **changes)])


def checked(study: StudyView) -> list[dict[str, Any]]:
    """The events of a trace that keeps the format's rules."""
    text = trace(study)
    assert all(line.isprintable() for line in text.split("\n"))
    document = json.loads(text)
    assert next(iter(document)) == "traceEvents"
    events: list[dict[str, Any]] = document["traceEvents"]
    named: set[tuple[str, int, int | None]] = set()
    times: dict[int, float] = defaultdict(float)
    stacks: dict[tuple[int, int], list[str]] = defaultdict(list)
    for event in events:
        extra = {"tid"} if event["ph"] == "M" and event["name"].startswith("thread_") else set()
        assert set(event) == _KEYS[event["ph"]] | extra, event
        assert isinstance(event["pid"], int) and event["name"].isprintable()
        if event["ph"] == "M":
            key = (event["name"], event["pid"], event.get("tid"))
            assert key not in named
            named.add(key)
            continue
        assert ("process_name", event["pid"], None) in named
        assert isinstance(event["ts"], int | float) and event["ts"] >= 0
        if event["ph"] == "C":
            continue
        assert ("thread_name", event["pid"], event["tid"]) in named
        thread = (event["pid"], event["tid"])
        if event["cat"] != "finding" and event["ph"] != "i":
            assert event["ts"] >= times[event["tid"]], "times of a thread go back"
            times[event["tid"]] = event["ts"]
        if event["ph"] == "B":
            stacks[thread].append(event["name"])
        elif event["ph"] == "E":
            assert stacks[thread].pop() == event["name"], "an end without its begin"
    assert not any(stacks.values()), "a begin without its end"
    threads = [(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"]
    assert len({tid for _, tid in threads}) == len(threads)
    return events


def slices(events: list[dict[str, Any]]) -> list[tuple[str, float, float, int]]:
    """Name, begin and end in microseconds, and thread of each phase."""
    opened: dict[int, list[dict[str, Any]]] = defaultdict(list)
    found = []
    for event in events:
        if event["ph"] == "B":
            opened[event["tid"]].append(event)
        elif event["ph"] == "E":
            begin = opened[event["tid"]].pop()
            found.append((event["name"], begin["ts"], event["ts"], event["tid"]))
    return [known for known in found if not known[0].startswith("boot ")]


@EVERY
def test_a_trace_keeps_the_rules_of_its_format(study: StudyView) -> None:
    checked(study)


def test_a_phase_lasts_as_long_as_the_guest_says() -> None:
    events = checked(samples.CONFORMS)
    assert [known[:3] for known in slices(events)] == [("smss.api-port", 1000, 1500)] * 2


def test_two_boots_are_two_groups_of_processes() -> None:
    events = checked(samples.CONFORMS)
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names == [
        "x86_64: host", "x86_64: System (0.4)", "x86_64: process (0.232)",
        "aarch64: host", "aarch64: System (0.4)", "aarch64: process (0.232)",
    ]  # fmt: skip
    order = [event["args"]["sort_index"] for event in events if event["name"] == "process_sort_index"]
    assert order == sorted(order) and len(set(order)) == len(order)


def test_every_event_is_there_once_with_its_time_and_data() -> None:
    events = checked(samples.DEVIATES)
    for run in range(2):
        base = (run + 1) * 100_000
        mine = [e for e in events if e["ph"] in "BEi" and e["pid"] // 100_000 == run + 1]
        seen = [e for e in mine if e["cat"] in ("claim", "fact", "evidence")]
        assert len(seen) == len(samples.EVENTS)
        assert [e["args"].get("seq") for e in seen] == [0, 1, 2, None]
        assert seen[1]["args"]["data.path"] == "\\SmApiPort" and seen[1]["pid"] == base + 232
        assert seen[3]["ts"] == 1500 and seen[3]["args"]["host_ns"] == 99 and seen[3]["pid"] == base


def test_what_the_host_saw_at_one_moment_is_not_one_heap() -> None:
    seen = [EventView(Event("evidence", "memory.object", {"path": f"\\{n}"}, 5)) for n in range(5)]
    events = checked(one(*samples.EVENTS[:3], *seen, claim(3, "later", 2_000_000)))
    times = [round(e["ts"] * 1000) for e in events if e.get("cat") == "evidence"]
    assert times == [1_500_000 + n for n in range(5)]


def test_times_are_exact_to_the_nanosecond() -> None:
    views = [claim(0, "a.begin", 86_390_947_793_595), claim(1, "a.end", 86_390_947_793_596)]
    ((_, begin, end, _),) = slices(checked(one(*views)))
    assert (round(begin * 1000), round(end * 1000)) == (86_390_947_793_595, 86_390_947_793_596)


def test_phases_that_cross_are_on_two_tracks_and_ends_find_their_begins() -> None:
    views = [
        claim(0, "smss.session.begin", 1000, session="0"),
        claim(1, "smss.session.begin", 2000, session="1"),
        claim(2, "smss.inner.begin", 2500),
        claim(3, "smss.inner.end", 2600),
        claim(4, "smss.session.end", 3000, session="0"),
        claim(5, "smss.session.end", 4000, session="1"),
    ]
    found = {known[:3]: known[3] for known in slices(checked(one(*views)))}
    assert set(found) == {("smss.session", 1, 3), ("smss.session", 2, 4), ("smss.inner", 2.5, 2.6)}
    assert found["smss.session", 1, 3] != found["smss.session", 2, 4]
    assert found["smss.inner", 2.5, 2.6] == found["smss.session", 1, 3]


def test_a_phase_that_never_ends_lasts_until_the_boot_does() -> None:
    views = [claim(0, "a.begin", 1000), claim(1, "b.begin", 2000), claim(2, "c", 5000)]
    events = checked(one(*views))
    assert sorted(known[:3] for known in slices(events)) == [("a", 1, 5), ("b", 2, 5)]
    assert all("unfinished" in e["args"] for e in events if e["ph"] == "E" and e["cat"] == "claim")


def test_a_restart_goes_on_where_the_guest_ended() -> None:
    hello = Event("fact", "hello", {}, 1, 0, 100_000, 0, 4, 1)
    bye = Event("fact", "bye", {}, 2, 1, 900_000, 0, 4, 2)
    again = dataclasses.replace(hello, line=3)
    events = checked(one(EventView(hello), EventView(bye), EventView(again)))
    assert [e["ts"] for e in events if e.get("cat") == "fact"] == [100, 900, 1000]


def test_a_process_id_that_is_used_again_is_another_process() -> None:
    def fact(seq: int, event: str, by: int, **data: str) -> EventView:
        return EventView(Event("fact", event, data, seq, seq, seq * 1000, 0, by, seq))

    views = [
        fact(0, "hello", 4),
        fact(1, "process.create", 4, pid="16", name="first.exe"),
        fact(2, "registry.open", 16),
        fact(3, "process.exit", 16, pid="16", name="first.exe"),
        fact(4, "process.create", 4, pid="16", name="second.exe"),
        fact(5, "registry.open", 16),
    ]
    events = checked(one(*views))
    names = {e["args"]["name"]: e["pid"] for e in events if e["name"] == "process_name"}
    assert len({names["x86_64: first.exe (0.16)"], names["x86_64: second.exe (0.16)"]}) == 2


def test_findings_stand_where_they_happened() -> None:
    events = checked(samples.DEVIATES)
    found = [event for event in events if event.get("cat") == "finding"]
    assert [e["name"] for e in found] == [
        "E102 out of order: smss.api-port.end", "E101 missing: csrss.start session=1"
    ]  # fmt: skip
    assert (found[0]["pid"], found[0]["ts"]) == (200_232, 1500)
    assert found[0]["args"]["repair"] == "create the port first" and found[0]["args"]["line"] == 3
    assert (found[1]["pid"], found[1]["ts"]) == (200_000, 1500)


def test_the_counter_counts_what_came() -> None:
    counts = [e["args"] for e in checked(samples.CONFORMS) if e["ph"] == "C"]
    assert counts[3] == {"claim": 2, "fact": 1, "evidence": 1} and len(counts) == 8


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Event,
            voice=st.sampled_from(["claim", "fact", "evidence"]),
            name=st.sampled_from(["a.begin", "a.end", "b.begin", "b.end", "hello", "process.create", "c"]),
            data=st.dictionaries(st.sampled_from(["pid", "name"]), st.text(max_size=3), max_size=2),
            seq=st.none() | st.integers(0, 12),
            time_ns=st.none() | st.integers(0, 10**14),
            session=st.integers(0, 2),
            pid=st.none() | st.sampled_from([4, 16, 10**9]),
            line=st.integers(1, 99),
            repaired=st.none() | st.just("late"),
        ),
        max_size=14,
    )
)
def test_whatever_a_guest_says_the_trace_keeps_the_rules(events: list[Event]) -> None:
    study = one(*map(EventView, events))
    checked(study)
    marks = [m for m in read_tracks(study).marks if m.category in ("claim", "fact", "evidence")]
    extra = sum("unfinished" in mark.args for mark in marks)
    assert len(marks) == len(events) + extra


def test_perfetto_reads_it_without_a_complaint() -> None:
    views = [
        *samples.EVENTS,
        EventView(Event("claim", "x.begin", {"path": "\\"}, 6, 3, 2_000_001, 0, 232, 5)),
        EventView(samples.HOSTILE_EVENT),
        EventView(Event("claim", "y.begin", {}, 6, 4, 2_000_100, 0, 232, 6)),
        EventView(Event("claim", "y.end", {}, 6, 5, 2_500_100, 0, 232, 7)),
    ]
    hostile = samples.HOSTILE_STUDY.runs[0]
    changed = dataclasses.replace(hostile, arch="aarch64", events=views)
    study = StudyView([*samples.DEVIATES.runs, dataclasses.replace(changed, arch="aarch64")])
    with perfetto_help.opened(trace(study).encode()) as perfetto:
        assert perfetto.query("select name, value from stats where severity != 'info' and value > 0") == []
        found = perfetto.query(
            "select s.name, s.ts, s.dur, s.depth, p.name from slice s join thread_track on track_id = "
            "thread_track.id join thread using (utid) join process p using (upid) "
            "where category = 'claim' and dur > 0 order by s.id"
        )
        assert found[:2] == [
            ("smss.api-port", 1_000_000, 500_000, 0, "x86_64: process (0.232)"),
            ("smss.api-port", 1_000_000, 500_000, 0, "aarch64: process (0.232)"),
        ]
        assert ("y", 2_000_100, 500_000, 1) in [row[:4] for row in found]
        written = json.loads(trace(study))["traceEvents"]
        counted = perfetto.query("select count(*) from slice")[0][0]
        assert counted == sum(event["ph"] in "Bi" for event in written)
        said = perfetto.query("select display_value from args where key = 'args.data.path'")
        shown = [json.loads(f'"{value}"') for (value,) in said]  # Perfetto shows escapes as they stand
        assert "\\SmApiPort" in shown and "\\ " in shown
        assert len(perfetto.query("select name from process where name like '%host'")) == 3
