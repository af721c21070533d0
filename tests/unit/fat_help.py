"""Volumes for tests, and the readers that judge them: fsck.vfat, mtools, dissect.fat."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from smssboot.image import fat, fatlayout, sparse

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
FSCK = shutil.which("fsck.vfat", path=_PATH) or "fsck.vfat"
SFDISK = shutil.which("sfdisk", path=_PATH) or "sfdisk"
MIB = 1 << 20


def tree(files: dict[str, bytes]) -> fat.File:
    """Files by path with `\\`; directories above them come by themselves."""
    root = fat.File.directory()
    for path, data in files.items():
        node = root
        *folders, name = filter(None, path.split("\\"))
        for folder in folders:
            assert node.children is not None
            known = node.find(folder) or folder
            node = node.children.setdefault(known, fat.File.directory())
        assert node.children is not None
        node.children[name] = fat.File.of(data)
    return root


def volume(root: fat.File, size: int = 40 * MIB, *, dirty: bool = False) -> fat.Volume:
    """A FAT32 volume, laid out."""
    made = fat.Volume(fatlayout.fat32(size // 512, 0), root, "TEST", 0x12345678, dirty=dirty)
    made.layout()
    return made


def write(made: fat.Volume, path: Path) -> Path:
    """The volume as a file of its own."""
    with sparse.SparseFile(path, made.geometry.sectors * 512) as out:
        made.write(out.write)
    return path


def fsck(path: Path) -> tuple[int, str]:
    """fsck.vfat's status and words; nothing is changed."""
    done = subprocess.run([FSCK, "-n", str(path)], capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout + done.stderr


def mtools(*command: str) -> bytes:
    """What a tool of mtools prints."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, check=True, env=environment).stdout


def dissected(path: Path) -> dict[str, bytes]:
    """Every file by path, as dissect.fat reads it."""
    from dissect.fat import fat as dissect

    found: dict[str, bytes] = {}
    with path.open("rb") as file:
        opened = dissect.FATFS(file)

        def walk(entry: dissect.DirectoryEntry | dissect.RootDirectory, where: str) -> None:
            for child in entry.iterdir():
                if child.name in (".", "..") or child.is_volume_id():
                    continue
                name = f"{where}\\{child.name}"
                if child.is_directory():
                    walk(child, name)
                else:
                    found[name] = child.open().read() if child.size else b""

        walk(opened.root, "")
    return found
