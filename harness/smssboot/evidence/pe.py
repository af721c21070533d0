"""What a PE file is, read from the file alone: imports, subsystem, entry point, size, machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

from smssboot.timeline.items import Event

_SUBSYSTEMS = {1: "native", 2: "windows-gui", 3: "windows-console", 10: "efi-application"}
_MACHINES = {0x8664: "x86_64", 0xAA64: "aarch64", 0x14C: "i386"}

# One public symbol in a linker's map: section:offset, name, address.
_MAP_SYMBOL = re.compile(r"^ [0-9a-f]{4}:[0-9a-f]{8} +(\S+) +([0-9a-f]{16}) ", re.MULTILINE)


def inspect(path: Path) -> list[Event]:
    """One `pe.image` event; with `error` instead of the rest if the file is no PE image. Raises OSError.

    `entry` is a name where the file or the linker's map beside it proves one, else the entry's address
    relative to the image (`0x1010`): a PE file itself knows only the address.
    """
    import pefile  # half a boot's time to import, and needed once per image

    size = str(path.stat().st_size)
    try:
        image = pefile.PE(os.fspath(path), fast_load=True)
    except (pefile.PEFormatError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        data = {"file": path.name, "size": size, "error": f"no PE image: {error}"}
        return [Event("evidence", "pe.image", data)]
    with image:
        directories = pefile.DIRECTORY_ENTRY
        image.parse_data_directories(
            [directories["IMAGE_DIRECTORY_ENTRY_IMPORT"], directories["IMAGE_DIRECTORY_ENTRY_EXPORT"]]
        )
        optional, machine = image.OPTIONAL_HEADER, image.FILE_HEADER.Machine
        imports = [_ascii(entry.dll) for entry in getattr(image, "DIRECTORY_ENTRY_IMPORT", [])]
        exports = getattr(image, "DIRECTORY_ENTRY_EXPORT", None)
        names = {s.address: _ascii(s.name) for s in exports.symbols if s.name} if exports else {}
        rva = int(optional.AddressOfEntryPoint)
        names |= _map_names(path.with_suffix(".map"), int(optional.ImageBase), rva)
        data = {
            "file": path.name,
            "subsystem": _SUBSYSTEMS.get(optional.Subsystem, str(optional.Subsystem)),
            "entry": names.get(rva, f"0x{rva:X}") if rva else "",
            "imports": ",".join(sorted(imports, key=str.lower)),
            "size": size,
            "machine": _MACHINES.get(machine, f"0x{machine:X}"),
        }
    return [Event("evidence", "pe.image", data)]


def imports(path: Path) -> tuple[str, ...]:
    """File names of the DLLs that a PE image imports, in its own order; none when it is no PE image."""
    import pefile

    try:
        image = pefile.PE(data=path.read_bytes(), fast_load=True)  # a mapped file would have to be closed,
    except (pefile.PEFormatError, ValueError):  # and closing one collects all garbage
        return ()
    image.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_IMPORT"]])
    return tuple(_ascii(entry.dll) for entry in getattr(image, "DIRECTORY_ENTRY_IMPORT", []))


def _map_names(path: Path, base: int, entry: int) -> dict[int, str]:
    """The name that the linker's map gives the entry point, if there is a map."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    found = ((int(match[2], 16) - base, match[1]) for match in _MAP_SYMBOL.finditer(text))
    return {rva: name for rva, name in found if rva == entry}


def _ascii(name: bytes) -> str:
    return name.decode("ascii", "replace")
