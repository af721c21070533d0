"""Running pytest with our plugin, for its tests in several folders."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

MODULE = "smssboot.pytest_plugin"


def plugin() -> tuple[str, ...]:
    """Arguments by which pytest loads the plugin: none where it is installed with its entry point."""
    installed = any(point.value == MODULE for point in entry_points(group="pytest11"))
    return () if installed else ("-p", MODULE)


def run_pytest(pytester: pytest.Pytester, *arguments: str, apart: bool = False) -> pytest.RunResult:
    """Run pytest with the plugin in the test's folder: in this process, or in one of its own."""
    # labgrid is there once the bench was run, and writes its own summary.
    others = ("cacheprovider", "hypothesispytest", "labgrid")
    every = (*plugin(), *(word for name in others for word in ("-p", f"no:{name}")), *arguments)
    if apart:
        return pytester.runpytest_subprocess(*every, timeout=250)
    return pytester.runpytest_inprocess(*every)
