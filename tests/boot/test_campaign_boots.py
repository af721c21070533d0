"""A campaign with real boots: both architectures, a fault, and an end by SIGKILL from which it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from boot_help import smssboot
from test_infrastructure import ENDLESS, children, gone

from smssboot.study.campaigns.job import Job, Result
from smssboot.study.campaigns.local import LocalExecutor

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "harness/smssboot/report/campaign/campaign.schema.json"
MATRIX = """\
name: small
axes: {image: [diskless], memory: [default, 96 MiB], fault: [none, no-smss]}
faults:
  no-smss:
    changes: {programs: {smss.exe: removed}}
    expect: {finding: E108, bugcheck: 0x6F, cause: bugcheck}
exclude: [{memory: 96 MiB, fault: no-smss}]
"""


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "campaign.json").read_text())
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def test_a_campaign_on_both_architectures(tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX)
    out = tmp_path / "out"
    done = smssboot("campaign", matrix, "--out", out, "--json", "-")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found == document(out)
    assert (found["verdict"], found["counts"]["passed"], len(found["cells"])) == ("passed", 6, 6)
    assert "[6/6] passed" in done.stderr and "campaign: passed (exit 0)" in done.stderr
    for cell in found["cells"]:
        report = json.loads((out / cell["report"]).read_text())
        assert report["schema"] == "smssboot.report/1"
        assert report["runs"][0]["arch"] == cell["axes"]["arch"]
        assert (out / cell["folder"] / "serial.log").is_file()
        if cell["axes"]["memory"] == "96MiB":
            assert report["runs"][0]["memory_mib"] == 96
        wanted = [0x6F] if cell["axes"]["fault"] == "no-smss" else []
        assert cell["shown"]["bugchecks"] == wanted
    assert "<testcase" in (out / "junit.xml").read_text()
    assert "<table>" in (out / "index.html").read_text()

    again = smssboot("campaign", matrix, "--out", out)
    assert again.returncode == 2
    assert "there is a campaign already (--resume goes on with it" in again.stderr
    again = smssboot("campaign", matrix, "--out", out, "--resume")
    assert again.returncode == 0, again.stderr
    assert "6 cells, 6 of them known from before" in again.stdout
    assert "6 from before" in again.stdout


def test_a_fault_that_nobody_finds_fails_the_campaign(tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(
        "axes: {image: diskless, arch: x86_64, fault: harmless}\nfaults:\n"
        "  harmless: {changes: {sessions: 1}, expect: {finding: E101}}\n"
    )
    done = smssboot("campaign", matrix, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "why: the fault was not found: the boot conforms" in done.stdout
    (cell,) = document(tmp_path / "out")["cells"]
    assert "<html" in (tmp_path / "out" / cell["page"]).read_text()


def running(pid: int) -> list[int]:
    """Every QEMU below a process."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            if "qemu-system-" in Path(f"/proc/{child}/cmdline").read_text():
                found.append(child)
        found += running(child)
    return found


