"""Reads a registry hive with regipy, which shares no code with the writer in `regf`.

What the model is grounded with comes from here, so a mistake of the writer cannot hide: the guest's own
reader, regipy and the writer have to agree.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from smssboot.errors import UsageError
from smssboot.image import regf

Registry: TypeAlias = dict[str, dict[str, tuple[str, regf.Data]]]
"""Key path relative to the hive's root, to value names, to (type, data)."""

_INLINE: Final = 0x80000000
_SEGMENTED: Final = 0x3FD8
_DEEPEST: Final = 64
_LOG_HEADER: Final = 512


def _checksum(header: bytes) -> int:
    found = 0
    for i in range(0, 508, 4):
        found ^= int.from_bytes(header[i : i + 4], "little")
    return {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(found, found)


def check_header(raw: bytes, name: str) -> None:
    """Raise UsageError unless `raw` begins like a whole hive: magic, checksum, version, length."""
    if len(raw) < 4096 or raw[:4] != b"regf":
        found = f"{len(raw)} bytes" if len(raw) < 4096 else f"it begins with {raw[:4]!r}"
        raise UsageError(f"{name}: not a registry hive: expected a regf header, found {found}")
    if _checksum(raw) != int.from_bytes(raw[508:512], "little"):
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


def is_whole(raw: bytes) -> bool:
    """Whether the last write of a hive came to its end: its two sequence numbers agree."""
    return raw[4:8] == raw[8:12]


def recover(path: Path, logs: Sequence[bytes], out: Path) -> bool:
    """Write to `out` what the hive at `path` is with its transaction logs (.LOG1, .LOG2), by regipy.

    False when no log has an entry, or regipy cannot apply them.
    """
    names = []
    for number, log in enumerate(logs):
        if len(log) > _LOG_HEADER and log[:4] == b"regf":
            place = out.with_name(f"{out.name}.LOG{number + 1}")
            place.write_bytes(log)
            names.append(os.fspath(place))
    if not names:
        return False
    logging.getLogger("regipy").setLevel(logging.ERROR)
    from regipy import recovery

    apply: Any = recovery.apply_transaction_logs
    try:
        apply(os.fspath(path), names[0], names[1] if len(names) > 1 else None, os.fspath(out))
    except Exception:  # regipy and construct raise many kinds for a damaged log
        return False
    raw = out.read_bytes()  # regipy sets the numbers and the length, and leaves the checksum to others
    out.write_bytes(raw[:508] + _checksum(raw).to_bytes(4, "little") + raw[512:])
    return True


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
