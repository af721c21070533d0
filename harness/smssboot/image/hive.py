"""Reads a registry hive with regipy, which shares no code with the writer in `regf`.

What the model is grounded with comes from here, so a mistake of the writer cannot hide: the guest's own
reader, regipy and the writer have to agree.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final, TypeAlias

from smssboot.errors import UsageError
from smssboot.image import regf

Registry: TypeAlias = dict[str, dict[str, tuple[str, regf.Data]]]
"""Key path relative to the hive's root, to value names, to (type, data)."""

_INLINE: Final = 0x80000000
_SEGMENTED: Final = 0x3FD8
_DEEPEST: Final = 64


def check_header(raw: bytes, name: str) -> None:
    """Raise UsageError unless `raw` begins like a whole hive: magic, checksum, version, length."""
    if len(raw) < 4096 or raw[:4] != b"regf":
        found = f"{len(raw)} bytes" if len(raw) < 4096 else f"it begins with {raw[:4]!r}"
        raise UsageError(f"{name}: not a registry hive: expected a regf header, found {found}")
    checksum = 0
    for i in range(0, 508, 4):
        checksum ^= int.from_bytes(raw[i : i + 4], "little")
    checksum = {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(checksum, checksum)
    if checksum != int.from_bytes(raw[508:512], "little"):
        raise UsageError(f"{name}: damaged registry hive: the header's checksum is wrong")
    length = int.from_bytes(raw[40:44], "little")
    if len(raw) < 4096 + length:
        promised = f"its header promises {4096 + length} bytes, the file has {len(raw)}"
        raise UsageError(f"{name}: truncated registry hive: {promised}")


def read(path: Path) -> Registry:
    """All keys and values of a hive file.  Raises UsageError when it is none, or a damaged one."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    check_header(raw, str(path))
    logging.getLogger("regipy").setLevel(logging.ERROR)
    from regipy.registry import RegistryHive

    found: Registry = {}
    try:
        opener: Any = RegistryHive
        _walk(opener(str(path)).root, "", found, 0)
    except UsageError:
        raise
    except Exception as error:  # regipy and construct raise many kinds for a damaged file
        raise UsageError(f"{path}: damaged registry hive: {type(error).__name__}: {error}") from None
    return found


def _walk(key: Any, path: str, found: Registry, depth: int) -> None:
    if depth > _DEEPEST:
        raise UsageError(f"registry keys are nested more than {_DEEPEST} deep below {path!r}")
    found[path] = dict(_values(key))
    names = 0
    for subkey in key.iter_subkeys() or ():
        names += 1
        _walk(subkey, f"{path}\\{subkey.name}" if path else subkey.name, found, depth + 1)
    if names != key.subkey_count:
        raise UsageError(f"damaged registry hive: {path!r} promises {key.subkey_count} subkeys, has {names}")


def _values(key: Any) -> list[tuple[str, tuple[str, regf.Data]]]:
    """The values of a key, with the data as it lies in the file (regipy's own drops empty strings)."""
    from construct import Int32ul
    from regipy.structs import REGF_HEADER_SIZE, VALUE_KEY

    values: list[tuple[str, tuple[str, regf.Data]]] = []
    if not key.values_count:
        return values
    stream = key._stream
    base = REGF_HEADER_SIZE + 4
    stream.seek(base + key.header.values_list_offset)
    for offset in [Int32ul.parse_stream(stream) for _ in range(key.values_count)]:
        stream.seek(base + offset)
        vk = VALUE_KEY.parse_stream(stream)
        name = vk.name.decode("ascii" if vk.flags.VALUE_COMP_NAME else "utf-16-le") if vk.name_size else ""
        if vk.data_size >= _INLINE:
            raw = Int32ul.build(vk.data_offset)[: vk.data_size - _INLINE]
        else:
            record = key.read_value(vk, stream)
            raw = record.value
            if vk.data_size > _SEGMENTED and raw[:2] == b"db":
                raw = key._parse_indirect_block(stream, record)
        kind = regf.TYPE_NAMES.get(int(vk.data_type), f"REG_{int(vk.data_type)}")
        values.append((name, (kind, regf.decode(kind, raw))))
    return values
