"""What goes on from a snapshot is judged as from power-on; what is stale or damaged is refused."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from boot_help import MUTANTS, Boot, Result, smssboot

from smssboot.image import sparse
from smssboot.image.build import build
from smssboot.study import runs
from smssboot.study.options import Options
from smssboot.study.snapshots.snapshot import Snapshot

Saved = Callable[[str], Path]

POOL = re.compile("0xFFFFFA80[0-9A-F]{8}")

FAULTS = {
    "csrss killed": ("kill {csrss}", "E108", "bugcheck", "0xEF"),
    "crash dump": ("crashdump", "E108", "bugcheck", "0xE2"),
    "restart": ("restart", "E104", "reset", "power.request"),
}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def copy(source: Path, target: Path) -> Path:
    """The same snapshot, to be damaged."""
    target.mkdir()
    for path in source.iterdir():
        sparse.copy(path, target / path.name)
    return target


def claims(result: Result) -> Counter[str]:
    """Everything that the guest's programs said, without the order between processes."""
    said = [event for event in result.run["events"] if event["voice"] == "claim"]
    return Counter(f"{event['name']} {sorted(event['data'].items())}" for event in said)


def judged(result: Result) -> list[tuple[str, str, str]]:
    """All findings; where the kernel's pool has put an object differs from boot to boot."""
    return [(one["code"], one["label"], POOL.sub("POOL", one["text"])) for one in result.run["findings"]]


def save(*arguments: str | Path) -> Path:
    done = smssboot("snapshot", "save", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.strip().rpartition(": ")[2])


def test_the_steady_state_goes_on_as_from_power_on(
    boot: Boot, restored: Boot, arch: str, saved: Saved
) -> None:
    kept = manifest(saved(arch))
    after, cold = restored(), boot("default", "--nonce", kept["settings"]["nonce"])
    assert (after.code, cold.code) == (0, 0), after.stderr + cold.stderr
    assert {event["status"] for event in after.run["events"]} == {"ok"}
    assert claims(after) == claims(cold)
    for count in ("expected", "seen"):
        assert after.run[count] == cold.run[count]
    assert cold.run["restored_from"] is None
    assert after.run["restored_from"] == {
        "event": "steady", "seq": kept["seq"], "time_ns": kept["time_ns"], "folder": str(saved(arch)),
    }  # fmt: skip
    later = [e for e in after.run["events"] if e["seq"] is not None and e["seq"] > kept["seq"]]
    assert later[0]["name"] == "power.request"
    assert later[0]["time_ns"] > kept["time_ns"], "the guest's time goes on"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_the_steady_state_is_judged_as_from_power_on(
    fault: str, boot: Boot, restored: Boot
) -> None:
    typed, code, cause, says = FAULTS[fault]
    if "{csrss}" in typed:
        ((pid),) = restored("--sac", "help").data("process.create", "pid", name="csrss.exe", session="0")
        typed = typed.format(csrss=pid)
    after, cold = restored("--sac", typed), boot("default", "--sac", typed)
    for result in (after, cold):
        assert result.code == 1, result.stderr
        assert result.run["cause"] == cause
        assert result.first["code"] == code
        assert says in result.first["label"] + result.first["text"]
    assert judged(after) == judged(cold)


def test_what_the_operator_types_is_answered(restored: Boot) -> None:
    typed = ["help", "kill", "kill 4", "kill 99999", "kill 12x", "nonsense"]
    result = restored(*(word for line in typed for word in ("--sac", line)))
    assert result.code == 0, result.stderr
    assert result.data("power.request", "source") == {"button"}


@pytest.mark.parametrize(
    ("recipe", "at", "options"),
    [
        ("default", "smss.session.begin session=1", ()),
        ("default", "smss.start role=master", ("--deterministic",)),
        ("memory-disk", "steady", ()),
        ("diskless", "hello", ()),
        pytest.param("default", "lsass.ready", ("--firmware", "uefi"), marks=pytest.mark.full),
    ],
)
def test_from_any_event_on_any_disk(
    recipe: str, at: str, options: Sequence[str], boot: Boot, arch: str, tmp_path: Path
) -> None:
    folder = save(recipe, "--arch", arch, "--at", at, "--out", tmp_path / "snapshot", *options)
    kept = manifest(folder)
    result = boot(recipe, "--from", folder, "--keep", tmp_path / "kept")
    assert result.code == 0, result.stderr
    assert result.run["deterministic"] == ("--deterministic" in options)
    log = Path(result.run["artifacts"]["serial"]).read_bytes()
    assert log.startswith((folder / "serial.log").read_bytes())
    assert len(log) > (folder / "serial.log").stat().st_size
    if at != "steady":
        (event,) = [e for e in result.run["events"] if e["seq"] == kept["event_seq"]]
        assert event["name"] == at.split()[0]
        assert kept["seq"] >= kept["event_seq"]


