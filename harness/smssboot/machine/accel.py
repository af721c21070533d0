"""Which accelerator a boot gets. TCG is the default and always works; another one has to prove itself.

A /dev/kvm that opens proves nothing: some emulate every instruction of the guest's kernel, which makes a
boot look hung. So KVM is refused where it is known to do that, and else has to run a probe guest in time.
"""

from __future__ import annotations

import os
import platform
import select
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from smssboot.machine.errors import InfrastructureError, MachineError
from smssboot.machine.launch import QemuProcess
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.probe import WORD, image
from smssboot.machine.targets import DEFAULT_TARGET

NAMES = ("tcg", "kvm", "auto")
_PROBE_S = 1.0  # start-up and a million kernel instructions take a tenth of it
_KVM = Path("/dev/kvm")


@dataclass(frozen=True)
class Accel:
    """`name` for QEMU's `-accel`; `reason` why it is not another."""

    name: str
    reason: str = ""


def choose(name: str, arch: str) -> Accel:
    """The accelerator for a guest's architecture.

    Raises MachineError for an unknown name, InfrastructureError if `kvm` was asked for and is refused.
    """
    if name not in NAMES:
        raise MachineError(f"unknown accelerator {name!r}: expected one of {', '.join(NAMES)}")
    if name == "tcg":
        return Accel("tcg", "asked for")
    refusal = refuse_kvm(arch) or probe("kvm", arch)
    if refusal is None:
        return Accel("kvm", "the probe guest ran in time")
    if name == "kvm":
        raise InfrastructureError(f"KVM is of no use for {arch} guests here: {refusal}")
    return Accel("tcg", refusal)


def refuse_kvm(arch: str, root: Path = Path("/")) -> str | None:
    """Why KVM is out of the question, without trying it; None if it may be tried. `root`: for tests."""
    host = platform.machine()
    if host != arch:
        return f"the host is {host}, the guest {arch}"
    device = root / _KVM.relative_to("/")
    if not device.exists():
        return "there is no /dev/kvm"
    if not os.access(device, os.R_OK | os.W_OK):
        return "/dev/kvm may not be opened"
    if (root / "sys/module/kvm_pvm").exists():
        return "this /dev/kvm (kvm-pvm) emulates the guest's kernel instruction by instruction"
    if arch == "x86_64":
        flags = (root / "proc/cpuinfo").read_text().split()
        if "vmx" not in flags and "svm" not in flags:
            return "the processor shows neither vmx nor svm"
    return None


def probe(accel: str, arch: str, limit_s: float = _PROBE_S) -> str | None:
    """Runs the probe guest; what is wrong with the accelerator, or None. Raises QemuMissing."""
    directory = Path(tempfile.mkdtemp(prefix="smssboot-probe-"))
    try:
        kernel = directory / "probe"
        kernel.write_bytes(image(arch))
        target = DEFAULT_TARGET[arch]
        plan = LaunchPlan(target=target, run_dir=directory, kernel=kernel, accel=accel, eager=True)
        process = QemuProcess(plan)
        try:
            ended = select.poll()
            ended.register(process.pidfd, select.POLLIN)
            if not ended.poll(limit_s * 1000):
                return f"the probe guest did not end within {limit_s:g} s"
            if process.poll() != 0:
                return process.stderr_text() or f"QEMU ended with status {process.status}"
            if process.serial_log.read_bytes() != WORD:
                return "the probe guest went wrong"
        finally:
            process.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return None
