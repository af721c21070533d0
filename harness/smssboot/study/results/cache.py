"""Results of boots that repeat exactly, kept below the build folder: what is known is not booted again.

One file per result, `build/results/<hash of all ingredients>.result`: a line of JSON, then the timeline, what
QEMU left behind, and what the guest changed on its disk.  Kept is what happened and never a verdict: that is
judged anew each time.  A file that is damaged is no result and goes; what was used least recently makes room.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smssboot.errors import InputError
from smssboot.image.paths import build_dir

if TYPE_CHECKING:
    from smssboot.study.boot import Boot
    from smssboot.timeline.items import Item

SCHEMA: Final = "smssboot.result/1"
MOST_ENTRIES: Final = 256
MOST_BYTES: Final = 256 << 20

ENDED_BY_THE_GUEST: Final = frozenset({"powered-off", "reset", "bugcheck", "panic", "triple-fault"})
"""Causes that the guest brought about at a moment of its own.  Where the host's clock or our patience ended a
boot, another time would have ended it elsewhere."""

_ABANDONED_S: Final = 3600.0
_TIMELINE: Final = "timeline"
_DISK: Final = "disk"


class Result(NamedTuple):
    """A boot as it was: when (UTC, ISO 8601), its items, and what is kept of its files by kind."""

    booted: str
    items: list[Item]
    durations: dict[str, float | None]
    steady: bool
    status: int | None
    files: dict[str, tuple[str, bytes]]
    disk: bytes | None


def folder() -> Path:
    """Where results are kept."""
    return build_dir() / "results"


def find(key: str) -> Result | None:
    """The result, or None when it is not known.  A damaged one is removed."""
    path = _path(key)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        found = _parse(data, key)
    except (ValueError, KeyError, TypeError, InputError, zlib.error):
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return found


def store(key: str, boot: Boot) -> bool:
    """Keep what the boot was, if it was the guest that ended it; whether it was kept.

    A disk that is full, or a folder that takes nothing, is no reason to fail.
    """
    outcome = boot.outcome
    if boot.error is not None or boot.report is None or outcome is None:
        return False
    if any(cause.kind not in ENDED_BY_THE_GUEST for cause in outcome.causes):
        return False
    try:
        _write(_path(key), _lay_out(key, boot))
        _make_room()
    except (OSError, ValueError):
        return False
    return True


def _path(key: str) -> Path:
    return folder() / f"{key}.result"


def _lay_out(key: str, boot: Boot) -> bytes:
    from smssboot.timeline import jsonl

    outcome, plan = boot.outcome, boot.prepared.plan
    assert outcome is not None
    timeline = io.StringIO()
    writer = jsonl.Writer(timeline)
    for item in boot.items:
        writer.write(item)
    parts = {_TIMELINE: ("timeline.jsonl", zlib.compress(timeline.getvalue().encode("ascii"), 1))}
    for kind, path in outcome.artifacts.items():
        parts[f"file:{kind}"] = (path.name, zlib.compress(path.read_bytes(), 1))
    if plan.disk is not None and boot.image.disk is not None:
        from smssboot.image import diskdelta

        parts[_DISK] = (plan.disk.name, diskdelta.make(boot.image.disk, plan.disk))
    body = b"".join(data for _, data in parts.values())
    header = {
        "schema": SCHEMA,
        "key": key,
        "booted": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "durations": outcome.durations._asdict(),
        "steady": outcome.steady,
        "status": outcome.qemu_status,
        "parts": [[kind, name, len(data)] for kind, (name, data) in parts.items()],
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    line = json.dumps(header).encode()
    return b"%s %s\n%s" % (hashlib.sha256(line).hexdigest()[:16].encode(), line, body)


def _parse(data: bytes, key: str) -> Result:
    """The result in a file's bytes.  Raises ValueError and the like for anything else."""
    from smssboot.timeline import jsonl

    first, _, body = data.partition(b"\n")
    check, _, line = first.partition(b" ")
    if hashlib.sha256(line).hexdigest()[:16].encode() != check:
        raise ValueError("the first line is damaged")
    header: dict[str, Any] = json.loads(line)
    if header["schema"] != SCHEMA or header["key"] != key:
        raise ValueError("another result")
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise ValueError("the content is damaged")
    parts: dict[str, tuple[str, bytes]] = {}
    at = 0
    for kind, name, length in header["parts"]:
        parts[kind] = (name, body[at : at + length])
        at += length
    text = zlib.decompress(parts[_TIMELINE][1]).decode("ascii")
    files = {
        kind.removeprefix("file:"): (name, zlib.decompress(content))
        for kind, (name, content) in parts.items()
        if kind.startswith("file:")
    }
    return Result(
        booted=header["booted"],
        items=list(jsonl.Reader(text.splitlines(keepends=True))),
        durations=header["durations"],
        steady=header["steady"],
        status=header["status"],
        files=files,
        disk=parts[_DISK][1] if _DISK in parts else None,
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it, however many write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _make_room() -> None:
    """Remove what was used least recently, beyond what may be kept."""
    found = []
    with os.scandir(folder()) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat()
                if entry.name.startswith(".") and time.time() - status.st_mtime > _ABANDONED_S:
                    os.unlink(entry.path)  # whoever wrote it was killed
                elif entry.name.endswith(".result"):
                    found.append((status.st_mtime_ns, status.st_size, entry.path))
    found.sort(reverse=True)
    total = 0
    for number, (_, size, path) in enumerate(found):
        total += size
        if number >= MOST_ENTRIES or total > MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(path)
