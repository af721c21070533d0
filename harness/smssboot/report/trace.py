"""The report for trace viewers: Chrome's Trace Event Format, as Perfetto and chrome://tracing open it.

Phases are pairs of `B` and `E`, everything else is an instant (`i`), the number of records a counter (`C`);
times are microseconds of the guest's clock, exact to the nanosecond.  `tracks.py` says what is shown where.
"""

from __future__ import annotations

import json
from typing import Any, Final

from smssboot.report.tracks import Args, Count, Mark, Tracks, read_tracks
from smssboot.report.view import StudyView

_PHASE: Final = {"begin": "B", "end": "E", "instant": "i"}


def trace(study: StudyView) -> str:
    """The trace as JSON, one event on a line, ended by a line feed."""
    tracks = read_tracks(study)
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
    events = [*_metadata(tracks), *map(_mark, tracks.marks), *map(_count, tracks.counts)]
    other = {"producer": "smssboot", "verdict": study.verdict, "runs": list(map(_args, tracks.runs))}
    rows = ",\n".join(map(encode, events))
    return f'{{"traceEvents":[\n{rows}\n],"displayTimeUnit":"ns","otherData":{encode(other)}}}\n'


def _args(args: Args) -> Args:
    """Arguments as Perfetto (v52) can read them: what ends in a backslash gets a blank behind it.

    Perfetto takes the quotation mark behind it for an escaped one, misses the string's end, and calls the
    file incomplete.  It also shows escapes as they stand in the file, so this is UTF-8 and not ASCII.
    """
    return {
        key: value + " " if isinstance(value, str) and value.endswith("\\") else value
        for key, value in args.items()
    }


def _metadata(tracks: Tracks) -> list[dict[str, Any]]:
    """Names and order of processes and threads."""
    events = []
    for group in tracks.groups:
        for name, key, value in (
            ("process_name", "name", group.name),
            ("process_labels", "labels", group.labels),
            ("process_sort_index", "sort_index", group.order),
        ):
            events.append({"ph": "M", "name": name, "pid": group.pid, "args": {key: value}})
    for track in tracks.tracks:
        where = {"ph": "M", "pid": track.pid, "tid": track.tid}
        events.append({**where, "name": "thread_name", "args": {"name": track.name}})
        events.append({**where, "name": "thread_sort_index", "args": {"sort_index": track.order}})
    return events


def _mark(mark: Mark) -> dict[str, Any]:
    event = {
        "ph": _PHASE[mark.edge],
        "ts": _microseconds(mark.time_ns),
        "pid": mark.track.pid,
        "tid": mark.track.tid,
        "cat": mark.category,
        "name": mark.name,
    }
    if mark.edge == "instant":
        event["s"] = "t"
    return {**event, "args": _args(mark.args)}


def _count(count: Count) -> dict[str, Any]:
    return {
        "ph": "C",
        "ts": _microseconds(count.time_ns),
        "pid": count.pid,
        "name": "records",
        "args": dict(count.values),
    }


def _microseconds(nanoseconds: int) -> float | int:
    return nanoseconds // 1000 if nanoseconds % 1000 == 0 else nanoseconds / 1000
