"""fastfat on the bench: power cuts at any write, and damaged images."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import fatbench as fb
import pytest
from fatbench import Bench
from fatmodel import NAMES, POWER_OFF, SLOW, File, Model, Operation, apply, operations, started
from hypothesis import given, settings
from hypothesis import strategies as st


@dataclass
class Moment:
    """What was there after an operation, and which file each was (by identity)."""

    tree: dict[str, tuple[int, int] | None]
    files: dict[str, File]
    step: int


def moment(model: Model) -> Moment:
    files = {model.spelled(key): file for key, (_, file) in model.items.items() if file is not None}
    return Moment(model.tree(), files, model.step)


def is_moment(found: dict[str, tuple[int, int] | None], then: Moment) -> bool:
    """Names and sizes as they were; bytes too, but of files that were written later: that goes in place."""
    if found.keys() != then.tree.keys():
        return False
    for path, value in then.tree.items():
        now = found[path]
        if (value is None) != (now is None):
            return False
        if value is not None and now is not None and value[0] != now[0]:
            return False
        if value != now and then.files[path].touched <= then.step:
            return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(todo=operations(), cut=st.integers(1, 400), seed=st.integers(0, 10000))
def test_after_a_power_cut_every_operation_was_or_was_not(
    program: Path, journaled: Path, tmp_path: Path, todo: list[Operation], cut: int, seed: int
) -> None:
    bench, model = Bench(program, journaled), Model()
    assert bench.status("mount") == fb.OK
    for operation in started(seed):
        apply(bench, model, operation)
    assert bench.status("flush") == fb.OK
    moments = [moment(model)]
    bench.ask("arm", cut)
    for operation in [*todo, ("flush", "")]:
        if operation[0] == "flush":
            status = bench.status("flush")
            if status == fb.OK:
                moments = [moment(model)]
        else:
            status = apply(bench, model, operation)
            moments.append(moment(model))
        if status == POWER_OFF:
            break
    bench.ask("crash", seed)
    assert bench.ask("mount")[0].startswith("0x00000000 ")
    found = bench.tree()
    assert any(is_moment(found, then) for then in moments), (found, [then.tree for then in moments])
    bench.ask("save", tmp_path / "cut.img")
    fb.clear_dirty_bit(tmp_path / "cut.img")
    assert fb.fsck(tmp_path / "cut.img") == ""
    bench.close()


def fats(image: bytes) -> list[bytes]:
    """The copies of the FAT."""
    reserved, count = int.from_bytes(image[14:16], "little"), image[16]
    size = int.from_bytes(image[36:40], "little") * 512
    return [image[reserved * 512 + copy * size :][:size] for copy in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_the_copies_of_the_fat_are_alike_wherever_the_power_went(
    program: Path, journaled: Path, tmp_path: Path, seed: int
) -> None:
    saved, cut, went = tmp_path / "cut.img", 0, True
    while went:  # the dirty bit is the first that is written, and the last
        cut += 1
        bench = Bench(program, journaled)
        assert bench.status("mount") == fb.OK
        bench.ask("arm", cut)
        opened = bench.open(1, "\\new", fb.CREATE)
        ended = [bench.status("flush"), bench.status("shutdown")]
        went = POWER_OFF in (opened, *ended)
        bench.ask("crash", seed)
        assert bench.status("mount") == fb.OK
        bench.ask("save", saved)
        bench.close()
        first, *others = fats(saved.read_bytes())
        assert all(other == first for other in others), cut
    assert cut > 10


def test_what_the_holder_of_the_lock_writes_is_on_the_disk_once_it_is_flushed(
    program: Path, journaled: Path, tmp_path: Path
) -> None:
    bench, place = Bench(program, journaled), journaled.stat().st_size - 4096
    assert bench.status("mount") == fb.OK
    assert bench.status("control", 0x90018) == fb.OK
    assert bench.status("raw", place, 0x41) == fb.OK
    assert bench.status("flush") == fb.OK
    assert bench.status("raw", place + 512, 0x42) == fb.OK
    bench.ask("crash", 0)
    bench.ask("save", tmp_path / "cut.img")
    bench.close()
    assert (tmp_path / "cut.img").read_bytes()[place:][:1024] == b"A" * 512 + bytes(512)


@pytest.fixture(scope="module")
def populated(program: Path, journaled: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    bench, model = Bench(program, journaled), Model()
    bench.ask("mount")
    for i, name in enumerate(NAMES):
        apply(bench, model, ("mkdir", f"\\dir {i}"))
        apply(bench, model, ("write", f"\\dir {i}\\{name}", 0, 3000 * i, i))
        apply(bench, model, ("write", f"\\{name}", 0, 3000, i))
    path = tmp_path_factory.mktemp("populated") / "fat.img"
    bench.status("flush")
    bench.ask("save", path)
    bench.close()
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(24))
def test_damaged_images_neither_crash_nor_hang(
    program: Path, populated: bytes, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    damaged = bytearray(populated)
    used = [i for i in range(0, len(damaged), 512) if any(damaged[i : i + 512])]
    for _ in range(chance.choice((1, 10, 200))):
        sector = chance.choice(used[:40] + used)
        damaged[sector + chance.randrange(512)] ^= 1 << chance.randrange(8)
    if seed % 3 == 0:  # chains that bite their tail
        fat_start = int.from_bytes(populated[14:16], "little") * 512
        for _ in range(30):
            entry = fat_start + 4 * chance.randrange(2, 90)
            damaged[entry : entry + 4] = chance.randrange(0, 120).to_bytes(4, "little")
    path = tmp_path / "damaged.img"
    path.write_bytes(damaged)
    bench = Bench(program, path)
    if bench.status("mount") == fb.OK:
        explore(bench, "\\", 0)
        for i in range(20):
            if bench.open(1, f"\\dir {i % 7}\\new {i}", fb.OPEN_IF) == fb.OK:
                bench.status("write", 1, chance.randrange(9000), 5000, i)
                bench.status("dispose", 1, i % 2)
                bench.done()
        bench.status("shutdown")
    bench.close()


def explore(bench: Bench, path: str, depth: int) -> None:
    """Opens, lists and reads whatever can be, as far down as is sensible."""
    if bench.open(28 - depth, path, fb.OPEN, fb.DIRECTORY) != fb.OK:
        return
    lines = bench.ask("list", 28 - depth, "-")
    bench.done(28 - depth)
    for line in lines[:200]:
        words = line.split()
        if len(words) != 4 or words[2] == "-":
            continue
        name = bytes.fromhex(words[2]).decode("utf-16-be", "surrogatepass")
        if name in (".", "..") or "\\" in name:
            continue
        below = path.rstrip("\\") + "\\" + name
        if int(words[0], 16) & 0x10 and depth < 4:
            explore(bench, below, depth + 1)
        elif bench.open(1, below) == fb.OK:
            bench.ask("read", 1, 0, 100000)
            bench.done()
