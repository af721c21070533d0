"""`time`, `blame` and `critical-chain` for programs: JSON, schema `costs.schema.json` beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smssboot.conformance.critical import Chain
from smssboot.report.costs import by_key, spent_on
from smssboot.report.stages import stages
from smssboot.report.view import RunView
from smssboot.timeline.phases import IDLE, INSTRUCTION_NS, Busy

TIME: Final = "smssboot.time/1"
BLAME: Final = "smssboot.blame/1"
CHAIN: Final = "smssboot.critical-chain/1"

Json = dict[str, Any]


def time(runs: Sequence[RunView]) -> Json:
    """What each stage took."""
    return {"schema": TIME, "runs": [{**_head(run), **_stages(run)} for run in runs]}


def blame(runs: Sequence[RunView]) -> Json:
    """The phases by their own time, the longest first."""
    return {"schema": BLAME, "runs": [{**_head(run), **_phases(run)} for run in runs]}


def critical_chain(chains: Sequence[tuple[RunView, Chain]]) -> Json:
    """The chains, the end first."""
    return {"schema": CHAIN, "runs": [{**_head(run), **_chain(run, chain)} for run, chain in chains]}


def _head(run: RunView) -> Json:
    return {
        "arch": run.arch,
        "recipe": run.recipe,
        "profile": run.profile,
        "image": run.image_id,
        "verdict": run.verdict,
        "deterministic": run.deterministic,
    }


def _stages(run: RunView) -> Json:
    known = stages(run)
    return {
        "kernel_ns": known.kernel_ns,
        "smss_ns": known.smss_ns,
        "sessions_ns": known.sessions_ns,
        "startup_ns": known.startup_ns,
        "startup_instructions": known.instructions,
        "waiting_ns": known.waiting_ns,
        "shutdown_ns": known.shutdown_ns,
        "host_s": {key: value for key, value in run.durations_s.items() if value == value},
    }


def _phases(run: RunView) -> Json:
    own = by_key(run)
    idle = own.pop(IDLE, None)
    whole = sum(ns for ns, _ in own.values())
    ranked = sorted(own.items(), key=lambda entry: -entry[1][0])
    return {
        "total_ns": whole,
        "idle_ns": idle[0] if idle else 0,
        "phases": [
            {
                "key": key,
                "name": phase.name,
                "session": phase.session,
                "process": phase.process,
                "own_ns": ns,
                "instructions": round(ns / INSTRUCTION_NS) if run.deterministic else None,
                "share": ns / whole if whole else 0.0,
            }
            for key, (ns, phase) in ranked
        ],
    }


def _chain(run: RunView, chain: Chain) -> Json:
    busy = Busy([view.event for view in run.events])
    return {
        "by_model": chain.by_model,
        "links": [
            {
                "label": link.label,
                "voice": link.event.voice,
                "seq": link.event.seq,
                "time_ns": link.time_ns,
                "own_ns": link.own_ns,
                "spent_on": _ranked(spent_on(busy, link)),
            }
            for link in chain.links
        ],
    }


def _ranked(spent: Mapping[str, int]) -> Json:
    return dict(sorted(spent.items(), key=lambda entry: -entry[1]))
