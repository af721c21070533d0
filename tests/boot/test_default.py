"""The default image conforms, says so in three voices, and cannot be replayed."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from boot_help import SCHEMA, Boot, smssboot

VOICES = {"claim", "fact", "evidence"}


def test_the_default_image_conforms_in_three_voices(boot: Boot, arch: str) -> None:
    result = boot()
    assert result.code == 0, result.stderr
    document = result.document
    jsonschema.validate(document, SCHEMA)
    assert document["schema"] == "smssboot.report/1"
    assert document["verdict"] == "conforms"
    run = result.run
    assert (run["arch"], run["verdict"]) == (arch, "conforms")
    assert run["findings"] == []
    assert {event["voice"] for event in run["events"]} == VOICES
    assert {event["status"] for event in run["events"]} == {"ok"}
    assert set(run["durations_s"]) == {"launch", "first_record", "steady", "shutdown", "total"}


def test_hivelist_is_in_no_file(restored: Boot) -> None:
    """It names the files of this boot's hives: volatile, and made anew each time."""
    result = restored()
    assert result.code == 0, result.stderr
    told = result.data("hive.value", "key")
    assert told
    assert not [key for key in told if key.lower().endswith("hivelist")]


@pytest.mark.statements("S-095", "S-102", "S-104")
@pytest.mark.parametrize("way", ["button", "sac"])
def test_the_guest_powers_itself_off_when_asked(way: str, restored: Boot) -> None:
    result = restored("--power-off", way)
    assert result.code == 0, result.stderr
    assert result.data("power.request", "source") == {way}
    assert result.data("bye", "reason") == {"poweroff"}
    assert result.data("qmp.SHUTDOWN", "reason") == {"guest-shutdown"}


@pytest.mark.statements("S-022", "S-049")
def test_the_nonce_comes_back_as_claim_fact_and_evidence(boot: Boot) -> None:
    nonce = "8877665544332211"
    result = boot("default", "--nonce", nonce)
    assert result.code == 0, result.stderr
    directory = f"\\SmssbootNonce-{nonce}"
    assert result.events("smss.object-directory", "claim", path=directory)
    assert result.events("object.create", "fact", type="Directory", path=directory)
    assert result.events("memory.object", "evidence", type="Directory", path=directory)
    assert result.events("smss.environment-variable", "claim", name="SMSSBOOT_NONCE", value=nonce)
    blocks = result.data("memory.environment", "block")
    assert any(f"SMSSBOOT_NONCE={nonce}" in block for block in blocks)
    assert result.events("smss.dos-device", "claim", name="SMSSBOOT_88776655")
    link = r"\GLOBAL??\SMSSBOOT_88776655"
    assert result.events("memory.object", "evidence", path=link, target=r"\Device\Null")


def test_a_kept_boot_can_be_judged_again(boot: Boot, arch: str, tmp_path: Path) -> None:
    result = boot("default", "--keep", tmp_path)
    assert result.code == 0, result.stderr
    artifacts = result.run["artifacts"]
    for kind in ("timeline", "serial", "argv", "context"):
        assert Path(artifacts[kind]).is_file(), kind
    again = smssboot("check", artifacts["timeline"])
    assert again.returncode == 0, again.stdout + again.stderr
    assert Path(artifacts["argv"]).read_text().split()[0].endswith(f"qemu-system-{arch}")


def test_two_architectures_at_once() -> None:
    done = smssboot("run", "--arch", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "x86_64" in done.stdout
    assert "aarch64" in done.stdout
    assert "verdict: conforms" in done.stdout


@pytest.mark.full
@pytest.mark.parametrize("number", range(10))
def test_ten_in_a_row(number: int, boot: Boot) -> None:
    result = boot()
    assert result.code == 0, result.stderr


@pytest.mark.parametrize(("cpu", "memory"), [({"x86_64": "Skylake-Client", "aarch64": "cortex-a72"}, 96)])
def test_another_processor_and_another_memory(
    cpu: dict[str, str], memory: int, boot: Boot, arch: str
) -> None:
    result = boot("default", "--cpu", cpu[arch], "--memory", str(memory))
    assert result.code == 0, result.stderr
    assert result.run["memory_mib"] == memory
    (told,) = result.data("kernel.memory", "bytes")
    assert memory - 8 <= int(told) >> 20 <= memory
    argv = result.run["qemu"]["argv"]
    assert argv[argv.index("-cpu") + 1] == cpu[arch]


def test_a_processor_that_qemu_does_not_know(arch: str) -> None:
    done = smssboot("run", "--arch", arch, "--cpu", "Skylake-Cleint" if arch == "x86_64" else "cortex-a75x")
    assert done.returncode == 2
    assert "--cpu: unknown processor" in done.stderr and "did you mean" in done.stderr
