"""The object namespace, read from the kernel's directories."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.paging import AddressSpace
from smssboot.evidence.structures import Layout
from smssboot.evidence.symbols import Symbols

_MAX_DEPTH = 32
_MAX_OBJECTS = 20_000
_MAX_CHAIN = 4096
_SKIPPED = frozenset({"\\registry"})  # the registry's keys are no objects of the namespace's own


@dataclass(frozen=True)
class NamedObject:
    """An object with its full path. `target`: where a symbolic link leads, else None."""

    type: str
    path: str
    body: int
    target: str | None = None


@dataclass(frozen=True)
class ObjectType:
    """A type of objects. `dispatcher`: offset of the dispatcher header in bodies, None: not waitable."""

    name: str
    address: int
    dispatcher: int | None


class ObjectWalk:
    """Walks from `\\` down. What is damaged is left out and told in `damage`."""

    def __init__(self, space: AddressSpace, symbols: Symbols) -> None:
        self._space = space
        self._header = Layout.of(symbols, "OBJECT_HEADER")
        self._entry = Layout.of(symbols, "OBJECT_DIRECTORY_ENTRY")
        self._link = Layout.of(symbols, "OBJECT_SYMBOLIC_LINK")
        self._type = Layout.of(symbols, "OBJECT_TYPE")
        self._body = symbols.offset("OBJECT_HEADER.Body")
        self._buckets = struct.Struct(f"<{symbols.size('OBJECT_DIRECTORY') // 8}Q")
        self._root = space.u64(symbols.address("ObpRootDirectoryObject"))
        self._types: dict[int, ObjectType] = {}
        self.damage: list[str] = []

    def walk(self) -> Iterator[NamedObject]:
        """Every named object, parents first."""
        pending = [("", self._root, 0)]
        seen = {self._root}
        count = 0
        while pending:
            path, directory, depth = pending.pop()
            for body in self._children(path or "\\", directory):
                count += 1
                if count > _MAX_OBJECTS:
                    self.damage.append(f"more than {_MAX_OBJECTS} named objects")
                    return
                try:
                    found = self._named(path, body)
                except DamagedError as error:
                    self.damage.append(f"an object in {path or chr(92)}: {error}")
                    continue
                if found.path.lower() in _SKIPPED:
                    continue
                yield found
                if found.type == "Directory" and body not in seen:
                    seen.add(body)
                    if depth < _MAX_DEPTH:
                        pending.append((found.path, body, depth + 1))
                    else:
                        self.damage.append(f"{found.path}: directories nested deeper than {_MAX_DEPTH}")

    def type_of(self, body: int) -> ObjectType:
        """The type of the object with this body. Raises DamagedError."""
        return self._type_at(self._header.at(self._space, body - self._body).pointer("Type"))

    def name_of(self, body: int) -> str:
        """The last part of an object's name, empty if it has none. Raises DamagedError."""
        return self._header.at(self._space, body - self._body).unicode("Name")

    def waitable(self, dispatcher: int) -> tuple[ObjectType, int] | None:
        """Type and body of the object whose dispatcher header is at `dispatcher`; None: not an object."""
        for known in list(self._types.values()):
            if known.dispatcher is None:
                continue
            body = dispatcher - known.dispatcher
            try:
                if self._header.at(self._space, body - self._body).pointer("Type") == known.address:
                    return known, body
            except DamagedError:
                continue
        return None

    def learn_types(self, types: Iterator[NamedObject] | list[NamedObject]) -> None:
        """Makes the types among `types` known to `waitable`."""
        for item in types:
            if item.type == "Type":
                try:
                    self._type_at(item.body)
                except DamagedError as error:
                    self.damage.append(f"{item.path}: {error}")

    def _named(self, path: str, body: int) -> NamedObject:
        header = self._header.at(self._space, body - self._body)
        kind = self._type_at(header.pointer("Type")).name
        target = self._link.at(self._space, body).unicode("LinkTarget") if kind == "SymbolicLink" else None
        return NamedObject(kind, f"{path}\\{header.unicode('Name')}", body, target)

    def _children(self, path: str, directory: int) -> Iterator[int]:
        """Bodies of a directory's objects."""
        try:
            buckets = self._buckets.unpack(self._space.read(directory, self._buckets.size))
        except DamagedError as error:
            self.damage.append(f"{path}: {error}")
            return
        for entry in buckets:
            seen: set[int] = set()
            try:
                while entry:
                    if entry in seen or len(seen) > _MAX_CHAIN:
                        raise DamagedError(f"a chain of entries runs in a circle at {entry:#x}")
                    seen.add(entry)
                    item = self._entry.at(self._space, entry)
                    yield item.pointer("Object")
                    entry = item.pointer("ChainLink")
            except DamagedError as error:
                self.damage.append(f"{path}: {error}")

    def _type_at(self, address: int) -> ObjectType:
        known = self._types.get(address)
        if known is None:
            item = self._type.at(self._space, address)
            dispatcher = item.u32("DefaultDispatcherOffset")
            known = ObjectType(item.unicode("Name"), address, dispatcher if dispatcher < 0x10000 else None)
            self._types[address] = known
        return known
