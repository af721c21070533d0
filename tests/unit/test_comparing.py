"""Comparing runs that were recorded: which can be, how the command is said, what is printed and written."""

from __future__ import annotations

import dataclasses
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from test_cli import refused, smssboot

from smssboot.errors import UsageError
from smssboot.report import comparison, comparison_document, terminal, to_json
from smssboot.report.view import EventView, RunView, StudyView
from smssboot.study.comparing import compare, obstacles
from smssboot.study.subjects import Subject
from smssboot.timeline.items import Event

SCHEMA: dict[str, Any] = json.loads(
    files("smssboot.report").joinpath("comparison.schema.json").read_text("utf-8")
)
HOSTILE = "\x1b]0;owned\x07\u202e"


def run(**changes: Any) -> RunView:
    return dataclasses.replace(report_samples.run(recipe="default", memory_mib=64), **changes)


def views(*events: Event) -> list[EventView]:
    return [EventView(event) for event in events]


def hello() -> Event:
    return Event("fact", "hello", {"proto": "1"}, 1, 0, 5, 0, 4, 1)


def claim(seq: int, name: str, **data: str) -> Event:
    return Event("claim", name, data, seq, seq, 100 * seq, 0, 16, seq + 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"qemu_version": "8.0"}, "QEMU: 7.2.22 and 8.0"),
        ({"accel": "kvm"}, "accelerator: tcg and kvm"),
        ({"deterministic": True}, "clock: free-running and counts instructions"),
        ({"profile": "win11/observed"}, "profile: win11/documented and win11/observed"),
        ({"memory_mib": 0}, "memory: 64 MiB and unknown"),
        ({"image_id": "other"}, "image: default-5f2c and other"),
        ({"qemu_argv": ("qemu", "-cpu", "max")}, "processor: unknown and max"),
        ({"target": "microvm"}, "machine: q35 and microvm"),
        ({"arch": "aarch64", "recipe": "mine"}, "recipe: default and mine"),
    ],
)
def test_runs_that_differ_in_what_they_were_given_are_refused(change: dict[str, Any], said: str) -> None:
    a, b = run(), run(**change)
    assert obstacles(a, b) == [said]
    with pytest.raises(UsageError, match="--anyway") as error:
        compare(Subject(a, "a"), Subject(b, "b"), [], anyway=False)
    assert said in str(error.value)
    assert compare(Subject(a, "a"), Subject(b, "b"), [], anyway=True).anyway == (said,)


def test_two_architectures_of_one_recipe_are_made_to_be_compared() -> None:
    assert obstacles(run(), run(arch="aarch64", image_id="else", target="virt")) == []


def view(*, extra: str = "smss.more", value: str = "2") -> comparison.ComparisonView:
    a = run(events=views(hello(), claim(1, "smss.a.begin", x="1"), claim(2, "smss.a.end")))
    other = [hello(), claim(1, "smss.a.begin", x=value), claim(2, "smss.a.end"), claim(3, extra)]
    return compare(Subject(a, "a"), Subject(run(events=views(*other)), "b"), [], anyway=False)


def test_without_a_model_presence_and_data_are_compared_as_they_are() -> None:
    found = view()
    assert not found.by_model
    assert [(one.kind, one.event, one.only, one.a, one.b) for one in found.sorted.undeclared] == [
        ("data", "smss.a.begin", None, "1", "2"),
        ("presence", "smss.more", "b", "", ""),
    ]


def test_without_a_model_the_order_within_a_process_counts() -> None:
    events = [claim(1, "smss.a"), claim(2, "smss.b"), claim(3, "smss.c")]
    moved = [claim(1, "smss.b"), claim(2, "smss.c"), claim(3, "smss.a")]
    a, b = run(events=views(hello(), *events)), run(events=views(hello(), *moved))
    found = compare(Subject(a, "a"), Subject(b, "b"), [], anyway=False)
    assert [(one.kind, one.event) for one in found.sorted.undeclared] == [("order", "smss.a")]


