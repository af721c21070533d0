"""A timeline as JSON Lines: one object per line, written as it happens and flushed per line.

The first line is `{"schema": "smssboot.timeline/1"}`.  Each further line is one item: `kind` names it
(start, event, console, damage, sample, cause), the other keys are the fields of the dataclass in
`items` (the `kind` of a Cause is called `cause`); a field that is None is left out.  Bytes
(`Damage.raw`) are a string of characters U+0000 to U+00FF, one for each byte.  The text is pure ASCII,
so that showing the file drives no terminal.

A run that was killed may leave half a last line; the reader drops it and says so in `torn`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TextIO

from smssboot.errors import InputError, nearest
from smssboot.timeline.items import VOICES, Cause, Console, Damage, Event, Item, Sample, Start

SCHEMA: Final = "smssboot.timeline/1"
HEADER: Final = json.dumps({"schema": SCHEMA}) + "\n"

_Check = Callable[[Any], bool]


def to_json(item: Item) -> str:
    """One item as one line of JSON, without the line end.  Raises ValueError for a number like NaN."""
    kind, keys = _KEYS[type(item)]
    record: dict[str, object] = {"kind": kind}
    for key, field in keys:
        value = getattr(item, field)
        if value is None:
            continue
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        elif isinstance(value, Mapping):
            value = dict(value)
        record[key] = value
    return _dumps(record)


def from_json(text: str) -> Item:
    """The item of one line.  Raises ValueError, which says what was expected, for anything else."""
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ValueError(f"expected one JSON object, found {text.strip()[:60]!r} ({error})") from None
    except RecursionError:
        raise ValueError("expected one JSON object, found too deep a nesting") from None
    if not isinstance(record, dict):
        raise ValueError(f"expected one JSON object, found {text.strip()[:60]!r}")
    kind = record.pop("kind", None)
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise ValueError(f"expected kind {_words(_SHAPES)}, found {kind!r}{_nearest(kind, _SHAPES)}")
    make, shape, required = _SHAPES[kind]
    for key, value in record.items():
        if key not in shape:
            raise ValueError(f"{kind}: unknown key {key!r}{_nearest(key, shape)}")
        expected, check = shape[key]
        if not check(value):
            raise ValueError(f"{kind}: {key}: expected {expected}, found {json.dumps(value)[:60]}")
    for key in required:
        if key not in record:
            raise ValueError(f"{kind}: expected key {key!r}")
    if kind == "damage":
        record["raw"] = record["raw"].encode("latin-1")
    elif kind == "start" and "argv" in record:
        record["argv"] = tuple(record["argv"])
    elif kind == "cause":
        record["kind"] = record.pop("cause")
    return make(**record)


class Writer:
    """Writes items to an open text stream, flushed per line.  The caller opens and closes the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        stream.write(HEADER)
        stream.flush()

    def write(self, item: Item) -> None:
        self._stream.write(to_json(item) + "\n")
        self._stream.flush()


class Reader:
    """Iterates over the items of a timeline's lines (line ends included, as a text file yields them).

    Raises InputError, which names the line.  `torn` is True when the last line was cut short.
    """

    def __init__(self, lines: Iterable[str], name: str = "timeline") -> None:
        self.torn = False
        self._lines = lines
        self._name = name

    def __iter__(self) -> Iterator[Item]:
        number = 0
        for number, text in enumerate(self._lines, 1):
            whole = text.endswith("\n")
            try:
                if number == 1:
                    _check_header(text)
                elif text.strip():
                    yield from_json(text)
            except ValueError as error:
                if whole or number == 1:
                    raise InputError(self._name, number, None, str(error)) from None
                self.torn = True
        if not number:
            raise InputError(self._name, 1, None, f"expected {HEADER.strip()}, found an empty file")


def _check_header(text: str) -> None:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    schema = header.get("schema") if isinstance(header, dict) else None
    if schema != SCHEMA:
        found = f"schema {schema!r}" if schema else repr(text.strip()[:60])
        raise ValueError(f"expected {HEADER.strip()}, found {found}")


_dumps: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _words(words: Iterable[str]) -> str:
    return ", ".join(words)


def _nearest(word: object, words: Iterable[str]) -> str:
    near = nearest(word, words) if isinstance(word, str) else None
    return f"; did you mean {near!r}?" if near else ""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _latin1(value: Any) -> bool:
    return isinstance(value, str) and all(ord(char) < 256 for char in value)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())


def _numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(_number(entry) for entry in value.values())


def _text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


_TEXT: Final[tuple[str, _Check]] = ("a string", _text)
_COUNT: Final[tuple[str, _Check]] = ("a whole number from 0", _count)
_TEXTS: Final[tuple[str, _Check]] = ("an object of strings", _texts)
_VOICE: Final[tuple[str, _Check]] = (_words(VOICES), lambda value: value in VOICES)

_Shape = dict[str, tuple[str, _Check]]
_SHAPES: Final[dict[str, tuple[Callable[..., Item], _Shape, tuple[str, ...]]]] = {
    "start": (
        Start,
        {
            "host_ns": _COUNT,
            **dict.fromkeys(("arch", "profile", "image", "image_sha256"), _TEXT),
            **dict.fromkeys(("nonce", "accel", "target", "qemu_version"), _TEXT),
            "argv": ("a list of strings", _text_list),
        },
        (),
    ),
    "event": (
        Event,
        {
            "voice": _VOICE,
            "name": ("a string that is not empty", lambda value: _text(value) and value != ""),
            "data": _TEXTS,
            **dict.fromkeys(("host_ns", "seq", "time_ns", "session", "pid"), _COUNT),
            "line": ("a whole number from 1", lambda value: _count(value) and value > 0),
            "repaired": _TEXT,
        },
        ("voice", "name"),
    ),
    "console": (Console, {"text": _TEXT, "host_ns": _COUNT, "line": _COUNT}, ("text",)),
    "damage": (
        Damage,
        {
            "raw": ("a string of bytes (characters up to U+00FF)", _latin1),
            "reason": _TEXT,
            **dict.fromkeys(("host_ns", "line", "seq"), _COUNT),
        },
        ("raw", "reason"),
    ),
    "sample": (
        Sample,
        {"host_ns": _COUNT, "name": _TEXT, "data": ("an object of numbers", _numbers)},
        ("host_ns", "name"),
    ),
    "cause": (
        Cause,
        {"host_ns": _COUNT, "cause": _TEXT, "text": _TEXT, "data": _TEXTS},
        ("host_ns", "cause"),
    ),
}
_KEYS: Final[dict[type, tuple[str, tuple[tuple[str, str], ...]]]] = {
    make: (kind, tuple((key, "kind" if key == "cause" else key) for key in shape))
    for kind, (make, shape, _) in _SHAPES.items()
    if isinstance(make, type)
}
