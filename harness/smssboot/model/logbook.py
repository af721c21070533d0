"""What smss must write to the event log: one record for each thing that it could not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smssboot.model.context import Context
from smssboot.model.paging import left_out

_COMMAND = "A command did not run: "
_RENAME = "A pending file operation failed: "
_DLL = "A known DLL was left out: "
_DRIVER = "A driver did not load: "
_ENTRY = "An entry of PagingFiles was left out: "
_PAGING = "A paging file was not made: "


def expected_logs(
    ground: Context,
    commands: Sequence[Mapping[str, Any]],
    renames: Sequence[Mapping[str, Any]],
    dlls: Sequence[Mapping[str, Any]],
    drivers: Sequence[Mapping[str, Any]],
    paging: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """`text`, `statuses`, `times` of each record, for all that fails; no status: any."""
    failed = [(_COMMAND + c["command"], c["statuses"]) for c in commands if not c["runs"]]
    failed += [(_RENAME + r["source"], r["statuses"]) for r in renames if r["statuses"] != ["0x0"]]
    unmapped = [d for d in dlls if not (d["mapped"] or d["fatal"] or d["twice"])]
    failed += [(_DLL + d["file"], d["statuses"]) for d in unmapped]
    if not ground.profile.endswith("/observed"):
        failed += [(_DRIVER + d["name"], d["statuses"]) for d in drivers if not d["loaded"]]
    failed += [(_ENTRY + entry, []) for entry in left_out(ground)]
    failed += [(_PAGING + row["path"], [row["status"]]) for row in paging if not row["made"]]
    out: dict[str, dict[str, Any]] = {}
    for text, statuses in failed:
        row = out.setdefault(text.casefold(), {"text": text, "statuses": [], "times": 0})
        row["statuses"] += [status for status in statuses if status not in row["statuses"]]
        row["times"] += 1
    return list(out.values())
