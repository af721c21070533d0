"""What a failed test says beyond its assertion: the findings of its boots, and where their files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from smssboot.errors import InfrastructureError
from smssboot.pytest_plugin import machines
from smssboot.pytest_plugin.keeping import keep
from smssboot.pytest_plugin.machines import Attempt
from smssboot.pytest_plugin.run import shown

INFRASTRUCTURE: Final = "smssboot_infrastructure"
"""Attribute of a test's report: the test failed because QEMU or the host did."""

FAILED: Final = pytest.StashKey[bool]()
"""The test failed, so that the files of its boots stay."""
_EXPLAINED: Final = pytest.StashKey[set[int]]()


def explanation(item: pytest.Item, attempts: list[Attempt]) -> str:
    """The findings of these boots in full; the test's report says them no second time."""
    item.stash.setdefault(_EXPLAINED, set()).update(attempt.number for attempt in attempts)
    logs = [(attempt.run, keep(item, attempt).files.get("serial")) for attempt in attempts]
    return "\n".join(run.explanation(log) for run, log in logs if run is not None)


def before(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Before pytest makes its report of a phase: a failed assertion about a boot gets the findings."""
    attempts = item.stash[machines.ATTEMPTS]
    if call.when == "teardown":  # from here on JUnit's properties are complete
        item.user_properties += [("smssboot.boot", _said(attempt)) for attempt in attempts]
    error = call.excinfo.value if call.excinfo is not None else None
    if error is None or isinstance(error, (pytest.skip.Exception, pytest.exit.Exception)):
        return
    for attempt in attempts:
        keep(item, attempt)
    if isinstance(error, AssertionError) and error.args:
        said = str(error.args[0])
        told = [attempt for attempt in _deviating(attempts) if attempt.run and attempt.run.token in said]
        if told:
            error.args = (f"{said}\n\n{explanation(item, told).rstrip()}", *error.args[1:])


def after(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """After pytest has made its report of a phase."""
    if not report.failed:
        return
    attempts = item.stash[machines.ATTEMPTS]
    item.stash[FAILED] = True
    if call.excinfo is not None and _is_infrastructure(call.excinfo.value, attempts):
        setattr(report, INFRASTRUCTURE, True)
    explained = item.stash.get(_EXPLAINED, set())
    untold = [attempt for attempt in _deviating(attempts) if attempt.number not in explained]
    if untold:
        report.sections.append(("smssboot findings", explanation(item, untold).rstrip()))
    lines = [line for attempt in attempts for line in _files(item, attempt)]
    if lines:
        report.sections.append(("smssboot artifacts", "\n".join(lines)))


def _deviating(attempts: list[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if attempt.run is not None and attempt.run.verdict == "deviates"]


def _is_infrastructure(error: BaseException, attempts: list[Attempt]) -> bool:
    """Whether a test ended by the very error by which one of its boots did."""
    causes = (error, error.__context__)
    failures = (attempt.error for attempt in attempts if isinstance(attempt.error, InfrastructureError))
    return any(failure in causes for failure in failures)


def _said(attempt: Attempt) -> str:
    return repr(attempt.run).strip("<>") if attempt.run else f"boot {attempt.number}: did not end"


def _files(item: pytest.Item, attempt: Attempt) -> Iterator[str]:
    files, trouble = keep(item, attempt)
    if files or trouble:
        yield _said(attempt)
        if trouble:
            yield f"  {trouble}"
        width = max(map(len, files), default=0)
        for kind, path in files.items():
            yield f"  {kind:<{width}}  {shown(path)}"


def summary(terminal: pytest.TerminalReporter) -> None:
    """How many failures say nothing about any guest."""
    every = [report for reports in terminal.stats.values() for report in reports]
    count = sum(getattr(report, INFRASTRUCTURE, False) for report in every)
    if count:
        tests = "1 test says" if count == 1 else f"{count} tests say"
        terminal.write_line(
            f"smssboot: {tests} nothing about the guest: QEMU or the host failed; it may help to try again",
            yellow=True,
        )
