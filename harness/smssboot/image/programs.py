"""The programs of an image: built from the guest's sources, brought along, damaged or left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.errors import did_you_mean
from smssboot.image import pekind

if TYPE_CHECKING:
    from smssboot.image.hive import Registry
    from smssboot.image.recipe import Program, Recipe

SYSTEM32: Final = "Windows/System32/"
KERNEL: Final = SYSTEM32 + "ntoskrnl.exe"
_SUFFIXES: Final = (".exe", ".dll", ".sys")
_MACHINES: Final = {"x86_64": 0x8664, "aarch64": 0xAA64}
_MACHINE_NAMES: Final = {0x8664: "x86_64", 0xAA64: "aarch64", 0x14C: "i386", 0x1C0: "arm"}
LOADERS: Final = {"x86_64": "BOOTX64.EFI", "aarch64": "BOOTAA64.EFI"}


def place_of(name: str) -> str:
    """Where a program lies below the system's root, as a module's name."""
    is_driver = name.lower().endswith(".sys") and name.lower() != "win32k.sys"
    return SYSTEM32 + ("drivers/" if is_driver else "") + name


def collect(recipe: Recipe, arch: str, binaries: Path) -> dict[str, bytes]:
    """All programs by file name, and the loader for the firmware: the kernel first, the others by name."""
    built = sorted(p.name for p in binaries.iterdir() if p.suffix in _SUFFIXES or p.name == LOADERS[arch])
    found = {name: (binaries / name).read_bytes() for name in built}
    for name, program in recipe.programs.items():
        if name not in found and program.file is None and not program.copy:
            raise program.place.error(
                f"programs: the guest builds no {name!r}", hint=did_you_mean(name, built)
            )
        if program.removed:
            del found[name]
            continue
        if program.file is not None:
            found[name] = _brought(program, name, arch)
        if program.copy:
            if program.copy not in built:
                raise program.place.error(
                    f"programs: the guest builds no {program.copy!r}", hint=did_you_mean(program.copy, built)
                )
            found[name] = (binaries / program.copy).read_bytes()
        if program.subsystem:
            found[name] = pekind.with_subsystem(found[name], program.subsystem)
        found[name] = _damaged(found[name], program)
    order = sorted(found, key=lambda name: (name != "ntoskrnl.exe", name))
    return {name: found[name] for name in order}


def boot_drivers(registry: Registry) -> list[str]:
    """Module names of the drivers that the SYSTEM hive starts with the kernel (`Start` is 0)."""
    current = registry.get("Select", {}).get("Current", ("REG_DWORD", 1))[1]
    number = current if isinstance(current, int) else 1
    services = f"ControlSet{number:03}\\Services\\".casefold()
    found = []
    for key, values in registry.items():
        name = key[len(services) :]
        if not key.casefold().startswith(services) or "\\" in name:
            continue
        by_name = {value.casefold(): data for value, (_, data) in values.items()}
        if by_name.get("start") == 0 and by_name.get("type") in (1, 2):
            path = by_name.get("imagepath")
            found.append(_module(path if isinstance(path, str) else f"System32\\drivers\\{name}.sys"))
    return found


def _module(path: str) -> str:
    """A driver's ImagePath as a module's name."""
    parts = [part for part in path.replace("/", "\\").split("\\") if part]
    folded = [part.casefold() for part in parts]
    for prefix in (["systemroot"], ["%systemroot%"], ["??", "c:", "windows"]):
        if folded[: len(prefix)] == prefix:
            parts = parts[len(prefix) :]
            break
    if parts and parts[0].casefold() == "system32":
        parts[0] = "System32"
    return "/".join(["Windows", *parts])


def _brought(program: Program, name: str, arch: str) -> bytes:
    """A program that was not built here: it must be a PE file for this architecture."""
    assert program.file is not None
    data = program.file.read_bytes()
    header = int.from_bytes(data[0x3C:0x40], "little") if data[:2] == b"MZ" else len(data)
    if data[header : header + 4] != b"PE\0\0":
        raise program.place.error(f"programs: {program.file} is no PE file", hint=f"needed for {name}")
    machine = int.from_bytes(data[header + 4 : header + 6], "little")
    if machine != _MACHINES[arch]:
        found = _MACHINE_NAMES.get(machine, f"machine {machine:#x}")
        raise program.place.error(f"programs: {program.file} is for {found}, the image for {arch}")
    return data


def _damaged(data: bytes, program: Program) -> bytes:
    out = bytearray(data)
    for damage in program.damage:
        if damage.truncate is not None:
            del out[damage.truncate :]
        elif damage.offset >= len(out):
            raise damage.place.error(f"damage: offset {damage.offset} is beyond the {len(out)} bytes")
        else:
            out[damage.offset] ^= damage.xor
    return bytes(out)
