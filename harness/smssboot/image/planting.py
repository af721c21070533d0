"""Where the nonce of a boot goes: the placeholder's places in the hive, and in any bytes that hold it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from smssboot.image import regf, regvalues
from smssboot.image.built import PLACEHOLDER, SHORT, Spot

if TYPE_CHECKING:
    from smssboot.image.recipe import Recipe

RENAMED: Final = "\\Windows\\Temp\\smssboot-nonce.txt"
"""The file of the planted rename pair; it holds the nonce, and SMSS gives it a name with the nonce."""

MARK: Final = "\\Windows\\Temp\\bootmark.txt"
"""What bootmark.exe writes: the digest of the nonce."""

ASKED: Final = "<nonce>"
"""In a command of a recipe: the nonce of the boot."""

_PROCESSORS: Final = {"x86_64": "AMD64", "aarch64": "ARM64"}
_SESSION_MANAGER: Final = "CurrentControlSet\\Control\\Session Manager"


def registry(recipe: Recipe, arch: str) -> regf.Key:
    """The SYSTEM hive's keys, with the placeholder planted; two places more if there is a disk."""
    root = copy.deepcopy(recipe.registry)
    manager = root.open(regvalues.resolve(root, _SESSION_MANAGER))
    if manager is None:
        return root
    if recipe.sessions is not None:
        manager.values["NumberOfInitialSessions"] = regf.Value("REG_DWORD", recipe.sessions)
    for name in ("BootExecute", "SetupExecute"):
        _fill(manager, name)
    _append(manager, "ObjectDirectories", f"\\SmssbootNonce-{PLACEHOLDER}")
    _subkey(manager, "Environment").values["SMSSBOOT_NONCE"] = regf.Value("REG_SZ", PLACEHOLDER)
    device = f"SMSSBOOT_{PLACEHOLDER[:SHORT]}"
    _subkey(manager, "DOS Devices").values[device] = regf.Value("REG_SZ", "\\Device\\Null")
    if recipe.storage.disk is not None:
        # As an earlier start would have left it; who reads the disk offline looks here for the architecture.
        machine = regf.Value("REG_SZ", _PROCESSORS[arch])
        _subkey(manager, "Environment").values.setdefault("PROCESSOR_ARCHITECTURE", machine)
        pair = (f"\\??\\C:{RENAMED}", f"\\??\\C:\\smssboot-{PLACEHOLDER}.txt")
        _append(manager, "PendingFileRenameOperations", *pair)
        _append(manager, "BootExecute", f"bootmark {PLACEHOLDER} \\??\\C:{MARK}")
    return root


def spots(blob: bytes, at: int = 0) -> list[Spot]:
    """Every place of the placeholder in `blob`, whole or short; offsets count from `at` bytes before it."""
    found: list[Spot] = []
    taken: set[int] = set()
    for digits in (len(PLACEHOLDER), SHORT):
        for coding in ("utf-16-le", "ascii"):
            pattern = PLACEHOLDER[:digits].encode(coding)
            place = blob.find(pattern)
            while place >= 0:
                if place not in taken:
                    found.append((at + place, coding, digits))
                    taken.add(place)
                place = blob.find(pattern, place + 1)
    return found


def _fill(key: regf.Key, name: str) -> None:
    """Put the placeholder where the recipe's commands ask for the nonce."""
    for known, value in key.values.items():
        if known.casefold() == name.casefold() and isinstance(value.data, list):
            data = [str(item).replace(ASKED, PLACEHOLDER) for item in value.data]
            key.values[known] = regf.Value(value.type, data)


def _append(key: regf.Key, name: str, *items: str) -> None:
    """Add items to a list of texts; one of another type stays as the recipe wants it."""
    known = next((other for other in key.values if other.casefold() == name.casefold()), name)
    value = key.values.setdefault(known, regf.Value("REG_MULTI_SZ", []))
    if isinstance(value.data, list):
        value.data.extend(items)


def _subkey(key: regf.Key, name: str) -> regf.Key:
    found = key.open(name, create=True)
    assert found is not None
    return found
