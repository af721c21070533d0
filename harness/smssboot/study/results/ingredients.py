"""Everything that goes into a boot that repeats exactly: its result is known by the hash of this.

What is missing here would make an old result pass for a new one, so everything is taken by content, and in
doubt something too many: the image with its disk, the nonce, QEMU with its files and arguments, the tools
that read the disk, the libraries, and the harness's own sources with the model (not reports and commands).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from smssboot.errors import InfrastructureError
from smssboot.image.built import BuiltImage
from smssboot.machine import argv, files
from smssboot.machine.errors import MachineError
from smssboot.machine.plan import LaunchPlan
from smssboot.study.exactness import obstacle
from smssboot.study.options import Options
from smssboot.study.prepare import choose_target, draft
from smssboot.study.results.digests import Digests

FORMAT: Final = 1
PACKAGE: Final = Path(__file__).parent.parent.parent
ROOMS: Final = ("timeline", "model", "conformance", "machine", "image", "evidence", "study")
_LIBRARIES: Final = ("regipy-", "construct-", "pefile-", "qemu_qmp-", "qemu.qmp-", "pyyaml-")


def key(image: BuiltImage, options: Options, folder: Path) -> str | None:
    """The hash by which the result of this boot is known; None for a boot that does not repeat exactly, or
    when its QEMU is not there (the boot will say so).  `folder` remembers digests.  Raises UsageError."""
    if image.arch in options.restore:
        return None  # QEMU's work is done already
    if not options.deterministic or options.firmware != "direct" or options.accel != "tcg":
        return None
    if obstacle(image, options, choose_target(image, options)):
        return None
    digests = Digests(folder)
    try:
        found = ingredients(image, options, digests)
    except (MachineError, InfrastructureError, OSError):
        return None
    finally:
        digests.close()
    import hashlib

    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def ingredients(image: BuiltImage, options: Options, digests: Digests) -> dict[str, Any]:
    """What goes in, by name.  Raises UsageError, MachineError, InfrastructureError or OSError."""
    from smssboot.timeline import jsonl

    plan = draft(image, options)
    return {
        "format": FORMAT,
        "timeline": jsonl.SCHEMA,
        "image": image.sha256,
        "arch": image.arch,
        "profile": plan.profile,
        "nonce": plan.nonce,
        "memory_mib": plan.ram_bytes >> 20,
        "power_off": options.power_off,
        "operator": options.operator,
        "timeout_s": options.timeout_s,
        "qemu": {name: digests.file(path) for name, path in files.of(plan).items()},
        "argv": _arguments(plan, image),
        "sources": digests.tree(PACKAGE, ROOMS),
        "libraries": _libraries(),
        "python": sys.version,
        "readers": {} if image.disk is None else _readers(digests),
    }


def _arguments(plan: LaunchPlan, image: BuiltImage) -> list[str]:
    """QEMU's arguments, wherever this image, this run and this QEMU lie."""
    channels = argv.Channels(console="file,path=serial.log", operator="socket", qmp="socket", ram="ram")
    _qemu, *words = argv.build(plan, channels)
    folder = str(image.dir)
    firmware = argv.firmware_path(argv.qemu_path(plan), plan)
    words = [plan.target.firmware or "" if word == firmware else word for word in words]
    return [word.replace(argv.escape(folder), "IMAGE").replace(folder, "IMAGE") for word in words]


def _readers(digests: Digests) -> dict[str, str]:
    """The programs that look into the disk."""
    from smssboot.evidence import tools

    return {name: digests.file(Path(tools.find(name)).resolve()) for name in tools.PACKAGES}


def _libraries() -> list[str]:
    """The installed versions, by the names of their metadata: to read it costs more than all the rest."""
    found: list[str] = []
    for path in sys.path:
        if path.endswith("-packages") and os.path.isdir(path):
            names = (name for name in os.listdir(path) if name.endswith((".dist-info", ".egg-info")))
            found += [name for name in names if name.lower().startswith(_LIBRARIES)]
    return sorted(found)
