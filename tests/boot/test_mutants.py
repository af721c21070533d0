"""Guests that break one rule each: caught with exit 1, and named in the first finding.

A mutant is a recipe in mutants/: a program missing or damaged, or the guest built with one replacement in its
sources.  None of the product's code knows about them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from boot_help import MUTANTS, Boot, Result, smssboot

# What a mutant demonstrates of the documents: a guest that does otherwise is caught.
statements = pytest.mark.statements


@dataclass(frozen=True)
class Named:
    """How the first finding has to name the fault: any of these codes, and this in its text.

    `cause` is how the boot ends; a guest that waits for something that never comes is a silent hang.
    """

    codes: str
    says: str
    cause: str = "powered-off"
    shows: pytest.MarkDecorator | None = None


EXPECTED = {
    "smss-missing": Named("E108", r"0x6F", "bugcheck", statements("S-007", "S-008", "S-012")),
    "ntdll-damaged": Named("E108", r"0x6B", "bugcheck"),
    "smss-exits-early": Named("E108", r"0xEF", "bugcheck", statements("S-008", "S-020")),
    "csrss0-exits": Named("E108", r"0xEF", "bugcheck", statements("S-094", "S-119")),
    "claimed-not-done": Named("E111 E101", r"smss\.init|process\.hard-error-mode"),
    "dos-device-missing": Named(
        "E101 E111 E103", r"\\GLOBAL\?\?\\|smss\.dos-device", shows=statements("S-024", "S-112")
    ),
    "registry-late": Named("E102", r"smss\.(renames|registry-ready)", shows=statements("S-057")),
    "shutdown-by-smss": Named("E104", r"system\.shutdown.*smss\.exe", shows=statements("S-104")),
    "phases-swapped": Named("E102", r"smss\.(environment-template|api-threads)", shows=statements("S-031")),
    "port-after-workers": Named("E102", r"smss\.api-(port|threads)|SmApiPort|thread\.create"),
    "line-lost": Named("E109", r"60"),
    "line-garbled": Named("E109", r"60|damaged"),
    "writable-executable": Named("E104", r"memory\.mappings.*writable-executable"),
    "rename-not-done": Named("E111", r"smss\.rename index=1.*file\.rename", shows=statements("S-056")),
    "rename-status-ignored": Named("E104", r"smss\.rename index=2.*0xC0000035"),
    "rename-not-replaced": Named("E104", r"smss\.rename index=1.*0xC0000035"),
    "renames-kept": Named("E101 E111", r"PendingFileRenameOperations"),
    "renames-before-autochk": Named("E102", r"smss\.boot-execute.*smss\.renames"),
    "autochk-only-cleans": Named("E104", r"disk\.volume.*fsck should be `clean`", shows=statements("S-055")),
    "boot-commands-not-run": Named("E111", r"smss\.boot-command.*process\.resume name=autochk\.exe"),
    "boot-commands-not-waited-for": Named("E102", r"autochk\.volume.*smss\.boot-command\.end index=0"),
    "boot-mark-of-another-text": Named("E104", r"bootmark\.mark.*digest"),
    "foreign-program-runs": Named("E103", r"process\.resume.*windowed\.exe", "silent-hang"),
    "known-dll-not-verified": Named("E101", r"bugcheck"),
    "known-dll-not-permanent": Named("E104", r"Section.*\\KnownDlls\\basesrv\.dll.*permanent"),
    "driver-not-loaded": Named("E111", r"smss\.driver name=.*driver\.load", shows=statements("S-017")),
    "paging-file-of-another-size": Named("E104", r"paging-file\.create.*size should be"),
    "no-emergency-paging-file": Named("E111", r"paging-file\.create.*kind=emergency"),
    "crash-dump-not-saved": Named("E104", r"disk\.file.*MEMORY\.DMP.*size", shows=statements("S-051")),
    "crash-dump-found-again": Named("E104", r"disk\.file path=C:\\pagefile\.sys.*dump should be"),
    "environment-not-stored": Named("E111", r"smss\.environment-dynamic.*registry\.set-value"),
    "registry-not-written": Named("E111", r"smss\.registry\.end.*hive\.no-value"),
    "system-partition-wrong": Named("E104", r"smss\.system-partition.*HarddiskVolume1"),
    "event-log-not-written": Named("E111", r"event-log"),
    "volume-left-dirty": Named("E104", r"disk\.volume volume=C:.*dirty should be"),
    "one-fat-copy": Named("E104", r"disk\.volume volume=C:.*fsck should be"),
    "long-names-forgotten": Named("E111", r"smss\.renames\.end.*disk\.file"),
    "delete-unchecked": Named("E111", r"smss\.rename .*file\.delete.*readonly\.tmp"),
    "replaced-unasked": Named("E104", r"smss\.rename index=1.*status"),
    "dirty-volume-unchecked": Named("E111", r"autochk\.volume.*volume\.lock"),
    "missing-command-untold": Named("E106", r"smss\.log .*A command did not run", "silent-hang"),
    "known-dll-not-mapped": Named("E111", r"smss\.known-dll.*object\.create.*Section"),
    "second-paging-file-missing": Named("E111", r"paging-file.*D:\\pagefile\.sys"),
    "full-disk-untold": Named("E104", r"smss\.paging-file.*status", "silent-hang"),
    "registry-not-flushed": Named("E111", r"smss\.environment-dynamic.*hive\.value"),
    "memory-touched-little": Named("E111", r"memtouch\.done.*disk\.pattern"),
    "page-cut-short": Named("E104", r"memtouch\.done.*bad should be `0`"),
    "boot-directory-not-set": Named("E111", r"smss\.system-partition.*registry\.set-value"),
}


def test_every_mutant_is_expected_to_be_caught() -> None:
    assert {path.stem for path in MUTANTS.glob("*.yaml")} == set(EXPECTED)


def check_named(result: Result, named: Named) -> None:
    assert result.code == 1, result.stderr
    assert result.run["verdict"] == "deviates"
    assert result.run["cause"] == named.cause
    first = result.first
    said = f"{first['text']} {first['event']} {first['expected']} {first['got']}"
    assert first["code"] in named.codes.split(), said
    assert re.search(named.says, said), said
    assert first["text"][:40] in result.stderr or first["code"] in result.stderr


@pytest.mark.parametrize("name", [pytest.param(n, marks=named.shows or ()) for n, named in EXPECTED.items()])
def test_mutant(name: str, boot: Boot) -> None:
    named = EXPECTED[name]
    patience = ("--timeout", "6") if named.cause == "silent-hang" else ()
    check_named(boot(MUTANTS / f"{name}.yaml", *patience), named)


@pytest.mark.parametrize("name", ["rename-not-done", "volume-left-dirty"])
def test_a_mutant_is_caught_on_a_memory_disk_too(name: str, boot: Boot) -> None:
    check_named(boot(MUTANTS / f"{name}.yaml", "--disk", "memory"), EXPECTED[name])


def test_a_replayed_log_is_caught_by_its_nonce(boot: Boot, restored: Boot, tmp_path: Path) -> None:
    good = restored("--keep", tmp_path)
    assert good.code == 0, good.stderr
    log = Path(good.run["artifacts"]["serial"])
    recipe = tmp_path / "replay.yaml"
    recipe.write_text(f"extends: default\nboot: {{replay: {log}}}\n")
    result = boot(recipe)
    # The first record settles it, so the harness ends the boot.
    check_named(result, Named("E110", "nonce|another run", "deviates"))
    assert result.events("smss.start"), "the log was played to its end"


@pytest.mark.statements("S-008")
def test_a_bugcheck_quotes_its_code_and_statement(arch: str) -> None:
    done = smssboot("run", MUTANTS / "smss-missing.yaml", "--arch", arch)
    assert done.returncode == 1
    assert "SESSION3_INITIALIZATION_FAILED" in done.stdout
    assert "verdict: deviates (exit 1)" in done.stdout
