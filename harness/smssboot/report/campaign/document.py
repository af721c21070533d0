"""A campaign for programs: one JSON document, schema `smssboot.campaign/1` (campaign.schema.json beside
this)."""

from __future__ import annotations

import json
from typing import Any, Final

from smssboot.report.campaign.view import EXIT_CODES, CampaignView, CellView

SCHEMA: Final = "smssboot.campaign/1"

Json = dict[str, Any]


def to_json(campaign: CampaignView) -> str:
    """The document as ASCII text, a line for each cell."""
    document = to_document(campaign)
    cells = document.pop("cells")
    rows = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items()]
    listed = ",\n".join(f"    {json.dumps(cell)}" for cell in cells)
    rows.append(f'  "cells": [\n{listed}\n  ]' if cells else '  "cells": []')
    return "{\n" + ",\n".join(rows) + "\n}\n"


def to_document(campaign: CampaignView) -> Json:
    """The document as dictionaries and lists."""
    return {
        "schema": SCHEMA,
        "name": campaign.name,
        "description": campaign.description,
        "matrix": campaign.matrix,
        "verdict": campaign.verdict,
        "exit_code": EXIT_CODES[campaign.verdict],
        "counts": campaign.counts,
        "started": campaign.started,
        "ended": campaign.ended,
        "seconds": campaign.seconds,
        "jobs": campaign.jobs,
        "axes": {name: list(values) for name, values in campaign.axes.items()},
        "cells": [_cell(cell) for cell in campaign.cells],
    }


def _cell(cell: CellView) -> Json:
    expected, shown, quarantine = cell.expected, cell.shown, cell.quarantine
    return {
        "id": cell.id,
        "axes": dict(cell.axes),
        "repetition": cell.repetition,
        "outcome": cell.outcome,
        "why": cell.why,
        "expected": {
            "verdict": expected.verdict,
            "finding": list(expected.codes),
            "says": expected.says,
            "bugcheck": expected.bugcheck,
            "cause": expected.cause,
        },
        "shown": None
        if shown is None
        else {
            "verdict": shown.verdict,
            "cause": shown.cause,
            "cause_text": shown.cause_text,
            "findings": shown.findings,
            "finding": {"code": shown.code, "text": shown.text} if shown.code else None,
            "bugchecks": list(shown.bugchecks),
            "image": {"id": shown.image_id, "sha256": shown.image_sha256},
            "timeline_hash": shown.timeline_hash,
            "cached": shown.cached,
            "boot_s": shown.booted_s,
        },
        "quarantine": None
        if quarantine is None
        else {"reason": quarantine.reason, "expires": quarantine.expires},
        "passed_in_quarantine": cell.passed_in_quarantine,
        "attempts": cell.attempts,
        "seconds": cell.seconds,
        "earlier": cell.earlier,
        "report": cell.report,
        "page": cell.page,
        "folder": cell.folder,
    }
