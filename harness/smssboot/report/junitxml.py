"""The report for CI systems: JUnit XML.

One suite per boot.  One case per event name, `classname` = `smssboot.<profile>.<arch>`, so that a case
keeps its name from run to run; and the case `boot` for the boot's end.  Deviations are failures,
trouble of the machine under us is an error, and never the other way round.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from smssboot.conformance.findings import Finding
from smssboot.report.terminal import finding_text
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.printable import printable

LOG_CASE: Final = "serial log"
"""The case that takes the findings which belong to no event, such as a damaged line."""
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(study: StudyView) -> str:
    """The XML document as text."""
    from junitparser import JUnitXml

    document: Any = JUnitXml("smssboot")  # the library's methods are only partly typed
    for run in study.runs:
        document.add_testsuite(_suite(run, study))
    document.update_statistics()
    encoded = document.tostring()
    return encoded.decode("utf-8") if isinstance(encoded, bytes) else str(encoded)


def _suite(run: RunView, study: StudyView) -> Any:
    from junitparser import TestSuite

    name = f"smssboot.{run.profile.replace('/', '.')}.{run.arch}"
    suite = TestSuite(_xml(name))
    for key, value in (
        ("image", run.image_id),
        ("image.sha256", run.image_sha256),
        ("recipe", run.recipe),
        ("target", run.target),
        ("accel", run.accel),
        ("qemu", run.qemu_version),
        ("cause", run.cause.kind),
    ):
        if value:
            suite.add_property(key, _xml(value))
    suite.add_testcase(_boot_case(run, name))
    judged = {} if run.verdict == "error" else _by_event(run)
    times = _stage_times(run)
    for event in dict.fromkeys([view.event.name for view in run.events] + list(judged)):
        suite.add_testcase(_event_case(event, judged.get(event, []), times.get(event), run, study, name))
    return suite


def _by_event(run: RunView) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in run.findings:
        found.setdefault(finding.event or LOG_CASE, []).append(finding)
    return found


def _boot_case(run: RunView, classname: str) -> Any:
    """The boot as a whole: why it ended, and whether it could be judged."""
    from junitparser import Error, Failure, TestCase

    case = TestCase("boot", _xml(classname), _finite(run.durations_s.get("total", 0.0)))
    if run.verdict == "conforms":
        return case
    make = Error if run.verdict == "error" else Failure
    said = f"{run.cause.kind}: {run.cause.text}" if run.cause.text else run.cause.kind
    result = make(_xml(said), _xml(run.cause.kind))
    told = [f"then {cause.kind}: {cause.text}" for cause in run.later_causes]
    told += [finding.text for finding in run.findings]
    result.text = _xml("\n".join(told))
    case.result = [result]
    if run.console_tail:
        case.system_out = _xml("\n".join(run.console_tail))
    return case


def _event_case(
    event: str,
    findings: list[Finding],
    time: float | None,
    run: RunView,
    study: StudyView,
    classname: str,
) -> Any:
    from junitparser import Failure, TestCase

    case = TestCase(_xml(event).strip() or LOG_CASE, _xml(classname), time)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        failure = Failure(_xml(errors[0].text), _xml(f"{errors[0].code} {errors[0].kind}"))
        failure.text = _xml("\n\n".join(finding_text(finding, run, study) for finding in errors))
        case.result = [failure]
    remarks = [finding_text(finding, run, study) for finding in findings if finding.severity != "error"]
    if remarks:
        case.system_out = _xml("\n\n".join(remarks))
    return case


def _stage_times(run: RunView) -> dict[str, float]:
    """For each `<stage>.end` the seconds of the guest since its `<stage>.begin` in the same process."""
    begun: dict[tuple[str, int | None, int | None], int] = {}
    times: dict[str, float] = {}
    for view in run.events:
        event = view.event
        stage, _, edge = event.name.rpartition(".")
        if event.voice != "claim" or event.time_ns is None:
            continue
        process = (stage, event.session, event.pid)
        if edge == "begin":
            begun[process] = event.time_ns
        elif edge == "end" and process in begun:
            elapsed = max(event.time_ns - begun.pop(process), 0) / 1e9
            times[event.name] = times.get(event.name, 0.0) + elapsed
    return times


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _xml(words: str) -> str:
    """`words` without the characters that XML 1.0 forbids; one that is not allowed shows as U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", "\n".join(printable(row) for row in words.split("\n")))
