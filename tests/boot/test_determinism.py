"""`--deterministic`: the same boot again, to the last record and its time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from boot_help import Boot, Result, smssboot

EXACT = ("--deterministic", "--no-cache")


def exact(result: Result) -> str:
    """The hash of a boot whose times are exact."""
    assert result.code == 0, result.stdout[:2000] + result.stderr
    assert result.run["deterministic"] is True
    assert result.run["inexact"] == ""
    assert result.run["cached"] is False
    assert result.events("bye", reason="poweroff")
    return str(result.run["timeline_hash"])


@pytest.fixture
def busy() -> Iterator[None]:
    """Every processor of the host has other work."""
    loads = [subprocess.Popen(["yes"], stdout=subprocess.DEVNULL) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for load in loads:
            load.send_signal(signal.SIGKILL)
            load.wait()


@pytest.mark.parametrize("power_off", ["button", "sac"])
def test_two_boots_are_the_same_boot(power_off: str, boot: Boot) -> None:
    first, second = (boot("default", *EXACT, "--power-off", power_off) for _ in range(2))
    assert exact(first) == exact(second)


def test_the_way_to_the_end_is_part_of_it(boot: Boot) -> None:
    ends = [boot("diskless", *EXACT, "--power-off", way) for way in ("button", "sac")]
    assert exact(ends[0]) != exact(ends[1])


@pytest.mark.full
@pytest.mark.parametrize("power_off", ["button", "sac"])
@pytest.mark.usefixtures("busy")
def test_ten_boots_on_a_busy_host_are_the_same_boot(power_off: str, boot: Boot) -> None:
    boots = [boot("default", *EXACT, "--power-off", power_off) for _ in range(10)]
    assert len({exact(result) for result in boots}) == 1


@pytest.mark.usefixtures("busy")
def test_a_deviating_boot_repeats_too(boot: Boot) -> None:
    boots = [boot("tests/boot/mutants/csrss0-exits.yaml", *EXACT) for _ in range(2)]
    assert [result.code for result in boots] == [1, 1]
    assert len({result.run["timeline_hash"] for result in boots}) == 1


def test_times_that_are_not_exact_are_said_not_to_be(arch: str, boot: Boot) -> None:
    run = boot("default", *EXACT, "--disk", "virtio").run
    assert run["verdict"] == "conforms"
    assert run["deterministic"] is False
    assert run["inexact"] == "a virtio disk answers at the host's pace"
    assert "shift=3,sleep=on" in run["qemu"]["argv"]
    done = smssboot("run", "default", "--arch", arch, *EXACT, "--disk", "virtio")
    assert "times are not exact: a virtio disk answers at the host's pace" in done.stdout


@pytest.mark.full
def test_firmware_counts_too(boot: Boot) -> None:
    run = boot("default", *EXACT, "--firmware", "uefi").run
    assert (run["verdict"], run["deterministic"]) == ("conforms", False)
    assert "firmware" in run["inexact"]
