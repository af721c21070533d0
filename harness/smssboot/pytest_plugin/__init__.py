"""The pytest plugin: the fixture `boot`, its markers, and recipes as tests (docs/pytest.md).

pytest loads this module by its entry point, in every session in an environment where smssboot is installed:
nothing but pytest and a few small modules is imported until something is booted.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from smssboot.errors import UsageError
from smssboot.pytest_plugin import machines, markers, recipes, reporting, settings
from smssboot.pytest_plugin.boots import Boots, Case
from smssboot.pytest_plugin.machines import BootError, Machines
from smssboot.pytest_plugin.run import Events, NoSuchEventError, Run, compared

__all__ = ["BootError", "Boots", "Events", "NoSuchEventError", "Run"]

_BUDGET = "smssboot_budget"
"""Key under which xdist's controller tells its workers the folder of the budget."""


def pytest_addoption(parser: pytest.Parser) -> None:
    settings.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    for line in settings.MARKERS:
        config.addinivalue_line("markers", line)
    config.stash[settings.KEY] = settings.read(config)
    told = getattr(config, "workerinput", {}).get(_BUDGET)
    config.stash[machines.KEY] = Machines(config, Path(told) if told else None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: all workers count their boots together."""
    node.workerinput[_BUDGET] = str(machines.of(node.config).budget_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    if machines.KEY in config.stash:
        machines.of(config).close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return recipes.collect(file_path, parent)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    markers.parametrize(metafunc)


def pytest_itemcollected(item: pytest.Item) -> None:
    """`-m boot` selects what boots."""
    if markers.CASE in getattr(item, "fixturenames", ()):
        item.add_marker("boot")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = [item for item in items if not markers.is_wanted(item)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        if machines.ATTEMPTS in item.stash:
            if not item.stash.get(reporting.FAILED, False):
                machines.of(item.config).forget(item.stash[machines.ATTEMPTS])
            # Items live as long as the session, and a boot's events take a megabyte.
            del item.stash[machines.ATTEMPTS]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if not item.stash.get(machines.ATTEMPTS, None):
        return (yield)
    reporting.before(item, call)
    report = yield
    reporting.after(item, call, report)
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    return compared(op, left, right)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A test that failed because QEMU or the host did counts as an error, not as a failure."""
    if getattr(report, reporting.INFRASTRUCTURE, False) and report.when == "call":
        return "error", "E", "ERROR"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reporting.summary(terminalreporter)


@pytest.fixture
def _smssboot_arch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def _smssboot_image(request: pytest.FixtureRequest) -> str | None:
    return getattr(request, "param", None)


@pytest.fixture
def _smssboot_profile(request: pytest.FixtureRequest) -> str | None:
    return getattr(request, "param", None)


@pytest.fixture
def _smssboot_case(
    request: pytest.FixtureRequest, _smssboot_image: str | None, _smssboot_profile: str | None
) -> Case:
    try:
        case = markers.case(request.node, _smssboot_image, _smssboot_profile)
    except UsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    request.node.stash[machines.ATTEMPTS] = case.attempts
    return case


@pytest.fixture
def arch(_smssboot_arch: str) -> str:
    """The architecture of this test: each is a test of its own."""
    return _smssboot_arch


@pytest.fixture
def boot(request: pytest.FixtureRequest, arch: str, _smssboot_case: Case) -> Boots:
    """Boots the image that the markers name, and judges it: `run = boot()`."""
    return Boots(request.config, arch, _smssboot_case)
