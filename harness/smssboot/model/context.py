"""What is known before power-on: the ground on which a model stands for one boot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

RegistryValue: TypeAlias = tuple[str, Any]
"""Type name (`REG_SZ`, `REG_EXPAND_SZ`, `REG_MULTI_SZ`, `REG_DWORD`, `REG_BINARY`) and Python value:
text, text, a list of text, an integer, bytes."""

Registry: TypeAlias = Mapping[str, Mapping[str, RegistryValue]]
"""The SYSTEM hive: key path relative to the hive's root (`ControlSet001\\Control\\...`) to its values."""


class FileInfo(NamedTuple):
    """A file or directory as it lies on a volume before the boot.

    `size` in bytes; `sha256` is empty when the content is not known or holds the nonce (a short text is then
    in `text`); `kind` is that of a PE image (`native`, `windows`, `dll`...), else empty.
    """

    size: int = 0
    directory: bool = False
    readonly: bool = False
    sha256: str = ""
    kind: str = ""
    text: str | None = None


class DumpInfo(NamedTuple):
    """A crash dump that an earlier boot left in the paging file at `path`; `bytes` of it."""

    path: str
    bytes: int
    sha256: str = ""


class ImageInfo(NamedTuple):
    """A PE image: its `kind`, and the file names of the DLLs that it imports, in the order of its table."""

    kind: str = ""
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of the disk before power-on, in the order of the partitions.

    `letter` like `C:`, empty for the EFI system partition. `free` and `cluster` in bytes. `problems` are the
    kinds of damage done to it; `files` by path in lower case, without the letter (`\\windows\\temp`).
    """

    letter: str
    device: str
    bytes: int = 0
    free: int = 0
    cluster: int = 4096
    dirty: bool = False
    problems: tuple[str, ...] = ()
    files: Mapping[str, FileInfo] = field(default_factory=dict)
    dump: DumpInfo | None = None
    filesystem: str = "FAT32"
    serial: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Facts that the harness knows before the boot begins.

    `nonce` and `image` may be None (a log of which only the text is left): then they are not checked.
    `sessions` overrides the number that the registry asks for. `fault` is "" for a boot that must
    succeed, or names an expected failure, `bugcheck 0x6F`. `action` is what the boot is asked to do
    once it is steady: `poweroff` or `reset`. `files` are the names of the image's programs
    (`Windows/System32/smss.exe`), `images` what is known of them, by the same names in lower case.
    `volumes` are those of the disk, none for a boot without one; `memory_mib` is the machine's memory.
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
    memory_mib: int = 64
    volumes: tuple[Volume, ...] = ()
    images: Mapping[str, ImageInfo] = field(default_factory=dict)
