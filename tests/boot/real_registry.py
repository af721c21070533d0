"""Recipes from the Session Manager configurations of real SYSTEM hives, with files made to match."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

REAL = Path(__file__).resolve().parents[3] / "shared" / "realdata" / "registry"
"""Recordings that lie beside the project where there are any; nothing of them is copied into it."""

_MANAGER = r"CurrentControlSet\Control\Session Manager"
_TYPES = {
    "RegSZ": "REG_SZ", "RegExpandSZ": "REG_EXPAND_SZ", "RegMultiSZ": "REG_MULTI_SZ", "RegDWord": "REG_DWORD"
}  # fmt: skip
_VALUES = (
    "BootExecute", "SetupExecute", "ExcludeFromKnownDlls", "ObjectDirectories", "PendingFileRenameOperations"
)  # fmt: skip
_KEYS = ("DOS Devices", "Environment", "KnownDLLs")


def configurations() -> list[Path]:
    """The recorded hives."""
    return sorted(REAL.glob("*.yaml"))


def pairs(recorded: Path) -> list[tuple[str, str]]:
    """The deferred renames: source and target, an empty target deletes."""
    values = _manager(recorded)["Session Manager"]["values"]
    items = values.get("PendingFileRenameOperations", {}).get("data", [])
    return list(zip(items[::2], items[1::2], strict=True))


def recipe(recorded: Path) -> str:
    """A recipe that extends the default image with the recorded configuration."""
    found = _manager(recorded)
    values = found["Session Manager"]["values"]
    registry: dict[str, Any] = {_MANAGER: {n: _value(values[n]) for n in _VALUES if n in values}}
    for key in _KEYS:
        registry[rf"{_MANAGER}\{key}"] = _named(found[rf"Session Manager\{key}"]["values"])
    memory = found[r"Session Manager\Memory Management"]["values"]
    registry[rf"{_MANAGER}\Memory Management"] = {"PagingFiles": _value(memory["PagingFiles"])}
    files = _sources([_path(source) for source, _ in pairs(recorded)])
    for _, target in pairs(recorded):
        if target.startswith("!"):
            files.setdefault(_path(target), {"text": "to be replaced"})
        elif target:
            folder = _path(target).rpartition("\\")[0]
            files.setdefault(folder, {"directory": True})
    document = {
        "name": recorded.stem.lower().replace("_", "-"),
        "extends": "default",
        "registry": {"delete": [rf"{_MANAGER}\{key}" for key in _KEYS], "set": registry},
        "files": files,
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _sources(paths: list[str]) -> dict[str, Any]:
    """What is to be moved or deleted: folders where others of them lie, and files with their name as text."""
    folded = [path.casefold() for path in paths]
    folders = {path for path in folded if any(other.startswith(path + "\\") for other in folded)}
    return {path: {"directory": True} if path.casefold() in folders else {"text": path} for path in paths}


def _manager(recorded: Path) -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load(recorded.read_text("utf-8"))["ControlSet001"]
    return whole


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": _TYPES[value["type"]], "data": value["data"]}


def _path(name: str) -> str:
    return name.removeprefix("!").removeprefix("\\??\\C:")
