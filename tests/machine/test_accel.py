"""An accelerator has to prove itself, and is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from smssboot.machine import accel, probe
from smssboot.machine.errors import InfrastructureError, MachineError


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host of x86-64 on which KVM looks fine."""
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for path, text in (("dev/kvm", ""), ("proc/cpuinfo", "flags : fpu vmx sse2\n"), ("sys/module/kvm/x", "")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_good_host(host: Path) -> None:
    assert accel.refuse_kvm("x86_64", host) is None


def test_a_guest_of_another_architecture(host: Path) -> None:
    assert accel.refuse_kvm("aarch64", host) == "the host is x86_64, the guest aarch64"


def test_no_device(host: Path) -> None:
    (host / "dev/kvm").unlink()
    assert accel.refuse_kvm("x86_64", host) == "there is no /dev/kvm"


def test_kvm_that_emulates(host: Path) -> None:
    (host / "sys/module/kvm_pvm").mkdir()
    assert "kvm-pvm" in str(accel.refuse_kvm("x86_64", host))


def test_no_virtualisation_in_the_processor(host: Path) -> None:
    (host / "proc/cpuinfo").write_text("flags : fpu sse2\n")
    assert "vmx" in str(accel.refuse_kvm("x86_64", host))


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_probe_guest_runs(arch: str) -> None:
    assert accel.probe("tcg", arch, limit_s=20) is None


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_the_probe_guest_has_a_limit(arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "image", lambda arch: _for_ever(arch))
    assert "did not end" in str(accel.probe("tcg", arch, limit_s=0.2))


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_an_accelerator_that_does_not_exist(arch: str) -> None:
    assert "warp" in str(accel.probe("warp", arch))


def test_auto_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "refuse_kvm", lambda arch: "because")
    assert accel.choose("auto", "x86_64") == accel.Accel("tcg", "because")
    with pytest.raises(InfrastructureError, match="because"):
        accel.choose("kvm", "x86_64")


def test_auto_takes_what_proved_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "refuse_kvm", lambda arch: None)
    monkeypatch.setattr(accel, "probe", lambda name, arch: None)
    assert accel.choose("auto", "x86_64").name == "kvm"


def test_an_unknown_name() -> None:
    with pytest.raises(MachineError, match="expected one of tcg, kvm, auto"):
        accel.choose("turbo", "x86_64")


def _for_ever(arch: str) -> bytes:
    return probe.pvh_elf(b"\xeb\xfe") if arch == "x86_64" else b"\x00\x00\x00\x14"
