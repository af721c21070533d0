"""Bad input is exit 2 with one clear message, whatever is wrong; nothing boots."""

from __future__ import annotations

from pathlib import Path

import pytest
from boot_help import smssboot

from smssboot.image.build import build

OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}


def refused(*arguments: str | Path) -> str:
    """The one line that is said."""
    done = smssboot(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_kernel_of_the_other_architecture(arch: str, tmp_path: Path) -> None:
    kernel = build("default", OTHER[arch]).files["Windows/System32/ntoskrnl.exe"]
    (tmp_path / "ntoskrnl.exe").write_bytes(kernel.read_bytes())
    recipe = tmp_path / "mixed.yaml"
    recipe.write_text("extends: default\nprograms:\n  ntoskrnl.exe: {file: ntoskrnl.exe}\n")
    said = refused("run", recipe, "--arch", arch)
    assert "mixed.yaml:3:" in said
    assert f"is for {OTHER[arch]}, the image for {arch}" in said


def test_a_truncated_hive(arch: str, tmp_path: Path) -> None:
    hive = build("default", arch).files["Windows/System32/config/SYSTEM"].read_bytes()
    (tmp_path / "SYSTEM").write_bytes(hive[: len(hive) // 2])
    recipe = tmp_path / "cut.yaml"
    recipe.write_text("extends: default\nhive: SYSTEM\n")
    assert "truncated registry hive" in refused("run", recipe, "--arch", arch)


def test_an_unknown_profile_in_a_recipe(arch: str, tmp_path: Path) -> None:
    recipe = tmp_path / "old.yaml"
    recipe.write_text("extends: default\nprofile: win11/documentd\n")
    said = refused("run", recipe, "--arch", arch)
    assert "old.yaml:2:10: " in said
    assert "win11/documented" in said


def test_an_edit_that_does_not_fit(arch: str, tmp_path: Path) -> None:
    recipe = tmp_path / "edit.yaml"
    recipe.write_text("extends: default\nedit: {file: user/smss/smss.c, find: no such text, replace: x}\n")
    said = refused("run", recipe, "--arch", arch)
    assert "edit.yaml:2:38: edit: 'find' must be in user/smss/smss.c exactly once" in said
    recipe.write_text("extends: default\nedit: {file: user/smss/smmss.c, find: x, replace: y}\n")
    assert "did you mean 'user/smss/smss.c'?" in refused("run", recipe, "--arch", arch)


@pytest.mark.parametrize("option", ["--json", "--junit", "--keep"])
def test_output_that_cannot_be_written(option: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refused("run", option, tmp_path / "file" / "below")
    assert "cannot write to" in said


def test_an_edit_that_breaks_the_build(arch: str, tmp_path: Path) -> None:
    recipe = tmp_path / "broken.yaml"
    recipe.write_text(
        "extends: default\n"
        "edit: {file: user/smss/smss.c, find: '#include \"smss.h\"', replace: '#include \"none.h\"'}\n"
    )
    done = smssboot("run", recipe, "--arch", arch)
    assert done.returncode == 2
    assert "broken.yaml:2:38: edit: the guest for" in done.stderr
    assert "does not build" in done.stderr
    assert "none.h" in done.stderr
