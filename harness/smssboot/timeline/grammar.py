"""The wire's grammar: one record to bytes and back, and what is wrong with one that does not parse.

    @smss <seq> <time-ns> <session>.<pid> <voice> <event> key=value ... *<crc>

docs/wire.md has the grammar in full, with the test vectors that the tests run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from zlib import crc32

from smssboot.timeline.items import WIRE_VOICES, Voice

MARKER: Final = b"@smss "
MAX_RECORD: Final = 65_536
"""Bytes of one line at most, line end included."""

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,19})"
_EVENT: Final = r"[a-z0-9]++(?:[.-][a-z0-9]++)*+"
_KEY: Final = r"[A-Za-z0-9_.()-]++"
_BARE: Final = r"[!#-~]++"
_QUOTED: Final = r'"(?:[ !#-\[\]-~]|\\["\\]|\\x[0-9A-Fa-f]{2})*+"'
_ITEM: Final = rf"(?:{_KEY}=(?:{_BARE}|{_QUOTED}))"

RECORD: Final = re.compile(
    rf"@smss ({_NUMBER}) ({_NUMBER}) ({_NUMBER})\.({_NUMBER}) (claim|fact) ({_EVENT})((?: {_ITEM})*+)"
    r" \*([0-9a-f]{8})".encode()
)
CHECKSUM: Final = re.compile(rb"\*([0-9a-f]{8})")

_NAME: Final = re.compile(_EVENT)
_KEYS: Final = re.compile(_KEY)
_BARES: Final = re.compile(_BARE)
_ITEMS: Final = re.compile(rf" ({_KEY})=({_BARE}|{_QUOTED})")
_BARE_ITEMS: Final = re.compile(r" ([^=]++)=([^ ]++)")
_ESCAPES: Final = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
VOICE_OF: Final[Mapping[bytes, Voice]] = {voice.encode(): voice for voice in WIRE_VOICES}


class Record(NamedTuple):
    """The fields of one record, as `items.Event` holds them."""

    seq: int
    time_ns: int
    session: int
    pid: int
    voice: Voice
    name: str
    data: dict[str, str]


def encode(
    seq: int,
    time_ns: int,
    session: int,
    pid: int,
    voice: Voice,
    name: str,
    data: Mapping[str, str] | None = None,
) -> bytes:
    """One record as a line, CR LF included.

    Raises ValueError when the record has no form on the wire: a negative number, a voice other than
    claim and fact, a name or key outside the grammar, or more than `MAX_RECORD` bytes.
    """
    for label, number in (("seq", seq), ("time_ns", time_ns), ("session", session), ("pid", pid)):
        if not 0 <= number < 10**20:
            raise ValueError(f"{label} must be a number from 0 with at most 20 digits, not {number}")
    if voice not in WIRE_VOICES:
        raise ValueError(f"voice {voice!r} may not come over the wire; expected claim or fact")
    if not _NAME.fullmatch(name):
        raise ValueError(f"event name {name!r} is not lower-case words joined by '.' or '-'")
    parts = [f"@smss {seq} {time_ns} {session}.{pid} {voice} {name}"]
    for key, value in (data or {}).items():
        if not _KEYS.fullmatch(key):
            raise ValueError(f"key {key!r} has a character other than A-Z a-z 0-9 _ . ( ) -")
        parts.append(f"{key}={quote(value)}")
    body = " ".join(parts).encode("ascii")
    line = b"%b *%08x\r\n" % (body, crc32(body))
    if len(line) > MAX_RECORD:
        raise ValueError(f"record of {len(line)} bytes; a line has at most {MAX_RECORD}")
    return line


def quote(value: str) -> str:
    """A value in its form on the wire: bare when it can be, else in quotation marks."""
    if _BARES.fullmatch(value):
        return value
    out = ['"']
    for byte in value.encode("utf-8", "surrogateescape"):
        if byte in (0x22, 0x5C):
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F:
            out.append(chr(byte))
        else:
            out.append(f"\\x{byte:02X}")
    out.append('"')
    return "".join(out)


def unquote(value: str) -> str:
    """The meaning of a value's form on the wire.  Bytes that are not UTF-8 stay visible as `\\xhh`."""
    if not value.startswith('"'):
        return value
    inner = value[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPES.sub(_unescape, inner.encode("ascii")).decode("utf-8", "backslashreplace")


def _unescape(match: re.Match[bytes]) -> bytes:
    code, char = match.groups()
    return bytes.fromhex(code.decode()) if code else char


def parse(line: bytes, match: re.Match[bytes]) -> Record | None:
    """The record that `RECORD` matched in `line`; None when its checksum does not hold.

    Raises ValueError for what a regular expression cannot see: a key given twice, a line too long.
    """
    seq, time_ns, session, pid, voice, name, tail, check = match.groups()
    start, end = match.span()
    if crc32(line[start : end - 10]) != int(check, 16):
        return None
    if end - start > MAX_RECORD - 2:
        raise ValueError(f"record of {end - start + 2} bytes; a line has at most {MAX_RECORD}")
    data = decode_items(tail.decode())
    return Record(int(seq), int(time_ns), int(session), int(pid), VOICE_OF[voice], name.decode(), data)


def decode_items(tail: str) -> dict[str, str]:
    """The data of a record from its ` key=value ...` part.  Raises ValueError for a key given twice."""
    if not tail:
        return {}
    if '"' in tail:
        pairs = [(key, unquote(value)) for key, value in _ITEMS.findall(tail)]
    else:
        pairs = _BARE_ITEMS.findall(tail)
    data: dict[str, str] = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return data


_STEPS: Final = (
    (re.compile(_NUMBER), "a sequence number"),
    (re.compile(_NUMBER), "a time in ns"),
    (re.compile(rf"{_NUMBER}\.{_NUMBER}"), "session.pid"),
    (re.compile(r"claim|fact"), "claim or fact"),
    (re.compile(_EVENT), "an event name in lower case"),
)
_ONE_ITEM: Final = re.compile(_ITEM)


def explain(body: bytes) -> str:
    """Why a record whose checksum holds is none: the column and what was expected there.

    `body` runs from `@` to the character before the checksum's blank.
    """
    text = body.decode("latin-1")
    at = len(MARKER)
    for pattern, expected in _STEPS:
        found = pattern.match(text, at)
        if not found or text[found.end() : found.end() + 1] not in ("", " "):
            return _expected(text, at, expected)
        at = found.end() + 1
    while at < len(text):
        found = _ONE_ITEM.match(text, at)
        if not found or text[found.end() : found.end() + 1] not in ("", " "):
            return _expected(text, at, "key=value")
        at = found.end() + 1
    return "malformed record"


def _expected(text: str, at: int, expected: str) -> str:
    word = text[at:].split(" ", 1)[0]
    if expected == "claim or fact" and word == "evidence":
        return "voice 'evidence' may not come over the wire; expected claim or fact"
    return f"malformed record: column {at + 1}: expected {expected}, found {word[:40]!r}"
