"""Snapshots without a guest: what is in one, what is refused, and when to stop."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from smssboot.errors import InfrastructureError, UsageError
from smssboot.image import build as building
from smssboot.image import guest, sparse
from smssboot.image.built import BuiltImage
from smssboot.machine import argv
from smssboot.machine.plan import LaunchPlan, Policy
from smssboot.machine.snapshot import _forget_place, _settle_alarm
from smssboot.machine.symptoms import Symptoms
from smssboot.machine.targets import TARGETS
from smssboot.study.options import Options
from smssboot.study.prepare import prepare
from smssboot.study.snapshots import saving, snapshot
from smssboot.study.snapshots.saving import At
from smssboot.study.snapshots.snapshot import Qemu, Snapshot
from smssboot.timeline.items import Event

NONCE = "0123456789012345"


@pytest.fixture(autouse=True)
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A guest build without a compiler, and something in QEMU's place."""
    binaries = tmp_path / "binaries"
    binaries.mkdir()
    programs = ("smss.exe", "ntoskrnl.exe", "BOOTX64.EFI", "BOOTAA64.EFI")
    for name in ("boot-x86_64.elf", "boot-aarch64.img", *programs):
        (binaries / name).write_bytes(b"MZ")
    (binaries / "ntoskrnl.symbols.json").write_text("{}")
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): binaries)
    program = tmp_path / "prefix" / "bin" / "qemu"
    program.parent.mkdir(parents=True)
    (tmp_path / "prefix" / "share" / "qemu").mkdir(parents=True)
    (tmp_path / "prefix" / "share" / "qemu" / "qboot.rom").touch()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    return program


def built(folder: Path, text: str = "", arch: str = "x86_64") -> BuiltImage:
    path = folder / "mine.yaml"
    path.write_text("extends: diskless\n" + text, "utf-8")
    return building.build(path, arch)


def make(folder: Path, image: BuiltImage, qemu: Path, **changes: Any) -> Path:
    """A snapshot of that image as it is saved, but for what is in its files."""
    plan = prepare(image, Options(nonce=NONCE, qemu=str(qemu))).plan
    folder.mkdir()
    for name in ("ram", "state", "serial.log"):
        (folder / name).write_bytes(name.encode() * 9000)
    manifest = {
        "schema": snapshot.SCHEMA, "arch": image.arch, "recipe": str(image.recipe),
        "image": {"id": image.id, "sha256": image.sha256},
        "event": "smss.start", "event_seq": 3, "seq": 5, "time_ns": 10,
        "settings": {
            "profile": plan.profile, "target": plan.target.name, "memory_mib": 64, "accel": "tcg",
            "deterministic": False, "nonce": NONCE, "disk": None, "firmware": "direct",
            "cpu": None,
        },
        "qemu": Qemu.at(str(qemu), "7.2.0")._asdict(),
        "machine": list(argv.machine(plan)),
        "files": {path.name: sparse.digest(path).hex() for path in folder.iterdir()},
        **changes,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def plan_from(found: Snapshot, image: BuiltImage, **options: Any) -> LaunchPlan:
    return prepare(image, Options(restore={image.arch: found}, **options)).plan


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_restored_boot_has_the_saved_machine_and_nonce(tmp_path: Path, qemu: Path, arch: str) -> None:
    image = built(tmp_path, arch=arch)
    found = snapshot.find(make(tmp_path / "s", image, qemu))[arch]
    assert (found.event, found.event_seq, found.seq, found.nonce) == ("smss.start", 3, 5, NONCE)
    plan = plan_from(found, image, qemu=str(qemu), keep=tmp_path / "kept")
    assert (plan.nonce, plan.eager, plan.restore) == (NONCE, False, tmp_path / "s" / "state")
    assert f"nonce={NONCE}" in plan.append
    assert (plan.run_dir / "serial.log").read_bytes() == b"serial.log" * 9000
    assert argv.build(plan, argv.Channels("null"))[-2:] == ("-incoming", "defer")
    assert "-incoming" not in argv.machine(plan)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"nonce": "1" * 16}, "--nonce 1111111111111111: the machine in"),
        ({"memory_mib": 128}, "--memory 128: the machine in"),
        ({"target": "microvm"}, "--target microvm"),
        ({"deterministic": True}, "--deterministic True"),
        ({"log_writes": True}, "--log-writes"),
        ({"firmware": "uefi"}, "--firmware uefi"),
    ],
)
def test_another_machine_is_refused(
    tmp_path: Path, qemu: Path, options: Mapping[str, Any], said: str
) -> None:
    image = built(tmp_path)
    found = Snapshot.read(make(tmp_path / "s", image, qemu))
    with pytest.raises(UsageError) as caught:
        plan_from(found, image, qemu=str(qemu), **options)
    assert said in str(caught.value)


