"""Writes registry hives in the regf 1.5 format, from nothing, the same bytes for the same content.

Cells: `nk` keys, `vk` values, one shared `sk` security descriptor, `lh` subkey lists (under an `ri` when
there are many), `db` for values beyond 16,344 bytes.  The root key is the first cell, subkeys are sorted by
their upper-case names, values of up to four bytes live in their `vk`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

TYPES: Final[Mapping[str, int]] = {
    "REG_NONE": 0,
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_DWORD_BIG_ENDIAN": 5,
    "REG_LINK": 6,
    "REG_MULTI_SZ": 7,
    "REG_RESOURCE_LIST": 8,
    "REG_FULL_RESOURCE_DESCRIPTOR": 9,
    "REG_RESOURCE_REQUIREMENTS_LIST": 10,
    "REG_QWORD": 11,
}
TYPE_NAMES: Final[Mapping[int, str]] = {number: name for name, number in TYPES.items()}

Data: TypeAlias = str | int | bytes | list[str]

_NONE: Final = 0xFFFFFFFF
_BIN: Final = 4096
_BIN_HEADER: Final = 32
_SEGMENT: Final = 16344  # bytes of a value's data in one cell of a db record
_LEAF: Final = 500  # subkeys in one lh list; more go under an ri
_TIME: Final = 126_227_808_000_000_000  # 2001-01-01 in 100 ns since 1601: every hive is of the same age
_NK_SIZE: Final = 0x4C
_VK_SIZE: Final = 0x14


@dataclass(slots=True)
class Value:
    """A value: its type's name and its data (text, number, bytes, or the items of a REG_MULTI_SZ)."""

    type: str
    data: Data


@dataclass(slots=True)
class Key:
    """A key with its values and subkeys, each under the name it is written with."""

    values: dict[str, Value] = field(default_factory=dict)
    subkeys: dict[str, Key] = field(default_factory=dict)

    def open(self, path: str, *, create: bool = False) -> Key | None:
        """The key at `path` below this one (case does not matter), or None when it is not there."""
        key = self
        for name in filter(None, path.split("\\")):
            known = {other.upper(): other for other in key.subkeys}
            found = known.get(name.upper())
            if found is None:
                if not create:
                    return None
                found = name
                key.subkeys[name] = Key()
            key = key.subkeys[found]
        return key


def encode(value: Value) -> bytes:
    """The bytes of a value's data.  Raises ValueError when they do not fit its type."""
    kind, data = value.type, value.data
    if isinstance(data, bytes):
        return data
    if kind in ("REG_SZ", "REG_EXPAND_SZ", "REG_LINK") and isinstance(data, str):
        text = data.encode("utf-16-le", "surrogatepass")
        return text if kind == "REG_LINK" else text + b"\0\0"
    if kind == "REG_MULTI_SZ" and isinstance(data, list):
        return "".join(item + "\0" for item in [*data, ""]).encode("utf-16-le", "surrogatepass")
    if isinstance(data, int) and kind in ("REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_QWORD"):
        size = 8 if kind == "REG_QWORD" else 4
        if not 0 <= data < 1 << 8 * size:
            raise ValueError(f"{data} does not fit {kind}")
        return data.to_bytes(size, "big" if kind == "REG_DWORD_BIG_ENDIAN" else "little")
    raise ValueError(f"{kind} cannot hold {type(data).__name__} data")


def decode(kind: str, raw: bytes) -> Data:
    """The data behind a value's bytes; whatever does not fit its type stays bytes."""
    if kind in ("REG_SZ", "REG_EXPAND_SZ", "REG_LINK") and len(raw) % 2 == 0:
        return raw.decode("utf-16-le", "surrogatepass").partition("\0")[0]
    if kind == "REG_MULTI_SZ" and len(raw) % 2 == 0:
        text = raw.decode("utf-16-le", "surrogatepass")
        text = text.removesuffix("\0")  # the list's own end
        return text.removesuffix("\0").split("\0") if text else []
    if (kind, len(raw)) in (("REG_DWORD", 4), ("REG_QWORD", 8)):
        return int.from_bytes(raw, "little")
    if (kind, len(raw)) == ("REG_DWORD_BIG_ENDIAN", 4):
        return int.from_bytes(raw, "big")
    return raw


def write(root: Key, file_name: str = "SYSTEM") -> bytes:
    """The whole hive.  `file_name` is kept in the header, as Windows does."""
    return _Writer(file_name).hive(root)


def _security_descriptor() -> bytes:
    """O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD), self-relative."""
    system = struct.pack("<BB6sI", 1, 1, b"\0\0\0\0\0\5", 18)
    administrators = struct.pack("<BB6sII", 1, 2, b"\0\0\0\0\0\5", 32, 544)
    everyone = struct.pack("<BB6sI", 1, 1, b"\0\0\0\0\0\1", 0)
    aces = b"".join(
        struct.pack("<BBHI", 0, 2, 8 + len(sid), mask) + sid
        for sid, mask in ((system, 0xF003F), (administrators, 0xF003F), (everyone, 0x20019))
    )
    dacl = struct.pack("<BBHHH", 2, 0, 8 + len(aces), 3, 0) + aces
    group = 20 + len(administrators)
    header = struct.pack("<BBHIIII", 1, 0, 0x8004, 20, group, 0, group + len(system))
    return header + administrators + system + dacl


def _name(name: str) -> tuple[bytes, bool]:
    """A name's bytes, and whether it is stored as one byte per character.

    Only ASCII is: Latin-1 would be allowed, but readers disagree about its upper half.
    """
    try:
        return name.encode("ascii"), True
    except UnicodeEncodeError:
        return name.encode("utf-16-le", "surrogatepass"), False


