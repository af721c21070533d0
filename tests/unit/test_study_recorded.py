"""What was recorded comes back: reports, kept folders, timelines, serial logs; what is none is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import report_samples
from recorded_help import NONCE, no_compiler, recorded

from smssboot.errors import InputError
from smssboot.report import to_json
from smssboot.report.view import StudyView
from smssboot.study.recorded import load_runs
from smssboot.timeline.phases import phases
from smssboot.timeline.wire import encode


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    no_compiler(tmp_path, monkeypatch)


def kept(folder: Path, arch: str) -> Path:
    """The folder of one kept run."""
    folder.mkdir(parents=True)
    recorded(folder, arch)
    context = json.loads((folder / "context.json").read_text())
    (folder / "context.json").write_text(json.dumps({**context, "recipe": "default"}))
    return folder


def test_a_report(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    study = StudyView([report_samples.run()])
    path.write_text(to_json(study))
    assert to_json(load_runs(path)) == to_json(study)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_folder_of_a_kept_run_is_judged(arch: str, tmp_path: Path) -> None:
    (run,) = load_runs(kept(tmp_path / "run", arch)).runs
    assert (run.verdict, run.arch, run.recipe, run.nonce) == ("conforms", arch, "default", NONCE)
    assert run.memory_mib > 0
    assert run.seen == run.expected > 300
    assert len(phases([view.event for view in run.events])) > 30
    assert run.artifacts == {"timeline": str(tmp_path / "run" / "timeline.jsonl")}


def test_a_folder_of_several_kept_runs_comes_in_the_order_of_names(tmp_path: Path) -> None:
    kept(tmp_path / "keep" / "default-x86_64", "x86_64")
    kept(tmp_path / "keep" / "default-aarch64", "aarch64")
    (tmp_path / "keep" / "notes").mkdir()
    assert [run.arch for run in load_runs(tmp_path / "keep").runs] == ["aarch64", "x86_64"]


def test_a_timeline_alone_comes_back_unjudged(tmp_path: Path) -> None:
    (run,) = load_runs(recorded(tmp_path, "aarch64", keep=False)).runs
    assert (run.verdict, run.arch, run.profile) == ("error", "aarch64", "win11/documented")
    assert run.findings == ()
    assert {view.status for view in run.events} == {None}
    assert "not judged" in run.cause.text


def test_a_serial_log_speaks_for_itself(tmp_path: Path) -> None:
    said = {"arch": "aarch64", "profile": "p", "nonce": "1" * 16, "image": "abc"}
    hello = encode(0, 5, 0, 4, "fact", "hello", said)
    path = tmp_path / "serial.log"
    path.write_bytes(b"U-Boot\r\n" + hello)
    (run,) = load_runs(path).runs
    assert (run.arch, run.profile, run.nonce, run.image_id) == ("aarch64", "p", "1" * 16, "abc")
    assert (run.log, run.deterministic) == ("serial.log", False)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        load_runs(path)
    assert str(path) in str(error.value)
    return str(error.value)


def test_what_is_no_run_is_refused_by_name(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nowhere.json")
    assert "found no timeline.jsonl" in refused(tmp_path / "binaries")
    (tmp_path / "readme.md").write_text("# Words\n")
    assert "found no record" in refused(tmp_path / "readme.md")
    (tmp_path / "empty").write_text("")
    assert "empty file" in refused(tmp_path / "empty")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"seq": 1,', '"seq": "one",', "runs[0].events[1].seq: expected integer or null, found \"one\""),
        ('"arch": "x86_64"', '"arch": 64', "runs[0].arch: expected string, found 64"),
        ('"voice": "fact"', '"voice": "rumour"', "runs[0].events[0].voice: expected one of"),
        ('"recipe"', '"receipt"', "no field 'recipe', expected a report of smssboot.report/1"),
        ("smssboot.report/1", "smssboot.report/9", 'schema: expected "smssboot.report/1"'),
        ('"console": [', '"console": [[', ":"),
        ('"events": [', '"events": {', ":"),
    ],
)
def test_a_report_of_another_shape_is_refused_with_its_place(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    text = to_json(StudyView([report_samples.run()]))
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert said in refused(path)


def test_a_report_that_is_cut_off_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    text = to_json(StudyView([report_samples.run()]))
    path.write_text(text[: len(text) // 2])
    assert f"{path}:" in refused(path)


def test_a_report_without_runs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(to_json(StudyView([])))
    assert "without" in refused(path)