def test_what_the_harness_now_makes_of_the_machine_counts(tmp_path: Path, qemu: Path) -> None:
    image = built(tmp_path)
    words = list(argv.machine(prepare(image, Options(nonce=NONCE, qemu=str(qemu))).plan))
    words[words.index("-cpu") + 1] = "qemu64"
    found = Snapshot.read(make(tmp_path / "s", image, qemu, machine=words))
    with pytest.raises(UsageError, match="expected 'qemu64', found 'max'"):
        plan_from(found, image, qemu=str(qemu))
    found = Snapshot.read(make(tmp_path / "longer", image, qemu, machine=[*words[:3]]))
    with pytest.raises(UsageError, match="expected '', found"):
        plan_from(found, image, qemu=str(qemu))


def test_another_qemu_is_refused_and_a_copy_of_the_same_is_not(tmp_path: Path, qemu: Path) -> None:
    image = built(tmp_path)
    found = Snapshot.read(make(tmp_path / "s", image, qemu))
    text = qemu.read_text()
    qemu.write_text(text)  # touched
    plan_from(found, image, qemu=str(qemu))
    qemu.write_text(text.replace("1", "2"))
    with pytest.raises(UsageError, match=r"saved by QEMU 7\.2\.0, and .*qemu is another binary"):
        plan_from(found, image, qemu=str(qemu))


