"""Findings: each kind of deviation, said once and with its cause."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "property"))

from worlds import expectation, renumber, trace

from smssboot.conformance import Monitor, check
from smssboot.conformance.damage import stretches
from smssboot.conformance.findings import CODES, Finding
from smssboot.conformance.projection import WIRE
from smssboot.conformance.synthesis import synthesise
from smssboot.model import Context, ground, load_text
from smssboot.timeline.items import Cause, Damage, Event, Item

EXPECTED = expectation()


def at(items: list[Item], name: str, /, **data: str) -> int:
    for position, item in enumerate(items):
        if isinstance(item, Event) and item.name == name and data.items() <= dict(item.data).items():
            return position
    raise AssertionError(name)


def event(items: list[Item], position: int) -> Event:
    item = items[position]
    assert isinstance(item, Event)
    return item


def findings(items: list[Item]) -> tuple[Finding, ...]:
    report = check(EXPECTED, items)
    for finding in report.findings:
        assert finding.code in CODES
        assert finding.text.endswith(".") or finding.text.endswith("?")
    return report.findings


def drop(items: list[Item], *positions: int) -> list[Item]:
    return renumber([item for n, item in enumerate(items) if n not in positions])


def test_a_missing_claim_quotes_the_document() -> None:
    items = trace(EXPECTED)
    found = findings(drop(items, at(items, "smss.volumes-writable")))
    assert [f.kind for f in found] == ["missing"]
    assert (found[0].code, found[0].event) == ("E101", "smss.volumes-writable")
    assert found[0].statements == ("S-057",)
    assert "smss-article" in found[0].sentences[0]
    assert found[0].rule.startswith("win11/sessions.yaml:")
    assert found[0].line is not None


def test_a_phase_that_is_claimed_but_not_done_is_unproved() -> None:
    items = trace(EXPECTED)
    fact = at(items, "object.create", path=r"\SmApiPort")
    seen = at(items, "memory.object", path=r"\SmApiPort")
    report = check(EXPECTED, drop(items, fact, seen))
    assert [f.kind for f in report.findings] == ["unproved"]
    finding = report.findings[0]
    assert finding.event == "smss.api-port.begin"
    assert "kernel recorded no" in finding.text and "host found no" in finding.text
    assert "unproved" in report.statuses


def test_a_device_that_is_claimed_and_recorded_but_not_in_the_namespace_is_unproved() -> None:
    items = trace(EXPECTED)
    found = findings(drop(items, at(items, "memory.object", path=r"\GLOBAL??\PRN")))
    assert [(f.kind, f.label) for f in found] == [("unproved", "smss.dos-device name=PRN")]


def test_too_few_worker_threads_are_unproved() -> None:
    items = trace(EXPECTED)
    found = findings(drop(items, at(items, "thread.create")))
    assert [f.event for f in found] == ["smss.api-threads.begin"]
    assert "only 1 of 2" in found[0].text


def test_no_evidence_at_all_is_one_finding_per_family() -> None:
    items = [i for i in trace(EXPECTED) if not (isinstance(i, Event) and i.name.startswith("memory."))]
    found = findings(items)
    assert [(f.kind, f.event) for f in found] == [("unproved", "memory.*")]


def test_a_serial_log_has_no_evidence_and_needs_none() -> None:
    wire = [i for i in trace(EXPECTED) if isinstance(i, Event) and i.voice != "evidence"]
    assert check(EXPECTED, wire).verdict == "conforms"
    assert check(EXPECTED, trace(EXPECTED), WIRE).verdict == "deviates"  # evidence is then unexpected


def test_two_phases_swapped_are_one_finding() -> None:
    items = trace(EXPECTED)
    moved = [
        n
        for n, item in enumerate(items)
        if isinstance(item, Event)
        and item.voice != "evidence"
        and ("sessions-directory" in item.name or item.data.get("path") == r"\Sessions")
    ]
    rest = [item for n, item in enumerate(items) if n not in moved]
    place = at(rest, "smss.dos-devices.begin")
    found = findings(renumber(rest[:place] + [items[n] for n in moved] + rest[place:]))
    assert [f.kind for f in found] == ["out of order"]
    assert found[0].event == "smss.sessions-directory.begin"
    assert "too early" in found[0].text
    assert "smss.dos-devices" in found[0].expected
    assert found[0].rule.startswith("win11/master.yaml:")


def test_the_port_after_the_workers() -> None:
    items = trace(EXPECTED)
    moved = [
        at(items, "smss.api-port.begin"),
        at(items, "object.create", path=r"\SmApiPort"),
        at(items, "smss.api-port.end"),
    ]
    rest = [item for n, item in enumerate(items) if n not in moved]
    place = at(rest, "smss.api-threads.end") + 1
    found = findings(renumber(rest[:place] + [items[n] for n in moved] + rest[place:]))
    assert found[0].kind == "out of order"
    assert "smss.api-" in found[0].event
    assert len(found) == 1


def test_wrong_data_names_what_was_expected() -> None:
    items = trace(EXPECTED)
    place = at(items, "object.create", path=r"\GLOBAL??\NUL")
    items[place] = replace(event(items, place), data={**event(items, place).data, "target": r"\Device\Zero"})
    found = findings(items)
    assert [(f.code, f.kind) for f in found] == [("E104", "wrong data")]
    assert found[0].expected == r"target=\Device\Null"
    assert found[0].got == r"target=\Device\Zero"


def test_an_environment_block_names_what_it_lacks() -> None:
    items = trace(EXPECTED)
    place = at(items, "memory.environment", name="csrss.exe")
    block = [item for item in event(items, place).data["block"].split("\0") if not item.startswith("TEMP=")]
    items[place] = replace(event(items, place), data={**event(items, place).data, "block": "\0".join(block)})
    found = findings(items)
    assert len(found) == 1
    assert "TEMP=" in found[0].expected


def test_another_key_pairs_the_unexpected_with_the_missing() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.dos-device", name="PRN")
    items[place] = replace(event(items, place), data={**event(items, place).data, "name": "PRM"})
    found = findings(items)
    assert [f.code for f in found] == ["E105"]
    assert found[0].expected == "smss.dos-device name=PRN"


def test_a_claim_from_the_wrong_mouth() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.monitor")
    items[place] = replace(event(items, place), pid=4)
    found = findings(items)
    assert found[0].kind == "wrong data"
    assert "the speaking process should be `smss.exe`, is `System`" in found[0].text


def test_a_duplicate_and_a_stranger() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.init.begin")
    twice = findings(renumber(items[: place + 1] + [items[place]] + items[place + 1 :]))
    assert [(f.code, f.kind, f.event) for f in twice] == [("E103", "duplicate", "smss.init.begin")]
    stranger = replace(event(items, place), name="smss.tea", data={})
    found = findings(renumber(items[:place] + [stranger] + items[place:]))
    assert [(f.code, f.kind, f.event) for f in found] == [("E103", "unexpected", "smss.tea")]


def test_a_replayed_log_names_the_nonce_first() -> None:
    other = EXPECTED.with_nonce("ffeeddcc")
    items = trace(EXPECTED)
    first = check(other, drop(items, at(items, "smss.init.begin"))).findings[0]
    assert (first.code, first.event) == ("E110", "hello")
    assert first.expected == "nonce=ffeeddcc"
    assert first.final
    assert check(other.with_nonce(None), items).verdict == "conforms"


def crash(items: list[Item], name: str = "smss.dos-devices.begin") -> list[Item]:
    place = at(items, name)
    last = event(items, place)
    data = {
        "code": "0xEF",
        "name": "CRITICAL_PROCESS_DIED",
        "p1": "0x1",
        "p2": "0x0",
        "p3": "0x0",
        "p4": "0x0",
    }
    stop = replace(last, voice="fact", name="bugcheck", data=data, pid=4)
    bye = replace(stop, name="bye", data={"reason": "bugcheck", "count": "0"})
    panic = Event("evidence", "qmp.GUEST_PANICKED", {"action": "pause"})
    return renumber([*items[:place], stop, bye, panic])


def test_a_bugcheck_comes_first_with_its_parameters_and_name() -> None:
    found = findings(crash(trace(EXPECTED)))
    assert found[0].event == "bugcheck"
    assert "0xEF CRITICAL_PROCESS_DIED (0x1, 0x0, 0x0, 0x0)" in found[0].text
    assert "critical process" in found[0].cause
    assert found[0].final
    assert found[1].code == "E106"
    assert "later events were not reached" in found[1].text
    assert len([f for f in found if f.kind == "missing"]) == 1


def test_a_boot_that_stops_is_one_finding() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.dos-devices.begin")
    found = findings([*items[:place], Cause(5, "silence", "no record for 10 s")])
    assert [f.code for f in found] == ["E106"]
    assert found[0].label == "smss.dos-devices.begin"
    assert "silence: no record for 10 s" in found[0].cause
    assert found[0].line == event(items, place - 1).line


def test_a_guest_that_says_nothing() -> None:
    found = findings([Cause(0, "silence", "no record for 10 s")])
    assert [f.code for f in found] == ["E106"]
    assert "before its first record" in found[0].text


def test_a_lost_record_is_damage_and_not_missing() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.init.end")
    lost = event(items, place)
    found = findings([item for n, item in enumerate(items) if n != place])
    assert [(f.code, f.kind, f.event) for f in found] == [("E109", "damaged", "smss.init.end")]
    assert found[0].seq == lost.seq


def test_a_lost_process_creation_is_damage_alone() -> None:
    items = trace(EXPECTED)
    creations = [n for n, i in enumerate(items) if isinstance(i, Event) and i.name == "process.create"]
    assert len(creations) == 9
    for place in creations:
        name = event(items, place).data
        found = findings([item for n, item in enumerate(items) if n != place])
        assert [f.code for f in found] == ["E109"], (name, found)


def test_a_log_whose_last_record_is_lost() -> None:
    items = trace(EXPECTED)
    last = at(items, "bye")
    end = Damage(b"", "no bye: the log ends after record 200", line=201)
    found = findings([*items[:last], *items[last + 1 :], end])
    assert [(f.code, f.kind, f.event) for f in found] == [("E109", "damaged", "bye")]


def test_a_boot_that_stopped_is_not_told_twice() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.dos-devices.begin")
    end = Damage(b"", "no bye: the log ends after record 60", line=61)
    assert [f.code for f in findings([*items[:place], end])] == ["E106"]


def test_a_garbled_record_is_recognised_by_what_is_left() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.dos-device", name="PRN")
    lost = event(items, place)
    raw = rb"@smss 61 1 0.104 claim smss.dos-device name=PRN tar\xffget"
    items[place] = Damage(raw, "wrong checksum", line=lost.line or 0, seq=lost.seq)
    report = check(EXPECTED, items)
    assert [(f.code, f.label) for f in report.findings] == [("E109", "smss.dos-device name=PRN")]
    assert "wrong checksum" in report.findings[0].text
    assert report.statuses[place] == "damaged"


def test_more_is_missing_than_was_lost() -> None:
    items = trace(EXPECTED)
    gone = [at(items, "smss.init.begin"), at(items, "smss.monitor")]
    number = event(items, gone[0]).seq
    kept = drop(items, gone[1])
    kept = [i for i in kept if not (isinstance(i, Event) and i.seq == number and i.name == "smss.init.begin")]
    codes = sorted(f.code for f in findings(kept))
    assert codes == ["E101", "E109"]


def test_stretches_join_gaps_with_what_was_garbled() -> None:
    first = Event("fact", "a", {}, seq=0)
    last = Event("fact", "b", {}, seq=4)
    found = stretches([first, Damage(b"x", "torn", line=2, seq=1), last, Damage(b"y", "noise", line=9)])
    assert [(s.first, s.last, s.lost, s.reason) for s in found] == [
        (1, 3, 3, "torn"),
        (None, None, 0, "noise"),
    ]


def test_too_late_blames_the_slowest_step() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.sessions-directory.begin")
    late: list[Item] = []
    for n, item in enumerate(items):
        if isinstance(item, Event) and item.time_ns is not None and n >= place:
            item = replace(item, time_ns=item.time_ns + 200_000_000_000)
        late.append(item)
    found = findings(late)
    assert [(f.code, f.kind) for f in found] == [("E107", "too late")]
    assert "smss.sessions-directory.begin" in found[0].cause


def test_an_expected_bugcheck_conforms_and_its_absence_does_not() -> None:
    for code in ("0x6F", "0xEF"):
        grounded = expectation(fault=f"bugcheck {code}")
        order = [
            n.index
            for n in grounded.nodes
            if n.name in ("hello", "bugcheck", "bye") or n.name[:7] == "kernel."
        ]
        order += [
            n.index for n in grounded.nodes if n.name.startswith("process.") and "@pid.parent" in dict(n.key)
        ]
        wire = [i for i in synthesise(grounded) if isinstance(i, Event) and i.voice == "fact"]
        keep = {"hello", "kernel.memory", "kernel.hive", "kernel.phase1", "bugcheck", "bye"}
        if code == "0xEF":
            master = [i for i in wire if i.data.get("name") == "smss.exe" and i.data.get("pid") == "104"]
            keep_items = [i for i in wire if i.name in keep or i in master[:3]]
        else:
            keep_items = [i for i in wire if i.name in keep]
        items = renumber(list(keep_items))
        stopped = check(grounded, items, WIRE)
        assert (stopped.verdict, stopped.ended) == ("conforms", "bugcheck"), stopped.findings
        boot = check(grounded, trace(EXPECTED), None)
        assert (boot.verdict, boot.ended) == ("deviates", "")
        assert "bugcheck" in boot.findings[0].text + boot.findings[-1].text + boot.findings[0].label


CHOICE = """
model: x/y
events: {start: {}, left: {}, left2: {}, right: {}, end: {}, late: {severity: cold}}
order: [start -> left -> left2 -> end, start -> right -> end]
one_of: [{choose: [[left, left2], [right]]}]
"""


def _say(*names: str) -> list[Item]:
    return [Event("claim", name, {}, seq=n, session=0, pid=4, line=n + 1) for n, name in enumerate(names)]


def test_one_of_takes_the_branch_that_fits() -> None:
    grounded = ground(load_text(CHOICE), Context(arch="x86_64"))
    assert check(grounded, _say("start", "right", "end", "late")).verdict == "conforms"
    assert check(grounded, _say("start", "left", "left2", "end", "late")).verdict == "conforms"
    both = check(grounded, _say("start", "left", "left2", "right", "end", "late"))
    assert [f.event for f in both.findings] == ["right"]
    half = check(grounded, _say("start", "left", "end", "late"))
    assert [f.event for f in half.findings] == ["left2"]


def test_a_cold_rule_warns_only() -> None:
    grounded = ground(load_text(CHOICE), Context(arch="x86_64"))
    report = check(grounded, _say("start", "right", "end"))
    assert [f.severity for f in report.findings] == ["warning"]
    assert report.verdict == "conforms"


def test_the_monitor_tells_progress_and_what_comes_next() -> None:
    monitor = Monitor(EXPECTED)
    items = trace(EXPECTED)
    assert monitor.next_expected() == ["hello"]
    for item in items[: at(items, "smss.api-port.begin")]:
        assert monitor.feed(item) == []
    assert "smss.api-port.begin" in monitor.next_expected()
    seen, wanted = monitor.progress
    assert 0 < seen < wanted
    assert not (monitor.steady or monitor.settled or monitor.done)


@pytest.mark.parametrize("name", ["smss.init.end", "smss.dos-devices.end", "process.critical"])
def test_the_monitor_settles_though_something_is_missing(name: str) -> None:
    items = trace(EXPECTED)
    place = at(items, name)
    monitor = Monitor(EXPECTED)
    found: list[Finding] = []
    for item in drop(items, place)[: at(items, "power.request") - 1]:
        found += monitor.feed(item)
    assert found[0].kind == "out of order"
    assert not monitor.steady
    assert monitor.settled


def test_the_monitor_ends_a_boot_at_a_bugcheck_and_at_another_s_nonce() -> None:
    monitor = Monitor(EXPECTED)
    found = [f for item in crash(trace(EXPECTED)) for f in monitor.feed(item)]
    assert [f.final for f in found if f.event == "bugcheck"] == [True]
    replayed = Monitor(EXPECTED.with_nonce("77"))
    assert replayed.feed(trace(EXPECTED)[1])[0].final


def test_the_monitor_names_what_was_skipped() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.init.end")
    monitor = Monitor(EXPECTED)
    found = [f for item in drop(items, place)[: place + 1] for f in monitor.feed(item)]
    assert [f.event for f in found] == ["smss.security.begin"]
    assert "`smss.init.end`" in found[0].text


def test_a_flood_of_nonsense_is_bounded() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.init.begin")
    spam = [replace(event(items, place), name="spam", data={"n": str(n)}) for n in range(20_000)]
    found = findings_of(renumber(items[:place] + list(spam) + items[place:]))
    assert len(found) == 500
    assert "further findings are left out" in found[-1].text


def findings_of(items: list[Item]) -> tuple[Finding, ...]:
    return check(EXPECTED, items).findings


def test_a_log_told_backwards_ends_in_time() -> None:
    text = "model: x/y\nevents:\n  e: {each: n in numbers(3000), data: {n: <n>}}\n"
    grounded = ground(load_text(text), Context(arch="x86_64"))
    events = [i for i in synthesise(grounded) if isinstance(i, Event)]
    report = check(grounded, renumber(list(reversed(events))))
    assert report.findings[0].code == "E102"


def test_a_claim_cannot_invent_a_process() -> None:
    items = trace(EXPECTED)
    place = at(items, "smss.monitor")
    lie = replace(
        event(items, place),
        name="process.create",
        data={"pid": "4", "name": "smss.exe", "parent": "System", "session": "0"},
    )
    forged = replace(event(items, place), pid=4)
    found = findings_of(renumber([*items[:place], lie, forged, *items[place + 1 :]]))
    assert {"unexpected", "wrong data"} <= {f.kind for f in found}
