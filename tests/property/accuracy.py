"""How often the first finding names the mutated event: `python -m tests.property.accuracy [N]`.

`name@1` counts the event of the first finding alone, `also` accepts what that finding lists as related,
`single` asks for exactly one finding. The faults come from the model itself, so these are upper bounds.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from worlds import OPERATORS, Mutant, expectation, trace, unordered_swap

from smssboot.conformance import check


def main(count: int) -> None:
    """Print one row per operator."""
    expected = [expectation(arch, 5, sessions) for arch in ("x86_64", "aarch64") for sessions in (2, 3)]
    head = ("operator", "mutants", "detected", "name@1", "also", "single", "ms")
    print("{:<12} {:>7} {:>9} {:>8} {:>8} {:>8} {:>7}".format(*head))
    missed: list[str] = []
    for operator, make in OPERATORS.items():
        found = named = also = single = total = 0
        spent = 0.0
        for seed in range(count):
            chosen = expected[seed % len(expected)]
            mutant = make(chosen, trace(chosen, seed), random.Random(seed))
            if mutant is None:
                continue
            total += 1
            begin = time.perf_counter()
            findings = check(chosen, mutant.items).findings
            spent += time.perf_counter() - begin
            if not findings:
                missed.append(f"{operator} seed {seed}: not detected: {mutant.told}")
                continue
            found += 1
            single += len(findings) == 1
            direct = findings[0].event in mutant.named
            named += direct
            also += direct or _related(mutant, findings[0].related)
            if not direct:
                told = f"{findings[0].code} {findings[0].label}"
                missed.append(f"{operator} seed {seed}: first {told}, mutated {mutant.told}")
        percent = [f"{100 * n / total:.1f}" for n in (found, named, also, single)]
        print(
            f"{operator:<12} {total:>7} {percent[0]:>9} {percent[1]:>8} {percent[2]:>8} {percent[3]:>8} "
            f"{1000 * spent / total:>7.2f}"
        )
    alarms = 0
    for seed in range(count):
        items = unordered_swap(expected[0], trace(expected[0], seed), random.Random(seed))
        alarms += bool(check(expected[0], items).findings)
    print(f"false alarms on valid traces: {alarms} of {count}")
    for line in missed[:20]:
        print("  " + line[:200])


def _related(mutant: Mutant, related: tuple[str, ...]) -> bool:
    return any(label.split(" ")[0] in mutant.named for label in related)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
