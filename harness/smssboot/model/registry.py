"""The SYSTEM hive as the model reads it: values, lists, the environment, object directories, DOS devices.

Key and value names are compared without regard to case, as the registry itself does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from smssboot.model.context import Registry

MANAGER: Final = r"Control\Session Manager"
_VARIABLE: Final = re.compile(r"%([^%]+)%")

BOOT_ENVIRONMENT: Final[Mapping[str, str]] = {"SystemDrive": "C:", "SystemRoot": r"C:\Windows"}
"""What the kernel gives to smss (step K4), apart from Path."""

def find(table: Mapping[str, Any], name: str) -> Any:
    """The entry of that name, or None; names fold case."""
    if name in table:
        return table[name]
    folded = name.casefold()
    for key, value in table.items():
        if key.casefold() == folded:
            return value
    return None


def control_set(registry: Registry) -> str:
    """The name of the control set that boots: `ControlSet001`."""
    select = find(registry, "Select") or {}
    current = find(select, "Current")
    number = current[1] if current is not None and isinstance(current[1], int) else 1
    return f"ControlSet{number:03d}"


def values(registry: Registry, key: str) -> dict[str, Any]:
    """Values of a key below the current control set, in the order of the hive; {} without the key."""
    found = find(registry, f"{control_set(registry)}\\{key}") or {}
    return {name: value for name, (_, value) in found.items()}


def setting(registry: Registry, key: str, name: str, default: Any = None) -> Any:
    """One value below the current control set, or the default."""
    found = find(values(registry, key), name)
    return default if found is None else found


def strings(value: Any) -> list[str]:
    """A REG_MULTI_SZ or REG_SZ as a list, without empty items."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value if str(item)]


def unique(items: list[str]) -> list[str]:
    """Each item once, the first spelling wins; case is folded."""
    seen: dict[str, str] = {}
    for item in items:
        seen.setdefault(item.casefold(), item)
    return list(seen.values())


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace `%NAME%`; a variable that is not set stays as it is written."""

    def one(found: re.Match[str]) -> str:
        value = find(environment, found.group(1))
        return found.group(0) if value is None else str(value)

    return _VARIABLE.sub(one, text)


def object_directories(registry: Registry) -> list[str]:
    """Paths of ObjectDirectories, in listed order."""
    return unique(strings(setting(registry, MANAGER, "ObjectDirectories")))


def dos_devices(registry: Registry) -> list[list[str]]:
    """[name, target] of each DOS device."""
    found = values(registry, rf"{MANAGER}\DOS Devices")
    return [[name, str(target)] for name, target in found.items() if isinstance(target, str)]


def environment(registry: Registry) -> list[list[str]]:
    """[name, value] of each registry variable, expanded with those that were set before it."""
    found = find(registry, rf"{control_set(registry)}\{MANAGER}\Environment") or {}
    known: dict[str, str] = dict(BOOT_ENVIRONMENT)
    out: list[list[str]] = []
    for name, (kind, raw) in found.items():
        if kind not in ("REG_SZ", "REG_EXPAND_SZ") or not isinstance(raw, str):
            continue
        value = expand(raw, known) if kind == "REG_EXPAND_SZ" else raw
        for other in [n for n in known if n.casefold() == name.casefold()]:
            del known[other]
        known[name] = value
        out.append([name, value])
    return out
