"""Which files of a QEMU installation take part in a boot: what a result is known by, beside the image."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from smssboot.machine import argv
from smssboot.machine.plan import LaunchPlan

_ROMS: Final = ("pvh.bin", "kvmvapic.bin", "linuxboot.bin", "linuxboot_dma.bin")
"""What QEMU puts beside a kernel that it loads itself; which of them depends on machine and version."""

_ELF: Final = b"\x7fELF"


def of(plan: LaunchPlan) -> dict[str, Path]:
    """The files by what they are: the binary, its accelerator where that is a module, firmware, ROMs.

    A `qemu` that is a script starts some other program; that is taken to be the target's usual one.
    Raises QemuMissing.
    """
    qemu = argv.qemu_path(plan)
    found = {"qemu": Path(qemu)}
    if _head(qemu) != _ELF:
        usual = shutil.which(plan.target.binary)
        if usual is not None:
            found["started"] = Path(usual)
    firmware = argv.firmware_path(qemu, plan)
    if firmware is not None:
        found["firmware"] = Path(firmware)
    prefix = Path(os.path.realpath(str(found.get("started", qemu)))).parent.parent
    for name in _ROMS:
        if (rom := prefix / "share" / "qemu" / name).is_file():
            found[name] = rom
    for module in (prefix / "lib").glob(f"*/qemu/accel-tcg-{plan.target.arch}.so"):
        found[module.name] = module
    return found


def _head(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(4)
