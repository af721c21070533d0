"""The kernel's registry hives: others read what it writes, and a power cut leaves the old or new state."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import guest_hive
import pytest
from guest_hive import SUCCESS, Driver, Tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smssboot.image import regf

REG_SZ, REG_BINARY, REG_DWORD = 1, 3, 4
CANNOT_DELETE, CORRUPT, MUST_BE_VOLATILE, NO_RESOURCES = 0xC0000121, 0xC000014C, 0xC0000181, 0xC000009A


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guest_hive.compile_driver(tmp_path_factory.mktemp("hivetest"))


def make(folder: Path, *, subkeys: int = 3, big: int = 40000) -> Path:
    """A hive of the image's own writer."""
    root = regf.Key()
    for number in range(subkeys):
        key = root.open(f"ControlSet001\\Key{number:04}", create=True)
        assert key is not None
        key.values["Text"] = regf.Value("REG_SZ", f"value {number}")
        key.values[""] = regf.Value("REG_DWORD", number)
    key = root.open("Data", create=True)
    assert key is not None
    key.values["Big"] = regf.Value("REG_BINARY", bytes(i * 7 & 255 for i in range(big)))
    folder.mkdir(exist_ok=True)
    (folder / "hive").write_bytes(regf.write(root, "SYSTEM"))
    return folder


def tree_of(driver: Driver, folder: Path) -> Tree:
    """The tree after the kernel's own loading, with recovery if need be."""
    assert driver.load(folder) == SUCCESS
    tree = driver.dump().stable
    driver.unload()
    return tree


def judged(folder: Path, tree: Tree) -> None:
    """All independent readers see the tree in the folder's hive."""
    path = folder / "hive"
    assert guest_hive.whole(path)
    assert guest_hive.read_regipy(path) == tree
    assert guest_hive.read_dissect(path) == tree
    assert guest_hive.read_hivex(path) == set(tree)


def change(driver: Driver) -> None:
    """A bit of everything."""
    assert driver.create("New", "Class of its own") == SUCCESS
    assert driver.create("New\\Below") == SUCCESS
    assert driver.set("New", "Text", REG_SZ, "text\0".encode("utf-16-le")) == SUCCESS
    assert driver.set("New", "", REG_DWORD, b"\1\2\3\4") == SUCCESS
    assert driver.set("New\\Below", "Empty", REG_BINARY, b"") == SUCCESS
    assert driver.set("New\\Below", "Gro\u00dfe \u4e2d", REG_BINARY, bytes(16344)) == SUCCESS
    assert driver.set("New\\Below", "Segments", REG_BINARY, bytes(i & 255 for i in range(16345))) == SUCCESS
    assert driver.set("Data", "Big", REG_BINARY, b"not big any more") == SUCCESS
    assert driver.unset("ControlSet001\\Key0000", "Text") == SUCCESS
    assert driver.unset("ControlSet001\\Key0001", "Text") == SUCCESS
    assert driver.unset("ControlSet001\\Key0001", "") == SUCCESS
    assert driver.delete("ControlSet001\\Key0001") == SUCCESS
    assert driver.create("ControlSet001\\\u00c4nderung") == SUCCESS
    assert driver.create("Gone", volatile=True) == SUCCESS
    assert driver.set("Gone", "v", REG_DWORD, b"1234") == SUCCESS


def test_hash_vectors(program: Path) -> None:
    """Marvin32's published vectors."""
    seed = 0x004FB61A001BDBCC
    with Driver(program) as driver:
        assert driver.marvin(seed, b"") == 0x30ED35C100CD3C7D
        assert driver.marvin(seed, b"\xaf") == 0x48E73FC77D75DDC1
        assert driver.marvin(seed, b"\xe7\x0f") == 0xB5F6E1FC485DBFF8
        assert driver.marvin(seed, b"\x37\xf4\x95") == 0xF0B07C789B8CF7E8