def test_who_does_what_anybody_may_do_is_no_divergence_nor_are_numbers_that_are_dealt_out() -> None:
    def log(creator: int, pid: str) -> list[EventView]:
        made = Event("fact", "object.create", {"type": "Directory", "path": "\\X"}, 0, 2, 20, 0, creator, 3)
        other = Event("fact", "process.create", {"pid": pid, "name": "csrss.exe"}, 0, 1, 10, 0, 16, 2)
        return views(hello(), other, made)

    a, b = run(events=log(16, "20")), run(events=log(20, "24"))
    assert not compare(Subject(a, "a"), Subject(b, "b"), [], anyway=False).diverges


def test_another_end_is_a_divergence_where_both_were_judged() -> None:
    a, b = run(), run(verdict="deviates")
    found = compare(Subject(a, "a"), Subject(b, "b"), [], anyway=False)
    (one,) = found.sorted.undeclared
    assert (one.kind, one.a, one.b) == ("verdict", "conforms", "deviates")
    unjudged = run(verdict="error", events=[EventView(e.event, None) for e in run().events])
    assert not compare(Subject(a, "a"), Subject(unjudged, "b"), [], anyway=False).diverges


def test_the_document_keeps_to_its_schema_and_the_text_is_safe() -> None:
    found = view(extra=f"smss.{HOSTILE}", value=HOSTILE)
    jsonschema.validate(json.loads(json.dumps(comparison_document.to_document(found))), SCHEMA)
    stream = io.StringIO()
    terminal.put(lambda wrap: comparison.lines(found, True), stream, colour=False)
    text = stream.getvalue()
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert "2 divergences (exit 1)" in text
    coloured = io.StringIO()
    terminal.put(lambda wrap: comparison.lines(found), coloured, colour=True, width=100)
    assert "\x1b[" in coloured.getvalue()
    assert "owned\x07" not in coloured.getvalue()


def report(path: Path, *runs: RunView) -> Path:
    path.write_text(to_json(StudyView(runs)), "utf-8")
    return path


def test_the_command_compares_two_files(tmp_path: Path) -> None:
    one = report(tmp_path / "one.json", run(), run(arch="aarch64", target="virt", image_id="else"))
    same = smssboot("compare", f"{one}#x86_64", f"{one}#x86_64")
    assert same.returncode == 0, same.stderr
    assert "no divergence (exit 0)" in same.stdout
    both = smssboot("compare", one, "--json", "-")
    assert both.returncode == 0, both.stderr
    jsonschema.validate(json.loads(both.stdout), SCHEMA)
    other = report(tmp_path / "two.json", run(verdict="deviates"))
    differs = smssboot("compare", f"{one}#x86_64", other)
    assert differs.returncode == 1
    assert "divergence[verdict]" in differs.stdout


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    two = report(tmp_path / "two.json", run(), run(arch="aarch64"))
    one = report(tmp_path / "one.json", run(image_id="new"))
    assert "expected one run, found 2 (x86_64, aarch64)" in refused("compare", two, one)
    assert "image: default-5f2c and new (--anyway does it)" in refused("compare", f"{two}#x86_64", one)
    assert "did you mean 'aarch64'?" in refused("compare", f"{two}#arch64", one)
    assert "no run of aarch64 in it" in refused("compare", f"{one}#aarch64", one)
    assert "expected two runs" in refused("compare", one)
    assert "expected a recipe or two runs, found 3 words" in refused("compare", one, one, one)
    assert "unknown recipe 'defualt'" in refused("compare", one, one, "--recipe", "defualt")
    assert "No such file" in refused("compare", tmp_path / "x.json", one)
    assert "--free-running and --deterministic" in refused("time", "--free-running", "--deterministic")
    for command in ("time", "blame", "critical-chain"):
        assert "No such file" in refused(command, tmp_path / "x.json")
        assert "did you mean 'default'?" in refused(command, "defualt")
    assert "expected a number from 1, found '0'" in refused("blame", one, "--top", "0")
    assert "did you mean" in refused("critical-chain", one, "--event", "smss.api-prot")
