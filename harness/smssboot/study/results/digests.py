"""What files hold, as SHA-256, remembered while they are unchanged: QEMU alone has 20 MB."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from smssboot.image.guest import listing

_NAME: Final = "digests.json"
_YOUNG_NS: Final = 2_000_000_000
"""A file that was changed so shortly ago may be changed again within the same tick of its clock."""
_MOST: Final = 500


class Digests:
    """Digests by path, remembered in a folder.  What is remembered wrongly is computed again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._known = self._read()
        self._changed = False

    def file(self, path: Path) -> str:
        """The digest of a file, remembered by path, size, times and inode.  Raises OSError."""
        status = path.stat()
        mark = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        return self._digest(str(path), mark, status.st_mtime_ns, lambda: [path])

    def tree(self, root: Path, folders: Iterable[str]) -> str:
        """The digest of all files in some folders below `root`, remembered by their listing."""
        names = sorted(folders)
        lines = [f"{name}/{line}" for name in names for line in listing(root / name).splitlines()]
        youngest = max((int(line.rpartition(" ")[2]) for line in lines), default=0)
        mark = [hashlib.sha256("\n".join(lines).encode()).hexdigest()]
        files = [line.rsplit(" ", 2)[0] for line in lines]
        return self._digest(f"{root}:{','.join(names)}", mark, youngest, lambda: [root / f for f in files])

    def close(self) -> None:
        """Remember what was computed; a folder that takes nothing costs only time."""
        if not self._changed:
            return
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        part = self._path.with_name(f".{_NAME}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._known), "utf-8")
            part.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()

    def _digest(self, name: str, mark: list[Any], changed_ns: int, files: Any) -> str:
        known = self._known.get(name)
        if known is not None and known[0] == mark:
            return str(known[1])
        total = hashlib.sha256()
        for path in files():
            data = path.read_bytes()
            total.update(f"{path.name} {len(data)}\n".encode() + data)
        digest = total.hexdigest()
        if time.time_ns() - changed_ns > _YOUNG_NS:
            self._known[name] = (mark, digest)
            self._changed = True
        return digest

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self._path.read_bytes())
            return {
                name: (mark, digest)
                for name, (mark, digest) in data.items()
                if isinstance(mark, list) and isinstance(digest, str)
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
