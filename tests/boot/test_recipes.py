"""Changing a recipe changes the boot: claim, fact, evidence and prediction move together.

That every recipe of images/ conforms is tested by the recipes themselves: the pytest plugin collects them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from boot_help import Boot


@pytest.mark.statements("S-024", "S-112")
def test_an_added_dos_device(boot: Boot) -> None:
    result = boot("dos-device")
    assert result.code == 0, result.stderr
    path, target = r"\GLOBAL??\UNC", r"\Device\Mup"
    assert result.events("smss.dos-device", "claim", name="UNC", target=target)
    assert result.events("object.create", "fact", type="SymbolicLink", path=path, target=target)
    assert result.events("memory.object", "evidence", path=path, target=target)


@pytest.mark.statements("S-004", "S-022", "S-052")
def test_added_environment_variables_reach_every_child(boot: Boot) -> None:
    result = boot("environment")
    assert result.code == 0, result.stderr
    value = "Grüße, 世界 \"quoted\" \\ end"
    assert result.events("smss.environment-variable", "claim", name="GREETING", value=value)
    logs = r"C:\Windows\Product\logs"
    assert result.events("smss.environment-variable", "claim", name="PRODUCT_LOGS", value=logs)
    for name in ("csrss.exe", "wininit.exe", "winlogon.exe"):
        for event in ("process.environment", "memory.environment"):
            blocks = result.data(event, "block", name=name)
            assert blocks, (event, name)
            assert all(f"GREETING={value}" in block.split("\0") for block in blocks), (event, name)


@pytest.mark.statements("S-049")
def test_an_added_object_directory(boot: Boot) -> None:
    result = boot("object-directories")
    assert result.code == 0, result.stderr
    path = r"\Product\Ports of call"
    assert result.events("smss.object-directory", "claim", path=path)
    assert result.events("object.create", "fact", type="Directory", path=path)
    assert result.events("memory.object", "evidence", type="Directory", path=path)


@pytest.mark.statements("S-002", "S-070", "S-074", "S-080")
@pytest.mark.parametrize(("name", "sessions"), [("one-session", {"0"}), ("three-sessions", {"0", "1", "2"})])
def test_the_number_of_sessions(name: str, sessions: set[str], boot: Boot) -> None:
    result = boot(name)
    assert result.code == 0, result.stderr
    assert result.data("session.create", "id") >= sessions
    assert {event["data"]["session"] for event in result.events("smss.session.begin")} == sessions
    processes = result.events("memory.process", "evidence", name="csrss.exe")
    assert {event["data"]["session"] for event in processes} == sessions


def test_a_removed_variable_is_gone(boot: Boot, tmp_path: Path) -> None:
    path = tmp_path / "less.yaml"
    path.write_text(
        "extends: default\nregistry:\n  delete:\n"
        r"    - {key: 'CurrentControlSet\Control\Session Manager\Environment', value: TMP}" + "\n"
        r"    - {key: 'CurrentControlSet\Control\Session Manager\DOS Devices', value: MAILSLOT}" + "\n"
    )
    result = boot(path)
    assert result.code == 0, result.stderr
    assert not result.events("smss.environment-variable", "claim", name="TMP")
    assert not result.events("memory.object", "evidence", path=r"\GLOBAL??\MAILSLOT")
