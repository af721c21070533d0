"""Recipes with something changed: what a fault is."""

from __future__ import annotations

from pathlib import Path

import pytest

from smssboot.errors import InputError, UsageError
from smssboot.image.document import load
from smssboot.image.overlay import overlay
from smssboot.image.recipe import load_recipe

MANAGER = "CurrentControlSet\\Control\\Session Manager"


def test_changes_lie_over_the_recipe(tmp_path: Path) -> None:
    changes = {
        "memory": "128 MiB",
        "programs": {"lsass.exe": "removed"},
        "registry": {
            "set": {MANAGER: {"ProtectionMode": 0, "Yes": "yes", "Octal": "010", "Names": ["a", "ü"]}}
        },
    }
    recipe = load_recipe(overlay("diskless", changes, tmp_path, name="no lsass"))
    assert recipe.name == "no lsass"
    assert recipe.memory_mib == 128
    assert recipe.programs["lsass.exe"].removed
    manager = recipe.registry.open("ControlSet001\\Control\\Session Manager")
    assert manager is not None
    said = {name: manager.values[name].data for name in ("ProtectionMode", "Yes", "Octal", "Names")}
    assert said == {"ProtectionMode": 0, "Yes": "yes", "Octal": "010", "Names": ["a", "ü"]}


def test_the_same_changes_are_the_same_file_and_others_another(tmp_path: Path) -> None:
    first = overlay("diskless", {"memory": "64 MiB"}, tmp_path)
    time = first.stat().st_mtime_ns
    assert overlay("diskless", {"memory": "64 MiB"}, tmp_path) == first
    assert first.stat().st_mtime_ns == time
    assert overlay("diskless", {"memory": "65 MiB"}, tmp_path) != first
    assert overlay("default", {"memory": "64 MiB"}, tmp_path) != first
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".yaml"] * 3


def test_faults_pile_up(tmp_path: Path) -> None:
    under = overlay("diskless", {"programs": {"lsass.exe": "removed"}}, tmp_path, name="one")
    both = load_recipe(overlay(under, {"programs": {"services.exe": "removed"}}, tmp_path, name="two"))
    removed = {name for name, program in both.programs.items() if program.removed}
    assert removed == {"lsass.exe", "services.exe"}


def test_files_are_those_beside_whoever_names_them(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "tool.exe").write_bytes(b"MZ")
    (beside / "note.txt").write_bytes(b"note")
    changes: dict[str, object] = {
        "programs": {"tool.exe": {"file": "tool.exe"}, "other.exe": {"file": beside / "tool.exe"}},
        "files": {"\\note.txt": {"file": "note.txt"}},
        "registry": {"set": {MANAGER: {"file": "as it is"}}},
        "edit": {"file": "user/smss/smss.c", "find": "x", "replace": "y"},
    }
    recipe = load_recipe(overlay("default", changes, tmp_path / "made", base=beside))
    assert recipe.programs["tool.exe"].file == beside / "tool.exe"
    assert recipe.programs["other.exe"].file == beside / "tool.exe"
    assert recipe.edits[0].file == "user/smss/smss.c"
    manager = recipe.registry.open("ControlSet001\\Control\\Session Manager")
    assert manager is not None and manager.values["file"].data == "as it is"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"programms": {}}, "unknown key 'programms' (did you mean 'programs'?)"),
        ({"extends": "default"}, "cannot say what it extends"),
        ({"files": {"\\a": {"text": object()}}}, "changes of diskless.yaml"),
    ],
)
def test_what_no_recipe_can_hold_is_refused(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        overlay("diskless", changes, tmp_path)
    assert said in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_unknown_recipe_and_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'diskless'"):
        overlay("disklss", {}, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        overlay("diskless", {}, tmp_path / "file" / "below")


def test_a_layer_from_another_file_is_blamed_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text("fault:\n  programs: {lsass.exe: removed}\n  memory: 1 MiB\n")
    node = load(path, "matrix").fields(("fault",))["fault"]
    with pytest.raises(InputError, match=r"matrix\.yaml:3:11: matrix\.fault\.memory: 1 MiB"):
        load_recipe("diskless", over=[node])
    assert node.plain() == {"programs": {"lsass.exe": "removed"}, "memory": "1 MiB"}


def test_a_node_as_plain_values_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("a: 0x10\nb: [true, null, 'on', on]\nc: {d: -3, 'é': \"x\"}\n")
    assert load(path, "some").plain() == {
        "a": 16, "b": [True, None, "on", True], "c": {"d": -3, "é": "x"},
    }  # fmt: skip
    path.write_text("a: 2026-01-01\n")
    with pytest.raises(InputError, match=r"some\.yaml:1:4: .*a date"):
        load(path, "some").plain()