@pytest.mark.parametrize("at", ["smss.start", "steady"])
def test_counted_instructions_go_on_where_they_were(at: str, boot: Boot, arch: str, tmp_path: Path) -> None:
    folder = save("default", "--arch", arch, "--at", at, "--deterministic", "--out", tmp_path / "s")
    cold, after = boot("default", "--deterministic"), boot("default", "--from", folder)
    for result in (cold, after):
        assert result.code == 0, result.stderr
        assert result.run["deterministic"]
    assert not after.run["cached"]
    records = [[e for e in each.run["events"] if e["seq"] is not None] for each in (cold, after)]
    assert [(e["seq"], e["time_ns"]) for e in records[0]] == [(e["seq"], e["time_ns"]) for e in records[1]]
    assert after.run["timeline_hash"] == cold.run["timeline_hash"] != ""


def test_many_runs_from_one_snapshot_in_one_process(arch: str) -> None:
    with Snapshot.of(build("default", arch)) as snapshot:
        ways = [Options(), Options(power_off="sac"), Options(operator=("crashdump",)), Options()]
        boots = snapshot.run_each(ways)
        view = runs.view(boots)
        assert [run.verdict for run in view.runs] == ["conforms", "conforms", "deviates", "conforms"]
        assert {run.nonce for run in view.runs} == {snapshot.nonce}
        assert snapshot.run().report is not None
        assert snapshot.folder.exists()
    assert not snapshot.folder.exists()


def refused(code: int, *arguments: str | Path) -> str:
    """What is said, quickly, by a run that cannot be."""
    began = time.monotonic()
    done = smssboot("run", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 60
    return done.stdout + done.stderr


def test_a_stale_snapshot_is_refused(arch: str, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("extends: diskless\n")
    folder = save(recipe, "--arch", arch, "--at", "kernel.phase1", "--out", tmp_path / "s")
    assert "conforms" in refused(0, recipe, "--from", folder, "--arch", arch)
    recipe.write_text("extends: diskless\nregistry: {set: {CurrentControlSet\\Control: {Mine: now}}}\n")
    text = refused(2, recipe, "--from", folder, "--arch", arch)
    assert "a snapshot of image" in text
    assert "save the snapshot again" in text


def test_another_machine_is_refused(arch: str, saved: Saved, tmp_path: Path) -> None:
    folder = saved(arch)
    start = ("default", "--arch", arch, "--from", folder)
    assert "saved with virtio" in refused(2, *start, "--disk", "memory")
    assert "saved with" in refused(2, *start, "--nonce", "1" * 16)
    assert "saved with False" in refused(2, *start, "--deterministic")
    fake = tmp_path / "qemu"
    shutil.copy("/bin/true", fake)
    assert "is another binary" in refused(2, *start, "--qemu", fake)
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[arch]
    assert "no snapshot of it" in refused(2, "default", "--arch", other, "--from", folder)
    assert "no snapshot there" in refused(2, "default", "--from", tmp_path)
    changed = copy(folder, tmp_path / "changed")
    kept = manifest(changed)
    kept["machine"][kept["machine"].index("-m") + 1] = "128"
    (changed / "manifest.json").write_text(json.dumps(kept))
    text = refused(2, "default", "--arch", arch, "--from", changed)
    assert "expected '128', found '64'" in text


@pytest.mark.parametrize("damage", ["cut", "empty", "no stream", "a device", "longer"])
def test_a_damaged_state_is_no_verdict(damage: str, arch: str, saved: Saved, tmp_path: Path) -> None:
    folder = copy(saved(arch), tmp_path / "damaged")
    state = folder / "state"
    data = state.read_bytes()
    state.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "empty": b"",
            "no stream": bytes(len(data)),
            "a device": data.replace(b"\x06serial" if arch == "x86_64" else b"\x05pl011", b"\x05other", 1),
            "longer": data + b"more",
        }[damage]
    )
    text = refused(3, "default", "--arch", arch, "--from", folder)
    assert "snapshot-damaged" in text
    assert "deviates" not in text
    if damage == "longer":  # which QEMU does not mind
        assert "state is not what was saved" in text
    else:
        assert "QEMU ended with status 1: qemu-system" in text
        assert "load of migration failed" in text


@pytest.mark.parametrize("name", ["ram", "disk.raw", "serial.log"])
def test_a_damaged_file_is_no_verdict(name: str, arch: str, saved: Saved, tmp_path: Path) -> None:
    folder = copy(saved(arch), tmp_path / "damaged")
    with (folder / name).open("r+b") as file:
        file.seek(20_000)
        file.write(b"@smss")
    text = refused(3, "default", "--arch", arch, "--from", folder)
    assert f"{name} is not what was saved" in text
    assert "deviates" not in text
    (folder / name).unlink()
    assert f"no '{name}'" in refused(2, "default", "--arch", arch, "--from", folder)


def test_an_event_that_does_not_come(arch: str, tmp_path: Path) -> None:
    start = ("snapshot", "save", "--arch", arch, "--out", tmp_path / "s")
    done = smssboot(*start, "default", "--at", "smss.strat")
    assert done.returncode == 2
    assert "no such event up to the steady state (did you mean 'smss.start'?)" in done.stderr
    done = smssboot(*start, MUTANTS / "smss-missing.yaml")
    assert done.returncode == 1
    assert "the boot ended before 'steady': bugcheck: bugcheck 0x6F" in done.stderr
    assert not (tmp_path / "s" / "manifest.json").exists()
    for at, expected in (("smss.start role", "found 'role'"), ("steady a=b", "carries no data")):
        done = smssboot(*start, "default", "--at", at)
        assert done.returncode == 2
        assert expected in done.stderr
