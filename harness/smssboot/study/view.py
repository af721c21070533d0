"""From what a boot left behind to what a report shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from smssboot.machine import causes
from smssboot.report.view import (
    CauseView,
    EventView,
    RestoredView,
    RunView,
    StatementView,
    StudyView,
    Verdict,
)
from smssboot.study.boot import Boot, artifact_paths
from smssboot.timeline.fingerprint import timeline_hash
from smssboot.timeline.items import Cause, Console, Event, Item, Start

if TYPE_CHECKING:
    from smssboot.conformance.findings import Finding, Report

_TAIL: Final = 12


def run_view(boot: Boot) -> RunView:
    """One boot as the report shows it."""
    prepared, image, outcome, report = boot.prepared, boot.image, boot.outcome, boot.report
    plan = prepared.plan
    if outcome is None:
        text = str(boot.error) if boot.error else ""
        cause = CauseView(boot.error_kind, text, infrastructure=True)
        later: tuple[CauseView, ...] = ()
        durations = {}
    else:
        cause, *rest = (_cause(item) for item in outcome.causes)
        later = tuple(rest)
        named = outcome.durations
        durations = {
            name: value
            for name in ("launch", "first_record", "steady", "shutdown", "total")
            if (value := getattr(named, name)) is not None
        }
    return RunView(
        verdict=_verdict(cause, report),
        cause=cause,
        arch=image.arch,
        profile=prepared.profile,
        image_id=image.id,
        image_sha256=image.sha256,
        recipe=image.name,
        target=plan.target.name,
        accel=plan.accel,
        qemu_version=outcome.qemu_version if outcome else "",
        qemu_argv=boot.argv,
        nonce=prepared.nonce,
        memory_mib=plan.ram_bytes >> 20,
        deterministic=plan.deterministic and not plan.inexact,
        inexact=plan.inexact,
        timeline_hash=timeline_hash(boot.items),
        cached=boot.recalled is not None,
        booted=boot.recalled.booted if boot.recalled is not None else "",
        restored_from=_restored(boot),
        events=_events(boot.items, report),
        findings=report.findings if report else (),
        expected=report.expected if report else 0,
        seen=report.seen if report else 0,
        durations_s=durations,
        artifacts={kind: str(path) for kind, path in artifact_paths(boot).items()},
        later_causes=later,
        notes=tuple(boot.notes),
        console_tail=_tail(boot.items),
        console=[item for item in boot.items if isinstance(item, Console)],
        log=f"{prepared.run_dir.name}/serial.log" if prepared.keep else "serial.log",
    )


def _restored(boot: Boot) -> RestoredView | None:
    snapshot = boot.prepared.restored
    if snapshot is None:
        return None
    return RestoredView(snapshot.event, snapshot.seq, snapshot.time_ns, str(snapshot.folder))


def log_view(items: Sequence[Item], report: Report | None, *, arch: str, profile: str, log: str) -> RunView:
    """A log that was judged without booting."""
    start = next((item for item in items if isinstance(item, Start)), Start())
    ends = [_cause(item) for item in items if isinstance(item, Cause)]
    cause = ends[0] if ends else CauseView("powered-off", "judged from a log" if report else "")
    return RunView(
        verdict=_verdict(cause, report),
        cause=cause,
        arch=arch,
        profile=profile,
        image_id=start.image,
        image_sha256=start.image_sha256,
        target=start.target,
        accel=start.accel,
        qemu_version=start.qemu_version,
        qemu_argv=start.argv,
        nonce=start.nonce,
        deterministic=_exact(start.argv),
        inexact="" if _exact(start.argv) or "-icount" not in start.argv else "its idle time was the host's",
        timeline_hash=timeline_hash(items),
        events=_events(items, report),
        findings=report.findings if report else (),
        expected=report.expected if report else 0,
        seen=report.seen if report else 0,
        later_causes=tuple(ends[1:]),
        console_tail=_tail(items),
        console=[item for item in items if isinstance(item, Console)],
        log=log,
    )


def study_view(runs: Sequence[RunView]) -> StudyView:
    """All runs, with the sentences that their findings quote."""
    wanted = {name for run in runs for finding in run.findings for name in finding.statements}
    return StudyView(runs, _statements(wanted) if wanted else {})


def _statements(wanted: Iterable[str]) -> dict[str, StatementView]:
    from smssboot import model

    known = model.statements()
    return {
        name: StatementView(name, known[name].document, known[name].section, known[name].text)
        for name in wanted
        if name in known
    }


def _verdict(cause: CauseView, report: Report | None) -> Verdict:
    """A boot conforms when it ended as it should and the model has no objection.

    As it should: in order, or by the bugcheck that the model requires.
    """
    if cause.infrastructure or report is None:
        return "error"
    ordered = causes.exit_code(cause.kind) == 0 or cause.kind == report.ended
    if report.verdict == "deviates" or not ordered:
        return "deviates"
    return "conforms"


def _cause(item: Cause) -> CauseView:
    infrastructure = item.kind in causes.KINDS and causes.is_infrastructure(item.kind)
    return CauseView(item.kind, item.text, item.data, infrastructure)


def _events(items: Sequence[Item], report: Report | None) -> list[EventView]:
    statuses = report.statuses if report else (None,) * len(items)
    return [
        EventView(item, status)
        for item, status in zip(items, statuses, strict=False)
        if isinstance(item, Event)
    ]


def _tail(items: Sequence[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Console)][-_TAIL:]


def _exact(argv: Sequence[str]) -> bool:
    """Whether instructions were counted and idle time skipped (machine/argv.py)."""
    return any(option == "-icount" and "sleep=off" in value for option, value in pairwise(argv))


def explain(findings: Sequence[Finding]) -> str:
    """The first finding in a few words, for a line of progress."""
    return findings[0].text if findings else ""
