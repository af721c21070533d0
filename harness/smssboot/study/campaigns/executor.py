"""How jobs get done: the one small protocol between a campaign and whoever runs its boots.

A campaign submits jobs, which are pure data, and reads results in whatever order they come.  `LocalExecutor`
(local.py beside this file) runs them on this machine; an engine for a fleet takes its place with these four
methods.  It may be slow, give results in another order, give one twice or lose one: the campaign copes with
all of that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple, Protocol

from smssboot.study.campaigns.job import Job, Result


class Handle(NamedTuple):
    """A job that was submitted; `number` is unique for its executor."""

    number: int
    name: str


Needs = Mapping[str, float]
"""What a job takes of an executor's resources while it runs, as abstract quantities: `{"cpu": 1}`."""

ONE_BOOT: Needs = {"cpu": 1}


class Executor(Protocol):
    """Runs jobs somewhere."""

    def submit(self, job: Job, needs: Needs, timeout_s: float | None, retries: int) -> Handle:
        """Take a job.  It is tried again up to `retries` times when its result says `infrastructure`, and one
        attempt that takes longer than `timeout_s` is ended, which is infrastructure as well."""

    def cancel(self, handle: Handle) -> None:
        """Forget a job, and end it if it runs; it gives no result.  Nothing for one that has ended."""

    def results(self) -> AsyncIterator[tuple[Handle, Result]]:
        """Results as they come, until none is to be expected any more."""

    async def close(self) -> None:
        """End whatever still runs.  May be called twice."""