def started(matrix: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "smssboot", "campaign", str(matrix), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(what: str, harness: subprocess.Popen[str], look: Any) -> Any:
    until = time.monotonic() + 120
    while time.monotonic() < until and harness.poll() is None:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} never came: {harness.communicate()}")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_campaign_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    """One cell comes out, the others boot for ever; then the campaign ends, and their QEMUs with it."""
    matrix, out = tmp_path / "matrix.yaml", tmp_path / "out"
    (tmp_path / "endless.yaml").write_text(ENDLESS.read_text())
    text = "axes: {{image: [diskless, {{recipe: {0}, name: second}}], arch: [x86_64]}}\ntimeout: 600\n"
    matrix.write_text(text.format("endless.yaml"))
    harness = started(matrix, out)
    journal = out / "journal.jsonl"
    wait_for("the first result", harness, lambda: journal.exists() and journal.read_bytes().count(b"\n") == 2)
    qemus = wait_for("QEMU", harness, lambda: running(harness.pid))
    harness.send_signal(number)
    told, said = harness.communicate(timeout=60)
    assert all(gone(qemu) for qemu in qemus)
    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert harness.returncode == 130, said
        assert "campaign: interrupted (exit 130)" in told
        assert "--resume goes on" in told
        assert document(out)["counts"]["waiting"] == 1

    matrix.write_text(text.format("diskless"))  # what never ended is repaired
    done = smssboot("campaign", matrix, "--out", out, "--resume")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {cell["id"]: cell["earlier"] for cell in document(out)["cells"]} == {
        "diskless/x86_64": True, "second/x86_64": False,
    }  # fmt: skip


# --- the executor of this machine


def own(tmp_path: Path, name: str, text: str) -> str:
    """A QEMU that does something else."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    if not (tmp_path / "share").exists():
        (tmp_path / "share").symlink_to("/usr/share")
    path = tmp_path / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def results(jobs: list[Job], timeout_s: float = 60, retries: int = 0, cancel: int = 0) -> dict[str, Result]:
    async def run() -> dict[str, Result]:
        executor = LocalExecutor({"cpu": 2})
        handles = [executor.submit(job, {"cpu": 1}, timeout_s, retries) for job in jobs]
        for handle in handles[:cancel]:
            executor.cancel(handle)
        found = {handle.name: result async for handle, result in executor.results()}
        await executor.close()
        return found

    return asyncio.run(run())


def test_what_becomes_of_a_job_is_a_result(arch: str, tmp_path: Path) -> None:
    killed = own(tmp_path, "killer", "sleep 15 & kill -9 $PPID; wait")
    jobs = [
        Job("good", "diskless", arch),
        Job("crashed", "diskless", arch, options={"qemu": killed}),
        Job("missing", "diskless", arch, options={"qemu": "/nowhere/qemu"}),
        Job("wrong", "disklss", arch),
        Job("odd", "diskless", arch, options={"colour": "red"}),
        Job("broken", "diskless", arch, options={"timeout_s": "soon"}),
        Job("cancelled", "diskless", arch),
    ]
    found = results(jobs[-1:] + jobs[:-1], timeout_s=12, retries=1, cancel=1)
    assert "cancelled" not in found
    assert {name: (result.state, result.attempts) for name, result in found.items()} == {
        "good": ("done", 1), "crashed": ("infrastructure", 2), "missing": ("infrastructure", 2),
        "wrong": ("usage", 1), "odd": ("usage", 1), "broken": ("infrastructure", 2),
    }  # fmt: skip
    assert found["good"].report is not None and found["good"].report["verdict"] == "conforms"
    assert found["crashed"].error == "the job's process was killed by signal 9"
    assert "/nowhere/qemu is not installed" in found["missing"].error
    assert "did you mean 'diskless'?" in found["wrong"].error
    assert "a job has no option 'colour'" in found["odd"].error
    assert found["broken"].error.startswith("the harness failed: TypeError: ")


def test_a_job_that_takes_too_long_is_ended_with_its_qemu(arch: str, tmp_path: Path) -> None:
    job = Job("endless", str(ENDLESS), arch, options={"timeout_s": 600})
    before = time.monotonic()
    found = results([job], timeout_s=3)
    assert found["endless"].error == "the job took longer than 3 s"
    assert time.monotonic() - before < 60
    until = time.monotonic() + 10
    while running(os.getpid()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(os.getpid())


def test_no_more_run_than_there_is_room_for(tmp_path: Path) -> None:
    async def run() -> int:
        executor = LocalExecutor({"cpu": 2}, tmp_path / "budget")
        for number in range(5):
            executor.submit(Job(f"job{number}", "nothing", "x86_64"), {"cpu": 1}, 60, 0)
        executor.submit(Job("large", "nothing", "x86_64"), {"cpu": 99}, 60, 0)
        most = seen = 0
        async for handle, _ in executor.results():
            seen += 1
            most = max(most, len(executor.running))
            if handle.name == "large":
                assert seen == 6, "it runs alone, and in its turn"
        assert seen == 6
        return most

    assert asyncio.run(run()) <= 2
