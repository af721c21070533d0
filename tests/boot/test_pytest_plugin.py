"""The pytest plugin with real guests, in a pytest of its own as its users run it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from boot_help import MUTANTS, smssboot
from junitparser import JUnitXml

from plugin_help import plugin, run_pytest
from smssboot.study.recorded import load_runs

pytest_plugins = ["pytester"]

ENDLESS = Path(__file__).parent / "endless.yaml"


def qemus_below(parent: int) -> set[int]:
    """All QEMUs among the descendants of a process."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
    below = {parent}
    while more := {pid for pid, above in parents.items() if above in below} - below:
        below |= more
    found = set()
    for pid in below:
        with contextlib.suppress(OSError):
            if b"qemu-system-" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                found.add(pid)
    return found


@contextlib.contextmanager
def most_qemus() -> Iterator[list[int]]:
    """Counts the QEMUs below this process all the time; the list ends with the largest number."""
    seen = [0]
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(max(seen[-1], len(qemus_below(os.getpid()))))
            time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_a_first_test(pytester: pytest.Pytester) -> None:
    """What docs/pytest.md begins with, on both architectures, and what a run holds."""
    pytester.makepyfile(
        test_it="""
        import pytest
        from smssboot.pytest_plugin import BootError

        def test_the_default_image_boots(boot):
            run = boot()
            assert run.conforms
            assert run.event("smss.start", role="master").session == 0
            assert set(run.facts("session.create").values("id")) >= {"0", "1"}
            assert run.evidence("memory.process", name="smss.exe")
            assert run.verdict == "conforms" and run.cause == "powered-off" and not run.findings
            assert "@smss 0 " in run.serial
            assert run.artifacts["disk"].stat().st_size == 256 << 20
            assert run.report["runs"][0]["nonce"] == run.view.nonce
            assert sum(run.costs.values()) == max(event.time_ns or 0 for event in run.events)
            assert {phase.name for phase in run.phases} >= {"smss.registry", "smss.session"}

        @pytest.mark.image("diskless")
        class TestShared:
            seen = {}

            def test_first(self, boot, arch):
                self.seen[arch] = boot.shared(cache=False)
                assert not self.seen[arch].cached

            def test_again(self, boot, arch):
                first = self.seen[arch]
                assert boot.shared(cache=False) is first
                assert boot(deterministic=True, cache=False).view.timeline_hash == first.view.timeline_hash
                again = boot.shared()
                assert again.cached and again.view.timeline_hash == first.view.timeline_hash

        def test_trouble_under_us_is_no_run(boot):
            with pytest.raises(BootError, match="qemu-missing: /nowhere/qemu is not installed"):
                boot("diskless", qemu="/nowhere/qemu")
        """
    )
    result = run_pytest(pytester, "-v", apart=True)
    result.assert_outcomes(passed=8)
    left = {path.parent.parent.name for path in pytester.path.rglob("serial.log")}
    assert len(left) <= 4, "only shared boots have files after their test"


def test_the_documents_example_passes(arch: str, pytester: pytest.Pytester) -> None:
    """Word for word, each architecture in its turn."""
    text = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text("utf-8")
    pytester.makepyfile(test_boot=text.partition("```python\n")[2].partition("```")[0])
    result = run_pytest(pytester, "--smssboot-arch", arch, apart=True)
    result.assert_outcomes(passed=4)


