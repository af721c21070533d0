"""A boot that repeats exactly and is known already costs no QEMU, says so, and is judged anew."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from boot_help import MUTANTS, SCHEMA, Boot, Result, smssboot

from smssboot.image.build import build
from smssboot.study.options import Options
from smssboot.study.results import cache, ingredients


class Counted:
    """A QEMU of our own that counts its starts."""

    def __init__(self, arch: str, folder: Path) -> None:
        real = Path(shutil.which(f"qemu-system-{arch}") or "").resolve()
        self.log = folder / "started"
        self.path = folder / "bin" / "qemu"
        self.path.parent.mkdir()
        (folder / "share").symlink_to(real.parent.parent / "share")
        self.path.write_text(f'#!/bin/sh\necho started >>{self.log}\nexec {real} "$@"\n')
        self.path.chmod(0o755)

    @property
    def starts(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def entry(self, recipe: Path | str, arch: str) -> Path:
        """The file that holds the result."""
        options = Options(deterministic=True, qemu=str(self.path))
        key = ingredients.key(build(recipe, arch), options, cache.folder())
        assert key is not None
        return cache.folder() / f"{key}.result"


@pytest.fixture
def qemu(arch: str, tmp_path: Path) -> Counted:
    return Counted(arch, tmp_path)


def told(result: Result) -> dict[str, Any]:
    """What a report says of the boot itself."""
    return {k: v for k, v in result.run.items() if k not in ("cached", "booted", "artifacts")}


def test_a_known_boot_costs_no_qemu(qemu: Counted, boot: Boot, tmp_path: Path) -> None:
    asked = ("default", "--deterministic", "--qemu", qemu.path)
    fresh = boot(*asked, "--keep", tmp_path / "fresh")
    assert (fresh.code, fresh.run["cached"], fresh.run["booted"]) == (0, False, ""), fresh.stderr
    assert qemu.starts == 1
    again = boot(*asked, "--keep", tmp_path / "again", "--junit", tmp_path / "j.xml")
    assert qemu.starts == 1
    assert (again.code, again.run["cached"]) == (0, True)
    assert f"cached, booted {again.run['booted']}" in again.stderr
    jsonschema.validate(again.document, SCHEMA)
    assert told(again) == told(fresh)
    assert "<testsuite" in (tmp_path / "j.xml").read_text()

    left, made = fresh.run["artifacts"], again.run["artifacts"]
    assert set(made) == set(left) >= {"timeline", "serial", "argv", "context", "disk"}
    for kind, path in left.items():
        assert Path(made[kind]).is_relative_to(tmp_path / "again")
        assert filecmp.cmp(path, made[kind], shallow=False), kind
    checked = smssboot("check", made["timeline"])
    assert checked.returncode == 0, checked.stdout + checked.stderr

    assert not boot(*asked, "--no-cache").run["cached"]
    assert qemu.starts == 2


def test_a_damaged_result_is_none(qemu: Counted, boot: Boot, arch: str) -> None:
    asked = ("diskless", "--deterministic", "--qemu", qemu.path)
    assert not boot(*asked).run["cached"]
    entry = qemu.entry("diskless", arch)
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.write_bytes(data)
    assert not boot(*asked).run["cached"]
    assert qemu.starts == 2
    assert boot(*asked).run["cached"]
    assert qemu.starts == 2


def test_what_deviated_deviates_from_the_cache_too(qemu: Counted, boot: Boot) -> None:
    asked = (MUTANTS / "smss-missing.yaml", "--deterministic", "--qemu", qemu.path)
    fresh, again = boot(*asked), boot(*asked)
    assert (fresh.code, again.code, qemu.starts) == (1, 1, 1)
    assert again.run["cached"]
    assert again.run["cause"] == "bugcheck"
    assert told(again) == told(fresh)


def test_a_boot_that_does_not_repeat_is_not_kept(qemu: Counted, boot: Boot) -> None:
    for number in (1, 2):
        assert not boot("diskless", "--qemu", qemu.path).run["cached"]
        assert qemu.starts == number