def _units(name: str) -> Iterator[int]:
    """The UTF-16 units of the upper-case name; characters whose upper case is longer stay as they are."""
    upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in name)
    raw = upper.encode("utf-16-le", "surrogatepass")
    return (unit for (unit,) in struct.iter_unpack("<H", raw))


def name_hash(name: str) -> int:
    """The hash of a subkey's name in an lh list."""
    total = 0
    for unit in _units(name):
        total = (total * 37 + unit) & 0xFFFFFFFF
    return total


class _Writer:
    """Lays out cells in bins; an offset counts from the first bin."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._out = bytearray()
        self._bin = 0  # where the current bin starts
        self._free = 0  # first free byte of the current bin
        self._keys = 0

    def hive(self, root: Key) -> bytes:
        """Header and bins."""
        self._open_bin(0)
        start = self._key_cell("ROOT")
        descriptor = _security_descriptor()
        security = self._allocate(20 + len(descriptor))
        self._key("ROOT", root, start, _NONE, security, is_root=True)
        sk = struct.pack("<2sHIIII", b"sk", 0, security, security, self._keys, len(descriptor))
        self._fill(security, sk + descriptor)
        self._close_bin()
        return self._header(start) + bytes(self._out)

    def _header(self, root: int) -> bytes:
        header = bytearray(_BIN)
        struct.pack_into(
            "<4sIIQIIIIIII", header, 0,
            b"regf", 1, 1, _TIME, 1, 5, 0, 1, root, len(self._out), 1,
        )  # fmt: skip
        name = self._file_name.encode("utf-16-le")[-62:]
        header[0x30 : 0x30 + len(name)] = name
        checksum = 0
        for (word,) in struct.iter_unpack("<I", header[:508]):
            checksum ^= word
        checksum = {0: 1, _NONE: _NONE - 1}.get(checksum, checksum)
        struct.pack_into("<I", header, 508, checksum)
        return bytes(header)

    def _open_bin(self, need: int) -> None:
        size = -(-(_BIN_HEADER + need) // _BIN) * _BIN
        self._bin = len(self._out)
        self._out += struct.pack("<4sIIQQI", b"hbin", self._bin, size, 0, _TIME, 0).ljust(size, b"\0")
        self._free = self._bin + _BIN_HEADER

    def _close_bin(self) -> None:
        left = len(self._out) - self._free
        if left:
            struct.pack_into("<i", self._out, self._free, left)

    def _allocate(self, size: int) -> int:
        """A cell for `size` bytes; its content comes later, by `_fill`."""
        total = (size + 4 + 7) & ~7
        if self._free + total > len(self._out):
            self._close_bin()
            self._open_bin(total)
        offset = self._free
        struct.pack_into("<i", self._out, offset, -total)
        self._free += total
        return offset

    def _fill(self, offset: int, content: bytes) -> None:
        self._out[offset + 4 : offset + 4 + len(content)] = content

    def _cell(self, content: bytes) -> int:
        offset = self._allocate(len(content))
        self._fill(offset, content)
        return offset

    def _key_cell(self, name: str) -> int:
        self._keys += 1
        return self._allocate(_NK_SIZE + len(_name(name)[0]))

    def _key(
        self, name: str, key: Key, at: int, parent: int, security: int, *, is_root: bool = False
    ) -> None:
        """Fill the key's cell at `at`, and lay out everything below it."""
        values = [self._value(n, v) for n, v in key.values.items()]
        value_list = self._cell(struct.pack(f"<{len(values)}I", *values)) if values else _NONE
        children = sorted(key.subkeys.items(), key=lambda item: list(_units(item[0])))
        cells = [(child, self._key_cell(child)) for child, _ in children]
        subkey_list = self._subkey_list(cells) if cells else _NONE
        stored, compressed = _name(name)
        flags = (0x20 if compressed else 0) | (0x0C if is_root else 0)
        nk = struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH",
            b"nk", flags, _TIME, 0, parent, len(children), 0, subkey_list, _NONE, len(values), value_list,
            security, _NONE, max((2 * len(n) for n in key.subkeys), default=0), 0,
            max((2 * len(n) for n in key.values), default=0),
            max((len(encode(v)) for v in key.values.values()), default=0), 0, len(stored), 0,
        )  # fmt: skip
        self._fill(at, nk + stored)
        for (_, cell), (child, sub) in zip(cells, children, strict=True):
            self._key(child, sub, cell, at, security)

    def _subkey_list(self, cells: list[tuple[str, int]]) -> int:
        leaves = []
        for i in range(0, len(cells), _LEAF):
            part = cells[i : i + _LEAF]
            entries = b"".join(struct.pack("<II", cell, name_hash(name)) for name, cell in part)
            leaves.append(self._cell(struct.pack("<2sH", b"lh", len(part)) + entries))
        if len(leaves) == 1:
            return leaves[0]
        return self._cell(struct.pack(f"<2sH{len(leaves)}I", b"ri", len(leaves), *leaves))

    def _value(self, name: str, value: Value) -> int:
        data = encode(value)
        size = len(data)
        if size <= 4:
            size, where = size | 0x80000000, int.from_bytes(data.ljust(4, b"\0"), "little")
        elif size <= _SEGMENT:
            where = self._cell(data)
        else:
            segments = [self._cell(data[i : i + _SEGMENT]) for i in range(0, size, _SEGMENT)]
            listing = self._cell(struct.pack(f"<{len(segments)}I", *segments))
            where = self._cell(struct.pack("<2sHI", b"db", len(segments), listing))
        stored, compressed = _name(name)
        kind = TYPES[value.type]
        header = struct.pack("<2sHIIIHH", b"vk", len(stored), size, where, kind, int(compressed), 0)
        return self._cell(header + stored)
