"""fastfat on the bench: what it does to an image, judged by a model, by fsck.vfat, mtools and dissect.fat."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import fatbench as fb
import pytest
from dissect.fat import fat
from fatbench import Bench
from fatmodel import NAMES, SLOW, Model, Operation, apply, operations, started
from hypothesis import given, settings


@pytest.fixture(scope="module", params=[2048, 64, 32], ids=["journal", "small-journal", "no-journal"])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fb.make_image(tmp_path_factory.mktemp("image") / "fat.img", reserved=request.param)


@pytest.fixture
def bench(program: Path, journaled: Path) -> Iterator[Bench]:
    bench = Bench(program, journaled)
    assert bench.status("mount") == fb.OK
    yield bench
    bench.close()


def shut(bench: Bench, path: Path) -> None:
    """Shuts the file system down and takes what is on the medium; fsck must like it."""
    assert bench.status("shutdown") == fb.OK
    bench.ask("save", path)
    assert fb.fsck(path) == ""


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(todo=operations())
def test_every_operation_does_what_the_model_says(
    program: Path, image: Path, tmp_path: Path, todo: list[Operation]
) -> None:
    bench, model = Bench(program, image), Model()
    assert bench.status("mount") == fb.OK
    for operation in [*started(), *todo]:
        if operation[0] == "flush":
            assert bench.status("flush") == fb.OK
        else:
            apply(bench, model, operation)
    assert bench.tree() == model.tree()
    shut(bench, tmp_path / "out.img")
    bench.ask("crash", 0)
    assert bench.ask("mount")[0].startswith("0x00000000 ")
    assert bench.tree() == model.tree()
    bench.close()


def test_other_readers_see_the_same(bench: Bench, tmp_path: Path) -> None:
    model = Model()
    for i, name in enumerate(NAMES):
        apply(bench, model, ("mkdir", f"\\dir {i}"))
        apply(bench, model, ("write", f"\\dir {i}\\{name}", 0, 700 * i, i))
    shut(bench, tmp_path / "out.img")
    with (tmp_path / "out.img").open("rb") as handle:
        volume = fat.FATFS(handle)
        for i, name in enumerate(NAMES):
            data = volume.get(f"/dir {i}/{name}").open().read() if 700 * i else b""
            assert data == fb.pattern(700 * i, i)
    for i, name in enumerate(NAMES):
        if name.isascii():
            done = subprocess.run(
                ["mtype", "-i", str(tmp_path / "out.img"), f"::/dir {i}/{name}"],
                capture_output=True,
                check=True,
            )
            assert done.stdout == fb.pattern(700 * i, i)


def test_a_directory_grows_and_its_short_names_stay_apart(bench: Bench, tmp_path: Path) -> None:
    names = [f"same beginning number {i}.text" for i in range(120)]
    for name in names:
        assert bench.open(1, "\\" + name, fb.CREATE) == fb.OK
        bench.done()
    items = bench.list("\\")
    assert sorted(item.name for item in items) == sorted(names)
    assert len({item.short for item in items}) == len(names)
    for item in items:
        assert bench.open(1, "\\" + item.short) == fb.OK
        bench.done()
    shut(bench, tmp_path / "out.img")


def test_names(bench: Bench, tmp_path: Path) -> None:
    for bad in ("a/b", "a:b", "a*", "b?", "c|d", "<", ">", '"', "\x01", "end.", "end ", "x" * 256, ".", ".."):
        assert bench.open(1, "\\" + bad, fb.CREATE) == fb.NAME_INVALID, bad
    assert bench.open(1, "\\" + "y" * 255, fb.CREATE) == fb.OK
    bench.done()
    assert bench.open(1, "\\ÄÖÜ straße", fb.CREATE) == fb.OK
    bench.done()
    assert bench.open(1, "\\äöü STRAße", fb.CREATE) == fb.COLLISION
    assert bench.open(1, "\\none\\file") == fb.PATH_NOT_FOUND
    assert bench.open(1, "\\ÄÖÜ straße\\file") == fb.PATH_NOT_FOUND
    shut(bench, tmp_path / "out.img")


def test_sharing_read_only_and_deletion(bench: Bench) -> None:
    assert bench.open(1, "\\f", fb.CREATE, access=0x3, share=1) == fb.OK
    assert bench.open(2, "\\f", access=0x2, share=7) == 0xC0000043
    assert bench.open(3, "\\f", access=0x80, share=0) == fb.OK
    assert bench.status("basic", 1, 1, 0, 0) == fb.OK
    assert bench.status("dispose", 1, 1) == fb.CANNOT_DELETE
    assert bench.status("basic", 1, 0x80, 0, 0) == fb.OK
    assert bench.status("dispose", 1, 1) == fb.OK
    assert bench.open(4, "\\f", access=0x80) == 0xC0000056
    for handle in (1, 3):
        bench.done(handle)
    assert bench.open(1, "\\f") == fb.NOT_FOUND


def test_the_dirty_bit(program: Path, journaled: Path, tmp_path: Path) -> None:
    bench = Bench(program, journaled)
    assert bench.status("mount") == fb.OK
    bench.tree()
    assert bench.ask("writes") == ["0"]
    assert bench.open(1, "\\f", fb.CREATE) == fb.OK
    bench.ask("crash", 0)
    bench.ask("mount")
    assert bench.ask("volume")[0].split()[5] == "1", "the bit was on the disk before anything else"
    assert bench.tree() == {}
    assert bench.status("shutdown") == fb.OK
    bench.ask("crash", 0)
    bench.ask("mount")
    assert bench.ask("volume")[0].split()[5] == "1", "nobody has checked it"
    bench.close()


def test_lock(bench: Bench) -> None:
    assert bench.open(1, "\\f", fb.CREATE) == fb.OK
    assert bench.status("control", 0x90018) == 0xC0000022
    bench.done()
    assert bench.status("control", 0x90018) == fb.OK
    assert bench.open(1, "\\f") == 0xC0000022
    assert bench.status("control", 0x9001C) == fb.OK
    assert bench.open(1, "\\f") == fb.OK
    bench.done()


@pytest.mark.parametrize("reserved", [2048, 64])
def test_a_file_longer_than_the_journal(program: Path, tmp_path: Path, reserved: int) -> None:
    bench = Bench(program, fb.make_image(tmp_path / "fat.img", reserved=reserved))
    bench.ask("mount")
    assert bench.open(1, "\\big", fb.CREATE) == fb.OK
    assert bench.status("size", 1, 30_000_000) == fb.OK
    assert bench.status("size", 1, 400 << 20) == 0xC000007F
    bench.done()
    assert bench.tree() == {"\\big": (30_000_000, zlib.crc32(bytes(30_000_000)))}
    assert bench.open(1, "\\big") == fb.OK
    assert bench.status("size", 1, 5_000) == fb.OK
    assert bench.status("size", 1, 35_000_000) == fb.OK
    assert bench.status("dispose", 1, 1) == fb.OK
    bench.done()
    assert bench.tree() == {}
    shut(bench, tmp_path / "out.img")
    total, free = bench.ask("volume")[0].split()[1:3]
    assert int(total) - int(free) == 1
    bench.close()


def test_patterns(bench: Bench) -> None:
    for wanted, name, result in (
        ("*", "anything", 1), ("*.txt", "a.TXT", 1), ("*.txt", "a.txt.b", 0), ("a?c", "abc", 1),
        ("a?c", "ac", 0),
        ("<.b", "a.x.b", 1), ("<x", "a.b.xx", 0), ("a>>", "a", 1), ("a>>", "abcd", 0), ('a"b', "a.b", 1),
        ('ab"', "ab", 1), ("*a*a*a*a*b", "a" * 200, 0), ("", "", 1),
    ):  # fmt: skip
        assert bench.ask("pattern", fb.hexed(wanted), fb.hexed(name)) == [str(result)], (wanted, name)
