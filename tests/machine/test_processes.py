"""QEMU's process: never an orphan, never a mystery when it is missing, refuses or dies."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import guests
import pytest
from machine_help import QUICK, Recorder, boot

from smssboot.machine import causes
from smssboot.machine.errors import InfrastructureError, QemuDied, QemuMissing
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import LaunchPlan, Policy
from smssboot.machine.supervisor import run
from smssboot.machine.targets import VIRT, Target
from smssboot.machine.vm import Machine

Plan = Callable[..., LaunchPlan]

HARNESS = """
import asyncio, sys
from pathlib import Path
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.targets import TARGETS
from smssboot.machine.vm import Machine

async def main(target, kernel, directory, stage):
    plan = LaunchPlan(target=TARGETS[target], kernel=Path(kernel), run_dir=Path(directory))
    vm = Machine(plan)
    print(vm.process.pid, flush=True)
    if stage == "spawned":
        sys.stdin.read()
    async with vm:
        await vm.cont()
        print("running", flush=True)
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@contextmanager
def watched(pid: int) -> Iterator[Callable[[float], bool]]:
    """Tells whether a process ends within so many seconds; ends it at last, so that a failure leaves none."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        yield lambda seconds: bool(poll.poll(seconds * 1000))
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)


@pytest.mark.parametrize("stage", ["spawned", "running"])
def test_a_killed_harness_leaves_no_qemu(tmp_path: Path, target: Target, stage: str) -> None:
    kernel = guests.write(tmp_path, target, "spin")
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, target.name, str(kernel), str(tmp_path), stage],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert harness.stdout is not None
    with harness, watched(int(harness.stdout.readline())) as ends_within:
        if stage == "running":
            assert harness.stdout.readline() == "running\n"
        assert not ends_within(0)
        harness.send_signal(signal.SIGKILL)
        assert ends_within(5)


def test_leaving_the_machine_ends_qemu(plan: Plan) -> None:
    async def leave() -> int:
        async with Machine(plan("spin")) as vm:
            await vm.cont()
            return vm.process.pid

    pid = asyncio.run(leave())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_cancelled_boot_ends_qemu_and_says_so(plan: Plan, recorder: Recorder) -> None:
    async def cancel() -> None:
        started = asyncio.Event()

        def sink(item: object) -> None:
            recorder(item)  # type: ignore[arg-type]
            if "qmp.RESUME" in recorder.names():
                started.set()

        boot = asyncio.create_task(run(plan("spin"), sink, Policy()))
        await started.wait()
        boot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await boot

    asyncio.run(cancel())
    assert recorder.names()[-1] == "interrupted"


def test_qemu_killed_in_the_middle(plan: Plan) -> None:
    recorder = Recorder(steady_after="hello")

    async def kill(vm: Machine) -> list[object]:
        os.kill(vm.process.pid, signal.SIGKILL)
        return []

    outcome = boot(plan(("print", guests.HELLO), "spin"), recorder, on_steady=kill)
    assert (outcome.cause.kind, outcome.qemu_status) == ("qemu-died", -9)
    assert "signal 9" in outcome.cause.text
    assert causes.exit_code(outcome.cause.kind) == 3


def test_qemu_terminated_from_outside(plan: Plan) -> None:
    recorder = Recorder(steady_after="hello")

    async def terminate(vm: Machine) -> list[object]:
        os.kill(vm.process.pid, signal.SIGTERM)
        assert await vm.wait_exit(5)
        return []

    outcome = boot(plan(("print", guests.HELLO), "spin"), recorder, on_steady=terminate)
    assert outcome.cause.kind == "interrupted", outcome.cause


def test_qemu_missing(tmp_path: Path, target: Target) -> None:
    with pytest.raises(QemuMissing, match=f"apt-get install {target.package}"):
        QemuProcess(LaunchPlan(target=target, run_dir=tmp_path, qemu="no-such-qemu"))


def test_no_qemu_in_the_path(tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QemuMissing, match=target.binary):
        QemuProcess(LaunchPlan(target=target, run_dir=tmp_path))


def test_a_file_that_cannot_be_executed(tmp_path: Path) -> None:
    broken = tmp_path / "qemu"
    broken.write_text("no program\n")
    broken.chmod(0o755)
    with pytest.raises(InfrastructureError, match="Exec format error"):
        QemuProcess(LaunchPlan(target=VIRT, run_dir=tmp_path, qemu=str(broken)))


def test_qemu_that_refuses_its_arguments(plan: Plan, recorder: Recorder) -> None:
    with pytest.raises(QemuDied, match="no-such-device") as caught:
        boot(plan("spin", extra=("-device", "no-such-device")), recorder)
    assert caught.value.status == 1


def test_qemu_that_ends_at_once(tmp_path: Path, recorder: Recorder) -> None:
    plan = LaunchPlan(target=VIRT, run_dir=tmp_path, qemu="/bin/true")
    with pytest.raises(QemuDied, match="ended with status 0"):
        boot(plan, recorder)


@pytest.mark.parametrize("eager", [False, True])
def test_no_descriptor_and_no_child_is_left(plan: Plan, recorder: Recorder, eager: bool) -> None:
    def descriptors() -> list[str]:
        return sorted(os.listdir("/proc/self/fd"))

    boot(plan("power-off", eager=eager), recorder)
    before = descriptors()
    boot(plan("power-off", eager=eager), recorder)
    assert descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_eager_guest_loses_no_event(plan: Plan, recorder: Recorder) -> None:
    """The guest is gone before anybody attaches; everything that it said is still there."""
    eager = plan(("print", guests.HELLO), "power-off", eager=True)
    process = QemuProcess(eager)
    with watched(process.pid) as ends_within:
        assert ends_within(5)
    outcome = asyncio.run(run(eager, recorder, QUICK, recorder, process=process))
    assert outcome.cause.kind == "powered-off"
    assert recorder.names()[0] == "Start"
    assert {"hello", "qmp.RESUME", "qmp.SHUTDOWN"} <= set(recorder.names())


def test_an_eager_panic_waits_for_us(plan: Plan, recorder: Recorder) -> None:
    eager = plan(("print", guests.HELLO + guests.BUGCHECK), "panic", eager=True)
    process = QemuProcess(eager)
    process.serial_log.touch()
    while guests.BUGCHECK.encode() not in process.serial_log.read_bytes():
        assert process.poll() is None
    outcome = asyncio.run(run(eager, recorder, QUICK, recorder, process=process))
    assert [cause.kind for cause in outcome.causes] == ["bugcheck", "panic"]
    assert "qmp.registers" in recorder.names()


def test_two_machines_at_once(tmp_path: Path) -> None:
    """Both architectures side by side in one process, each with its own ending."""
    from smssboot.machine.targets import Q35

    async def both() -> list[str]:
        boots = []
        for target, last in ((Q35, "panic"), (VIRT, "power-off")):
            directory = tmp_path / target.name
            directory.mkdir()
            kernel = guests.write(directory, target, ("print", guests.HELLO), last)
            plan = LaunchPlan(target=target, run_dir=directory, kernel=kernel)
            boots.append(run(plan, Recorder(), QUICK))
        return [outcome.cause.kind for outcome in await asyncio.gather(*boots)]

    assert asyncio.run(both()) == ["panic", "powered-off"]


def test_operator_port(plan: Plan) -> None:
    """What is typed there reaches QEMU; a machine whose guest ignores it powers off by the button anyway."""
    recorder = Recorder(steady_after="hello")

    async def type_something(vm: Machine) -> list[object]:
        await vm.operator.send("shutdown\r")
        return []

    policy = QUICK._replace(power_off="powerdown")
    parts = (("print", guests.HELLO), "button", "power-off")
    outcome = boot(plan(*parts), recorder, policy, on_steady=type_something)
    assert outcome.cause.kind == "powered-off"


def test_a_guest_cannot_reach_a_network(plan: Plan) -> None:
    async def look() -> str:
        async with Machine(plan("spin")) as vm:
            return await vm.hmp("info network")

    assert asyncio.run(look()).strip() == ""
