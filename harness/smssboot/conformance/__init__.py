"""Timeline against expectation: findings and their smallest explanation. Pure: opens nothing.

    monitor = Monitor(expectation)            # online, while the guest runs
    for item in items:
        for finding in monitor.feed(item): ...
        if monitor.steady: ...                # everything before the shutdown part was seen
    report = check(expectation, items)        # offline, with the explanation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smssboot.conformance.checker import check as check
    from smssboot.conformance.findings import Finding as Finding
    from smssboot.conformance.findings import Report as Report
    from smssboot.conformance.monitor import Monitor as Monitor

_HOMES = {
    "Finding": "findings",
    "Report": "findings",
    "check": "checker",
    "Monitor": "monitor",
}

__all__ = ["Finding", "Monitor", "Report", "check"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that a running boot loads the monitor and not the explanations."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
