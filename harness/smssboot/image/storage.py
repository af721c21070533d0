"""The parts of a recipe that make its disk: `disk`, `volumes`, `files`, `hives`, `dirty`, `damage`...

Each reader takes a YAML node and returns a spec, or changes the `Storage` that the recipe has so far; what
is wrong is an `InputError` with its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from smssboot.image import fat, fatnames, regf, regvalues
from smssboot.image.document import Node, Place

KEYS: Final = ("disk", "volumes", "files", "hives", "dirty", "damage", "dump", "fill")
HIVES: Final = ("SOFTWARE", "SAM", "SECURITY", "DEFAULT")
"""The hives beside SYSTEM, which `registry:` is for."""

MIB: Final = 1 << 20
DEFAULT_SIZE: Final = 256 * MIB
SMALLEST_DISK: Final = 64 * MIB
_LARGEST_DISK: Final = 1 << 40
_UNITS: Final = {"bytes": 1, "KiB": 1 << 10, "MiB": MIB, "GiB": 1 << 30}
_ATTRIBUTES: Final = {"readonly": fat.READ_ONLY, "hidden": fat.HIDDEN, "system": fat.SYSTEM}
_LABEL: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~ ")
_LETTERS: Final = "DEFGHIJKLMNOPQRSTUVWXYZ"
DAMAGE_KINDS: Final = ("lost-chain", "cross-link", "free-count", "fat-mismatch", "bad-size")

Transport = Literal["virtio", "memory"]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """What a recipe wants at a path: content (`data`, then zeros up to `size`), a directory, or nothing.

    `data` None and `size` None leave the content that is there as it is.
    """

    place: Place
    path: str
    data: bytes | None = None
    size: int | None = None
    directory: bool = False
    remove: bool = False
    attributes: int | None = None


@dataclass(frozen=True, slots=True)
class DamageSpec:
    """One wrong thing on a volume: a declared kind, or the byte at `offset` of the volume xored."""

    place: Place
    kind: str
    path: str = ""
    offset: int = 0
    xor: int = 0


@dataclass(frozen=True, slots=True)
class DumpSpec:
    """A crash dump in C:\\pagefile.sys, as an earlier boot would have left it.  `size` in bytes."""

    place: Place
    bugcheck: int
    size: int
    parameters: tuple[int, ...] = (0, 0, 0, 0)


@dataclass(slots=True)
class VolumeSpec:
    """One volume beside the EFI system partition.  `size` None: what the others leave of the disk."""

    place: Place | None
    letter: str
    size: int | None = None
    label: str = ""
    dirty: bool = False
    files: dict[str, FileSpec] = field(default_factory=dict)
    damage: list[DamageSpec] = field(default_factory=list)
    fill: int | None = None
    fill_place: Place | None = None


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """Size in bytes, a power of two, and how the guest reaches it."""

    place: Place
    size: int = DEFAULT_SIZE
    transport: Transport = "virtio"


@dataclass(slots=True)
class Storage:
    """Everything that a recipe says of its disk; `disk` None: there is none."""

    disk: DiskSpec | None = None
    system: VolumeSpec = field(default_factory=lambda: VolumeSpec(None, "C", label="SYSTEM"))
    volumes: list[VolumeSpec] = field(default_factory=list)
    hives: dict[str, regf.Key] = field(default_factory=lambda: {name: regf.Key() for name in HIVES})
    dump: DumpSpec | None = None

    def read(self, key: str, node: Node, file: Callable[[Node], Path]) -> None:
        """Work the recipe's `key` in.  `file` finds a file that the recipe names."""
        if key == "disk":
            self.disk = _disk(node, self.disk)
        elif key == "volumes":
            self.volumes = _volumes(node, file)
        elif key == "files":
            self.system.files.update(_files(node, file))
        elif key == "hives":
            for name, hive in node.fields(HIVES).items():
                regvalues.apply(hive, self.hives[name])
        elif key == "dirty":
            self.system.dirty = _flag(node)
        elif key == "damage":
            self.system.damage = _damage(node)
        elif key == "fill":
            self.system.fill, self.system.fill_place = _fill(node), node.place
        elif key == "dump":
            self.dump = None if node.kind == "str" and node.choice(("none",)) else _dump(node)


