"""`run --record` and `replay`: the guest stands right after a record, the same way every time."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from boot_help import MUTANTS, Boot, Done, smssboot

LOOK = (
    "gdb-multiarch -batch -nx {symbols} -ex 'target remote {gdb}' -ex 'x/gd &ExpSequence'"
    " -ex 'info symbol $pc' -ex 'info registers' -ex disconnect"
)


EXACT = ("--deterministic", "--no-cache")


def look(run: Path, until: str, *options: str | Path) -> Done:
    """What gdb sees there."""
    done = smssboot("replay", run, "--until", until, "--exec", LOOK, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ExpRecordHeld in section .text" in done.stdout
    assert not (run / "gdb.sock").exists()
    return done


def number(done: Done) -> int:
    """Of the record that was the last to leave, as the guest's memory has it."""
    found = re.search(r"^0x[0-9a-f]+.*:\t(\d+)$", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return int(found[1]) - 1


def record(folder: Path, name: str) -> int:
    """The number of the first record with that name, as the boot's own log has it."""
    for line in (folder / "serial.log").read_text("ascii", "replace").splitlines():
        words = line.split()
        if words[:1] == ["@smss"] and words[5] == name:
            return int(words[1])
    raise AssertionError(f"no {name} in {folder}")


def test_a_recorded_boot_stops_after_any_record(arch: str, boot: Boot, tmp_path: Path) -> None:
    result = boot("default", "--record", "--keep", tmp_path)
    assert result.code == 0, result.stderr
    plain = boot("default", *EXACT)
    assert result.run["timeline_hash"] == plain.run["timeline_hash"], "recording changes nothing"
    run = tmp_path / f"default-{arch}"
    assert result.run["artifacts"]["recording"] == str(run / "recording")

    first, second = (look(run, "smss.registry.end") for _ in range(2))
    assert first.stdout == second.stdout, "registers and all"
    assert number(first) == record(run, "smss.registry.end")
    assert "from QEMU's log" in first.stdout
    assert number(look(run, "19")) == 19

    # What follows the request to power off is not in the log: the boot is made again.
    first, second = (look(run, "smss.shutdown.end") for _ in range(2))
    assert first.stdout == second.stdout
    assert number(first) == record(run, "smss.shutdown.end")
    assert "booted again" in first.stdout

    port = free_port()
    steady = look(run, "steady", "--gdb", str(port))
    assert number(steady) == max(record(run, name) for name in READY)
    assert str(port) in steady.args[-1] or str(port) in steady.args


READY = ("winlogon.ready", "wininit.ready", "lsass.ready", "services.ready", "smss.monitor")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_typed_keys_come_at_their_time_again(arch: str, boot: Boot, tmp_path: Path) -> None:
    boot("diskless", "--record", "--power-off", "sac", "--keep", tmp_path)
    run = tmp_path / f"diskless-{arch}"
    done = look(run, "bye")
    assert number(done) == record(run, "bye")


def test_a_boot_that_deviates_is_recorded_at_once(arch: str, boot: Boot, tmp_path: Path) -> None:
    result = boot(MUTANTS / "csrss0-exits.yaml", *EXACT, "--keep", tmp_path)
    assert result.code == 1
    run = tmp_path / f"csrss0-exits-{arch}"
    assert result.run["notes"] == [f"recorded: smssboot replay {run} --until EVENT"]
    told = json.loads((run / "recording" / "recording.json").read_text())
    assert told["timeline_hash"] == result.run["timeline_hash"]
    assert number(look(run, "bugcheck")) == record(run, "bugcheck")
    done = smssboot("replay", run, "--until", "steady")
    assert done.returncode == 2
    assert "the boot never became steady" in done.stderr


def test_what_cannot_be_recorded_is_said(boot: Boot, tmp_path: Path) -> None:
    done = boot("default", "--record", "--disk", "virtio", "--keep", tmp_path)
    assert done.code == 2
    assert "--record: cannot be recorded: a virtio disk answers at the host's pace" in done.stderr
    assert boot("default", "--record").code == 2
    result = boot(MUTANTS / "csrss0-exits.yaml", *EXACT, "--disk", "virtio", "--keep", tmp_path)
    assert "cannot be recorded: a virtio disk" in result.run["notes"][0]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("smss.registry.ent", "there is no record 'smss.registry.ent' (did you mean 'smss.registry.end'?)"),
        ("9999", "there is no record 9999 (the last one is "),
        ("staedy", "did you mean 'steady'?"),
    ],
)
def test_an_unknown_event_is_refused(until: str, said: str, recorded: Path) -> None:
    done = smssboot("replay", recorded, "--until", until)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small recorded run."""
    folder = tmp_path_factory.mktemp("recorded")
    done = smssboot("run", "diskless", "--arch", "x86_64", "--record", "--keep", folder)
    assert done.returncode == 0, done.stderr
    return folder / "diskless-x86_64"


def test_the_status_of_the_command_is_ours(recorded: Path) -> None:
    done = smssboot("replay", recorded, "--until", "0", "--exec", "exit 7")
    assert done.returncode == 7
    assert "stopped after record 0, hello" in done.stdout


@pytest.mark.parametrize(
    ("place", "said"),
    [("x" * 120, "too long"), ("no/gdb", "there is no folder"), ("file", "no socket"), ("70000", "no TCP")],
)
def test_a_port_that_cannot_be_is_refused(place: str, said: str, recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    where = place if place.isdecimal() else tmp_path / place
    done = smssboot("replay", recorded, "--until", "0", "--gdb", where)
    assert done.returncode == 2
    assert said in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_without_a_recording_is_refused(tmp_path: Path) -> None:
    for folder, said in ((tmp_path, "this run was not recorded"), (tmp_path / "no", "expected the folder")):
        done = smssboot("replay", folder, "--until", "steady")
        assert done.returncode == 2
        assert said in done.stderr


def test_a_damaged_log_of_qemus_ends_in_its_words(recorded: Path) -> None:
    log = recorded / "recording" / "replay.bin"
    whole = log.read_bytes()
    try:
        log.write_bytes(b"\xff" * 64)
        done = smssboot("replay", recorded, "--until", "steady", "--exec", "true")
    finally:
        log.write_bytes(whole)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "QEMU" in done.stderr
