"""Session Manager configurations of real machines boot and conform, all their deferred renames included."""

from __future__ import annotations

from pathlib import Path

import pytest
import real_registry
import yaml
from boot_help import Boot

RECORDED = real_registry.configurations()


recordings = pytest.mark.skipif(not RECORDED, reason=f"no recorded hives at {real_registry.REAL}")


@recordings
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


@recordings
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_a_rename_of_a_real_configuration_that_is_not_done_is_caught(
    recorded: Path, boot: Boot, tmp_path: Path
) -> None:
    edit = {
        "file": "user/smss/smprename.c",
        "find": "Status = PerformWithRetry(&Rename);",
        "replace": "Status = Rename.Source.Length ? STATUS_SUCCESS : PerformWithRetry(&Rename);",
    }
    document = {**yaml.safe_load(real_registry.recipe(recorded)), "edit": edit}
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    result = boot(path, "--timeout", "8")
    assert result.code == 1, result.stderr
    assert result.first["code"] == "E111"
    assert "smss.rename" in result.first["label"]
