"""Which processors QEMU knows for a machine; asked only when somebody wants another one than the target's."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from typing import Final

from smssboot.errors import did_you_mean
from smssboot.machine import argv
from smssboot.machine.errors import InfrastructureError, MachineError
from smssboot.machine.plan import LaunchPlan

_LIMIT_S: Final = 20.0


def names(qemu: str) -> tuple[str, ...]:
    """The models that `-cpu help` lists."""
    said = _run((qemu, "-cpu", "help")).stdout
    found: list[str] = []
    for line in said.partition("Available CPUs:")[2].splitlines():
        words = line.split()
        if not words:  # flags follow
            if found:
                break
            continue
        found.append(words[1] if words[0] == "x86" and len(words) > 1 else words[0])
    return tuple(found)


def check(plan: LaunchPlan) -> None:
    """Raise MachineError (`usage`) unless QEMU takes the plan's processor on the plan's machine.

    The model's name is looked up; whether the machine takes it, and every property after a comma, is
    QEMU's own word: it is started with nothing but that processor, and told to quit.  Raises QemuMissing.
    """
    if plan.cpu is None:
        return
    refusal = _refusal(argv.qemu_path(plan), plan.target.machine, plan.cpu)
    if refusal is not None:
        raise MachineError(refusal)


@lru_cache(maxsize=64)
def _refusal(qemu: str, machine: str, cpu: str) -> str | None:
    model = cpu.partition(",")[0]
    known = names(qemu)
    if known and model not in known:
        near = did_you_mean(model, known) or f"{qemu} -cpu help lists {len(known)}"
        return f"unknown processor {model!r} ({near})"
    bare = (qemu, "-nodefaults", "-no-user-config", "-display", "none", "-S", "-monitor", "stdio")
    done = _run((*bare, "-machine", machine, "-accel", "tcg", "-cpu", cpu))
    if done.returncode == 0:
        return None
    words = done.stderr.strip().splitlines() or [f"QEMU ended with status {done.returncode}"]
    return f"processor {cpu!r}: {words[0].partition(': ')[2] or words[0]}"


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, input="quit\n", capture_output=True, text=True, errors="replace", timeout=_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"cannot ask {command[0]} for its processors: {error}") from None
