"""Whether one value meets one condition of the model, and how to say what was expected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase

from smssboot.model.expectation import Match

_EXACT = frozenset({"value", "nonce", "image", "block"})
"""Keys whose values are compared with regard to case; names of NT's objects are not."""


def folded(key: str, value: str) -> str:
    """A value as it is compared: NT's names do not distinguish case."""
    return value if key in _EXACT else value.casefold()


def _number(text: str) -> int | None:
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None


def same(key: str, wanted: str, got: str) -> bool:
    """Equality of two values: text without regard to case, codes as numbers."""
    if wanted == got or folded(key, wanted) == folded(key, got):
        return True
    if wanted[:2].lower() == "0x" or got[:2].lower() == "0x":
        number = _number(wanted)
        return number is not None and number == _number(got)
    return False


def items(value: str) -> list[str]:
    """The items of a value that is a list: joined by NUL, else by commas."""
    parts = value.split("\0") if "\0" in value else value.split(",")
    return [part for part in (p.strip() for p in parts) if part]


def lacking(match: Match, value: str) -> list[str]:
    """Which wanted items a list lacks. `NAME=*` asks for the name only; names fold case."""
    present: dict[str, str] = {}
    for item in items(value) if "\0" in value or match.kind == "list" else _loose(value, match):
        name, _, content = item.partition("=")
        present[name.casefold()] = content
    out: list[str] = []
    for item in match.args:
        name, equals, content = item.partition("=")
        found = present.get(name.casefold())
        if found is None or (equals and content != "*" and found != content):
            out.append(item)
    return out


def _loose(value: str, match: Match) -> list[str]:
    # A block with a single variable holds no NUL; its value may hold commas.
    if any("=" in arg for arg in match.args):
        return [value]
    return items(value)


def meets(match: Match, key: str, data: Mapping[str, str], run: Mapping[str, str | None]) -> bool:
    """Whether `data[key]` meets the condition. A header field that is not known meets every one."""
    value = data.get(key)
    if value is None:
        return key.startswith("@")
    args = match.args
    match match.kind:
        case "eq":
            return same(key, args[0], value)
        case "any":
            return True
        case "glob":
            return any(fnmatchcase(folded(key, value), folded(key, arg)) for arg in args)
        case "in":
            return any(same(key, arg, value) for arg in args)
        case "same":
            other = data.get(args[0])
            return other is None or same(key, other, value)
        case "range":
            number = _number(value)
            if number is None or number < int(args[0]):
                return False
            return args[1] == "*" or number <= int(args[1])
        case "run":
            wanted = run.get(args[0])
            return wanted is None or wanted == value
        case "digest":
            return digest(match) == value.casefold()
        case "list":
            return not lacking(match, value) and len(items(value)) == len(args)
        case "has":
            return not lacking(match, value)
    return False


def digest(match: Match) -> str:
    """SHA-256 of the text (UTF-8) in hexadecimal digits; each `hex` behind it takes that of the digits."""
    text, *again = match.args
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    for _ in again:
        found = hashlib.sha256(found.encode()).hexdigest()
    return found


def wish(match: Match, key: str, data: Mapping[str, str], run: Mapping[str, str | None]) -> str:
    """What a value should have been, as findings print it."""
    args = match.args
    match match.kind:
        case "eq":
            return args[0]
        case "any":
            return "any value"
        case "same":
            return data.get(args[0]) or f"the value of {args[0]}"
        case "range":
            return f"at least {args[0]}" if args[1] == "*" else f"{args[0]} to {args[1]}"
        case "run":
            return run.get(args[0]) or "any value"
        case "digest":
            return digest(match)
        case "glob" | "in":
            return " or ".join(args)
        case "list":
            return "exactly " + ", ".join(args)
        case "has":
            gone = lacking(match, data.get(key, ""))
            return "also " + ", ".join(gone or args)
    return ", ".join(args)
