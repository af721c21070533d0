"""What is known before power-on: the ground on which a model stands for one boot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

RegistryValue: TypeAlias = tuple[str, Any]
"""Type name (`REG_SZ`, `REG_EXPAND_SZ`, `REG_MULTI_SZ`, `REG_DWORD`, `REG_BINARY`) and Python value:
text, text, a list of text, an integer, bytes."""

Registry: TypeAlias = Mapping[str, Mapping[str, RegistryValue]]
"""The SYSTEM hive: key path relative to the hive's root (`ControlSet001\\Control\\...`) to its values."""


@dataclass(frozen=True, slots=True)
class Context:
    """Facts that the harness knows before the boot begins.

    `nonce` and `image` may be None (a log of which only the text is left): then they are not checked.
    `sessions` overrides the number that the registry asks for. `fault` is "" for a boot that must
    succeed, or names an expected failure, `bugcheck 0x6F`. `action` is what the boot is asked to do
    once it is steady: `poweroff` or `reset`. `files` are the names of the image's programs.
    """

    arch: str
    registry: Registry = field(default_factory=dict)
    nonce: str | None = None
    image: str | None = None
    sessions: tuple[int, ...] | None = None
    fault: str = ""
    action: str = "poweroff"
    files: tuple[str, ...] = ()
    profile: str = "win11/documented"
