"""How much of the host QEMU got: processor time used, and time it was made to wait for a processor."""

from __future__ import annotations

import os
from typing import NamedTuple


class Usage(NamedTuple):
    """Seconds since QEMU's start. `waited`: runnable, but the host's processors were busy elsewhere."""

    cpu: float = 0.0
    waited: float = 0.0


def usage(pid: int) -> Usage:
    """Of all threads of a process; zero if it is gone. Costs about 0.1 ms."""
    cpu = waited = 0
    try:
        with os.scandir(f"/proc/{pid}/task") as threads:
            for thread in threads:
                used, delay = _schedstat(f"{thread.path}/schedstat")
                cpu += used
                waited = max(waited, delay)
    except OSError:
        pass
    return Usage(cpu / 1e9, waited / 1e9)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _schedstat(path: str) -> tuple[int, int]:
    """(nanoseconds on a processor, nanoseconds waiting for one) of a thread."""
    try:
        with open(path, "rb") as file:
            fields = file.read().split()
        return int(fields[0]), int(fields[1])
    except (OSError, IndexError, ValueError):
        return 0, 0
