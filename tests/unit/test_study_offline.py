"""Logs that are judged again: what was kept with them, and what they are worth alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smssboot.conformance.synthesis import linearise, synthesise
from smssboot.errors import InputError, UsageError
from smssboot.image import build as building
from smssboot.image import guest
from smssboot.model.expectation import Node
from smssboot.report.view import StudyView
from smssboot.study import expect
from smssboot.study.offline import check_file
from smssboot.timeline.items import Start
from smssboot.timeline.jsonl import Writer

NONCE = "0123456789012345"

Wanted = Callable[[Node], bool]


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    for name in ("boot-x86_64.elf", "boot-aarch64.img", "smss.exe", "ntoskrnl.exe"):
        (folder / name).write_bytes(b"MZ")
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)


def recorded(folder: Path, arch: str, wanted: Wanted = lambda node: True, *, keep: bool = True) -> Path:
    """A timeline as a good boot would leave it, less the events that are not wanted."""
    image = building.build("default", arch)
    ground = expect.context(image, image.profile, NONCE)
    start = Start(arch=arch, profile=image.profile, image=image.id, nonce=NONCE, target="virt")
    expected = expect.ground_context(ground)
    order = [index for index in linearise(expected) if wanted(expected.nodes[index])]
    path = folder / "timeline.jsonl"
    with path.open("w") as file:
        writer = Writer(file)
        for item in [start, *synthesise(expected, order)]:
            writer.write(item)
    if keep:
        (folder / "context.json").write_text(json.dumps(expect.context_json(ground)))
    return path


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
