"""Reads a JSON report back: the document that `document.py` writes, as the study that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smssboot.conformance.findings import Finding
from smssboot.report.document import SCHEMA
from smssboot.report.view import CauseView, EventView, RestoredView, RunView, StatementView, StudyView
from smssboot.timeline.items import Console, Event

Json = Mapping[str, Any]


def from_document(document: Any) -> StudyView:
    """The study of a report.  Raises ValueError, with what was expected, for anything else.

    Fields that were added to the first schema may be missing: another version wrote the report then.
    `Finding.final` is not part of a report and comes back as False.
    """
    try:
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema is {document['schema']!r}, expected {SCHEMA!r}")
        return StudyView(
            [_run(run) for run in document["runs"]],
            {key: StatementView(key, **known) for key, known in document["statements"].items()},
        )
    except KeyError as error:
        raise ValueError(f"no field {error.args[0]!r}, expected a report of {SCHEMA}") from None
    except (TypeError, AttributeError):
        raise ValueError(f"expected a report of {SCHEMA}") from None


def _run(run: Json) -> RunView:
    return RunView(
        verdict=run["verdict"],
        cause=CauseView(run["cause"], run["cause_text"], run["cause_data"], run["infrastructure"]),
        arch=run["arch"],
        profile=run["profile"],
        image_id=run["image"]["id"],
        image_sha256=run["image"]["sha256"],
        recipe=run["recipe"],
        target=run["target"],
        accel=run["accel"],
        qemu_version=run["qemu"]["version"],
        qemu_argv=tuple(run["qemu"]["argv"]),
        nonce=run.get("nonce", ""),
        memory_mib=run.get("memory_mib", 0),
        deterministic=run.get("deterministic", False),
        inexact=run.get("inexact", ""),
        timeline_hash=run.get("timeline_hash", ""),
        cached=run.get("cached", False),
        booted=run.get("booted", ""),
        restored_from=RestoredView(**found) if (found := run.get("restored_from")) else None,
        events=[_event(event) for event in run["events"]],
        findings=[_finding(finding) for finding in run["findings"]],
        expected=run["expected"],
        seen=run["seen"],
        durations_s={key: value for key, value in run["durations_s"].items() if value is not None},
        artifacts=run["artifacts"],
        later_causes=[CauseView(each["cause"], each["text"], each["data"]) for each in run["later_causes"]],
        console_tail=run["console_tail"],
        notes=run.get("notes", ()),
        console=[Console(text, line=line) for line, text in run.get("console", ())],
    )


def _event(event: Json) -> EventView:
    known = Event(
        voice=event["voice"],
        name=event["name"],
        data=event["data"],
        host_ns=event["host_ns"],
        seq=event["seq"],
        time_ns=event["time_ns"],
        session=event["session"],
        pid=event["pid"],
        line=event["line"],
        repaired=event["repaired"],
    )
    return EventView(known, event["status"])


def _finding(finding: Json) -> Finding:
    return Finding(
        code=finding["code"],
        kind=finding["kind"],
        event=finding["event"],
        text=finding["text"],
        label=finding["label"],
        expected=finding["expected"],
        got=finding["got"],
        statements=tuple(finding["statements"]),
        sentences=tuple(finding["sentences"]),
        line=finding["line"],
        time_ns=finding["time_ns"],
        seq=finding["seq"],
        cause=finding["likely_cause"],
        repair=finding["repair"],
        why=finding["why"],
        severity=finding["severity"],
        rule=finding["rule"],
        voice=finding["voice"] or "",
        related=tuple(finding["related"]),
    )
