"""The same boot by labgrid's QEMUDriver: power on, expect the last line on its console, power off.

`python labgrid_rival.py LAST-LINE-PATTERN JSON`; JSON = {"scratch", "qemu", "machine", "cpu", "memory",
"kernel", "bios", "append", "extra_args"}, files by their paths. labgrid builds its own command line and owns
the first serial port; `extra_args` carries the rest of the machine.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml
from labgrid import Environment


def main() -> int:
    """Boots once; raises labgrid's or pexpect's error when the line does not come."""
    pattern, text = sys.argv[1:]
    settings = json.loads(text)
    driver = {
        "qemu_bin": "qemu",
        "machine": settings["machine"],
        "cpu": settings["cpu"],
        "memory": settings["memory"],
        "kernel": "kernel",
        "boot_args": settings["append"],
        "extra_args": settings["extra_args"],
    }
    images = {"kernel": settings["kernel"]}
    if settings["bios"]:
        driver["bios"] = "bios"
        images["bios"] = settings["bios"]
    config = {
        "targets": {"main": {"drivers": {"QEMUDriver": driver}}},
        "tools": {"qemu": settings["qemu"]},
        "images": images,
    }
    path = Path(settings["scratch"]) / "labgrid.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    qemu = Environment(str(path)).get_target("main").get_driver("QEMUDriver")
    qemu.on()
    qemu.expect(pattern, timeout=60)
    qemu.off()
    return 0


if __name__ == "__main__":
    sys.exit(main())
