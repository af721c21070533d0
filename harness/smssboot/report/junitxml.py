"""The report for CI systems: JUnit XML, as GitLab and Jenkins keep it.

Both know a test by `classname` and `name`, and compare the results of two jobs by them; GitLab drops a second
test of the same two, and refuses a file of 30 MB.  So: one suite per boot, whose `classname` is
`smssboot.<profile>.<arch>` (`naming.py`: with the recipe when there are several); one case per event name,
and the case `boot` for the boot's end; long texts are cut.  Deviations are failures, trouble of the machine
under us is an error, and never the other way round.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from junitparser import Attr, Error, Failure, JUnitXml, TestCase, TestSuite

from smssboot.conformance.findings import Finding
from smssboot.report.cases import BOOT_CASE, Case, event_cases
from smssboot.report.naming import class_names
from smssboot.report.terminal import finding_text
from smssboot.report.view import RunView, StudyView
from smssboot.timeline.printable import printable, shorten

MAX_BYTES: Final = 30_000_000
"""What GitLab reads at most."""
BODY_BYTES: Final = 100_000
"""The longest text of one case, as it stands in the file; the JSON report has all of it."""
_ALL_BODIES: Final = 20_000_000
_MAX_MESSAGE: Final = 1000
_NOT_ATTACHED: Final = ("disk", "writes")
"""Kept files that are too large to be carried around with a test result."""
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CUT: Final = "\n... cut; the JSON report has all of it"


class _Case(TestCase):
    """A test case that says where it happened: the serial log, and the line in it."""

    file = Attr()
    line = Attr()


def junit(study: StudyView) -> str:
    """The XML document as text."""
    document: Any = JUnitXml("smssboot")  # the library's methods are only partly typed
    room = _Room(_ALL_BODIES)
    for run, name in zip(study.runs, class_names(study), strict=True):
        document.add_testsuite(_Suite(run, study, _xml(name), room).build())
    document.update_statistics()
    encoded = document.tostring()
    return encoded.decode("utf-8") if isinstance(encoded, bytes) else str(encoded)


class _Room:
    """How much text the file may still take; what does not fit is cut."""

    def __init__(self, size: int) -> None:
        self.left = size

    def fit(self, words: str) -> str:
        """The text for a body, safe in XML and as long as there is room for it."""
        room = min(BODY_BYTES, self.left)
        text = _xml(words[: BODY_BYTES + 1])
        if _size(text) > room:
            low, high = 0, min(len(text), room)
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if _size(text[:middle]) <= room else (low, middle - 1)
            text = text[:low] + _CUT
        self.left = max(self.left - _size(text), 0)
        return text


class _Suite:
    """Makes the suite of one boot."""

    def __init__(self, run: RunView, study: StudyView, name: str, room: _Room) -> None:
        self.run, self.study, self.name, self.room = run, study, name, room
        self.log = run.artifacts.get("serial", run.log)

    def build(self) -> Any:
        suite = TestSuite(self.name)
        for key, value in _properties(self.run).items():
            if value:
                suite.add_property(key, shorten(_xml(value), _MAX_MESSAGE))
        # One by one each of them would count all of them again.
        suite.add_testcases([self._boot_case(), *map(self._event_case, event_cases(self.run))])
        return suite

    def _boot_case(self) -> Any:
        """The boot as a whole: why it ended, whether it could be judged, and the files that it left."""
        run = self.run
        case: Any = _Case(BOOT_CASE, self.name, _finite(run.durations_s.get("total", 0.0)))
        said: list[str] = []
        if run.verdict != "conforms":
            make = Error if run.verdict == "error" else Failure
            message = f"{run.cause.kind}: {run.cause.text}" if run.cause.text else run.cause.kind
            result: Any = make(shorten(_xml(message), _MAX_MESSAGE), _xml(run.cause.kind))
            told = [f"then {cause.kind}: {cause.text}" for cause in run.later_causes]
            told += [finding.text for finding in run.findings]
            result.text = self.room.fit("\n".join(told))
            case.result = [result]
            said += run.console_tail
        if self.log:
            case.file = shorten(_xml(self.log), _MAX_MESSAGE)
        text = self.room.fit("\n".join(said)) if said else ""
        attached = "\n".join(f"[[ATTACHMENT|{path}]]" for path in _attachments(run))
        if text or attached:
            case.system_out = "\n".join(part for part in (text, attached) if part)
        return case

    def _event_case(self, tested: Case) -> Any:
        case: Any = _Case(_xml(tested.name), self.name, tested.time_s)
        errors, remarks = tested.errors, tested.remarks
        if errors:
            first = errors[0]
            failure: Any = Failure(shorten(_xml(first.text), _MAX_MESSAGE), f"{first.code} {first.kind}")
            failure.text = self.room.fit(self._diagnosis(errors))
            case.result = [failure]
        if remarks:
            case.system_out = self.room.fit(self._diagnosis(remarks))
        if tested.findings and self.log:
            case.file = shorten(_xml(self.log), _MAX_MESSAGE)
            line = next((each.line for each in (*errors, *remarks) if each.line is not None), None)
            if line is not None:
                case.line = str(line)
        return case

    def _diagnosis(self, findings: list[Finding]) -> str:
        return "\n\n".join(finding_text(finding, self.run, self.study) for finding in findings)


def _properties(run: RunView) -> dict[str, str]:
    return {
        "arch": run.arch,
        "profile": run.profile,
        "recipe": run.recipe,
        "image": run.image_id,
        "image.sha256": run.image_sha256,
        "target": run.target,
        "accel": run.accel,
        "deterministic": "yes" if run.deterministic else "no",
        "cached": "yes" if run.cached else "",
        "memory": f"{run.memory_mib} MiB" if run.memory_mib else "",
        "nonce": run.nonce,
        "timeline": run.timeline_hash,
        "qemu": run.qemu_version,
        "cause": run.cause.kind,
    }


def _attachments(run: RunView) -> list[str]:
    """The kept files in the form of GitLab and of Jenkins' JUnit Attachments, the serial log first."""
    kinds = sorted(run.artifacts, key=lambda kind: (kind != "serial", kind))
    paths = [_xml(run.artifacts[kind]) for kind in kinds if kind not in _NOT_ATTACHED]
    return [path for path in paths if path and "]]" not in path and "\n" not in path]


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _size(text: str) -> int:
    """Bytes in the file, with what XML escapes."""
    return len(text.encode()) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def _xml(words: str) -> str:
    """`words` without the characters that XML 1.0 forbids; one that is not allowed shows as U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", "\n".join(printable(row) for row in words.split("\n")))