def size(node: Node, low: int, high: int) -> int:
    """A size like `64 MiB`, in bytes.  Raises InputError."""
    number, _, unit = node.text().partition(" ")
    if not number.isascii() or not number.isdecimal() or unit not in _UNITS:
        node.fail(f"{node.where}: expected a size like '64 MiB', found {node.text()!r}")
    found = int(number) * _UNITS[unit]
    if not low <= found <= high:
        node.fail(f"{node.where}: {node.text()} is not between {shown(low)} and {shown(high)}")
    return found


def shown(count: int) -> str:
    """A number of bytes in the largest unit that divides it."""
    unit = next(u for u in ("GiB", "MiB", "KiB", "bytes") if count % _UNITS[u] == 0)
    return f"{count // _UNITS[unit]} {unit}"


def _disk(node: Node, base: DiskSpec | None) -> DiskSpec | None:
    if node.kind == "str":
        node.choice(("none",))
        return None
    fields = node.fields(("size", "transport"))
    base = base or DiskSpec(node.place)
    bytes_ = base.size
    if "size" in fields:
        bytes_ = size(fields["size"], SMALLEST_DISK, _LARGEST_DISK)
        if bytes_ & (bytes_ - 1):
            fields["size"].fail(f"disk.size: {shown(bytes_)} is no power of two", hint=_powers(bytes_))
    transport: Transport = base.transport
    if "transport" in fields:
        transport = "memory" if fields["transport"].choice(("virtio", "memory")) == "memory" else "virtio"
    return DiskSpec(node.place, bytes_, transport)


def _powers(count: int) -> str:
    above = 1 << count.bit_length()
    return f"near are {shown(above >> 1)} and {shown(above)}"


def _volumes(node: Node, file: Callable[[Node], Path]) -> list[VolumeSpec]:
    found: list[VolumeSpec] = []
    for item in node.items():
        fields = item.fields(("letter", "size", "label", "files", "dirty", "damage", "fill"), ("size",))
        free = [letter for letter in _LETTERS if letter not in {spec.letter for spec in found}]
        if not free:
            item.fail("volumes: there are no more drive letters")
        letter = free[0]
        if "letter" in fields:
            letter = fields["letter"].text().upper().removesuffix(":")
            if letter not in free:
                fields["letter"].fail(f"volumes: {letter!r} is no free drive letter from D to Z")
        spec = VolumeSpec(item.place, letter, size(fields["size"], 34 * MIB, _LARGEST_DISK))
        if spec.size is not None and spec.size % MIB:
            fields["size"].fail("volumes: a volume has a whole number of MiB")
        if "label" in fields:
            spec.label = _label(fields["label"])
        if "files" in fields:
            spec.files = _files(fields["files"], file)
        if "dirty" in fields:
            spec.dirty = _flag(fields["dirty"])
        if "damage" in fields:
            spec.damage = _damage(fields["damage"])
        if "fill" in fields:
            spec.fill, spec.fill_place = _fill(fields["fill"]), fields["fill"].place
        found.append(spec)
    return found


def _label(node: Node) -> str:
    text = node.text()
    if len(text) > 11 or not set(text.upper()) <= _LABEL or text != text.strip():
        node.fail(f"{node.where}: a label has at most 11 ASCII letters, digits and blanks")
    return text.upper()


def _flag(node: Node) -> bool:
    if node.kind != "bool":
        node.fail(f"{node.where}: expected true or false")
    return node.raw().lower() in ("true", "yes", "on")


def _files(node: Node, file: Callable[[Node], Path]) -> dict[str, FileSpec]:
    found: dict[str, FileSpec] = {}
    for path, (key, value) in node.pairs().items():
        if path_complaint := _path_complaint(path):
            key.fail(f"files: {path_complaint}")
        folded = fatnames.folded(path)
        if folded in found:
            key.fail(f"files: {path!r} is here twice, in other letters")
        found[folded] = _file(path, value, file)
    return found


