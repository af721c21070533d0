"""The small reader of our schema agrees with a full one, on good documents and on spoilt ones."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import report_samples
from hypothesis import given
from hypothesis import strategies as st

from smssboot.report import shape
from smssboot.report.document import to_document
from smssboot.report.view import StudyView

SCHEMA: dict[str, Any] = json.loads(files("smssboot.report").joinpath("schema.json").read_text("utf-8"))
GOOD: dict[str, Any] = json.loads(json.dumps(to_document(StudyView([report_samples.run()]))))


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, entry in inside for path in paths(entry, (*at, key)))]


def spoil(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    inside: Any = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return document


VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
LET_THROUGH = ("additionalProperties", "required")
WORDS = st.sampled_from([None, True, 1, -1, 1.5, "", "x", [], ["x"], {}, {"x": 1}, [1, "x"], [[1, "x", 2]]])


def test_a_report_has_the_shape() -> None:
    shape.check(SCHEMA, GOOD)


@given(path=st.sampled_from([path for path in paths(GOOD) if path]), value=WORDS)
def test_agrees_with_a_full_implementation(path: tuple[Any, ...], value: Any) -> None:
    document = spoil(path, value)
    try:
        shape.check(SCHEMA, document)
    except ValueError:
        agreed = False
    else:
        agreed = True
    others = [e for e in VALIDATOR.iter_errors(document) if e.validator not in LET_THROUGH]
    assert agreed == (not others), others


def test_every_word_of_the_schema_is_known() -> None:
    known = {
        "$schema", "$id", "$defs", "$ref", "title", "description", "type", "enum", "const", "minimum",
        "required", "properties", "additionalProperties", "propertyNames", "items", "prefixItems", "minItems",
        "minLength", "pattern",
    }  # fmt: skip

    def words(rule: Any) -> set[str]:
        found = set(rule)
        for key in ("properties", "$defs"):
            for inside in rule.get(key, {}).values():
                found |= words(inside)
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(rule.get(key), dict):
                found |= words(rule[key])
        return found.union(*map(words, rule.get("prefixItems", ())))

    assert words(SCHEMA) <= known


@pytest.mark.parametrize("document", [None, [], "x", {"schema": "smssboot.report/2"}])
def test_anything_else_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        shape.check(SCHEMA, document)
