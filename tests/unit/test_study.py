"""One boot put together: options, the machine that is chosen, the ground that is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smssboot.errors import InputError, UsageError
from smssboot.image import build as building
from smssboot.image import guest
from smssboot.image.built import PLACEHOLDER, BuiltImage
from smssboot.machine import argv
from smssboot.machine.plan import LaunchPlan
from smssboot.study import expect
from smssboot.study.options import Options, run_directory
from smssboot.study.prepare import choose_target, prepare

NONCE = "0123456789012345"


@pytest.fixture(autouse=True)
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest build without a compiler."""
    folder = tmp_path / "binaries"
    folder.mkdir()
    programs = ("smss.exe", "ntoskrnl.exe", "BOOTX64.EFI", "BOOTAA64.EFI")
    for name in ("boot-x86_64.elf", "boot-aarch64.img", *programs):
        (folder / name).write_bytes(b"MZ")
    (folder / "ntoskrnl.symbols.json").write_text("{}")
    (folder / "ntoskrnl.map").touch()
    monkeypatch.setenv("SMSSBOOT_BUILD", str(tmp_path / "build"))
    monkeypatch.setattr(guest, "build", lambda arch, edits=(): folder)


def image(folder: Path, text: str = "", arch: str = "x86_64") -> BuiltImage:
    path = folder / "mine.yaml"
    path.write_text("extends: diskless\n" + text, "utf-8")
    return building.build(path, arch)


def test_the_recipe_chooses_the_machine_and_an_option_overrides_it(tmp_path: Path) -> None:
    built = image(tmp_path, "target: {x86_64: microvm}\n")
    assert choose_target(built, Options()).name == "microvm"
    assert choose_target(built, Options(target="q35")).name == "q35"


