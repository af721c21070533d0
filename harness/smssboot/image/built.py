"""An image that is built: a folder with the boot modules and what is known about them.

Reading one costs a few files and no YAML; `plant` makes the modules of one boot from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

MANIFEST: Final = "manifest.json"
MODULES: Final = "modules.cpio"
REGISTRY: Final = "registry.json"
HIVE: Final = "SYSTEM"

PLACEHOLDER: Final = "7391604825917364"
"""Stands in a built image where the nonce of a boot will be.  Nonces are decimal digits and of this length,
so that neither case folding nor sorting can tell them apart."""

SHORT: Final = 8
"""Digits of the nonce in the name of the planted DOS device."""


class BuiltImage(NamedTuple):
    """One image for one architecture.

    `dir` holds everything; `id` and `sha256` are of its content, `registry` (JSON), `files` (boot module
    name to the file it came from) and `symbols` serve the model and the evidence.  `replay` says that
    `modules` is a recorded log for the smallest guest instead of an archive.
    """

    dir: Path
    id: str
    sha256: str
    name: str
    arch: str
    profile: str
    target: str | None
    memory_mib: int | None
    sessions: int | None
    replay: bool
    stub: Path
    modules: Path
    registry: Path
    symbols: Path
    files: Mapping[str, Path]
    nonce_spots: tuple[tuple[int, str, int], ...]
    recipe: Path

    @classmethod
    def read(cls, folder: Path) -> BuiltImage:
        """The image in `folder`.  Raises OSError or ValueError when it is none."""
        data: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        return cls(
            dir=folder,
            id=data["id"],
            sha256=data["sha256"],
            name=data["name"],
            arch=data["arch"],
            profile=data["profile"],
            target=data["target"],
            memory_mib=data["memory_mib"],
            sessions=data["sessions"],
            replay=data["replay"],
            stub=folder / data["stub"],
            modules=folder / MODULES,
            registry=folder / REGISTRY,
            symbols=folder / data["symbols"],
            files={name: folder / file for name, file in data["files"].items()},
            nonce_spots=tuple((at, coding, digits) for at, coding, digits in data["nonce_spots"]),
            recipe=Path(data["recipe"]),
        )

    def plant(self, nonce: str, path: Path) -> Path:
        """Write the boot modules of one boot, with `nonce` where the hive has the placeholder."""
        if not self.nonce_spots:
            return self.modules
        data = bytearray(self.modules.read_bytes())
        for at, coding, digits in self.nonce_spots:
            planted = nonce[:digits].encode(coding)
            data[at : at + len(planted)] = planted
        path.write_bytes(data)
        return path

    def registry_for(self, nonce: str) -> dict[str, dict[str, tuple[str, Any]]]:
        """The SYSTEM hive as an independent reader sees it, with the nonce planted.

        Key path relative to the hive's root, to value names, to (type, data).
        """
        text = with_nonce(self.registry.read_text("utf-8"), nonce)
        keys = json.loads(text)
        return {
            key: {
                name: (kind, bytes.fromhex(data["hex"]) if isinstance(data, dict) else data)
                for name, (kind, data) in values.items()
            }
            for key, values in keys.items()
        }


def with_nonce(text: str, nonce: str) -> str:
    """`text` with every placeholder, whole or short, replaced."""
    return text.replace(PLACEHOLDER, nonce).replace(PLACEHOLDER[:SHORT], nonce[:SHORT])


def bytes_with_nonce(blob: bytes, nonce: str) -> bytes:
    """The same for bytes that hold ASCII or UTF-8 text; the length does not change."""
    whole, short = PLACEHOLDER.encode(), PLACEHOLDER[:SHORT].encode()
    return blob.replace(whole, nonce.encode()).replace(short, nonce[:SHORT].encode())


def new_nonce() -> str:
    """A fresh nonce: decimal digits, as many as the placeholder has."""
    import os

    return str(int.from_bytes(os.urandom(8), "little") % 10 ** len(PLACEHOLDER)).zfill(len(PLACEHOLDER))
