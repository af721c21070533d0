"""The report for programs: one JSON document, schema `smssboot.report/1` (schema.json beside this file).

The text is pure ASCII: whatever a guest printed arrives as `\\uXXXX`, and showing the document on a
terminal drives nothing.  Events and findings stand on one line each.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from smssboot.conformance.findings import Finding
from smssboot.report.view import DURATIONS, EXIT_CODES, CauseView, EventView, RunView, StudyView
from smssboot.timeline.phases import Phase

SCHEMA: Final = "smssboot.report/1"

Json = dict[str, Any]

_SHA256: Final = re.compile("[0-9a-f]{64}")


def to_json(study: StudyView) -> str:
    """The document as text, ended by a line feed."""
    return _layout(to_document(study), 0) + "\n"


def to_document(study: StudyView) -> Json:
    """The document as dictionaries and lists."""
    return {
        "schema": SCHEMA,
        "verdict": study.verdict,
        "exit_code": EXIT_CODES[study.verdict],
        "statements": {
            key: {"document": known.document, "section": known.section, "text": known.text}
            for key, known in sorted(study.statements.items())
        },
        "runs": [_run(run) for run in study.runs],
    }


def _run(run: RunView) -> Json:
    return {
        "verdict": run.verdict,
        "cause": run.cause.kind,
        "cause_text": run.cause.text,
        "cause_data": dict(run.cause.data),
        "infrastructure": run.cause.infrastructure,
        "later_causes": [_cause(cause) for cause in run.later_causes],
        "arch": run.arch,
        "profile": run.profile,
        "recipe": run.recipe,
        "image": {
            "id": run.image_id,
            "sha256": run.image_sha256 if _SHA256.fullmatch(run.image_sha256) else "",
        },
        "target": run.target,
        "accel": run.accel,
        "qemu": {"version": run.qemu_version, "argv": list(run.qemu_argv)},
        "nonce": run.nonce,
        "memory_mib": run.memory_mib,
        "deterministic": run.deterministic,
        "inexact": run.inexact,
        "timeline_hash": run.timeline_hash,
        "cached": run.cached,
        "booted": run.booted,
        "restored_from": asdict(run.restored_from) if run.restored_from else None,
        "expected": run.expected,
        "seen": run.seen,
        "durations_s": _durations(run.durations_s),
        "findings": [_finding(finding) for finding in run.findings],
        "phases": [_phase(phase, run) for phase in run.phases],
        "events": [_event(view) for view in run.events],
        "console_tail": list(run.console_tail),
        "console": [[line.line, line.text] for line in run.console],
        "notes": list(run.notes),
        "artifacts": dict(run.artifacts),
    }


def _cause(cause: CauseView) -> Json:
    return {"cause": cause.kind, "text": cause.text, "data": dict(cause.data)}


def _durations(durations: Mapping[str, float]) -> Json:
    """Every known stage is there; one that was not reached is null."""
    known: Json = {key: durations.get(key) for key in DURATIONS}
    return {key: value if value is None or math.isfinite(value) else None for key, value in known.items()}


def _phase(phase: Phase, run: RunView) -> Json:
    return {
        "name": phase.name,
        "session": phase.session,
        "process": phase.process,
        "begin_ns": phase.begin_ns,
        "end_ns": phase.end_ns,
        "own_ns": phase.own_ns,
        "instructions": run.instructions(phase),
        "parent": phase.parent,
    }


def _event(view: EventView) -> Json:
    event = view.event
    return {
        "seq": event.seq,
        "time_ns": event.time_ns,
        "host_ns": event.host_ns,
        "voice": event.voice,
        "name": event.name,
        "session": event.session,
        "pid": event.pid,
        "data": dict(event.data),
        "status": view.status,
        "line": event.line,
        "repaired": event.repaired,
    }


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "kind": finding.kind,
        "severity": finding.severity,
        "event": finding.event,
        "label": finding.label or finding.event,
        "voice": finding.voice or None,
        "expected": finding.expected,
        "got": finding.got,
        "statements": list(finding.statements),
        "sentences": list(finding.sentences),
        "line": finding.line or None,
        "seq": finding.seq,
        "time_ns": finding.time_ns,
        "text": finding.text,
        "why": finding.why,
        "likely_cause": finding.cause,
        "repair": finding.repair,
        "rule": finding.rule,
        "related": list(finding.related),
    }


_encode: Final = json.JSONEncoder(allow_nan=False).encode
_ONE_LINE_EACH: Final = ("events", "findings", "later_causes", "console", "phases")


def _layout(value: Json, depth: int) -> str:
    """JSON with one key per line, and one line for each entry of the long lists."""
    pad = "  " * (depth + 1)
    rows = []
    for key, entry in value.items():
        if key == "runs":
            shown = _list([_layout(run, depth + 2) for run in entry], pad)
        elif key in _ONE_LINE_EACH:
            shown = _list([_encode(part) for part in entry], pad)
        else:
            shown = _encode(entry)
        rows.append(f"{pad}{_encode(key)}: {shown}")
    return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"


def _list(parts: list[str], pad: str) -> str:
    return "[\n" + ",\n".join(f"{pad}  {part}" for part in parts) + f"\n{pad}]" if parts else "[]"
