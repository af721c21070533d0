"""UEFI firmware for a target: where distributions keep its code and the template of its variables."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from smssboot.machine.errors import QemuMissing
from smssboot.machine.targets import Target

# Debian and Ubuntu first (with Ubuntu's newer name), then Fedora.
_PLACES: Final = {
    "x86_64": (
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ),
    "aarch64": (
        ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        ("/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        (
            "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
            "/usr/share/edk2/aarch64/vars-template-pflash.raw",
        ),
    ),
}
_PACKAGES: Final = {"x86_64": "ovmf", "aarch64": "qemu-efi-aarch64"}


class Firmware(NamedTuple):
    """`code` is used as it is, read only; `variables` is the template of each boot's own copy."""

    code: Path
    variables: Path


def find(target: Target) -> Firmware:
    """The firmware for a target.  Raises QemuMissing, with what to install."""
    for code, variables in _PLACES[target.arch]:
        if Path(code).is_file() and Path(variables).is_file():
            return Firmware(Path(code), Path(variables))
    package = _PACKAGES[target.arch]
    raise QemuMissing(f"there is no UEFI firmware for {target.arch}: apt-get install {package}")
