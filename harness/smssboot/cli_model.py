"""`smssboot model`: the rules of a profile, what they cover, and what they predict for a recipe."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from smssboot.errors import EXIT_CONFORMS, UsageError

if TYPE_CHECKING:
    from smssboot.model.expectation import Expectation, Node
    from smssboot.model.language import Element, Model

DEFAULT_PROFILE = "win11/documented"


def model(options: Namespace) -> int:
    """Show one view of the model."""
    views = {"show": _show, "coverage": _coverage, "predict": _predict}
    text, document = views[options.view](options)
    if options.json:
        from smssboot.cli_run import write

        write(options.json, json.dumps(document, indent=1, ensure_ascii=False))
    if options.json != "-":
        sys.stdout.write(text)
    return EXIT_CONFORMS


def _load(profile: str | None) -> Model:
    from smssboot import model as room

    try:
        return room.load(profile or DEFAULT_PROFILE)
    except room.ModelError as error:
        raise UsageError(str(error)) from None


def _show(options: Namespace) -> tuple[str, Any]:
    """Events, orders and prohibitions, each with where it stands and which statements it comes from."""
    found = _load(options.profile)
    rows: list[dict[str, Any]] = []
    for event in found.events.values():
        counted = f"{event.low.text}..{event.high.text if event.high else 'any'}"
        text = f"{event.voice} {event.name}" + (f" by {event.by}" if event.by else "")
        row = _row("event", event.label, text, event)
        rows.append({**row, "step": event.step, "count": counted, "proves": list(event.proves)})
    for chain in found.chains:
        rows.append(_row("order", chain.name, " -> ".join(map(_element, chain.elements)), chain))
    for timing in found.timings:
        high = "any time" if timing.high is None else f"{timing.high} ns"
        text = f"{_element(timing.start)} to {_element(timing.end)}: {timing.low} ns to {high}"
        rows.append(_row("timing", timing.name, text, timing))
    for never in found.nevers:
        rows.append(_row("never", never.name, f"{never.voice} {never.event}".strip(), never))
    for allow in found.allows:
        rows.append(_row("allow", allow.name, f"{allow.voice} {allow.event}", allow))
    lines = [f"profile {found.profile}: {', '.join(found.files)}"]
    for row in rows:
        place = f"{row['where']:<34} {row['kind']:<7} {row['name']:<34}"
        lines.append(f"{place} {row['text']}  {' '.join(row['statements'])}".rstrip())
    return "\n".join(lines) + "\n", {"schema": "smssboot.model/1", "profile": found.profile, "rules": rows}


def _row(kind: str, name: str, text: str, rule: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "text": text,
        "where": str(rule.mark),
        "statements": list(rule.statements),
        "why": rule.why,
    }


def _element(element: Element) -> str:
    bound = ", ".join(f"{b.name}={b.value}" if b.name else b.value for b in element.bindings)
    return f"{element.label}({bound})" if bound else element.label


def _coverage(options: Namespace) -> tuple[str, Any]:
    """Per statement: the rules that cover it, or why it is open."""
    from smssboot.model.audit import coverage

    found = coverage(_load(options.profile))
    document = _plain(found)
    return str(found) if not is_dataclass(found) else _table(document), document


def _table(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(item) for name, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [_plain(item) for item in value]
    return value


def _predict(options: Namespace) -> tuple[str, Any]:
    """The events that a recipe must lead to, in an order that its rules allow."""
    from smssboot.image.build import build
    from smssboot.image.built import PLACEHOLDER
    from smssboot.model.expectation import Graph
    from smssboot.study.expect import context, ground_context

    image = build(options.recipe, options.arch)
    profile = options.profile or image.profile
    expected = ground_context(context(image, profile, PLACEHOLDER))
    graph = Graph(len(expected.nodes), expected.edges)
    rows = []
    size = f"{len(expected.nodes)} events, {len(expected.edges)} orders"
    lines = [f"{image.name} {image.arch} {profile}: {size}"]
    for index in graph.order:
        node = expected.nodes[index]
        if node.voice == "":
            continue
        rows.append(_node(node, expected))
        count = "" if (node.low, node.high) == (1, 1) else f"  {node.low}..{_high(node) or 'any'}"
        data = " ".join(f"{key}={_match(match)}" for key, match in node.data if not key.startswith("@"))
        lines.append(f"{node.voice:<8} {node.label} {data}".rstrip() + count)
    return "\n".join(lines) + "\n", {
        "schema": "smssboot.prediction/1",
        "profile": profile,
        "arch": image.arch,
        "image": image.id,
        "events": rows,
        "orders": [[edge.first, edge.then] for edge in expected.edges],
    }


def _node(node: Node, expected: Expectation) -> dict[str, Any]:
    rule = expected.rules[node.rule]
    return {
        "index": node.index,
        "voice": node.voice,
        "name": node.name,
        "key": dict(node.key),
        "data": {key: {match.kind: list(match.args)} for key, match in node.data},
        "count": [node.low, _high(node)],
        "proves": list(node.proves),
        "rule": rule.where,
        "statements": list(rule.statements),
    }


def _high(node: Node) -> int | None:
    """The most events of this kind, or None where there is no limit."""
    from smssboot.model.expectation import UNBOUNDED

    return node.high if node.high < UNBOUNDED else None


def _match(match: Any) -> str:
    return "|".join(match.args) if match.kind in ("eq", "glob", "in") else f"<{match.kind}>"