@pytest.mark.parametrize(
    ("name", "said"),
    [("microvn", "did you mean 'microvm'?"), ("virt", "is a machine for aarch64, not for x86_64")],
)
def test_a_wrong_machine_is_named_where_it_stands(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        choose_target(image(tmp_path, f"target: {{x86_64: {name}}}\n"), Options())
    assert "mine.yaml:2:18: " in str(caught.value)
    assert said in str(caught.value)
    with pytest.raises(UsageError) as usage:
        choose_target(image(tmp_path), Options(target=name))
    assert said in str(usage.value)


@pytest.mark.parametrize("nonce", ["", "12", "x" * 16, "٠" * 16, "0" * 17])
def test_a_wrong_nonce_is_refused(nonce: str) -> None:
    with pytest.raises(UsageError, match="expected 16 decimal digits"):
        Options(nonce=nonce).draw_nonce()


def test_a_plan_carries_what_labels_the_boot(tmp_path: Path) -> None:
    built = image(tmp_path, "memory: 128 MiB\n")
    plan = prepare(built, Options(nonce=NONCE, keep=tmp_path / "kept")).plan
    assert plan.append == f"profile=win11/documented image={built.id} nonce={NONCE}"
    assert plan.memory_mib == 128
    assert plan.initrd is not None
    assert NONCE.encode("utf-16-le") in plan.initrd.read_bytes()
    assert plan.run_dir == tmp_path / "kept" / "mine-x86_64"


def command_line(plan: LaunchPlan) -> str:
    return " ".join(argv.for_shell(plan))


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_disk_is_shown_as_it_is_wanted(arch: str, tmp_path: Path) -> None:
    built = image(tmp_path, "disk: {}\n", arch)
    plan = prepare(built, Options(nonce=NONCE, keep=tmp_path)).plan
    assert plan.append.endswith(f" systempartition={built.disk_guid}")
    assert plan.disk == plan.run_dir / "disk.raw"
    assert "virtio-blk-pci,drive=disk,disable-legacy=on,bus=pcie.0,addr=3" in command_line(plan)
    for options in (Options(disk="memory"), Options(deterministic=True)):
        plan = prepare(built, options._replace(keep=tmp_path)).plan
        assert plan.transport == "memory"
        assert "ivshmem-plain,memdev=diskmem" in command_line(plan)
        assert f"mem-path={plan.disk},size={256 << 20}" in command_line(plan)


@pytest.mark.parametrize(("arch", "mib"), [("x86_64", 64), ("aarch64", 128)])
def test_the_firmware_gets_the_disk_alone(arch: str, mib: int, tmp_path: Path) -> None:
    built = image(tmp_path, "disk: {}\n", arch)
    plan = prepare(built, Options(nonce=NONCE, keep=tmp_path, firmware="uefi")).plan
    words = command_line(plan)
    assert "pflash0=code,pflash1=variables" in words
    assert "bootindex=0" in words
    assert f"filename={plan.run_dir / 'variables.fd'}" in words
    assert not {"-kernel", "-initrd", "-append", "-bios"} & set(argv.for_shell(plan))
    assert plan.memory_mib == mib
    assert plan.disk is not None and built.boot_line is not None
    line = plan.disk.read_bytes()[built.boot_line.offset :][: built.boot_line.size].decode()
    expected = f"profile=win11/documented image={built.id} nonce={NONCE} systempartition={built.disk_guid}"
    assert line.rstrip() == expected


@pytest.mark.parametrize(
    ("recipe", "options", "said"),
    [
        ("disk: none", Options(firmware="uefi"), "--firmware uefi: the image 'mine' has no disk"),
        ("disk: none", Options(disk="memory"), "--disk: the image 'mine' has no disk"),
        ("disk: {}", Options(target="microvm"), "the target 'microvm' has no place for a disk"),
        ("disk: {}", Options(deterministic=True, accel="auto"), "only tcg counts instructions"),
        ("disk: {}", Options(firmware="uefi", disk="memory"), "the firmware reads no memory disk"),
        ("disk: {}", Options(firmware="uefi", disk="memory", deterministic=True), "reads no memory disk"),
        ("disk: {size: 1 GiB}", Options(disk="memory"), "1024 MiB, as memory q35 can show 512 MiB"),
        (
            "disk: {size: 1 GiB}",
            Options(disk="memory", deterministic=True),
            "1024 MiB, as memory q35 can show 512 MiB",
        ),
        ("disk: {}\nprograms: {BOOTX64.EFI: removed}", Options(firmware="uefi"), "has no loader"),
    ],
)
def test_what_no_machine_can_do_is_said_before_booting(
    recipe: str, options: Options, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        prepare(image(tmp_path, recipe + "\n"), options)
    assert said in str(caught.value)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize(
    ("recipe", "options", "why"),
    [
        ("disk: {}", Options(), ""),
        ("disk: none", Options(), ""),
        ("disk: {}", Options(disk="virtio"), "a virtio disk answers at the host's pace"),
        ("disk: {}", Options(firmware="uefi"), "the firmware waits for its disk"),
        ("disk: {size: 1 GiB}", Options(), "its disk has 1024 MiB, as memory"),
    ],
)
def test_times_that_cannot_be_exact_are_counted_over_virtio(
    recipe: str, options: Options, why: str, arch: str, tmp_path: Path
) -> None:
    plan = prepare(image(tmp_path, recipe + "\n", arch), options._replace(deterministic=True)).plan
    assert why in plan.inexact and bool(why) == bool(plan.inexact)
    assert plan.deterministic
    assert f"shift=3,sleep={'on' if why else 'off'}" in command_line(plan)
    if plan.disk is not None:
        assert plan.transport == ("virtio" if why else "memory")


def test_an_image_that_others_made_may_have_no_exact_times(tmp_path: Path) -> None:
    def why() -> str:
        return prepare(built, Options(deterministic=True, keep=tmp_path)).plan.inexact

    built = image(tmp_path, "disk: {}\n")
    assert built.disk is not None
    assert why() == ""
    size = built.disk.stat().st_size
    os.truncate(built.disk, size - 512)
    assert f"its disk of {size - 512} bytes is no power of two" in why()
    os.truncate(built.disk, size)
    (built.dir / "ntoskrnl.map").unlink()
    assert "its kernel is not ours" in why()
    known = built.registry.read_text("utf-8")
    assert "ivshmdsk" in known
    built.registry.write_text(known.replace("ivshmdsk", "another"), "utf-8")
    assert "its registry has no driver ivshmdsk" in why()


def test_every_kept_boot_has_a_folder_of_its_own(tmp_path: Path) -> None:
    names = [run_directory(tmp_path, "a").name for _ in range(3)]
    assert names == ["a", "a.2", "a.3"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        run_directory(tmp_path / "file", "a")


def test_private_folders_are_private() -> None:
    path = run_directory(None, "a")
    try:
        assert path.stat().st_mode & 0o077 == 0
    finally:
        path.rmdir()


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_kept_expectation_is_the_one_that_grounding_makes(arch: str, tmp_path: Path) -> None:
    built = image(tmp_path, arch=arch)
    fresh = expect.ground_context(expect.context(built, built.profile, NONCE))
    for _ in range(2):  # made, then read
        kept = expect.expectation(built, built.profile, NONCE)
        assert kept.nodes == fresh.nodes
        assert kept.edges == fresh.edges
        assert (kept.nonce, kept.image) == (NONCE, built.id)
    assert PLACEHOLDER not in repr(kept)
    assert PLACEHOLDER[:8] not in repr(kept)


def test_a_context_survives_being_kept(tmp_path: Path) -> None:
    built = image(tmp_path)
    ground = expect.context(built, built.profile, NONCE)
    assert expect.context_from_json(expect.context_json(ground)) == ground


def test_an_unknown_profile_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="win11/documentd"):
        expect.expectation(image(tmp_path), "win11/documentd", NONCE)
    with pytest.raises(InputError, match=r"mine\.yaml:2:10: .*win12"):
        expect.expectation(image(tmp_path, "profile: win12\n"), "win12", NONCE)
