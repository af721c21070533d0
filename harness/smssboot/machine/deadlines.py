"""When patience ends, and whose fault it is. Pure: time and processor usage come from outside.

A limit counts *guest time*: wall time less the time in which QEMU was ready to run and the host ran
something else. A guest that used up its guest time hangs (waiting, or burning the processor); one that
never got its share within `host_patience` times the limit says nothing about the guest.
"""

from __future__ import annotations

from dataclasses import dataclass

from smssboot.machine.host import Usage
from smssboot.machine.plan import Policy
from smssboot.machine.symptoms import Diagnosis

_BUSY = 0.5  # of guest time spent on a processor: the guest runs rather than waits


@dataclass(frozen=True)
class Mark:
    """A moment: wall time in seconds and QEMU's usage by then."""

    wall: float
    usage: Usage


def guest_time(since: Mark, now: Mark) -> float:
    """Seconds between two moments that the guest could use."""
    wall = now.wall - since.wall
    return wall - min(max(now.usage.waited - since.usage.waited, 0.0), wall)


class Deadlines:
    """The limits in force. `scale` stretches all of them (slower machines, emulators)."""

    def __init__(self, policy: Policy, scale: float = 1.0) -> None:
        self._policy = policy
        self._scale = scale
        self._limits: dict[str, tuple[Mark, float]] = {}

    def started(self, now: Mark) -> None:
        """The guest runs from now on; nothing was heard of it yet."""
        self._limits = {
            "first record": (now, self._policy.first_record_s),
            "steady state": (now, self._policy.total_s),
        }

    def progressed(self, now: Mark) -> None:
        """A record arrived; the next one is due."""
        self._limits.pop("first record", None)
        if "steady state" in self._limits:
            self._limits["next record"] = (now, self._policy.silence_s)

    def stillness_awaited(self, now: Mark) -> None:
        """Nothing is missing; the guest should come to rest."""
        self._limits = {"standstill": (now, self._policy.still_s)}

    def power_off_requested(self, now: Mark) -> None:
        """The steady state is behind us; the end is due."""
        self._limits = {"power-off": (now, self._policy.shutdown_s)}

    def typed(self, now: Mark) -> None:
        """The operator has typed a line; the next prompt is due."""
        self._limits = {"operator's prompt": (now, self._policy.shutdown_s)}

    def suspended(self) -> None:
        """The guest is paused; nothing is due."""
        self._limits = {}

    def check(self, now: Mark) -> Diagnosis | None:
        """The verdict on the first limit that is exceeded, if one is."""
        for awaited, (since, seconds) in self._limits.items():
            limit = seconds * self._scale
            wall = now.wall - since.wall
            if wall <= limit:
                continue
            guest = guest_time(since, now)
            waited = wall - guest
            share = min(max((now.usage.cpu - since.usage.cpu) / max(guest, 1e-9), 0.0), 1.0)
            data = {
                "awaited": awaited,
                "limit_s": f"{limit:g}",
                "wall_s": f"{wall:.2f}",
                "waited_for_host_s": f"{waited:.2f}",
                "cpu_share": f"{share:.2f}",
            }
            if guest > limit:
                return _guest_at_fault(awaited, guest, share, data)
            if wall > limit * self._policy.host_patience:
                text = f"no {awaited}: the host kept QEMU waiting for {waited:.1f} of {wall:.1f} s"
                return Diagnosis("host-too-slow", text, data)
        return None


def _guest_at_fault(awaited: str, guest: float, share: float, data: dict[str, str]) -> Diagnosis:
    busy = share >= _BUSY
    how = "burning the processor" if busy else "waiting"
    text = f"no {awaited} for {guest:.1f} s, the guest {how} ({share:.0%} of a processor)"
    return Diagnosis("livelock" if busy else "silent-hang", text, data)
