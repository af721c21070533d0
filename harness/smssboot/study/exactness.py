"""Whether a boot under `--deterministic` repeats bit by bit, and when its guest stands still.

Instructions are always counted then.  The times are exact as well when nothing of the host's pace can reach
the guest: its disk is memory (or it has none), and whatever the host does to it is done while it stands
still, which its kernel tells (docs/determinism.md).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.image.built import BuiltImage
from smssboot.machine.targets import Target
from smssboot.study.options import Options

if TYPE_CHECKING:
    from smssboot.machine.vm import Machine

_DRIVER: Final = "ivshmdsk"
_KERNEL_MAP: Final = "ntoskrnl.map"
"""Is beside an image's kernel when that kernel is of the build that the symbols are of."""
STATE: Final = "KiIdleState"
HALTED: Final = "KiHalted"
_NEVER: Final = (1 << 64) - 1
_POLL_S: Final = (0.0005, 0.01)
_AFTER_ALARM: Final = 101
"""`tm_year` once the machine's clock, which starts two seconds before 2001 (machine/argv.py), has rung."""


def obstacle(image: BuiltImage, options: Options, target: Target) -> str:
    """Why the times of a deterministic boot cannot be exact; empty: they are."""
    if image.disk is not None:
        if options.firmware == "uefi":
            return "the firmware waits for its disk at the host's pace"
        if options.disk == "virtio":
            return "a virtio disk answers at the host's pace"
        size = image.disk.stat().st_size
        if size > target.memory_disk_mib << 20:
            most = target.memory_disk_mib
            return f"its disk has {size >> 20} MiB, as memory {target.name} can show {most} MiB"
        if size & (size - 1):
            return f"its disk of {size} bytes is no power of two, so it cannot be shown as memory"
        if _DRIVER not in image.registry.read_text("utf-8").casefold():
            return f"its registry has no driver {_DRIVER} for a disk that is memory"
    if not image.replay and not (image.dir / _KERNEL_MAP).exists():
        return "its kernel is not ours and does not tell when it stands still"
    return ""


class Stillness:
    """Tells when the guest stands still: its processor sleeps, no timer of machine or kernel is set.

    With instructions counted, virtual time then stands still, too, for as long as the host likes.
    """

    def __init__(self, symbols: Path) -> None:
        """`symbols`: the kernel's, as its build wrote them.  Raises EvidenceError if they are not."""
        from smssboot.evidence.symbols import Symbols

        self._symbols = Symbols.load(symbols)
        self._halted = self._symbols.address(HALTED)
        self._count = -1  # how often the processor had gone to sleep, when it was last seen still
        self._state = 0  # guest physical address of the kernel's idle state; 0: not known yet
        self._until = self._times = self._total = 0
        self.idle_ns: int | None = None
        """Guest time that the processor had slept by the first standstill, executing nothing."""

    async def reached(self, vm: Machine, *, again: bool = False) -> None:
        """Returns once the guest stands still; `again`: and has woken up since it last did.

        Never returns if that never comes.
        """
        pause = _POLL_S[0]
        while not await self._still(vm, again):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _POLL_S[1])

    async def _still(self, vm: Machine, again: bool) -> bool:
        if not await self._asleep(vm) or not await self._find(vm):
            return False
        before = self._read(vm, self._times)
        if (again and before == self._count) or self._read(vm, self._until) != _NEVER:
            return False
        if vm.plan.target.alarm:
            clock = await vm.qmp.execute("qom-get", path="/machine", property="rtc-time")
            if clock["tm_year"] < _AFTER_ALARM:
                return False
        if not await self._asleep(vm) or self._read(vm, self._times) != before:
            return False
        self._count = before
        if self.idle_ns is None:
            self.idle_ns = self._read(vm, self._total)
        return True

    async def _asleep(self, vm: Machine) -> bool:
        """Whether the processor has executed the instruction that puts it to sleep, and is still there."""
        from smssboot.machine.autopsy import parse

        registers = parse(await vm.hmp("info registers"))
        return int(registers.get("pc", "0"), 16) == self._halted and registers.get("halted") != "0"

    async def _find(self, vm: Machine) -> bool:
        """Learn where the kernel's idle state is, from a processor that is in the kernel: else it lies."""
        if self._state:
            return True
        where = await vm.translate(self._symbols.address(STATE))
        if where is None:
            return False
        self._state = where
        self._until, self._times, self._total = (
            where + self._symbols.offset(f"KI_IDLE_STATE.{field}") for field in ("Until", "Count", "TotalNs")
        )
        return True

    def _read(self, vm: Machine, physical: int) -> int:
        at = physical - vm.plan.target.ram_base
        return int.from_bytes(vm.ram()[at : at + 8], "little")
