"""A comparison for programs: JSON, schema `smssboot.comparison/1`; comparison.schema.json has it."""

from __future__ import annotations

from typing import Any, Final

from smssboot.conformance.comparison import Divergence
from smssboot.report.comparison import ComparisonView, PhaseRow, phase_rows
from smssboot.report.view import RunView

SCHEMA: Final = "smssboot.comparison/1"

Json = dict[str, Any]


def to_document(view: ComparisonView) -> Json:
    """The document as dictionaries and lists."""
    known = view.comparison
    return {
        "schema": SCHEMA,
        "diverges": view.diverges,
        "exit_code": 1 if view.diverges else 0,
        "a": _run(view.a, view.names[0]),
        "b": _run(view.b, view.names[1]),
        "by_model": view.by_model,
        "anyway": list(view.anyway),
        "phases": [_phase(row) for row in phase_rows(view)],
        "divergences": [
            *({**_divergence(one), "declared": None} for one in view.sorted.undeclared),
            *(
                {**_divergence(one), "declared": {"why": declared.why, "place": declared.place}}
                for one, declared in view.sorted.declared
            ),
        ],
        "not_seen": [
            {"event": one.event, "data": dict(one.data), "only": one.only, "why": one.why, "place": one.place}
            for one in view.sorted.unused
        ],
        "allowed": [
            {"label": one.label, "key": one.key, "a": one.a, "b": one.b, "why": one.why}
            for one in known.allowed
        ],
        "matched": known.matched,
        "reordered": known.reordered,
        "background": known.background,
    }


def _run(run: RunView, name: str) -> Json:
    return {
        "name": name,
        "arch": run.arch,
        "recipe": run.recipe,
        "profile": run.profile,
        "image": {"id": run.image_id, "sha256": run.image_sha256},
        "target": run.target,
        "accel": run.accel,
        "qemu_version": run.qemu_version,
        "deterministic": run.deterministic,
        "verdict": run.verdict,
        "cause": run.cause.kind,
        "timeline_hash": run.timeline_hash,
    }


def _phase(row: PhaseRow) -> Json:
    both = row.a_ns is not None and row.b_ns is not None and row.a_ns > 0
    return {
        "key": row.key,
        "process": row.process,
        "a_ns": row.a_ns,
        "b_ns": row.b_ns,
        "a_instructions": row.a_instructions,
        "b_instructions": row.b_instructions,
        "ratio": (row.b_ns or 0) / (row.a_ns or 1) if both else None,
    }


def _divergence(one: Divergence) -> Json:
    return {
        "kind": one.kind,
        "event": one.event,
        "label": one.label,
        "voice": one.voice or None,
        "only": one.only,
        "key": one.key,
        "a": one.a,
        "b": one.b,
        "near": one.near,
        "times": one.times,
        "data": {key: value for key, value in one.data.items() if not key.startswith("@")},
    }