def test_changes_reach_every_reader(program: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "a")
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        assert driver.flush() == (SUCCESS, 0, 0)  # nothing has changed
        change(driver)
        driver.check()
        status, size, _ = driver.flush()
        assert status == SUCCESS and size > 0
        assert driver.flush() == (SUCCESS, 0, 0)
        before = driver.dump()
        driver.save(folder)
        driver.unload()
        judged(folder, before.stable)
        assert "Gone" in before.everything and "Gone" not in before.stable
        assert driver.load(folder) == SUCCESS
        after = driver.dump()
        driver.unload()
    assert after.everything == before.stable
    assert after.classes["New"] == "Class of its own"
    assert {path: time for path, time in before.times.items() if path in after.times} == after.times
    assert after.order == [path for path in before.order if path in before.stable]
    assert (
        struct.unpack_from("<I", (folder / "hive").read_bytes(), 36)[0] == 32
    )  # the root stays the first cell


def test_rules(program: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "a")
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        assert driver.delete("ControlSet001") == CANNOT_DELETE
        assert driver.delete("") == CANNOT_DELETE
        assert driver.create("V", volatile=True) == SUCCESS
        assert driver.create("V\\S") == MUST_BE_VOLATILE
        assert driver.create("V\\W", volatile=True) == SUCCESS
        assert driver.create("x" * 256) != SUCCESS
        assert driver.create("a\0b") != SUCCESS
        assert driver.set("", "n" * 256, REG_DWORD, b"") != SUCCESS
        assert driver.flush() == (SUCCESS, 0, 0)
        driver.unload()


def test_many_subkeys(program: Path, tmp_path: Path) -> None:
    """Lists are split, stay sorted, shrink again, and are read by others at every size."""
    folder = make(tmp_path / "a", subkeys=0)
    names = [f"k{number * 7919 % 2500:05}" for number in range(2500)]
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        assert driver.create("Many") == SUCCESS
        for name in names:
            assert driver.create(f"Many\\{name}") == SUCCESS
        driver.check()
        assert driver.flush()[0] == SUCCESS
        driver.save(folder)
        tree = driver.dump()
        judged(folder, tree.stable)
        assert [path for path in tree.order if path.startswith("Many\\")] == sorted(
            f"Many\\{n}" for n in names
        )
        for name in names[:2495]:
            assert driver.delete(f"Many\\{name}") == SUCCESS
        driver.check()
        assert driver.flush()[0] == SUCCESS
        driver.save(folder)
        judged(folder, driver.dump().stable)
        size = (folder / "hive").stat().st_size
        for name in names:
            driver.create(f"Many\\{name}")
        assert driver.flush()[0] == SUCCESS
        driver.save(folder)
        assert (folder / "hive").stat().st_size <= size + 16384  # what was freed is used again
        driver.unload()


def cut_everywhere(driver: Driver, tmp_path: Path, old: Tree, new: Tree, operations: int, seeds: int) -> None:
    """Cuts the power at every operation of the flush that is due; kernel and regipy must see old or new."""
    seen = set()
    left = []
    for at in range(1, operations + 2):
        for seed in range(seeds):
            folder = tmp_path / f"cut-{at}-{seed}"
            folder.mkdir()
            driver.cut(at, seed, folder)
            left.append(folder)
    driver.unload()
    for folder in left:
        tree = tree_of(driver, folder)
        assert tree in (old, new), folder
        seen.add("new" if tree == new else "old")
        path = folder / "hive"
        if not guest_hive.whole(path):
            path = guest_hive.recover_regipy(folder)
        assert guest_hive.read_regipy(path) == tree, folder
    assert seen == {"old", "new"}


def test_power_cut_at_every_operation(program: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "a")
    with Driver(program) as driver:
        old = tree_of(driver, folder)
        assert driver.load(folder) == SUCCESS
        change(driver)
        new = driver.dump().stable
        assert driver.flush()[2] > 8
        driver.unload()
        assert driver.load(folder) == SUCCESS
        change(driver)
        cut_everywhere(driver, tmp_path, old, new, 40, 6)


