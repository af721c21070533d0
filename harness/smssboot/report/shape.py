"""Whether a JSON document has the shape that our own schema asks for, said with the place of what has not.

Knows the part of JSON Schema that `schema.json` uses; the tests hold it against a full implementation.  Keys
that the schema does not know and keys that are missing are let through: another version of the program may
have written the document, and its reader says what it cannot do without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_SHOWN: Final = 60


def check(schema: Mapping[str, Any], document: Any) -> None:
    """Raise ValueError, with the place (`runs[0].arch`), for the first thing of another shape."""
    _check(schema, schema, document, "")


def _check(whole: Mapping[str, Any], schema: Mapping[str, Any], value: Any, place: str) -> None:
    if "$ref" in schema:
        _check(whole, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, place)
    if "const" in schema and value != schema["const"]:
        _refuse(place, json.dumps(schema["const"]), value)
    if "enum" in schema and value not in schema["enum"]:
        _refuse(place, "one of " + ", ".join(map(json.dumps, schema["enum"])), value)
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        _refuse(place, " or ".join(kinds), value)
    if isinstance(value, dict):
        _object(whole, schema, value, place)
    elif isinstance(value, list):
        _array(whole, schema, value, place)
    elif isinstance(value, str):
        _text(schema, value, place)
    elif isinstance(value, (int, float)) and value < schema.get("minimum", value):
        _refuse(place, f"at least {schema['minimum']}", value)


def _object(whole: Mapping[str, Any], schema: Mapping[str, Any], value: Any, place: str) -> None:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, entry in value.items():
        inside = f"{place}.{key}" if place else key
        if "propertyNames" in schema:
            _check(whole, schema["propertyNames"], key, inside)
        if key in known:
            _check(whole, known[key], entry, inside)
        elif isinstance(others, dict):
            _check(whole, others, entry, inside)


def _array(whole: Mapping[str, Any], schema: Mapping[str, Any], value: Any, place: str) -> None:
    if len(value) < schema.get("minItems", 0):
        _refuse(place, f"at least {schema['minItems']} entries", value)
    first = schema.get("prefixItems", ())
    for number, entry in enumerate(value):
        rule = first[number] if number < len(first) else schema.get("items")
        if isinstance(rule, dict):
            _check(whole, rule, entry, f"{place}[{number}]")
        elif rule is False:
            _refuse(place, f"{len(first)} entries", value)


def _text(schema: Mapping[str, Any], value: str, place: str) -> None:
    if len(value) < schema.get("minLength", 0):
        _refuse(place, "a text that is not empty", value)
    if "pattern" in schema and not re.search(schema["pattern"], value):
        _refuse(place, f"a text like {schema['pattern']}", value)


def _refuse(place: str, expected: str, value: Any) -> None:
    shown = json.dumps(value)
    if len(shown) > _SHOWN:
        shown = shown[: _SHOWN - 3] + "..."
    raise ValueError(f"{place or 'the document'}: expected {expected}, found {shown}")
