"""Errors of the machine, worded for people."""

from __future__ import annotations


class MachineError(Exception):
    """Base of this room's errors. `kind` is the cause (`causes.KINDS`) that a boot ends with."""

    kind = "usage"


class InfrastructureError(MachineError):
    """QEMU or the host failed; nothing is said about the guest (exit code 3)."""

    kind = "qemu-died"


class QemuMissing(InfrastructureError):  # noqa: N818 (says what is wrong, in two words)
    """QEMU's binary or one of its data files is not there."""

    kind = "qemu-missing"


class RestoreFailed(InfrastructureError):  # noqa: N818
    """QEMU cannot go on from a saved state; the text has its own words."""

    kind = "snapshot-damaged"


class QemuDied(InfrastructureError):  # noqa: N818
    """QEMU ended, or its monitor no longer answers. `status` as in `Outcome.qemu_status`."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status
