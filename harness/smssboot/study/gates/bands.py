"""What is normal for boots that cannot be counted exactly: the median of several, and a band around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from smssboot.conformance.gate import Reference
from smssboot.timeline.measure import Measured

RUNS: Final = 5
"""Boots that a band is made from, and boots whose median is believed when one alone looks slow."""
FLOOR: Final = 0.005
"""No band is narrower than this part of the phase, or of the boot."""
SPREAD: Final = 2
"""Half a band is so many times the distance from the fastest to the slowest of the boots.  Five boots span
two thirds of what single boots do, and what is held against a band is a median once it looks slow."""
WIDE: Final = 0.05
"""A band beyond this part of the boot finds little, and people are told so."""


def middle(boots: Sequence[Measured]) -> Measured:
    """The median boot: each phase's median, in the order of the first boot.

    Records belong to a single boot, so a median of several has none.
    """
    if len(boots) == 1:
        return boots[0]
    first = boots[0]
    names = list(dict.fromkeys(phase for boot in boots for phase in boot.phases))
    phases = {name: int(median(boot.phases.get(name, 0) for boot in boots)) for name in names}
    step = max(boot.step for boot in boots)
    return Measured(first.unit, first.until, sum(phases.values()), phases, step=step)


def reference(boots: Sequence[Measured], order: str) -> Reference:
    """The median boot with its bands.

    What disturbs one phase of five boots may disturb another one of the sixth, so no phase's band is narrower
    than the largest distance that was seen in any phase.
    """
    centre = middle(boots)
    spreads = {phase: _spread([boot.phases.get(phase, 0) for boot in boots]) for phase in centre.phases}
    floor = max(spreads.values(), default=0)
    bands: Mapping[str, int] = {
        phase: int(max(FLOOR * cost, floor, SPREAD * spreads[phase]))
        for phase, cost in centre.phases.items()
    }
    band = int(max(FLOOR * centre.total, SPREAD * _spread([boot.total for boot in boots])))
    return Reference(centre, False, bands, band, order)


def _spread(values: Sequence[int]) -> int:
    return max(values) - min(values)
