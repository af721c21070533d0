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
    for source, target in real_registry.pairs(recorded):
        claimed = result.events("smss.rename.begin", "claim", source=source) or result.events(
            "smss.rename", "claim", source=source
        )
        assert claimed, source
        assert source.removeprefix("\\??\\").casefold() not in there, source
        if target:
            assert target.removeprefix("!").removeprefix("\\??\\").casefold() in there, target
