"""Other processors than a target's own: QEMU's word decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from smssboot.machine import argv, cpus
from smssboot.machine.errors import MachineError, QemuMissing
from smssboot.machine.plan import LaunchPlan
from smssboot.machine.targets import TARGETS


def plan(target: str, cpu: str | None) -> LaunchPlan:
    return LaunchPlan(target=TARGETS[target], run_dir=Path(), cpu=cpu)


@pytest.mark.parametrize(
    ("target", "cpu"),
    [("q35", "max"), ("q35", "Skylake-Client,-avx2"), ("microvm", "qemu64"), ("virt", "cortex-a72")],
)
def test_what_qemu_takes_is_taken(target: str, cpu: str) -> None:
    cpus.check(plan(target, cpu))
    line = argv.for_shell(plan(target, cpu))
    assert line[line.index("-cpu") + 1] == cpu


@pytest.mark.parametrize(
    ("target", "cpu", "said"),
    [
        ("q35", "Skylake-Cleint", "unknown processor 'Skylake-Cleint' (did you mean 'Skylake-Client'?)"),
        ("virt", "cortex-a75x", "did you mean 'cortex-a7"),
        ("virt", "cortex-m3", "cortex-m3"),  # known, but not on this machine
        ("q35", "max,nothing-of-the-kind=on", "nothing-of-the-kind"),
    ],
)
def test_what_qemu_does_not_take_is_refused(target: str, cpu: str, said: str) -> None:
    with pytest.raises(MachineError) as caught:
        cpus.check(plan(target, cpu))
    assert said in str(caught.value)
    assert caught.value.kind == "usage"


def test_without_qemu_nothing_is_said_of_processors() -> None:
    with pytest.raises(QemuMissing):
        cpus.check(plan("q35", "max")._replace(qemu="/nowhere/qemu"))
    cpus.check(plan("q35", None)._replace(qemu="/nowhere/qemu"))


@pytest.mark.parametrize(("arch", "some"), [("x86_64", "EPYC"), ("aarch64", "cortex-a57")])
def test_every_listed_model_has_a_name(arch: str, some: str) -> None:
    known = cpus.names(f"qemu-system-{arch}")
    assert some in known and "max" in known
    assert all(" " not in name and name for name in known)
