"""What a boot cost, what changed against a baseline, and how it is told: without a boot."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from smssboot.conformance.gate import Comparison, Reference, compare, settle
from smssboot.report import checked
from smssboot.study.gates import bands
from smssboot.timeline.items import Event
from smssboot.timeline.measure import Measured, Record, label, measure

SCHEMA: dict[str, Any] = json.loads(
    files("smssboot.report").joinpath("baseline-check.schema.json").read_text("utf-8")
)
SPECIFIED = {"System": 4000, "smss.exe start": 500, "smss.dos-devices": 1900, "smss.paging-files": 55000}


def boot() -> list[Event]:
    """A kernel, and smss with one phase; times in ns, eight for an instruction."""

    def said(seq: int, at: int, pid: int, name: str, voice: str = "claim", /, **data: str) -> Event:
        return Event(voice, name, data, seq=seq, time_ns=at, session=0, pid=pid)  # type: ignore[arg-type]

    return [
        said(0, 80, 4, "hello", "fact"),
        said(1, 160, 4, "process.create", "fact", pid="16", name="smss.exe"),
        said(2, 400, 16, "smss.start"),
        said(3, 480, 16, "smss.init.begin"),
        said(4, 880, 16, "smss.init.end"),
        said(5, 960, 16, "winlogon.ready"),
        said(6, 9_000_000, 4, "power.request", "fact"),
        said(7, 9_000_080, 16, "smss.shutdown.begin"),
    ]


def test_the_cost_is_in_instructions_and_adds_up() -> None:
    found = measure(boot(), exact=True)
    assert (found.unit, found.total) == ("instructions", 120)
    assert found.phases == {"System": 20, "smss.exe": 20, "smss.init": 50, "smss.exe start": 30}
    assert sum(record.cost for record in found.records) == found.total
    assert found.step == 10
    assert found.reading["smss.init"] == 10


def test_the_wait_for_the_power_button_costs_nothing() -> None:
    found = measure(boot(), exact=True, until="end")
    assert found.total == 130
    assert found.phases["smss.exe"] == 30
    last = [record.label for record in found.records][-2:]
    assert last == ["fact power.request", "claim smss.shutdown.begin"]


def test_without_counting_the_cost_is_in_nanoseconds() -> None:
    found = measure(boot(), exact=False)
    assert (found.unit, found.total, found.phases["smss.init"]) == ("ns", 960, 400)


def test_a_guest_that_said_nothing_has_no_cost() -> None:
    with pytest.raises(ValueError, match="no record"):
        measure([Event("evidence", "qmp.SHUTDOWN")], exact=True)


def test_labels_hold_no_process_ids_no_nonce_and_no_control_characters() -> None:
    data = {"pid": "16", "path": "\\Nonce-8877665544332211", "type": "A\x1b[1m\nB"}
    event = Event("fact", "object.create", data)
    said = label(event, "8877665544332211")
    assert said == "fact object.create path=\\Nonce-0000000000000000 type=A\\x1b[1m B"
    assert label(Event("claim", "x", {"name": "SMSSBOOT_88776655"}), "8877665544332211").endswith("_00000000")


def test_what_is_accepted_stays_as_it_was_but_for_what_changed() -> None:
    now = measured(**{"smss.dos-devices": 2900, "System": 4002, "smss.paging-files": 54998})
    kept = settle(measured(), now)
    assert kept.phases == SPECIFIED | {"smss.dos-devices": 2900}
    changed = [record.label for record in kept.records if record not in measured().records]
    assert changed == ["claim System", "claim smss.dos-devices", "claim smss.paging-files"]
    assert held(now, Reference(kept, order="a")).result == "same"


def test_the_first_record_is_found_among_records_that_changed_places() -> None:
    now = measured(**{"smss.paging-files": 66000})
    moved = replace(now, records=(now.records[1], now.records[0], *now.records[2:]))
    found = held(moved).divergence
    assert found is not None
    assert (found.number, found.after) == (3, Record(66000, "claim smss.paging-files"))


def measured(**phases: int) -> Measured:
    costs = SPECIFIED | phases
    records = tuple(Record(cost, f"claim {phase}") for phase, cost in costs.items())
    reading = dict.fromkeys(costs, 2)
    return Measured("instructions", "steady", sum(costs.values()), costs, records, reading, 1)


OLD = Reference(measured(), order="a")


def held(now: Measured, reference: Reference = OLD, **options: Any) -> Comparison:
    return compare(reference, now, **({"order": "a"} | options))


def test_the_same_boot_is_the_same() -> None:
    found = held(measured())
    assert (found.result, found.causes, found.effects, found.order_same) == ("same", (), (), True)


def test_the_largest_difference_is_the_cause_and_small_ones_are_its_effects() -> None:
    now = measured(**{"smss.dos-devices": 2900, "System": 4015, "smss.paging-files": 54990})
    found = held(now)
    assert found.result == "slower"
    assert [each.phase for each in found.causes] == ["smss.dos-devices"]
    effects = [(each.phase, each.delta) for each in found.effects]
    assert effects == [("System", 15), ("smss.paging-files", -10)]
    assert found.divergence is not None
    assert found.divergence.number == 2


def test_two_that_cancel_each_other_are_effects_of_a_larger_one() -> None:
    now = measured(**{"smss.paging-files": 65000, "smss.dos-devices": 2900, "System": 3001})
    assert [each.phase for each in held(now).causes] == ["smss.paging-files"]
    assert [each.phase for each in held(now).effects] == ["smss.dos-devices", "System"]
    now = measured(**{"smss.paging-files": 65000, "smss.dos-devices": 2900, "System": 3100})
    assert len(held(now).causes) == 3  # they do not cancel
    alone = held(measured(**{"smss.dos-devices": 2900, "System": 3000}))
    assert alone.result == "slower"  # nothing larger of which they could be the effect


def test_a_regression_that_an_improvement_hides_is_found() -> None:
    found = held(measured(**{"smss.dos-devices": 2900, "smss.paging-files": 50000}))
    assert found.delta < 0
    assert found.result == "slower"


def test_an_improvement_with_small_effects_is_faster() -> None:
    found = held(measured(**{"smss.paging-files": 50000, "System": 4020}))
    assert found.result == "faster"


def test_one_instruction_too_many_is_slower() -> None:
    assert held(replace(measured(System=4001), reading={})).result == "same"  # as much as the clock's step
    found = held(measured(System=4002))
    assert (found.result, found.causes[0].phase) == ("slower", "System")


def test_what_the_clock_cannot_tell_apart_is_no_difference() -> None:
    assert held(measured(**{"smss.dos-devices": 1902, "System": 3998})).result == "same"


@pytest.mark.parametrize(("percent", "result"), [(0.0, "slower"), (9.9, "slower"), (10.1, "same")])
def test_tolerance_is_in_percent_of_the_phase(percent: float, result: str) -> None:
    assert held(measured(**{"smss.dos-devices": 2090}), tolerance=percent).result == result


def test_a_deviation_and_another_order_fail_whatever_it_costs() -> None:
    assert held(measured(), conforms=False).result == "deviates"
    found = held(measured(), order="b")
    assert (found.result, found.gone, found.new) == ("changed", (), ())
    unknown = held(measured(), order="")
    assert (unknown.result, unknown.order_same) == ("same", None)


def test_new_and_gone_records_are_named() -> None:
    now = measured()
    other = replace(now, records=(*now.records[:-1], Record(1, "claim other"), Record(54999, "claim other")))
    found = held(other, order="b")
    assert (found.gone, found.new) == (("claim smss.paging-files",), ("claim other", "claim other"))


def test_phases_that_came_or_went_count() -> None:
    found = held(measured(**{"smss.more": 700}))
    assert (found.result, found.causes[0].before, found.causes[0].after) == ("slower", None, 700)
    gone = compare(Reference(measured(**{"smss.more": 700})), measured())
    assert (gone.result, gone.causes[0].after) == ("faster", None)


def test_a_band_is_as_wide_as_the_boots_differ_and_never_too_narrow() -> None:
    runs = [replace(measured(System=4000 + 100 * n), unit="ns") for n in range(5)]
    made = bands.reference(runs, "a")
    assert made.measured.phases["System"] == 4200
    assert made.bands["System"] == 800
    assert made.bands["smss.exe start"] == 400  # what was seen in System might come here
    calm = bands.reference([measured()] * 5, "a")
    assert calm.bands["smss.paging-files"] == 275  # half a percent of it
    assert calm.band == int(0.005 * calm.measured.total)
    assert held(replace(measured(System=4900), unit="ns"), made).result == "same"
    assert held(replace(measured(System=5300), unit="ns"), made).result == "slower"


def check(comparison: Comparison, **changes: Any) -> checked.Checked:
    known: dict[str, Any] = {
        "name": "default", "arch": "x86_64", "recipe": "default", "unit": "instructions",
        "until": "steady", "exact": True, "comparison": comparison, "image_before": "1113", "image": "33dd",
        "date": "2026-11-26",
    }  # fmt: skip
    return checked.Checked(**(known | changes))


def test_a_regression_is_told_to_people_and_to_programs() -> None:
    now = measured(**{"smss.dos-devices": 2900, "System": 4015})
    first = checked.Point("2026-11-01", "0a0a0a0", "0f0f", 1500)
    last = checked.Point("2026-11-20", "1a2b3c4", "1113", 1900)
    since = checked.Since(last, None, ["5d6e7f8 Devices are checked"], [first, last])
    found = check(held(now), since=since)
    said = checked.text([found])
    assert "slower    default: 61,400 -> 62,415 instructions (+1,015, +1.65 %)" in said
    assert "smss.dos-devices: +1,000 instructions (+53 %), all of the +1,015" in said
    assert "first at record 2: 1,900 -> 2,900 before `claim smss.dos-devices`" in said
    assert "side effects: System +15" in said
    assert "last without it: 2026-11-20 at commit 1a2b3c4" in said
    assert "5d6e7f8 Devices are checked" in said
    assert "as accepted so far: 1,500 (0a0a0a0) -> 1,900 (1a2b3c4)" in said
    assert "smssboot baseline accept default" in said
    document = checked.to_document([found])
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == checked.exit_code([found]) == 1


@pytest.mark.parametrize("order", ["a", "b", ""])
@pytest.mark.parametrize("now", [measured(), measured(System=9), measured(more=5000)])
def test_every_outcome_is_told_and_fits_the_schema(now: Measured, order: str) -> None:
    found = check(held(now, order=order))
    assert found.result in checked.text([found])
    jsonschema.validate(checked.to_document([found]), SCHEMA)


def test_what_a_guest_says_drives_no_terminal() -> None:
    now = replace(measured(), records=(Record(1, "claim \x1b[31mred\x07"),))
    assert "\x1b" not in checked.text([check(held(now, order="b"), cause="\x1b]0;x\x07")])
