r"""Registry hives after power-off, by two readers that share no code: regipy and hivex."""

from __future__ import annotations

import base64
import os
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smssboot.errors import UsageError
from smssboot.evidence import tools
from smssboot.image import hive as regipy_reader

MOUNTED: Final = {
    "system": r"\Registry\Machine\SYSTEM",
    "software": r"\Registry\Machine\SOFTWARE",
    "sam": r"\Registry\Machine\SAM",
    "security": r"\Registry\Machine\SECURITY",
    "default": r"\Registry\User\.Default",
}
"""Where the hive of each file name is in the registry's name space."""

Values = dict[str, dict[str, tuple[str, Any]]]
_LONGEST: Final = 4096
_TYPES: Final = {"string": "REG_SZ", "expand": "REG_EXPAND_SZ", "string-list": "REG_MULTI_SZ",
                 "int32": "REG_DWORD", "binary": "REG_BINARY"}  # fmt: skip


@dataclass(slots=True)
class Hive:
    """One hive. `status`: `clean`; `dirty`, its last write is only in its logs; `damaged`, with `reason`."""

    status: str
    sequence: int = 0
    readers: str = "differ"
    reason: str = ""
    values: Values = field(default_factory=dict)


class Reading:
    """A hive that hivexml reads already; `finish` has regipy read it too and compares.

    With two sequence numbers that differ, both read what it says after its logs were applied.
    """

    def __init__(self, raw: bytes, logs: tuple[bytes, ...], scratch: Path) -> None:
        self._hivex: tools.Reader | None = None
        if len(raw) < 4096 or raw[:4] != b"regf":
            return
        self._second = struct.unpack_from("<I", raw, 8)[0]
        self._path = scratch / "hive"
        self._path.write_bytes(raw)
        self._status = "clean"
        if not regipy_reader.is_whole(raw):
            self._status = "dirty"
            whole = scratch / "recovered"
            self._path = whole if regipy_reader.recover(self._path, logs, whole) else self._path
        self._hivex = tools.Reader("hivexml", os.fspath(self._path))

    def finish(self) -> Hive:
        """What the hive says.  Once only."""
        if self._hivex is None:
            return Hive("damaged", reason="no hive")
        try:
            values = regipy_reader.read(self._path)
        except UsageError as error:
            self._hivex.answer()
            return Hive("damaged", self._second, reason=error.message)
        agree = _agree(values, _by_hivex(self._hivex.answer()))
        return Hive(self._status, self._second, "agree" if agree else "differ", "", dict(values))


def read(raw: bytes, logs: tuple[bytes, ...], scratch: Path) -> Hive:
    """What the hive says; with two sequence numbers that differ, what it says after its logs were applied."""
    return Reading(raw, logs, scratch).finish()


def _by_hivex(answer: tools.Answer) -> dict[str, dict[str, tuple[str, Any]]] | None:
    """The same hive by hivexml; None when it cannot read it."""
    if answer.status != 0:
        return None
    found: dict[str, dict[str, tuple[str, Any]]] = {}
    try:
        top = ElementTree.fromstring(answer.out).find("node")
        for key, entry in _nodes(top) if top is not None else ():
            found[key] = {_name(v, "key"): _value(v) for v in entry.findall("value")}
    except (ElementTree.ParseError, ValueError):  # ValueError: base64 that is none
        return None
    return found


def _nodes(top: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    """Every key below the root with its path, without recursion: hives nest as deep as they like."""
    waiting = [("", top)]
    while waiting:
        path, entry = waiting.pop()
        yield path, entry
        for child in entry.findall("node"):
            name = _name(child, "name")
            waiting.append((f"{path}\\{name}" if path else name, child))


def _name(entry: ElementTree.Element, attribute: str) -> str:
    name = entry.get(attribute, "")
    if entry.get(f"{attribute}_encoding") == "base64":
        return base64.b64decode(name).decode("utf-8", "replace")
    return name


def _value(entry: ElementTree.Element) -> tuple[str, Any]:
    kind = entry.get("type", "")
    text = entry.get("value") or ""
    if entry.get("encoding") == "base64" and kind != "string-list":
        try:
            return _TYPES.get(kind, kind), base64.b64decode(text)
        except ValueError:
            return kind, text
    if kind == "string-list":
        return "REG_MULTI_SZ", [item.text or "" for item in entry.findall("string")]
    if kind == "int32":
        return "REG_DWORD", int(text) & 0xFFFFFFFF if text.lstrip("-").isdigit() else text
    return _TYPES.get(kind, kind), text


def _agree(ours: Values, theirs: dict[str, dict[str, tuple[str, Any]]] | None) -> bool:
    """Whether both readers saw the same keys, values, and (numbers and plain text) the same data."""
    if theirs is None or ours.keys() != theirs.keys():
        return False
    for key, values in ours.items():
        if {name.casefold() for name in values} != {name.casefold() for name in theirs[key]}:
            return False
        other = {name.casefold(): data for name, data in theirs[key].items()}
        for name, (kind, data) in values.items():
            seen_kind, seen = other[name.casefold()]
            plain = kind in ("REG_SZ", "REG_EXPAND_SZ", "REG_DWORD") and isinstance(seen, (str, int))
            if plain and (kind != seen_kind or data != seen):
                return False
    return True


def shown(data: Any) -> str:
    """A value's data as text: numbers in decimal, bytes in hexadecimal, lists joined by commas."""
    if isinstance(data, bytes):
        return data[:_LONGEST].hex()
    if isinstance(data, list):
        return ",".join(str(item) for item in data)[:_LONGEST]
    return str(data)[:_LONGEST]
