r"""C4: the drivers with Start=1, in the order of their groups and tags."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from smssboot.model.context import Context, Registry
from smssboot.model.registry import control_set, setting, strings
from smssboot.model.store import store_of, win32

_SYSTEM_START = 1
_OTHER_TAGS = 1 << 32
_DRIVER_TYPES = (1, 2)


def system_drivers(ground: Context) -> list[dict[str, Any]]:
    """`name`, `path` as it is loaded, `statuses`, `loaded` of each driver with Start=1."""
    store = store_of(ground)
    found: list[tuple[tuple[int, int], dict[str, Any]]] = []
    for name, entries in _services(ground.registry).items():
        value = {key.casefold(): data for key, (_, data) in entries.items()}
        if value.get("start") != _SYSTEM_START or value.get("type") not in _DRIVER_TYPES:
            continue
        path = image_path(name, value.get("imagepath"))
        info = store.find(win32(path))
        statuses = list(store.missing(win32(path))) if info is None else ["0x0"]
        if info is not None and info.kind != "native":
            statuses = ["0xC000007B", "0xC000012F", "0xC0000221"]
        row = {"name": name, "path": path, "statuses": statuses, "loaded": statuses == ["0x0"]}
        found.append((_rank(ground.registry, value), row))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _services(registry: Registry) -> dict[str, Mapping[str, Any]]:
    """Values of each key directly below Services, by its name."""
    prefix = rf"{control_set(registry)}\Services".casefold() + "\\"
    return {
        key[len(prefix) :]: entries
        for key, entries in registry.items()
        if key.casefold().startswith(prefix) and "\\" not in key[len(prefix) :]
    }


def image_path(name: str, told: Any) -> str:
    r"""ImagePath as it is loaded: relative to `\SystemRoot`, `drivers\NAME.sys` when it is silent."""
    if not isinstance(told, str) or not told:
        return rf"\SystemRoot\System32\drivers\{name}.sys"
    if told.startswith("\\"):
        return told
    return "\\SystemRoot\\" + told


def _rank(registry: Registry, value: Mapping[str, Any]) -> tuple[int, int]:
    """Place in ServiceGroupOrder, then in the group's list of tags; other tags and none come last."""
    groups = strings(setting(registry, r"Control\ServiceGroupOrder", "List"))
    group = str(value.get("group") or "")
    places = [at for at, known in enumerate(groups) if group and known.casefold() == group.casefold()]
    tag = value.get("tag")
    order = setting(registry, r"Control\GroupOrderList", group) if group else None
    rank = _OTHER_TAGS + tag if isinstance(tag, int) else _OTHER_TAGS << 1
    if isinstance(order, bytes) and len(order) >= 4 and isinstance(tag, int):
        count = min(struct.unpack_from("<I", order)[0], len(order) // 4 - 1)
        tags = struct.unpack_from(f"<{count}I", order, 4)
        rank = tags.index(tag) if tag in tags else rank
    return (places[0] if places else len(groups), rank)
