"""Memory pressure: what `memtouch [NONCE [MIB]]` comes to, and how much of it has to leave the RAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smssboot.model.context import Context
from smssboot.model.paging import MIB, STEP, ram

PAGE: Final = 4096


def memory_touches(
    ground: Context, commands: Sequence[Mapping[str, Any]], paging: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One row for each command that runs memtouch and is waited for.

    `low` to `high` are the pages that it touches: as many as it is told, else twice the RAM that the kernel
    counts. It is `done` when the paging files alone have room for them all, `refused` when they and the RAM
    have not, else that is `unknown`. `succeeds` is the command's index when it is done, else -1. `out` is how
    many pages have to be in the paging file when there is one; with several it is not known in which.
    """
    out: list[dict[str, Any]] = []
    memory = ram(ground.memory_mib)
    files = [row for row in paging if row["made"]]
    room = sum(int(row["maximum"]) for row in files)
    for command in commands:
        if not command["waited"] or str(command["program"]).casefold() != "memtouch.exe":
            continue
        nonce, *told = [*str(command["arguments"]).split(), ""]
        size = int(told[0]) * MIB if told and told[0].isdecimal() else 0
        low, high = (size, size) if size else (2 * (memory - STEP), 2 * memory)
        outcome = "done" if high <= room else "refused" if low > room + memory else "unknown"
        swapped = (low - memory) // PAGE if outcome == "done" and len(files) == 1 else 0
        out.append({
            "command": command["index"], "nonce": nonce, "low": low // PAGE, "high": high // PAGE,
            "done": outcome == "done", "refused": outcome == "refused", "unknown": outcome == "unknown",
            "succeeds": command["index"] if outcome == "done" else -1,
            "out": max(0, swapped), "path": files[0]["path"] if swapped > 0 else "",
        })  # fmt: skip
    return out


def pages_out(touches: Sequence[Mapping[str, Any]]) -> int:
    """How many pages all of them together put into a paging file at least."""
    return max((int(row["out"]) for row in touches), default=0)