def _path_complaint(path: str) -> str | None:
    if not path.startswith("\\") or path == "\\":
        return f"expected a path like '\\Windows\\Temp\\a.txt', found {path!r}"
    for name in path[1:].split("\\"):
        if complaint := fatnames.complaint(name):
            return f"{name!r} {complaint}"
    return None


def _file(path: str, node: Node, file: Callable[[Node], Path]) -> FileSpec:
    contents = ("text", "file", "size", "hex")
    fields = node.fields((*contents, "directory", "remove", "attributes"))
    given = [key for key in (*contents, "directory", "remove") if key in fields]
    if len(given) > 1:
        fields[given[1]].fail(f"files: {path!r} has both {given[0]!r} and {given[1]!r}")
    if not given and "attributes" not in fields:
        node.fail(f"files: expected one of {', '.join(contents)}, directory, remove, attributes")
    attributes = _attributes(fields["attributes"]) if "attributes" in fields else None
    data: bytes | None = None
    length: int | None = None
    if "text" in fields:
        data = fields["text"].text().encode("utf-8", "surrogatepass")
    elif "file" in fields:
        data = file(fields["file"]).read_bytes()
    elif "hex" in fields:
        data = regvalues.hexadecimal(fields["hex"])
    elif "size" in fields:
        data, length = b"", size(fields["size"], 0, fat.LONGEST_FILE)
    return FileSpec(
        node.place,
        path,
        data,
        length if length is not None else (len(data) if data is not None else None),
        directory="directory" in fields and _flag(fields["directory"]),
        remove="remove" in fields and _flag(fields["remove"]),
        attributes=attributes,
    )


def _attributes(node: Node) -> int:
    found = 0
    for item in node.items():
        found |= _ATTRIBUTES[item.choice(_ATTRIBUTES)]
    return found


def _damage(node: Node) -> list[DamageSpec]:
    found = []
    for item in node.items() if node.kind == "seq" else [node]:
        if item.kind == "str":
            found.append(DamageSpec(item.place, item.choice(DAMAGE_KINDS)))
            continue
        fields = item.fields(("kind", "path", "offset", "xor"))
        if "kind" in fields:
            kind = fields["kind"].choice(DAMAGE_KINDS)
            path = fields["path"].text() if "path" in fields else ""
            if path and kind not in ("cross-link", "bad-size"):
                fields["path"].fail(f"damage: {kind} is not done to a file")
            if path and (complaint := _path_complaint(path)):
                fields["path"].fail(f"damage: {complaint}")
            if wrong := fields.keys() & {"offset", "xor"}:
                fields[min(wrong)].fail("damage: has either a kind or an offset")
            found.append(DamageSpec(item.place, kind, path))
            continue
        for key in ("offset", "xor"):
            if key not in fields:
                item.fail(f"{item.where}: expected a 'kind', or 'offset' and 'xor'")
        offset, xor = fields["offset"].integer(0, _LARGEST_DISK), fields["xor"].integer(1, 255)
        found.append(DamageSpec(item.place, "raw", offset=offset, xor=xor))
    return found


def _fill(node: Node) -> int:
    fields = node.fields(("free",), required=("free",))
    return size(fields["free"], 0, _LARGEST_DISK)


def _dump(node: Node) -> DumpSpec:
    fields = node.fields(("bugcheck", "size", "parameters"), required=("bugcheck", "size"))
    parameters = (0, 0, 0, 0)
    if "parameters" in fields:
        items = fields["parameters"].items()
        if len(items) != 4:
            fields["parameters"].fail("dump: a bugcheck has four parameters")
        a, b, c, d = (item.integer(0, (1 << 64) - 1) for item in items)
        parameters = (a, b, c, d)
    bugcheck = fields["bugcheck"].integer(1, 0xFFFF_FFFF)
    return DumpSpec(node.place, bugcheck, size(fields["size"], 64 << 10, 1 << 30), parameters)
