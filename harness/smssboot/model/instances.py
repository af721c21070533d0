"""Expanding one event rule into instances: guards, loops, counts and the conditions on the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smssboot.model.errors import Mark, ModelError, Problem
from smssboot.model.expectation import UNBOUNDED, Match
from smssboot.model.expr import ExprError, evaluate, fill, text_of
from smssboot.model.functions import FUNCTIONS
from smssboot.model.language import Each, EventRule, Scalar, ValueRule


@dataclass(frozen=True, slots=True)
class Instance:
    """One expected event of a rule: its node, its loop variables, and each variable's neighbours.

    `before[v]` is the item that precedes this one in the list of `v`, None for the first; `at[v]` is
    its position, `last[v]` tells whether it is the last.
    """

    node: int
    values: Mapping[str, Any]
    before: Mapping[str, Any]
    at: Mapping[str, int]
    last: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass through a rule's loops."""

    scope: Mapping[str, Any]
    values: Mapping[str, Any]
    before: Mapping[str, Any]
    at: Mapping[str, int]
    last: Mapping[str, bool]


def fail(mark: Mark, error: ExprError) -> ModelError:
    """An expression's error at its place in the file."""
    return ModelError([Problem(mark.shifted(error.offset), error.message, error.hint)])


def compute(scalar: Scalar, scope: Mapping[str, Any]) -> Any:
    """The value of an expression or of a text with holes. Raises ModelError."""
    try:
        if scalar.computed:
            return evaluate(scalar.text, scope, FUNCTIONS)
        return fill(scalar.text, scope, FUNCTIONS)
    except ExprError as error:
        raise fail(scalar.mark, error) from None


def holds(guards: tuple[Scalar, ...], scope: Mapping[str, Any]) -> bool:
    """Whether every guard is true."""
    return all(compute(guard, scope) for guard in guards)


def turns(each: tuple[Each, ...], scope: Mapping[str, Any]) -> Iterator[Turn]:
    """All combinations of the loops, the last loop fastest."""
    yield from _turns(each, Turn(scope, {}, {}, {}, {}))


def _turns(each: tuple[Each, ...], turn: Turn) -> Iterator[Turn]:
    if not each:
        yield turn
        return
    loop, rest = each[0], each[1:]
    source = compute(loop.source, turn.scope)
    if isinstance(source, Mapping):
        source = [[name, value] for name, value in source.items()]
    if not isinstance(source, (list, tuple)):
        message = f"expected a list after `in`, found {type(source).__name__}"
        raise ModelError([Problem(loop.source.mark, message)])
    previous: dict[str, Any] = dict.fromkeys(loop.names)
    for position, item in enumerate(source):
        parts = list(item) if len(loop.names) > 1 and isinstance(item, (list, tuple)) else [item]
        if len(parts) != len(loop.names):
            message = f"expected {len(loop.names)} values for {', '.join(loop.names)}, found {len(parts)}"
            raise ModelError([Problem(loop.source.mark, message)])
        mine = dict(zip(loop.names, parts, strict=True))
        yield from _turns(
            rest,
            Turn(
                scope={**turn.scope, **mine},
                values={**turn.values, **mine},
                before={**turn.before, **previous},
                at={**turn.at, **dict.fromkeys(loop.names, position)},
                last={**turn.last, **{name: position == len(source) - 1 for name in loop.names}},
            ),
        )
        previous = mine


def condition(rule: ValueRule, scope: Mapping[str, Any]) -> Match | None:
    """One condition with its values computed; None when an expression says "not known" (None)."""
    args: list[str] = []
    for part in rule.parts:
        value = compute(part, scope)
        if value is None:
            return None
        if isinstance(value, (list, tuple)):
            args.extend(text_of(item) for item in value)
        else:
            args.append(text_of(value))
    if rule.kind == "range":
        low, found, high = (args[0] if args else "").partition("..")
        if not found or not low.strip().isdigit() or not (high.strip().isdigit() or high.strip() == "*"):
            raise ModelError([Problem(rule.mark, "expected a range such as `1..50688` or `1..*`")])
        return Match("range", (low.strip(), high.strip()))
    if rule.kind == "eq" and len(args) != 1:
        raise ModelError([Problem(rule.mark, "expected one value, found a list", "use {oneof: ...}")])
    return Match(rule.kind, tuple(args))


def conditions(
    data: Mapping[str, ValueRule], scope: Mapping[str, Any], inherited: Mapping[str, ValueRule]
) -> dict[str, Match]:
    """The conditions on an event's data, those of its actor included."""
    out: dict[str, Match] = {}
    for name, rule in (*inherited.items(), *data.items()):
        match = condition(rule, scope)
        if match is not None:
            out[name] = match
    return out


def bounds(rule: EventRule, scope: Mapping[str, Any]) -> tuple[int, int]:
    """How often an event must and may be seen."""
    low = compute(rule.low, scope)
    high = UNBOUNDED if rule.high is None else compute(rule.high, scope)
    if not isinstance(low, int) or not isinstance(high, int) or low < 0:
        raise ModelError([Problem(rule.mark, f"the count of `{rule.label}` is no number")])
    return low, max(low, high)
