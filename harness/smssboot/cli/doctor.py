"""`smssboot doctor`: what is there, which version, what it can do, and what to do about what is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from smssboot.cli.outputs import write
from smssboot.cli.parser import add_json
from smssboot.errors import EXIT_CONFORMS, EXIT_INFRASTRUCTURE, InfrastructureError

_SETUP: Final = "run ci/setup.sh"
_PACKAGES: Final = ("PyYAML", "qemu.qmp", "rich", "junitparser", "pefile", "regipy")
_ANSWER_S: Final = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.  `needed` says whether a boot is impossible without it."""

    name: str
    ok: bool
    found: str
    hint: str = ""
    needed: bool = True


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    add_json(parser)


def main(options: Namespace) -> int:
    """Look at everything; exit 3 when something needed is missing."""
    checks = [*_python(), *_compiler(), *_qemu(), *_accelerators(), *_place()]
    good = all(check.ok for check in checks if check.needed)
    if options.json:
        document = {"schema": "smssboot.doctor/1", "ok": good, "checks": [asdict(check) for check in checks]}
        text = json.dumps(document, indent=2) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            write(options.json, text)
    if options.json != "-":
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark = "ok  " if check.ok else ("MISS" if check.needed else "none")
            hint = f"  ({check.hint})" if check.hint and not check.ok else ""
            print(f"{mark}  {check.name:<{width}}  {check.found}{hint}")
        print("ready" if good else "not ready")
    return EXIT_CONFORMS if good else EXIT_INFRASTRUCTURE


def _python() -> list[Check]:
    from importlib.metadata import PackageNotFoundError, version

    found = sys.version.split()[0]
    checks = [Check("python", sys.version_info >= (3, 11), found, "Python 3.11 or newer is needed")]
    for name in _PACKAGES:
        try:
            checks.append(Check(f"python: {name}", True, version(name)))
        except PackageNotFoundError:
            checks.append(Check(f"python: {name}", False, "not installed", _SETUP))
    return checks


def _compiler() -> list[Check]:
    from smssboot.image.guest import llvm_version

    version = llvm_version()
    checks = []
    for tool in ("clang", "lld-link", "ld.lld", "llvm-objcopy"):
        path = shutil.which(f"{tool}-{version}") if version else None
        checks.append(Check(tool, path is not None, _version(path) if path else "not installed", _SETUP))
    make = shutil.which("make")
    checks.append(Check("make", make is not None, _version(make) if make else "not installed", _SETUP))
    return checks


def _qemu() -> list[Check]:
    from smssboot.machine.argv import firmware_path
    from smssboot.machine.errors import QemuMissing
    from smssboot.machine.plan import LaunchPlan
    from smssboot.machine.targets import TARGETS

    checks: list[Check] = []
    seen: set[str] = set()
    for target in TARGETS.values():
        path = shutil.which(target.binary)
        if target.binary not in seen:
            seen.add(target.binary)
            hint = f"apt-get install {target.package}"
            checks.append(Check(target.binary, path is not None, _version(path) if path else "missing", hint))
        if path is None:
            continue
        machine = target.machine.partition(",")[0]
        known = machine in _words(path, "-machine", "help")
        devices = _words(path, "-machine", machine, "-device", "help") if known else set()
        wanted = set(re.findall(r"-device,([a-z0-9-]+)", ",".join((*target.console, *target.operator))))
        wanted |= {option.partition(",")[0] for option in target.panic if not option.startswith("-")}
        wanted |= {"virtio-blk-pci", "ivshmem-plain"} if target.disk else set()
        missing = sorted(wanted - devices)
        text = "machine and devices" if known and not missing else f"lacks {', '.join(missing) or machine}"
        checks.append(Check(f"target {target.name}", known and not missing, text, "needs QEMU 7.2 or newer"))
        if target.firmware:
            try:
                firmware = firmware_path(path, LaunchPlan(target=target, run_dir=Path())) or ""
                checks.append(Check(target.firmware, True, firmware))
            except QemuMissing as error:
                checks.append(Check(target.firmware, False, "missing", str(error)))
    return [*checks, *_uefi()]


def _uefi() -> list[Check]:
    """Firmware is needed for `--firmware uefi` alone."""
    from smssboot.machine import firmware
    from smssboot.machine.errors import QemuMissing
    from smssboot.machine.targets import DEFAULT_TARGET

    checks = []
    for arch, target in DEFAULT_TARGET.items():
        try:
            found = firmware.find(target)
            checks.append(Check(f"UEFI {arch}", True, f"{found.code}, {found.variables}", needed=False))
        except QemuMissing as error:
            checks.append(Check(f"UEFI {arch}", False, "missing", str(error), needed=False))
    return checks


def _accelerators() -> list[Check]:
    """tcg is always there; kvm counts only when it really runs a guest well."""
    checks = [Check("accelerator tcg", True, "always there")]
    try:
        from smssboot.machine import accel
    except ImportError:
        return checks
    for arch in ("x86_64", "aarch64"):
        chosen = accel.choose("auto", arch)
        name = getattr(chosen, "name", str(chosen))
        reason = getattr(chosen, "reason", "")
        text = f"{arch}: auto gives {name}" + (f" ({reason})" if reason else "")
        checks.append(Check("accelerator kvm", name == "kvm", text, needed=False))
    return checks


def _place() -> list[Check]:
    from smssboot.image.paths import GUEST, build_dir

    checks = [Check("guest sources", GUEST.is_dir(), str(GUEST), "install smssboot again")]
    folder = build_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    checks.append(Check("build folder", writable, str(folder), "set SMSSBOOT_BUILD to a writable folder"))
    return checks


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"{command[0]} does not answer: {error}") from None
    return done.stdout + done.stderr


def _version(path: str) -> str:
    """The version that a tool prints of itself, and where it is."""
    said = re.search(r"\d+(?:\.\d+)+", _run(path, "--version"))
    return f"{said[0] if said else 'unknown version'}  {path}"


def _words(path: str, *arguments: str) -> set[str]:
    """Names that QEMU lists: the first word of a line, or what stands in quotes after `name`."""
    text = _run(path, *arguments)
    first = {line.split()[0] for line in text.splitlines() if line.strip()}
    return first | set(re.findall(r'name "([^"]+)"', text))
