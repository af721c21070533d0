"""What smss must write to the event log: one record for each thing that it could not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_COMMAND = "A command did not run: "
_RENAME = "A pending file operation failed: "
_DLL = "A known DLL was left out: "


def expected_logs(
    commands: Sequence[Mapping[str, Any]],
    renames: Sequence[Mapping[str, Any]],
    dlls: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """`text`, `statuses`, `times` of each record, for commands, renames and known DLLs that fail."""
    failed = [(_COMMAND + c["command"], c["statuses"]) for c in commands if not c["runs"]]
    failed += [(_RENAME + r["source"], r["statuses"]) for r in renames if r["statuses"] != ["0x0"]]
    failed += [(_DLL + d["file"], d["statuses"]) for d in dlls if not d["mapped"] and not d["fatal"]]
    out: dict[str, dict[str, Any]] = {}
    for text, statuses in failed:
        row = out.setdefault(text.casefold(), {"text": text, "statuses": [], "times": 0})
        row["statuses"] += [status for status in statuses if status not in row["statuses"]]
        row["times"] += 1
    return list(out.values())
