"""Writes ntoskrnl.symbols.json, by which the host finds its way in the guest's memory.

    python symbols.py --map ntoskrnl.map --offsets offsets.s --out ntoskrnl.symbols.json

The names and their addresses come from the linker's map, the structures' layout from the compiler's assembly
output of offsets.c: strings `offset STRUCT.Field n` and `size STRUCT n`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

_BASE = re.compile(r"^\s*Preferred load address is ([0-9a-f]+)\s*$", re.MULTILINE)
_PUBLIC = re.compile(
    r"^ (?P<section>[0-9a-f]{4}):[0-9a-f]{8}\s+(?P<name>\S+)\s+(?P<address>[0-9a-f]{16})\b", re.MULTILINE
)
_LAYOUT = re.compile(r'\.ascii\s+"(?P<kind>offset|size) (?P<name>[\w.]+) (?P<value>\d+)"')


class SymbolError(Exception):
    """An input that is not what the build makes."""


def read_map(text: str) -> tuple[int, dict[str, int]]:
    """Image base, and the RVA of each public name of the linker's map; absolute symbols are left out."""
    base = _BASE.search(text)
    if base is None:
        raise SymbolError("no 'Preferred load address' in the linker's map")
    image_base = int(base[1], 16)
    symbols = {
        match["name"]: int(match["address"], 16) - image_base
        for match in _PUBLIC.finditer(text)
        if match["section"] != "0000"
    }
    if not symbols:
        raise SymbolError("no public names in the linker's map")
    return image_base, symbols


def read_layout(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Offsets by `STRUCT.Field` and sizes by `STRUCT`, in bytes."""
    offsets: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for match in _LAYOUT.finditer(text):
        (offsets if match["kind"] == "offset" else sizes)[match["name"]] = int(match["value"])
    if not offsets or not sizes:
        raise SymbolError("no offsets in the compiler's output")
    return offsets, sizes


def main(argv: list[str] | None = None) -> int:
    """Command line; exit status 2 and one line on standard error when an input is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--map", type=Path, required=True)
    parser.add_argument("--offsets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    try:
        image_base, symbols = read_map(options.map.read_text("utf-8"))
        offsets, sizes = read_layout(options.offsets.read_text("utf-8"))
    except (OSError, SymbolError) as error:
        print(f"symbols.py: {error}", file=sys.stderr)
        return 2
    document = {"image_base": image_base, "symbols": symbols, "offsets": offsets, "sizes": sizes}
    options.out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
