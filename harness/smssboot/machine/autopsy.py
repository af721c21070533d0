"""A look at a guest that went wrong, before it is ended: where its processor stands, twice if it hangs."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from smssboot.machine.errors import MachineError
from smssboot.machine.vm import Machine

REGISTERS = "registers.txt"

# Program counter and stack pointer, in both architectures' `info registers`.
_WANTED = {
    "pc": re.compile(r"\b(?:RIP|EIP|PC)\s*=\s*([0-9a-fA-F]+)"),
    "sp": re.compile(r"\b(?:RSP|ESP|SP)\s*=\s*([0-9a-fA-F]+)"),
    "halted": re.compile(r"\bHLT=([01])"),
}
_APART_S = 0.02  # between two looks at a guest that hangs


@dataclass(frozen=True)
class Autopsy:
    """`data`: `pc`, `sp`, `halted` (x86) of the first look, `pc2` of a second one; `path`: the dump."""

    data: dict[str, str]
    path: Path


async def examine(vm: Machine, twice: bool) -> Autopsy | None:
    """Pauses the guest and writes its registers to the run directory; None if QEMU does not answer."""
    try:
        await vm.stop()
        dump = await vm.hmp("info registers")
        data = parse(dump)
        if twice:
            await vm.cont()
            await asyncio.sleep(_APART_S)
            await vm.stop()
            second = await vm.hmp("info registers")
            dump += f"\n{_APART_S * 1000:g} ms later:\n{second}"
            data["pc2"] = parse(second).get("pc", "")
    except MachineError:
        return None
    path = vm.plan.run_dir / REGISTERS
    path.write_text(dump)
    return Autopsy(data, path)


def parse(dump: str) -> dict[str, str]:
    """Program counter, stack pointer and halt state in `info registers`, as record values."""
    found = {}
    for name, pattern in _WANTED.items():
        if match := pattern.search(dump):
            found[name] = match[1] if name == "halted" else f"0x{int(match[1], 16):X}"
    return found