def test_a_stale_image_is_refused(tmp_path: Path, qemu: Path) -> None:
    found = Snapshot.read(make(tmp_path / "s", built(tmp_path), qemu))
    now = built(tmp_path, "memory: 128 MiB\n")
    with pytest.raises(UsageError, match=f"a snapshot of image {found.image_id}, and 'mine' is {now.id}"):
        plan_from(found, now, qemu=str(qemu))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected what 'smssboot snapshot save' writes"),
        ("[]", "expected what"),
        ('{"schema": "smssboot.snapshot/9"}', "schema is 'smssboot.snapshot/9', expected"),
        ('{"schema": "smssboot.snapshot/1"}', "expected what"),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s").mkdir()
    with pytest.raises(UsageError, match="no snapshot there"):
        snapshot.find(tmp_path / "s")
    (tmp_path / "s" / "manifest.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        snapshot.find(tmp_path / "s")
    assert said in str(caught.value)


def test_only_the_named_files_are_touched(tmp_path: Path, qemu: Path) -> None:
    image = built(tmp_path)
    folder = make(tmp_path / "s", image, qemu, files={"../escape": ""})
    with pytest.raises(UsageError, match="not whole"):
        Snapshot.read(folder)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").touch()
    with pytest.raises(UsageError, match="something in there that is no snapshot"):
        saving._claim(full)
    assert (full / "mine").exists()
    saving._claim(folder)
    assert list(folder.iterdir()) == []


def test_a_file_that_changed_is_found(tmp_path: Path, qemu: Path) -> None:
    folder = make(tmp_path / "s", built(tmp_path), qemu)
    found = Snapshot.read(folder)
    found._begin_check()
    found.check_files(state=True)
    (folder / "state").write_bytes(b"?")
    found = Snapshot.read(folder)
    found._begin_check()
    found.check_files()  # QEMU is asked first
    with pytest.raises(InfrastructureError, match="state is not what was saved"):
        found.check_files(state=True)
    (folder / "ram").write_bytes(b"ram" * 8999)
    found = Snapshot.read(folder)
    found._begin_check()
    with pytest.raises(InfrastructureError, match="ram is not what was saved"):
        found.check_files()


def test_snapshots_by_architecture(tmp_path: Path, qemu: Path) -> None:
    (tmp_path / "all").mkdir()
    for arch in ("x86_64", "aarch64"):
        make(tmp_path / "all" / arch, built(tmp_path, arch=arch), qemu)
    both = snapshot.find(tmp_path / "all")
    assert sorted(both) == ["aarch64", "x86_64"]
    assert len(snapshot.choose(both, "all")) == 2
    one = snapshot.find(tmp_path / "all" / "x86_64")
    assert [each.arch for each in snapshot.choose(one, "all")] == ["x86_64"]
    with pytest.raises(UsageError, match="--arch aarch64: no snapshot of it there"):
        snapshot.choose(one, "aarch64")


def test_an_event_is_named_by_record_and_data() -> None:
    at = At.read("smss.session.begin session=1 path='a b'")
    assert at == At("smss.session.begin", (("session", "1"), ("path", "a b")))
    data = {"session": "1", "path": "a b", "more": "x"}
    assert at.is_it(Event("claim", "smss.session.begin", data, seq=3))
    assert not at.is_it(Event("claim", "smss.session.begin", data))  # no record of the guest
    assert not at.is_it(Event("claim", "smss.session.begin", data | {"session": "0"}, seq=3))
    assert not at.is_it(Event("claim", "smss.session.end", data, seq=3))
    for wrong in ("", "a =b", "a b", "'a", "steady session=0"):
        with pytest.raises(UsageError):
            At.read(wrong)


def test_the_end_that_the_guest_announces_needs_no_button() -> None:
    for name in ("power.request", "system.shutdown", "bugcheck"):
        symptoms = Symptoms(Policy(), 0)
        symptoms.on_item(Event("fact", "process.create", seq=1))
        assert not symptoms.ending
        symptoms.on_item(Event("fact", name, seq=2))
        assert symptoms.ending


def test_the_place_of_a_memory_disk_is_taken_from_the_state(tmp_path: Path) -> None:
    size = 1 << 28
    before, after = b"\x17" + b"0000:00:03.0/diskmem" + size.to_bytes(8, "big"), b"\x05other" + bytes(16)
    path = tmp_path / "state"
    path.write_bytes(before + (0xC0000000).to_bytes(8, "big") + after)
    _forget_place(path, size)
    assert path.read_bytes() == before + bytes(8) + after
    path.write_bytes(after)
    with pytest.raises(Exception, match="no memory 'diskmem'"):
        _forget_place(path, size)


def test_an_alarm_that_nobody_set_is_over(tmp_path: Path) -> None:
    date, shift = 978_307_198, 3
    timer = b"\x05\x0ctimer/icount" + struct.pack(">Iqq", 1, 4_000_000_000, 1_250_000_000 >> shift)
    clock = b"\x04" + bytes(4) + b"\x05pl031" + struct.pack(">II", 0, 1)
    path = tmp_path / "state"
    for alarm, mask, expected in ((0, 0, date + 5), (7, 0, 7), (0, 1, 0)):
        before, after = (struct.pack(">6I", date, at, 0, 0, mask, 0) for at in (alarm, expected))
        path.write_bytes(timer + clock + before + b"more")
        _settle_alarm(path)
        assert path.read_bytes() == timer + clock + after + b"more"
    path.write_bytes(timer)  # a PC
    _settle_alarm(path)
    assert path.read_bytes() == timer


def test_the_same_machine_in_another_folder_is_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "disk.raw").write_bytes(bytes(512))
    plans = [
        LaunchPlan(TARGETS["virt"], tmp_path / name, tmp_path / "stub", tmp_path / name / "modules.cpio",
                   disk=tmp_path / name / "disk.raw", transport=transport)
        for name, transport in (("a", "virtio"), ("b", "virtio"), ("b", "memory"))
    ]  # fmt: skip
    words = [argv.machine(plan._replace(qemu="/bin/true")) for plan in plans]
    assert words[0] == words[1] != words[2]
    assert not [word for word in words[0] if str(tmp_path / "a") in word]
