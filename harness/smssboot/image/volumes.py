"""What is known of an image's volumes before the first boot: kept beside it, for model and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class FileInfo(NamedTuple):
    """A file or directory of a built volume.  `sha256` is empty for a directory and for a file that holds a
    nonce or is only told by its size; `kind` is that of a PE image (pekind.kind), else empty."""

    size: int
    directory: bool
    readonly: bool
    sha256: str
    kind: str = ""


class DumpInfo(NamedTuple):
    """The crash dump in the paging file: its bugcheck, and how many bytes of the file it takes."""

    path: str
    bugcheck: int
    parameters: tuple[int, ...]
    bytes: int
    sha256: str


class VolumeInfo(NamedTuple):
    """A volume of the image as it is before the first boot.

    `letter` is like `C:`, empty for the EFI system partition; `device` like `\\Device\\HarddiskVolume2`.
    `offset` and `bytes` are the partition's, `cluster` and `free` are in bytes; `serial`
    like `1234-5678`; `problems` are the kinds of damage done to it; `files` by path in lower case, without
    letter.
    """

    letter: str
    device: str
    guid: str
    filesystem: str
    label: str
    serial: str
    offset: int
    bytes: int
    clusters: int
    free: int
    cluster: int
    dirty: bool
    problems: tuple[str, ...]
    files: Mapping[str, FileInfo]
    dump: DumpInfo | None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VolumeInfo:
        """The reverse of `to_json`."""
        files = {path: FileInfo(*entry) for path, entry in data["files"].items()}
        told = data["dump"]
        dump = None
        if told is not None:
            dump = DumpInfo(**{**told, "parameters": tuple(told["parameters"])})
        return cls(**{**data, "problems": tuple(data["problems"]), "files": files, "dump": dump})

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        files = {path: list(entry) for path, entry in self.files.items()}
        dump = None if self.dump is None else self.dump._asdict()
        return {**self._asdict(), "problems": list(self.problems), "files": files, "dump": dump}
