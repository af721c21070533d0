"""Hives: what the writer writes, other people's readers read."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smssboot.errors import UsageError
from smssboot.image import hive, regf

MANAGER = r"ControlSet001\Control\Session Manager"


def tree(*values: tuple[str, str, regf.Data]) -> regf.Key:
    root = regf.Key()
    key = root.open(MANAGER, create=True)
    assert key is not None
    key.values = {name: regf.Value(kind, data) for name, kind, data in values}
    return root


def read_back(root: regf.Key, folder: Path) -> hive.Registry:
    path = folder / "SYSTEM"
    path.write_bytes(regf.write(root))
    return hive.read(path)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("REG_SZ", ""),
        ("REG_SZ", "plain"),
        ("REG_SZ", "Grüße, 世界 🜁"),
        ("REG_SZ", "x" * 60_000),
        ("REG_EXPAND_SZ", r"%SystemRoot%\system32"),
        ("REG_DWORD", 0),
        ("REG_DWORD", 0xFFFFFFFF),
        ("REG_DWORD_BIG_ENDIAN", 0x01020304),
        ("REG_QWORD", 1 << 63),
        ("REG_BINARY", b""),
        ("REG_BINARY", b"1234"),
        ("REG_BINARY", bytes(range(256)) * 64),
        ("REG_BINARY", bytes(range(256)) * 300),
        ("REG_MULTI_SZ", []),
        ("REG_MULTI_SZ", [""]),
        ("REG_MULTI_SZ", ["a", "", "b", ""]),
        ("REG_MULTI_SZ", [r"\??\C:\new", r"!\??\C:\old"]),
        ("REG_NONE", b"abc"),
    ],
)
def test_every_type_survives(kind: str, data: regf.Data, tmp_path: Path) -> None:
    found = read_back(tree(("value", kind, data)), tmp_path)
    assert found[MANAGER]["value"] == (kind, data)


def test_names_beyond_ascii_and_the_default_value(tmp_path: Path) -> None:
    root = tree(("", "REG_SZ", "default"), ("Größe", "REG_DWORD", 1), ("長さ", "REG_DWORD", 2))
    assert root.open("Ключ\\schlüssel", create=True) is not None
    found = read_back(root, tmp_path)
    assert list(found[MANAGER]) == ["", "Größe", "長さ"]
    assert "Ключ\\schlüssel" in found


def test_three_thousand_subkeys_need_an_index_root(tmp_path: Path) -> None:
    root = regf.Key({}, {"Many": regf.Key({}, {f"key {i}": regf.Key() for i in range(3000)})})
    assert b"ri\x06\x00" in regf.write(root)
    found = read_back(root, tmp_path)
    assert len([path for path in found if path.startswith("Many\\")]) == 3000


def test_subkeys_are_sorted_by_upper_case_name(tmp_path: Path) -> None:
    names = ["b", "A", "c", "_", "Z", "aa"]
    found = read_back(regf.Key({}, {name: regf.Key() for name in names}), tmp_path)
    assert list(found)[1:] == ["A", "aa", "b", "c", "Z", "_"]


def test_same_content_same_bytes() -> None:
    values = ("a", "REG_SZ", "1"), ("b", "REG_MULTI_SZ", ["x"])
    assert regf.write(tree(*values)) == regf.write(tree(*values))


def test_hash_of_subkey_names_ignores_case() -> None:
    assert regf.name_hash("Session Manager") == regf.name_hash("SESSION MANAGER")
    assert regf.name_hash("AB") == 65 * 37 + 66


def test_hivex_agrees(tmp_path: Path) -> None:
    path = tmp_path / "SYSTEM"
    path.write_bytes(regf.write(tree(("Text", "REG_SZ", "Grüße"), ("Number", "REG_DWORD", 7))))
    said = ET.fromstring(subprocess.run(["hivexml", path], capture_output=True, check=True).stdout)
    values = {v.get("key"): (v.get("type"), v.get("value")) for v in said.iter("value")}
    assert values == {"Text": ("string", "Grüße"), "Number": ("int32", "7")}
    names = [node.get("name") for node in said.iter("node")]
    assert names[1:] == ["ControlSet001", "Control", "Session Manager"]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(
    st.tuples(st.just("REG_SZ"), TEXT),
    st.tuples(st.just("REG_MULTI_SZ"), st.lists(TEXT, max_size=5)),
    st.tuples(st.just("REG_DWORD"), st.integers(0, 0xFFFFFFFF)),
    st.tuples(st.just("REG_BINARY"), st.binary(max_size=20_000)),
)
NAMES = st.text(st.characters(exclude_characters="\0\\", exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.dictionaries(NAMES, st.dictionaries(TEXT, VALUES, max_size=4), max_size=20))
def test_any_tree_reads_back(keys: dict[str, dict[str, tuple[str, regf.Data]]], tmp_path: Path) -> None:
    root = regf.Key({}, {
        name: regf.Key({n: regf.Value(kind, data) for n, (kind, data) in values.items()})
        for name, values in keys.items()
    })  # fmt: skip
    found = read_back(root, tmp_path)
    assert {name: values for name, values in found.items() if name} == keys


def test_a_truncated_hive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "SYSTEM"
    path.write_bytes(regf.write(tree(("a", "REG_BINARY", bytes(20_000))))[:9000])
    with pytest.raises(UsageError, match=r"SYSTEM: truncated registry hive: its header promises \d+ bytes"):
        hive.read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "0 bytes"), (b"MZ" + bytes(8000), "begins with"), (b"regf" + bytes(8188), "checksum")],
)
def test_what_is_no_hive_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "SYSTEM"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        hive.read(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(512, 20_000), xor=st.integers(1, 255))
def test_a_damaged_hive_never_ends_in_a_traceback(at: int, xor: int, tmp_path: Path) -> None:
    raw = bytearray(regf.write(tree(("a", "REG_SZ", "b"), ("c", "REG_BINARY", bytes(17_000)))))
    raw[at % len(raw)] ^= xor
    path = tmp_path / "SYSTEM"
    path.write_bytes(raw)
    try:
        hive.read(path)
    except UsageError as error:
        assert "hive" in str(error)
