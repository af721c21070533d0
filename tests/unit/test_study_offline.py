"""Logs that are judged again: what was kept with them, and what they are worth alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_help import no_compiler, recorded

from smssboot.errors import InputError, UsageError
from smssboot.report.view import StudyView
from smssboot.study.offline import check_file


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    no_compiler(tmp_path, monkeypatch)


def judged(path: Path, recipe: str | None = None) -> StudyView:
    return check_file(path, recipe=recipe, profile=None, arch=None)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_good_timeline_conforms(arch: str, tmp_path: Path) -> None:
    view = judged(recorded(tmp_path, arch))
    assert view.verdict == "conforms", view.runs[0].findings
    assert view.runs[0].arch == arch


def test_without_kept_context_the_recipe_is_the_ground(tmp_path: Path) -> None:
    assert judged(recorded(tmp_path, "x86_64", keep=False)).verdict == "conforms"
    assert judged(tmp_path / "timeline.jsonl", "three-sessions").verdict == "deviates"


def test_a_missing_record_deviates_and_quotes_its_statements(tmp_path: Path) -> None:
    view = judged(recorded(tmp_path, "aarch64", lambda node: not node.name.startswith("smss.api-port")))
    assert view.verdict == "deviates"
    assert "smss.api-port" in view.runs[0].findings[0].text
    wanted = {name for finding in view.runs[0].findings for name in finding.statements}
    assert set(view.statements) == wanted != set()


def test_a_log_of_another_boot_is_noticed(tmp_path: Path) -> None:
    path = recorded(tmp_path, "x86_64")
    context = json.loads((tmp_path / "context.json").read_text())
    (tmp_path / "context.json").write_text(json.dumps({**context, "nonce": "9" * 16}))
    view = judged(path)
    assert view.verdict == "deviates"
    assert view.runs[0].findings[0].code == "E110"


def test_a_damaged_context_is_bad_input(tmp_path: Path) -> None:
    path = recorded(tmp_path, "x86_64")
    (tmp_path / "context.json").write_text("{}")
    with pytest.raises(InputError, match=r"context\.json: not a context"):
        judged(path)


def test_a_log_without_hello_needs_an_architecture(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("Linux version 6.1\n")
    with pytest.raises(UsageError, match="--arch"):
        judged(path)