def test_power_cut_at_the_second_flush(program: Path, tmp_path: Path) -> None:
    """An older, longer log lies in the file that the new one is written over."""
    folder = make(tmp_path / "a")
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        change(driver)
        assert driver.flush()[0] == SUCCESS
        old = driver.dump().stable
        assert driver.set("New", "Text", REG_SZ, b"other") == SUCCESS
        new = driver.dump().stable
        cut_everywhere(driver, tmp_path, old, new, 14, 12)


def test_a_disk_that_refuses(program: Path, tmp_path: Path) -> None:
    """A flush fails half-way, more is changed, the power goes: old, middle or new. A later try works."""
    for fail in range(1, 40):
        folder = make(tmp_path / f"f{fail}")
        with Driver(program) as driver:
            old = tree_of(driver, folder)
            assert driver.load(folder) == SUCCESS
            change(driver)
            middle = driver.dump().stable
            driver.send("fail", fail)
            status, _, operations = driver.flush()
            if status == SUCCESS:
                driver.unload()
                assert fail > operations
                break
            assert driver.set("New", "Later", REG_DWORD, b"late") == SUCCESS
            new = driver.dump().stable
            cuts = []
            for at in range(1, 30, 3):
                cuts.append(tmp_path / f"f{fail}-{at}")
                cuts[-1].mkdir()
                driver.cut(at, fail, cuts[-1])
            assert driver.flush()[0] == SUCCESS
            assert driver.flush() == (SUCCESS, 0, 0)
            driver.save(folder)
            judged(folder, new)
            driver.unload()
            for cut in cuts:
                assert tree_of(driver, cut) in (old, middle, new), cut
    else:
        raise AssertionError("the flush never came to its end")


def test_recovery_then_another_cut(program: Path, tmp_path: Path) -> None:
    """The recovered hive is changed and written again; a cut leaves what was recovered, or the new state."""
    folder, torn = make(tmp_path / "a"), tmp_path / "torn"
    torn.mkdir()
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        change(driver)
        middle = driver.dump().stable
        for at in range(1, 40):
            driver.cut(at, 3, torn)
            if not guest_hive.whole(torn / "hive"):
                break
        driver.unload()
        assert tree_of(driver, torn) == middle
        assert driver.load(torn) == SUCCESS
        assert driver.set("New", "Later", REG_DWORD, b"late") == SUCCESS
        new = driver.dump().stable
        cut_everywhere(driver, tmp_path, middle, new, 40, 3)


def test_memory_runs_out(program: Path, tmp_path: Path) -> None:
    """Each failed change leaves the hive as it was."""
    folder = make(tmp_path / "a")
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        for left in range(12):
            before = driver.dump().everything
            driver.send("memory", left)
            done = [
                driver.create(f"Fresh{left}", "class"),
                driver.set("Data", f"Value{left}", REG_BINARY, bytes(70000)),
            ]
            driver.send("memory", -1)
            driver.check()
            after = driver.dump().everything
            assert (f"Fresh{left}" in after) == (done[0] == SUCCESS)
            assert (f"Value{left}" in after["Data"]) == (done[1] == SUCCESS)
            if NO_RESOURCES in done:
                assert {k: v for k, v in after.items() if k in before and k != "Data"} == {
                    k: v for k, v in before.items() if k != "Data"
                }
        assert driver.flush()[0] == SUCCESS
        driver.save(folder)
        judged(folder, driver.dump().stable)
        driver.unload()


