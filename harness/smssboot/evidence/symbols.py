"""Names, structure offsets and sizes of the guest's kernel, written by its build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from smssboot.evidence.errors import EvidenceError


@dataclass(frozen=True)
class Symbols:
    """`ntoskrnl.symbols.json`: addresses are virtual, offsets and sizes in bytes."""

    image_base: int
    symbols: Mapping[str, int]
    offsets: Mapping[str, int]
    sizes: Mapping[str, int]

    @classmethod
    def load(cls, path: Path) -> Symbols:
        """Reads the file. Raises EvidenceError if it is not what the kernel's build writes."""
        try:
            data = json.loads(path.read_bytes())
            return cls(int(data["image_base"]), data["symbols"], data["offsets"], data["sizes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EvidenceError(f"{path}: not a symbol file of the kernel: {error!r}") from None

    def address(self, name: str) -> int:
        """Virtual address of a variable or function."""
        return self.image_base + _get(self.symbols, name, "symbol")

    def offset(self, field: str) -> int:
        """Offset of `STRUCT.Field`."""
        return _get(self.offsets, field, "field")

    def size(self, struct: str) -> int:
        """Size of a structure."""
        return _get(self.sizes, struct, "structure")


def _get(table: Mapping[str, int], name: str, what: str) -> int:
    try:
        return table[name]
    except KeyError:
        nearest = get_close_matches(name, table, 1)
        hint = f"; nearest: {nearest[0]}" if nearest else ""
        raise EvidenceError(f"the kernel's symbol file has no {what} {name}{hint}") from None
