"""What a result is known by, and how results are kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from smssboot.image import build as building
from smssboot.image import diskdelta, guest, sparse
from smssboot.image.built import BuiltImage
from smssboot.machine.plan import Durations, Outcome
from smssboot.study.boot import Boot
from smssboot.study.options import Options
from smssboot.study.results import cache, ingredients
from smssboot.study.results.digests import Digests
from smssboot.timeline.items import Cause, Console, Damage, Event, Item, Sample, Start

KEY = "0" * 64
EXACT = Options(deterministic=True)


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A guest build without a compiler, and a build folder of its own."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    programs = ("smss.exe", "ntoskrnl.exe", "BOOTX64.EFI", "BOOTAA64.EFI")
    for name in ("boot-x86_64.elf", "boot-aarch64.img", *programs):
        (folder / name).write_bytes(b"MZ")
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    (folder / "ntoskrnl.map").touch()
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)
    return folder


@pytest.fixture(params=["x86_64", "aarch64"])
def arch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def image(folder: Path, text: str = "", arch: str = "x86_64") -> BuiltImage:
    path = folder / "mine.yaml"
    path.write_text("extends: diskless\n" + text, "utf-8")
    return building.build(path, arch)


def key(built: BuiltImage, options: Options = EXACT) -> str:
    found = ingredients.key(built, options, cache.folder())
    assert found is not None
    return found


def test_the_same_is_known_by_the_same(arch: str, tmp_path: Path) -> None:
    first = key(image(tmp_path, arch=arch))
    assert key(image(tmp_path, arch=arch)) == first
    elsewhere = building.build(tmp_path / "mine.yaml", arch, tmp_path / "out")
    assert elsewhere.dir != image(tmp_path, arch=arch).dir
    assert key(elsewhere) == first
    assert key(image(tmp_path, arch=arch), EXACT._replace(keep=tmp_path / "kept", cache=True)) == first
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    "options",
    [
        Options(deterministic=True, nonce="1" * 16),
        Options(deterministic=True, memory_mib=96),
        Options(deterministic=True, profile="win11/observed"),
        Options(deterministic=True, power_off="sac"),
        Options(deterministic=True, timeout_s=7.0),
        Options(deterministic=True, cpu="cortex-a72"),
        Options(deterministic=True, operator=("help",)),
    ],
    ids=["nonce", "memory", "profile", "power-off", "timeout", "cpu", "sac"],
)
def test_every_option_counts(options: Options, arch: str, tmp_path: Path) -> None:
    built = image(tmp_path, arch=arch)
    assert key(built, options) != key(built)


@pytest.mark.parametrize(
    "text",
    [
        "memory: 96 MiB\n",
        "profile: win11/observed\n",
        "registry: {set: {'CurrentControlSet\\Control': {SystemStartOptions: other}}}\n",
        "disk: {}\n",
        "disk: {}\nfiles: {'\\a': {text: b}}\n",
    ],
)
def test_every_part_of_a_recipe_counts(text: str, arch: str, tmp_path: Path) -> None:
    plain = key(image(tmp_path, arch=arch))
    assert key(image(tmp_path, text, arch)) != plain


def test_the_guests_programs_and_the_architecture_count(tmp_path: Path, binaries: Path) -> None:
    plain = key(image(tmp_path))
    assert key(image(tmp_path, arch="aarch64")) != plain
    (binaries / "smss.exe").write_bytes(b"MZ other")
    shutil.rmtree(tmp_path / "build" / "images" / "index")
    assert key(image(tmp_path)) != plain


@pytest.mark.parametrize(
    "file", ["model/versions/win11/common.yaml", "evidence/memory.py", "study/boot.py", "timeline/wire.py"]
)
def test_the_model_and_the_harness_count(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = tmp_path / "package"
    shutil.copytree(ingredients.PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    built = image(tmp_path)
    here = key(built)
    monkeypatch.setattr(ingredients, "PACKAGE", copied)
    assert key(built) == here
    with (copied / file).open("a") as out:
        out.write("# changed\n")
    assert key(built) != here


def test_reports_and_commands_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = tmp_path / "package"
    shutil.copytree(ingredients.PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    built = image(tmp_path)
    monkeypatch.setattr(ingredients, "PACKAGE", copied)
    here = key(built)
    for name in ("report/terminal.py", "cli/run.py"):
        (copied / name).write_text("# changed\n")
    assert key(built) == here


def own_qemu(folder: Path, said: str = "") -> Path:
    """A QEMU that only has to be there; with firmware beside it."""
    (folder / "bin").mkdir(exist_ok=True)
    share = folder / "share" / "qemu"
    share.mkdir(parents=True, exist_ok=True)
    (share / "qboot.rom").write_bytes(b"firmware")
    (share / "pvh.bin").write_bytes(b"rom")
    path = folder / "bin" / "qemu"
    path.write_text(f"#!/bin/sh\n{said}\n")
    path.chmod(0o755)
    return path


def test_the_binary_of_qemu_counts_wherever_it_lies(tmp_path: Path) -> None:
    built = image(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = key(built, EXACT._replace(qemu=str(own_qemu(tmp_path / "a"))))
    assert first != key(built)
    assert key(built, EXACT._replace(qemu=str(own_qemu(tmp_path / "b")))) == first
    changed = own_qemu(tmp_path / "b", "exit 1")
    assert key(built, EXACT._replace(qemu=str(changed))) != first


def test_the_firmware_of_qemu_counts(tmp_path: Path) -> None:
    built = image(tmp_path)
    options = EXACT._replace(qemu=str(own_qemu(tmp_path)))
    first = key(built, options)
    (tmp_path / "share" / "qemu" / "qboot.rom").write_bytes(b"other firmware")
    assert key(built, options) != first


def test_the_readers_of_the_disk_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smssboot.evidence import tools

    built = image(tmp_path, "disk: {}\n")
    first = key(built)
    other = tmp_path / "fsck.vfat"
    other.write_text("#!/bin/sh\n")
    real = tools.find
    monkeypatch.setattr(tools, "find", lambda name: str(other) if name == "fsck.vfat" else real(name))
    assert key(built) != first


@pytest.mark.parametrize(
    "options",
    [Options(), Options(deterministic=True, qemu="/nowhere/qemu"), Options(deterministic=True, accel="kvm")],
)
def test_what_does_not_repeat_is_known_by_nothing(options: Options, tmp_path: Path) -> None:
    assert ingredients.key(image(tmp_path), options, cache.folder()) is None


def test_a_boot_whose_times_are_not_exact_is_known_by_nothing(tmp_path: Path) -> None:
    built = image(tmp_path, "disk: {}\n")
    assert ingredients.key(built, EXACT, cache.folder()) is not None
    assert ingredients.key(built, EXACT._replace(disk="virtio"), cache.folder()) is None


ITEMS: list[Item] = [
    Start(arch="x86_64", image="i", nonce="1", accel="tcg", qemu_version="7.2", argv=("qemu", "-S")),
    Console("hello ü", 1, 1),
    Event("fact", "hello", {"proto": "1"}, 2, 0, 0, 0, 4, 2),
    Damage(b"\xff\x00", "torn", 3, 4, 1),
    Event("evidence", "pe.image", {"file": "smss.exe"}, 4),
    Sample(5, "host", {"cpu": 0.25}),
    Cause(6, "powered-off", "the guest powered itself off", {"guest": "true"}),
]


def boot_of(folder: Path, *kinds: str, **changes: Any) -> Boot:
    """A boot that has ended so, as far as the cache looks at it."""
    causes = tuple(Cause(6, kind) for kind in kinds)
    serial = folder / "serial.log"
    serial.write_bytes(b"\xffraw\r\n")
    times = Durations(0.1, 0.2, None, 0.4, 0.5)
    outcome = Outcome(causes[0], causes, times, True, "7.2", 0, ("qemu", "-S"), {"serial": serial})
    plan = SimpleNamespace(disk=None)
    fields = {
        "error": None, "report": object(), "outcome": outcome, "items": ITEMS,
        "prepared": SimpleNamespace(plan=plan), "image": SimpleNamespace(disk=None), **changes,
    }  # fmt: skip
    return cast(Boot, SimpleNamespace(**fields))


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    assert cache.find(KEY) is None
    assert cache.store(KEY, boot_of(tmp_path, "powered-off"))
    found = cache.find(KEY)
    assert found is not None
    assert found.items == ITEMS
    assert found.durations == {
        "launch": 0.1, "first_record": 0.2, "steady": None, "shutdown": 0.4, "total": 0.5,
    }  # fmt: skip
    assert (found.steady, found.status, found.disk) == (True, 0, None)
    assert found.files == {"serial": ("serial.log", b"\xffraw\r\n")}
    assert abs(datetime.now(UTC) - datetime.fromisoformat(found.booted)).total_seconds() < 9


@pytest.mark.parametrize("kind", ["powered-off", "reset", "bugcheck", "panic", "triple-fault"])
def test_what_the_guest_ended_is_kept(kind: str, tmp_path: Path) -> None:
    assert cache.store(KEY, boot_of(tmp_path, kind))


@pytest.mark.parametrize(
    "kinds",
    [
        ("qemu-died",), ("host-too-slow",), ("interrupted",), ("silent-hang",), ("livelock",), ("deviates",),
        ("powered-off", "silent-hang"),
    ],
)  # fmt: skip
def test_what_the_host_ended_is_not(kinds: tuple[str, ...], tmp_path: Path) -> None:
    assert not cache.store(KEY, boot_of(tmp_path, *kinds))
    assert cache.find(KEY) is None


def test_what_could_not_be_judged_is_not_kept(tmp_path: Path) -> None:
    assert not cache.store(KEY, boot_of(tmp_path, "powered-off", report=None))
    assert not cache.store(KEY, boot_of(tmp_path, "powered-off", error=OSError()))


def spoilt(change: Callable[[bytearray], object], folder: Path) -> Path:
    cache.store(KEY, boot_of(folder, "powered-off"))
    path = cache.folder() / f"{KEY}.result"
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def test_no_byte_of_a_result_may_change(tmp_path: Path) -> None:
    cache.store(KEY, boot_of(tmp_path, "powered-off"))
    length = len((cache.folder() / f"{KEY}.result").read_bytes())
    for at in range(0, length, 7):
        path = spoilt(lambda data, at=at: data.__setitem__(at, data[at] ^ 0x41), tmp_path)
        assert cache.find(KEY) is None, at
        assert not path.exists()


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_half_a_result_is_none(left: int, tmp_path: Path) -> None:
    path = spoilt(lambda data: data.__delitem__(slice(left, None)), tmp_path)
    assert cache.find(KEY) is None
    assert not path.exists()


def test_a_result_under_another_name_is_none(tmp_path: Path) -> None:
    cache.store(KEY, boot_of(tmp_path, "powered-off"))
    other = "1" * 64
    (cache.folder() / f"{KEY}.result").rename(cache.folder() / f"{other}.result")
    assert cache.find(other) is None


def test_what_was_not_used_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    keys = [str(number) * 64 for number in range(5)]
    for age, name in enumerate(keys[:3]):
        cache.store(name, boot_of(tmp_path, "powered-off"))
        os.utime(cache.folder() / f"{name}.result", (age, age))
    assert cache.find(keys[0]) is not None  # and now it is the one used last
    cache.store(keys[3], boot_of(tmp_path, "powered-off"))
    assert [name for name in keys if cache.find(name) is not None] == [keys[0], keys[2], keys[3]]
    size = (cache.folder() / f"{keys[0]}.result").stat().st_size
    monkeypatch.setattr(cache, "MOST_BYTES", size * 2)
    cache.store(keys[4], boot_of(tmp_path, "powered-off"))
    assert len(list(cache.folder().glob("*.result"))) == 2
    assert cache.find(keys[4]) is not None


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    cache.folder().mkdir(parents=True)
    for name, age in ((".old", 9999), (".young", 1)):
        (cache.folder() / name).write_text("half")
        os.utime(cache.folder() / name, (time.time() - age,) * 2)
    cache.store(KEY, boot_of(tmp_path, "powered-off"))
    assert not (cache.folder() / ".old").exists()
    assert (cache.folder() / ".young").exists()


def test_a_folder_that_takes_nothing_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    built = image(tmp_path)
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "file"))
    assert ingredients.key(built, EXACT, cache.folder()) is not None
    assert not cache.store(KEY, boot_of(tmp_path, "powered-off"))
    assert cache.find(KEY) is None


def test_many_may_write_the_same(tmp_path: Path) -> None:
    cache.store(KEY, boot_of(tmp_path, "powered-off"))
    good = (cache.folder() / f"{KEY}.result").read_bytes()
    code = (
        "import sys; from pathlib import Path; from smssboot.study.results import cache\n"
        "data = Path(sys.argv[1]).read_bytes()\n"
        "for _ in range(100):\n"
        "    cache._write(cache._path(sys.argv[2]), data)\n"
        "    assert cache.find(sys.argv[2]) is not None\n"
    )
    (tmp_path / "good").write_bytes(good)
    command = [sys.executable, "-c", code, str(tmp_path / "good"), KEY]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert [path.name for path in cache.folder().iterdir()] == [f"{KEY}.result"]


def test_digests_are_remembered_while_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    first = Digests(tmp_path / "kept")
    digest = first.file(path)
    first.close()
    reads: list[Path] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: (reads.append(self), real(self))[1])
    assert Digests(tmp_path / "kept").file(path) == digest
    assert path not in reads
    path.write_bytes(b"two")
    os.utime(path, (1, 1))  # the same size and the same time: another time of change
    assert Digests(tmp_path / "kept").file(path) != digest


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"a": 1}', '{"a": ["x", 1]}'])
def test_digests_that_are_damaged_are_computed_again(text: str, tmp_path: Path) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"one")
    (tmp_path / "digests.json").write_text(text)
    assert Digests(tmp_path).file(path) == Digests(tmp_path / "none").file(path)


def test_a_changed_disk_comes_back_as_it_was(tmp_path: Path) -> None:
    base, changed, again = tmp_path / "base", tmp_path / "changed", tmp_path / "again"
    with sparse.SparseFile(base, 1 << 20) as disk:
        disk.write(0, b"a" * 5000)
        disk.write(300_000, b"b" * 10_000)
    sparse.copy(base, changed)
    with changed.open("r+b") as file:
        for at, data in ((10, b"X"), (300_000, bytes(10_000)), (700_000, b"new")):
            file.seek(at)
            file.write(data)
    delta = diskdelta.make(base, changed)
    assert len(delta) < 1000
    diskdelta.apply(base, delta, again)
    assert again.read_bytes() == changed.read_bytes()
    for wrong in (b"", b"nonsense", delta[:-3]):
        with pytest.raises(ValueError):
            diskdelta.apply(base, wrong, again)
    base.write_bytes(b"another size")
    with pytest.raises(ValueError):
        diskdelta.apply(base, delta, again)
