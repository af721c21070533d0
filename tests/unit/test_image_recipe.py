"""Recipes: what they say, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from smssboot.errors import InputError, UsageError
from smssboot.image import regf
from smssboot.image.recipe import Recipe, load_recipe, recipe_names

MANAGER = r"ControlSet001\Control\Session Manager"


def recipe(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def values(found: Recipe, path: str) -> dict[str, regf.Value]:
    key = found.registry.open(path)
    assert key is not None, path
    return key.values


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_of_the_project_loads(name: str) -> None:
    found = load_recipe(name)
    assert found.name == name
    assert found.description
    assert "Windows" in values(found, MANAGER + r"\SubSystems")


def test_a_recipe_adds_to_what_it_extends(tmp_path: Path) -> None:
    text = r"""
extends: default
sessions: 4
memory: 1 GiB
registry:
  delete:
    - CurrentControlSet\Services
    - {key: 'CurrentControlSet\Control\Session Manager\DOS Devices', value: prn}
  set:
    CurrentControlSet\Control\Session Manager\dos devices:
      com9: \Device\Serial8
      AUX: {type: REG_SZ, data: \Device\Null}
"""
    found = load_recipe(recipe(tmp_path, text))
    devices = values(found, MANAGER + r"\DOS Devices")
    assert devices["com9"] == regf.Value("REG_SZ", r"\Device\Serial8")
    assert devices["AUX"].data == r"\Device\Null"
    assert "PRN" not in devices
    assert "NUL" in devices
    assert found.registry.open(r"ControlSet001\Services") is None
    assert (found.name, found.sessions, found.memory_mib) == ("mine", 4, 1024)


def test_the_current_control_set_is_the_selected_one(tmp_path: Path) -> None:
    text = "registry:\n  set:\n    Select: {Current: 3}\n    CurrentControlSet\\Control: {A: b}\n"
    found = load_recipe(recipe(tmp_path, text))
    assert values(found, r"ControlSet003\Control")["A"].data == "b"


@pytest.mark.parametrize(
    ("text", "line", "column", "said", "hint"),
    [
        ("extends: default\nprogams: {}\n", 2, 1, "unknown key 'progams'", "did you mean 'programs'?"),
        ("extends: defualt\n", 1, 10, "unknown recipe 'defualt'", "did you mean 'default'?"),
        ("sessions: two\n", 1, 11, "expected a number, found text (two)", None),
        ("sessions: 0\n", 1, 11, "0 is not between 1 and 16", None),
        ("profile: 11\n", 1, 10, "expected text, found a number (11)", "put it in quotes"),
        ("memory: 64\n", 1, 9, "expected text, found a number (64)", "put it in quotes"),
        ("memory: 64 MB\n", 1, 9, "expected a size like '64 MiB'", None),
        ("memory: 3 GiB\n", 1, 9, "3072 MiB is not between", None),
        ("target: {x86-64: q35}\n", 1, 10, "unknown key 'x86-64'", "did you mean 'x86_64'?"),
        ("a: 1\na: 2\n", 2, 1, "'a' is here twice", "first at line 1"),
        ("registry:\n  sett: {}\n", 2, 3, "unknown key 'sett'", "did you mean 'set'?"),
        ("registry:\n  set:\n    A: {B: {type: SZ, data: x}}\n", 3, 19, "unknown value 'SZ'", "REG_SZ"),
        ("registry:\n  set:\n    A: {B: 5000000000}\n", 3, 12, "does not fit REG_DWORD", None),
        ("registry:\n  set:\n    A: {B: no}\n", 3, 12, "quote text like 'no'", None),
        ("registry:\n  set:\n    A\\\\B: {}\n", 3, 5, "is no key path", None),
        ("registry:\n  delete: [Nothing]\n", 2, 12, "there is no key 'Nothing' to delete", None),
        ("programs:\n  smss.exe: gone\n", 2, 13, "unknown value 'gone'", "built, removed"),
        ("programs:\n  smss.exe: {damage: {offset: 1}}\n", 2, 22, "expected 'truncate', or", None),
        ("programs:\n  smss.exe: {file: none.exe}\n", 2, 20, "no such file", None),
        ("edit: {file: a.c, find: x}\n", 1, 7, "'replace' is missing", None),
        ("hive: none\n", 1, 7, "no such file", None),
        ("boot: {}\n", 1, 7, "'replay' is missing", None),
        ("[1, 2\n", 2, 1, "not YAML", None),
        ("- a\n", 1, 1, "expected a mapping, found a list", None),
        ("", 1, 1, "the file is empty", None),
    ],
)
def test_a_wrong_recipe_is_named_with_its_place(
    text: str, line: int, column: int, said: str, hint: str | None, tmp_path: Path
) -> None:
    path = recipe(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), line, column)
    assert said in str(caught.value)
    if hint is not None:
        assert hint in str(caught.value)


def test_recipes_that_extend_each_other(tmp_path: Path) -> None:
    recipe(tmp_path, "extends: b\n", "a.yaml")
    recipe(tmp_path, "extends: a\n", "b.yaml")
    with pytest.raises(InputError, match="extends this recipe in turn"):
        load_recipe(tmp_path / "a.yaml")


def test_unknown_recipe() -> None:
    with pytest.raises(UsageError, match=r"unknown recipe 'dos-devise' \(did you mean 'dos-device'\?\)"):
        load_recipe("dos-devise")
    with pytest.raises(UsageError, match="no such recipe"):
        load_recipe("nowhere/x.yaml")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8 at byte 0"):
        load_recipe(path)


def test_declared_divergences_add_up_over_what_is_extended(tmp_path: Path) -> None:
    recipe(tmp_path, "divergences:\n  - {event: a.b, why: so}\n", "base.yaml")
    entry = "  - event: c.*\n    only: aarch64\n    why: x\n    data: {n: 1}\n"
    text = f"extends: base.yaml\ndivergences:\n{entry}"
    first, second = load_recipe(recipe(tmp_path, text)).divergences
    assert (first.event, first.why, first.only, first.data) == ("a.b", "so", "", {})
    assert (second.event, second.only, second.data) == ("c.*", "aarch64", {"n": "1"})
    assert (second.place.path.name, second.place.line) == ("mine.yaml", 3)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{event: a.b}", "why"),
        ("{event: a.b, why: '  '}", "why: expected words, found none"),
        ("{event: a.b, why: x, onyl: aarch64}", "did you mean 'only'?"),
        ("{event: a.b, why: x, only: arm64}", "did you mean 'aarch64'?"),
        ("{event: a.b, why: x, data: {k: [1]}}", "expected text"),
        ("a.b", "expected a mapping"),
    ],
)
def test_a_wrong_declaration_is_named_with_its_place(entry: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml:2:") as error:
        load_recipe(recipe(tmp_path, f"divergences:\n  - {entry}\n"))
    assert said in str(error.value)
