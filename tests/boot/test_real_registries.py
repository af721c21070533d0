"""Session Manager configurations of real machines boot and conform, all their deferred renames included."""

from __future__ import annotations

from pathlib import Path

import pytest
import real_registry
from boot_help import Boot

RECORDED = real_registry.configurations()


@pytest.mark.skipif(not RECORDED, reason=f"no recorded hives at {real_registry.REAL}")
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_a_real_configuration_conforms(recorded: Path, boot: Boot, tmp_path: Path) -> None:
    path = tmp_path / "real.yaml"
    path.write_text(real_registry.recipe(recorded), "utf-8")
    result = boot(path)
    assert result.code == 0, result.stderr
    there = {path.casefold() for path in result.data("disk.file", "path")}
    said = {(event["data"]["source"], event["data"]["target"]) for event in result.events("smss.rename")}
    for source, target in real_registry.pairs(recorded):
        old, new = source.removeprefix("\\??\\"), target.removeprefix("!").removeprefix("\\??\\")
        assert (old, new) in said
        assert old.casefold() not in there, old
        assert not new or new.casefold() in there, new
