"""An image that is built: a folder with the boot modules and what is known about them.

Reading one costs a few files and no YAML; `plant` makes the modules of one boot from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from smssboot.image.volumes import VolumeInfo

MANIFEST: Final = "manifest.json"
MODULES: Final = "modules.cpio"
REGISTRY: Final = "registry.json"
HIVE: Final = "SYSTEM"
DISK: Final = "disk.raw"
VOLUMES: Final = "volumes.json"

Spot = tuple[int, str, int]
"""A place of the placeholder: byte offset, encoding (`ascii`, `utf-16-le`), digits."""

PLACEHOLDER: Final = "7391604825917364"
"""Stands in a built image where the nonce of a boot will be.  Nonces are decimal digits and of this length,
so that neither case folding nor sorting can tell them apart."""

SHORT: Final = 8
"""Digits of the nonce in the name of the planted DOS device."""


class BootLine(NamedTuple):
    """Where the kernel's command line for the firmware's path lies on the disk: `size` bytes at `offset`."""

    offset: int
    size: int


class BuiltImage(NamedTuple):
    """One image for one architecture.

    `dir` holds everything; `id` and `sha256` are of its content, `registry` (JSON), `files` (boot module
    name to the file it came from) and `symbols` serve the model and the evidence.  `replay` says that
    `modules` is a recorded log for the smallest guest instead of an archive.

    With a `disk` (raw; each boot works on a copy) `modules` holds only what a boot loader loads, `disk_guid`
    names the system partition, `transport` is the device that the recipe wants, and `boot_line` is where the
    firmware's path finds its command line (None: no loader is there).
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
    nonce_spots: tuple[Spot, ...]
    recipe: Path
    disk: Path | None = None
    disk_guid: str = ""
    transport: Literal["virtio", "memory"] = "virtio"
    disk_spots: tuple[Spot, ...] = ()
    boot_line: BootLine | None = None

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
            nonce_spots=_spots(data["nonce_spots"]),
            recipe=Path(data["recipe"]),
            disk=folder / data["disk"] if data["disk"] else None,
            disk_guid=data["disk_guid"],
            transport=data["transport"],
            disk_spots=_spots(data["disk_spots"]),
            boot_line=BootLine(*data["boot_line"]) if data["boot_line"] else None,
        )

    @property
    def volumes(self) -> tuple[VolumeInfo, ...]:
        """The disk's volumes in their order, the EFI system partition first; read from the image's folder."""
        if self.disk is None:
            return ()
        from smssboot.image.volumes import VolumeInfo

        volumes = json.loads((self.dir / VOLUMES).read_bytes())
        return tuple(VolumeInfo.from_json(volume) for volume in volumes)

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

    def plant_disk(self, nonce: str, path: Path, line: str) -> Path:
        """Make the disk of one boot: a sparse copy, planted like the modules.

        `line` is the kernel's command line for the firmware's path.  Raises OSError when there is no space.
        """
        import os

        from smssboot.image import sparse

        assert self.disk is not None
        sparse.copy(self.disk, path)
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for at, coding, digits in self.disk_spots:
                os.pwrite(fd, nonce[:digits].encode(coding), at)
            if self.boot_line is not None:
                offset, size = self.boot_line
                os.pwrite(fd, line.encode("ascii").ljust(size - 1) + b"\n", offset)
        finally:
            os.close(fd)
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


def _spots(data: list[list[Any]]) -> tuple[Spot, ...]:
    return tuple((at, coding, digits) for at, coding, digits in data)


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
