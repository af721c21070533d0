"""No QEMU outlives its harness, not even one that was killed by SIGKILL.

The kernel itself ends QEMU (PR_SET_PDEATHSIG) when the *thread* that spawned it ends, so a machine is
spawned by a thread that lives as long as the machine: the main thread, in practice.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Called in a forked child of process `parent`, before exec: from now on it dies with its parent.

    Ends the child at once if the parent is already gone: the kernel only tells of a death to come.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0 or os.getppid() != parent:
        os._exit(127)