NAME = st.text(st.sampled_from("abAB_ \u00e9\u0416\u4e2d"), min_size=1, max_size=4)
PATH = st.lists(NAME, min_size=1, max_size=3).map("\\".join)
DATA = st.one_of(
    st.binary(max_size=12), st.integers(5, 60000).map(lambda n: bytes(i * 3 & 255 for i in range(n)))
)
OPERATION = st.one_of(
    st.tuples(st.just("create"), PATH),
    st.tuples(st.just("delete"), PATH),
    st.tuples(st.just("set"), PATH, NAME | st.just(""), DATA),
    st.tuples(st.just("unset"), PATH, NAME | st.just("")),
    st.tuples(st.just("flush")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations=st.lists(OPERATION, max_size=60))
def test_any_changes(
    program: Path, tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[object, ...]]
) -> None:
    """Random changes: the kernel's tree, its cells as loaded again, and the readers all agree."""
    folder = make(tmp_path_factory.mktemp("any"), subkeys=2, big=20000)
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        for kind, *words in operations:
            if kind == "create":
                driver.create(str(words[0]), "class" if len(str(words[0])) % 2 else "")
            elif kind == "delete":
                driver.delete(str(words[0]))
            elif kind == "unset":
                driver.unset(str(words[0]), str(words[1]))
            elif kind == "flush":
                assert driver.flush()[0] == SUCCESS
            else:
                data = words[2]
                assert isinstance(data, bytes)
                driver.set(str(words[0]), str(words[1]), REG_BINARY, data)
        driver.check()
        tree = driver.dump().stable
        assert driver.flush()[0] == SUCCESS
        driver.save(folder)
        driver.unload()
        judged(folder, tree)
        assert tree_of(driver, folder) == tree


def test_flipped_bits(program: Path, tmp_path: Path) -> None:
    """A hive that somebody damaged is refused or read, and may then be changed: no crash, no hang."""
    folder = make(tmp_path / "a")
    clean = (folder / "hive").read_bytes()
    dice = random.Random(4)
    outcomes = set()
    with Driver(program) as driver:
        for _ in range(400):
            raw = bytearray(clean)
            for _ in range(dice.choice((1, 2, 8))):
                at = dice.randrange(4096, len(raw) if dice.random() < 0.5 else 4096 + 1024)
                raw[at] ^= 1 << dice.randrange(8)
            (folder / "hive").write_bytes(raw)
            status = driver.load(folder)
            outcomes.add(status)
            if status == SUCCESS:
                driver.create("ControlSet001\\Zz", "c")
                driver.set("ControlSet001\\Zz", "v", REG_BINARY, bytes(20000))
                for path in [*driver.dump().order[::-1]][:12]:
                    driver.unset(path, "Text")
                    driver.delete(path)
                driver.check()
                assert driver.flush()[0] == SUCCESS
            driver.unload()
    assert {SUCCESS, CORRUPT} <= outcomes


def test_damaged_logs(program: Path, tmp_path: Path) -> None:
    """A log with a wrong bit counts as far as it is whole; what cannot be made whole is refused."""
    folder, torn = make(tmp_path / "a"), tmp_path / "torn"
    torn.mkdir()
    dice = random.Random(5)
    with Driver(program) as driver:
        assert driver.load(folder) == SUCCESS
        change(driver)
        for at in range(1, 40):
            driver.cut(at, 3, torn)
            if not guest_hive.whole(torn / "hive"):
                break
        new = driver.dump().stable
        driver.unload()
        log = (torn / "hive.LOG1").read_bytes()
        entry = struct.unpack_from("<I", log, 512 + 4)[0]
        for _ in range(300):
            raw = bytearray(log)
            at = dice.randrange(512 + 64 if dice.random() < 0.5 else 512 + entry)
            raw[at] ^= 1 << dice.randrange(8)
            (torn / "hive.LOG1").write_bytes(raw)
            assert driver.load(torn) == CORRUPT, at
            driver.unload()
        (torn / "hive.LOG1").unlink()
        assert driver.load(torn) == CORRUPT
        driver.unload()
        (torn / "hive.LOG2").write_bytes(log)
        assert tree_of(driver, torn) == new
        header = bytearray((torn / "hive").read_bytes())
        header[100] ^= 1
        (torn / "hive").write_bytes(header)
        assert tree_of(driver, torn) == new
