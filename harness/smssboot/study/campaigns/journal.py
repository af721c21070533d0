"""What a campaign has done so far: one line of JSON per finished cell, on the disk before the next one is
counted.

Whoever reads it again skips what was half written when everything stopped.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from smssboot.errors import InfrastructureError, InputError, UsageError
from smssboot.study.campaigns.job import State

NAME: Final = "journal.jsonl"
SCHEMA: Final = "smssboot.campaign-journal/1"


@dataclass(frozen=True, slots=True)
class Record:
    """One finished cell.  `key` is the hash of what was booted and how: a record with another key is of
    another boot.  `shown` is what `Shown.to_json` made."""

    cell: str
    key: str
    state: State
    error: str = ""
    shown: Mapping[str, Any] | None = None
    attempts: int = 1
    seconds: float = 0.0
    report: str = ""
    page: str = ""
    folder: str = ""


class Journal:
    """The journal in a campaign's folder, open and locked: a folder has one campaign at a time."""

    def __init__(self, folder: Path, *, resume: bool) -> None:
        """Raises UsageError: a campaign is there and it is not to be resumed, or it runs just now."""
        self.path = folder / NAME
        self.records: dict[str, Record] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("a+b")
        except OSError as error:
            raise UsageError(f"cannot write to {folder}: {error.strerror}") from None
        try:
            self._begin(resume)
        except BaseException:
            self._file.close()
            raise

    def write(self, record: Record) -> None:
        """Add a record.  It is on the disk when this returns.  Raises InfrastructureError without space."""
        self.records[record.cell] = record
        self._append(asdict(record))

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()

    def _begin(self, resume: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{self.path.parent}: a campaign is running there") from None
        self._file.seek(0)
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if whole and not resume:
            raise UsageError(
                f"{self.path.parent}: there is a campaign already",
                hint="--resume goes on with it; or choose another folder",
            )
        for number, line in enumerate(whole.splitlines(), 1):
            self._read(number, line)
        if len(whole) < len(data):  # what was half written when it stopped
            self._file.truncate(len(whole))
        if not whole:
            self._append({"schema": SCHEMA})

    def _read(self, number: int, line: bytes) -> None:
        try:
            data = json.loads(line)
            if number == 1:
                if data["schema"] != SCHEMA:
                    raise ValueError(f"schema is {data['schema']!r}, expected {SCHEMA!r}")
                return
            record = Record(**data)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(str(self.path), number, None, f"not a campaign's journal: {error}") from None
        self.records[record.cell] = record

    def _append(self, data: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(data).encode() + b"\n")
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except OSError as error:
            raise InfrastructureError(f"cannot write to {self.path}: {error.strerror}") from None
