"""What the host sees by itself of one boot: the programs' files, and the guest's memory at steady state."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Final

from smssboot.image.built import BuiltImage
from smssboot.timeline.items import Event

if TYPE_CHECKING:
    from smssboot.machine.vm import Machine

_CACHE: Final = "pe.json"
_INSPECTED: Final = ("smss.exe",)


def static_evidence(image: BuiltImage) -> list[Event]:
    """One `pe.image` event per inspected program; kept beside the image, whose files never change."""
    path = image.dir / _CACHE
    try:
        kept = json.loads(path.read_bytes())
        return [Event("evidence", name, data) for name, data in kept]
    except (OSError, ValueError):
        pass
    from smssboot.evidence import pe
    from smssboot.evidence.errors import EvidenceError

    events: list[Event] = []
    for file in image.files.values():
        if file.name in _INSPECTED:
            with contextlib.suppress(EvidenceError):  # no PE file: the model will miss its event
                events += pe.inspect(file)
    part = path.with_name(f".{_CACHE}.{os.getpid()}")
    part.write_text(json.dumps([[event.name, dict(event.data)] for event in events]), "utf-8")
    part.replace(path)
    return events


async def memory_evidence(vm: Machine, image: BuiltImage) -> list[Event]:
    """Processes, namespace, environments and waits, read from the paused guest's RAM and paging files."""
    from smssboot.evidence import memory
    from smssboot.evidence.errors import EvidenceError

    target = vm.plan.target
    guest = memory.GuestMemory(vm.ram(), target.ram_base, target.arch)
    try:
        symbols = memory.Symbols.load(image.symbols)
        where = await vm.translate(symbols.address(memory.ROOT_VARIABLE))
        return memory.inspect(guest, symbols, where, vm.plan.disk)
    except EvidenceError as error:
        return [Event("evidence", "memory.damaged", {"reason": str(error)})]
