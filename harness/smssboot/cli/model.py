"""`smssboot model`: the rules of a profile, what they cover, and what they predict for a recipe."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smssboot.cli.outputs import write
from smssboot.cli.parser import add_json, subcommands
from smssboot.errors import EXIT_CONFORMS, UsageError
from smssboot.image.paths import ARCHES

if TYPE_CHECKING:
    from smssboot.model.expectation import Expectation, Node
    from smssboot.model.language import Element, Model

DEFAULT_PROFILE = "win11/documented"


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    views = subcommands(parser, "view", "show|coverage|predict")
    for name, text in (
        ("show", "the rules of a profile"),
        ("coverage", "which rules cover which statement"),
        ("predict", "the events that a recipe must lead to"),
    ):
        view = views.add_parser(name, help=text, allow_abbrev=False)
        view.add_argument("--profile", metavar="P", default=None)
        add_json(view)
        if name == "predict":
            view.add_argument("recipe", nargs="?", metavar="RECIPE", default="default")
            view.add_argument("--arch", choices=ARCHES, default="x86_64")


def main(options: Namespace) -> int:
    """Show one view of the model."""
    views = {"show": _show, "coverage": _coverage, "predict": _predict}
    text, document = views[options.view](options)
    if options.json:
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
    """Per statement: the rules that cover it on which voices, or why it is open; and tests that show it."""
    from smssboot.cli.demonstrations import demonstrations
    from smssboot.image.paths import PROJECT
    from smssboot.model.audit import coverage

    found = _load(options.profile)
    table = coverage(found, demonstrations(PROJECT / "tests"))
    rows = [asdict(row) for row in table]
    return str(table), {"schema": "smssboot.coverage/1", "profile": found.profile, "statements": rows}


def _predict(options: Namespace) -> tuple[str, Any]:
    """What a recipe must lead to, and (in JSON) every expected event with its rule."""
    from smssboot.image.build import build
    from smssboot.image.built import PLACEHOLDER
    from smssboot.model.expectation import Graph
    from smssboot.model.prediction import prediction_of
    from smssboot.study.expect import context, ground_context

    image = build(options.recipe, options.arch)
    profile = options.profile or image.profile
    expected = ground_context(context(image, profile, PLACEHOLDER))
    prediction = prediction_of(expected)
    order = Graph(len(expected.nodes), expected.edges).order
    size = f"{len(expected.nodes)} events, {len(expected.edges)} orders between them"
    text = f"{image.name} {image.id}: {prediction}{size}\n(the nonce of a boot stands for {PLACEHOLDER})\n"
    return text, {
        "schema": "smssboot.prediction/1",
        "image": image.id,
        "placeholder": PLACEHOLDER,
        **prediction.to_json(),
        "expected": [_node(expected.nodes[i], expected) for i in order if expected.nodes[i].voice],
        "orders": [[edge.first, edge.then] for edge in expected.edges],
    }


def _node(node: Node, expected: Expectation) -> dict[str, Any]:
    from smssboot.model.expectation import UNBOUNDED

    rule = expected.rules[node.rule]
    return {
        "index": node.index,
        "voice": node.voice,
        "name": node.name,
        "key": dict(node.key),
        "data": {key: {match.kind: list(match.args)} for key, match in node.data},
        "count": [node.low, node.high if node.high < UNBOUNDED else None],
        "proves": list(node.proves),
        "rule": rule.where,
        "statements": list(rule.statements),
    }
