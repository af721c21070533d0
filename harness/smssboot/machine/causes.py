"""Why a boot can end: a closed set, each with the exit code and the JUnit element that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

JUnit = Literal["pass", "failure", "error"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of cause. `exit_code` is what it says by itself: a boot that powered off in order (0)
    may still deviate, which conformance decides; a boot that ended otherwise never conforms."""

    name: str
    exit_code: int
    junit: JUnit
    text: str


_ALL = (
    Kind("powered-off", 0, "pass", "the guest powered itself off"),
    Kind("reset", 0, "pass", "the guest reset itself after announcing it"),
    Kind("deviates", 1, "failure", "the guest left the documented sequence"),
    Kind("bugcheck", 1, "failure", "the guest stopped itself by a bugcheck"),
    Kind("panic", 1, "failure", "the guest reported a panic"),
    Kind("triple-fault", 1, "failure", "the processor reset without a request"),
    Kind("reset-storm", 1, "failure", "the guest reset again and again"),
    Kind("watchdog", 1, "failure", "the watchdog expired"),
    Kind("io-error", 1, "failure", "a disk request failed"),
    Kind("silent-hang", 1, "failure", "the guest waits and says nothing"),
    Kind("livelock", 1, "failure", "the guest burns processor time without progress"),
    Kind("damaged", 1, "failure", "the record cannot be read"),
    Kind("qemu-died", 3, "error", "QEMU ended by itself"),
    Kind("qemu-missing", 3, "error", "QEMU is not installed"),
    Kind("snapshot-damaged", 3, "error", "the snapshot is not what was saved"),
    Kind("host-too-slow", 3, "error", "the host gave QEMU too little processor time"),
    Kind("interrupted", 3, "error", "the boot was called off from outside"),
    Kind("usage", 2, "error", "the boot was asked for in a way that cannot work"),
)

KINDS = {kind.name: kind for kind in _ALL}


def exit_code(kind: str) -> int:
    """Exit code of a cause's kind: 0 conforms, 1 deviates, 2 usage, 3 infrastructure."""
    return KINDS[kind].exit_code


def junit(kind: str) -> JUnit:
    """The JUnit element that stands for a cause's kind."""
    return KINDS[kind].junit


def is_infrastructure(kind: str) -> bool:
    """Whether the cause says nothing about the guest."""
    return KINDS[kind].exit_code == 3