def test_a_deviating_guest_fails_with_its_findings(pytester: pytest.Pytester) -> None:
    mutant = shutil.copy(MUTANTS / "port-after-workers.yaml", pytester.path)
    pytester.makefile(".yaml", good="extends: diskless\n")
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.image("port-after-workers.yaml")
        def test_it(boot):
            assert boot().conforms
        """
    )
    arguments = ["good.yaml", "test_it.py", str(mutant), "-n", "2"]
    result = run_pytest(pytester, *arguments, "--smssboot-artifacts=kept", "--junitxml=junit.xml", apart=True)
    result.assert_outcomes(passed=2, failed=4)
    text = result.stdout.str()
    for arch in ("x86_64", "aarch64"):
        head = f"error[E102]: {arch}: out of order: smss.api-port.begin\n"
        assert f"\n{head}" in text, "the recipe's failure"
        assert f"\nE       {head}" in text, "the assertion's"
        assert 'source: S-031 (smss-article, Architecture): "(ALPC) over ports like SmApiPort"' in text
    kept = {path.name for path in (pytester.path / "kept").rglob("*") if path.is_file()}
    assert kept >= {"serial.log", "timeline.jsonl", "report.json"} and "disk.raw" not in kept
    (suite,) = JUnitXml.fromfile(str(pytester.path / "junit.xml"))
    reports = {
        each.get("value")
        for case in suite
        for each in case._elem.iter("property")
        if each.get("name") == "smssboot.report"
    }
    assert len(reports) == 4
    for report in reports:
        study = load_runs(pytester.path / report)
        assert study.verdict == "deviates" and study.runs[0].findings[0].code == "E102"


@pytest.mark.parametrize(("cpus", "most"), [("1", 1), ("3", 3)])
def test_never_more_qemus_than_the_budget(cpus: str, most: int, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.image("diskless")
        @pytest.mark.parametrize("n", range(3))
        def test_it(boot, n):
            assert boot().conforms
        """
    )
    with most_qemus() as seen:
        result = run_pytest(pytester, "-n", "3", "--smssboot-cpus", cpus, apart=True)
    result.assert_outcomes(passed=6)
    assert seen[-1] <= most
    assert seen[-1] == 1 if most == 1 else seen[-1] >= 2, "they are counted, and they run side by side"


def started(pytester: pytest.Pytester, *arguments: str) -> tuple[subprocess.Popen[str], set[int]]:
    """A pytest whose boots do not end by themselves, and its QEMUs as soon as their guests are listened to.

    Not before: an interrupt that meets pytest while it rewrites a module makes pytest itself fail, because
    the traceback then has no line (`_pytest/_code/code.py`, `tb_lineno - 1`).
    """
    assert smssboot("build", ENDLESS, "--arch", "all").returncode == 0
    pytester.makepyfile(
        test_it=f"""
        import pytest

        @pytest.mark.image({str(ENDLESS)!r})
        def test_it(boot):
            boot(timeout_s=100.0)
        """
    )
    base = pytester.path / "base"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *plugin(), "-p", "no:cacheprovider", "--basetemp", base, *arguments],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell starts its background jobs, and so perhaps this test, with the interrupt ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until = time.monotonic() + 120
    wanted = 2 if "-n" in arguments else 1
    while time.monotonic() < until and process.poll() is None:
        heard = sum('"hello"' in log.read_text("ascii") for log in base.rglob("timeline.jsonl"))
        if heard >= wanted and len(found := qemus_below(process.pid)) >= wanted:
            return process, found
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate()[0])


def gone(pids: set[int]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGKILL, ["-n", "2"]), (signal.SIGINT, ["-n", "2"]), (signal.SIGINT, [])]
)
def test_no_qemu_outlives_pytest(
    number: signal.Signals, workers: list[str], pytester: pytest.Pytester
) -> None:
    process, qemus = started(pytester, *workers)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert gone(qemus), out
    if number == signal.SIGINT:
        assert process.returncode == pytest.ExitCode.INTERRUPTED, out


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_timeout_leaves_no_qemu(method: str, pytester: pytest.Pytester) -> None:
    arguments = ["--timeout=4", f"--timeout-method={method}", "--smssboot-arch=x86_64"]
    process, qemus = started(pytester, *arguments, "--smssboot-artifacts=kept")
    out, _ = process.communicate(timeout=60)
    assert gone(qemus), out
    assert process.returncode == 1, out
    assert "Timeout" in out
    if method == "signal":  # the other one ends pytest as it stands
        assert "boot 1: did not end" in out
        assert list((pytester.path / "kept").rglob("timeline.jsonl")), "what was said until then is kept"
