"""The profile `win11/observed`: one guest, another order of its steps, by the command line alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from boot_help import Boot, Result

OBSERVED = ("--profile", "win11/observed")


def seq(events: list[dict[str, Any]]) -> list[int]:
    """The places of records in the log."""
    assert events
    return [event["seq"] for event in events]


def drivers(result: Result, voice: str, event: str) -> list[str]:
    """File names of the drivers with Start=1, in the order of these records."""
    paths = [record["data"]["path"] for record in result.events(event, voice)]
    return [path.rpartition("\\")[2] for path in paths if path.endswith(("null.sys", "ramdisk.sys"))]


@pytest.mark.statements("S-015", "S-057", "S-104")
def test_the_default_image_follows_the_command_line(boot: Boot) -> None:
    result = boot("default", *OBSERVED)
    assert result.code == 0, result.stderr
    (phase1,) = seq(result.events("kernel.phase1", "fact"))
    assert all(at < phase1 for at in seq(result.events("driver.start", "fact")))
    assert not result.events("smss.drivers.begin")
    (known,) = seq(result.events("object.create", "fact", type="Directory", path=r"\KnownDlls"))
    (devices,) = seq(result.events("smss.dos-devices.begin", "claim"))
    (sections,) = seq(result.events("smss.known-dlls.begin", "claim"))
    (setup,) = seq(result.events("smss.setup-execute.end", "claim"))
    assert known < devices < setup < sections
    (ready,) = seq(result.events("smss.registry-ready.end", "claim"))
    (renames,) = seq(result.events("smss.renames.begin", "claim"))
    assert ready < renames
    assert result.data("system.shutdown", "name") == {"winlogon.exe"}
    assert result.events("registry.set-value", "fact", name="SystemStartOptions", type="REG_SZ")


@pytest.mark.statements("S-104")
def test_wininit_ends_a_system_without_a_winlogon(boot: Boot) -> None:
    result = boot("one-session", *OBSERVED)
    assert result.code == 0, result.stderr
    assert result.data("system.shutdown", "name") == {"wininit.exe"}


def test_without_a_disk(boot: Boot) -> None:
    result = boot("diskless", *OBSERVED)
    assert result.code == 0, result.stderr


@pytest.mark.statements("S-017")
def test_the_kernel_and_smss_order_drivers_alike(boot: Boot, tmp_path: Path) -> None:
    """Tags that no list has order drivers by number; in the registry Null comes before ramdisk."""
    recipe = tmp_path / "tags.yaml"
    recipe.write_text(
        "extends: default\n"
        "registry: {set: {CurrentControlSet\\Services\\Null: {Group: SCSI Miniport, Tag: 4}}}\n"
    )
    ways = (("observed", "fact", "driver.start"), ("documented", "claim", "smss.driver"))
    for profile, voice, event in ways:
        result = boot(recipe, "--profile", f"win11/{profile}")
        assert result.code == 0, result.stderr
        assert drivers(result, voice, event) == ["ramdisk.sys", "null.sys"]
