"""What the machine's tests share besides fixtures: quick limits, a recorder, one boot."""

from __future__ import annotations

import asyncio

from smssboot.machine.plan import LaunchPlan, Outcome, Policy
from smssboot.machine.supervisor import run
from smssboot.timeline.items import Item

QUICK = Policy(
    first_record_s=0.4,
    silence_s=0.4,
    total_s=5.0,
    shutdown_s=0.4,
    grace_s=0.1,
    quiet_s=0.02,
    power_off="none",
)
"""Limits that fit guests which are done within milliseconds."""


class Recorder:
    """A sink that keeps what it is given, and a monitor that is steady after `steady_after` records."""

    def __init__(self, steady_after: str | None = None) -> None:
        self.items: list[Item] = []
        self.steady = self.settled = False
        self._steady_after = steady_after

    def __call__(self, item: Item) -> None:
        self.items.append(item)

    def feed(self, item: Item) -> list[object]:
        if getattr(item, "name", None) == self._steady_after is not None:
            self.steady = True
        return []

    def names(self) -> list[str]:
        return [str(getattr(item, "name", getattr(item, "kind", type(item).__name__))) for item in self.items]


def boot(plan: LaunchPlan, recorder: Recorder, policy: Policy = QUICK, **options: object) -> Outcome:
    """One boot, start to end."""
    return asyncio.run(run(plan, recorder, policy, recorder, **options))  # type: ignore[arg-type]
