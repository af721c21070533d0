"""Times competing things in turn (A B A B ...), so that a noisy host is noisy for all of them."""

from __future__ import annotations

import gc
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LIMIT_S = 120.0


class BenchError(Exception):
    """Something that should have been measured did not work; the message is for people."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of each round of one contender, in the order in which the rounds took place."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median round."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run to its end. `stdin` is what it reads there; `proof` must have been written into
    `log` (or, without one, printed) near its end, so that nothing half-done is timed. `ready` makes ready
    what a run uses up; a race does not time it."""

    argv: Sequence[str]
    stdin: bytes = b""
    proof: bytes = b""
    log: Path | None = None
    ready: Callable[[], object] | None = None

    def __call__(self) -> None:
        """Runs it. Raises BenchError when it fails or does not do what it should."""
        try:
            done = subprocess.run(self.argv, input=self.stdin, capture_output=True, timeout=_LIMIT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchError(f"{self.argv[0]}: {error}") from None
        said = self.log.read_bytes() if self.log is not None else done.stdout
        if done.returncode or self.proof not in said[-4096:]:
            what = f"ended with {done.returncode}" if done.returncode else f"lacks {self.proof!r} at its end"
            tail = (done.stdout + done.stderr)[-2000:].decode("utf-8", "replace")
            raise BenchError(f"{' '.join(self.argv[:3])} ... {what}:\n{tail}")


def race(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Sample]:
    """Runs every contender once per round, in turn; one round before the first is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            if isinstance(run, Command) and run.ready is not None:
                run.ready()
            gc.collect()
            began = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return {name: Sample(tuple(values)) for name, values in seconds.items()}


def ratio(of: Sample, to: Sample) -> float:
    """The median over rounds of `of` / `to` in the same round: a slow minute of the host cancels out."""
    return statistics.median(a / b for a, b in zip(of.seconds, to.seconds, strict=True))


def best(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of the cheapest of several rounds of something that only computes."""
    seconds = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)
