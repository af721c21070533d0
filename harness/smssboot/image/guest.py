"""Runs the guest's own build (`make -C guest`), only when a source changed.

The check on the hot path is one listing of the sources with sizes and times, compared with the listing
that the last good build left behind.  Guests with edits are built from a copy of the sources and start from
the objects of the plain build, so a one-line edit costs one compilation and a few links.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot.errors import InfrastructureError, did_you_mean
from smssboot.image.paths import GUEST, PROJECT, build_dir

if TYPE_CHECKING:
    from smssboot.image.recipe import Edit

_STAMP: Final = ".sources"
_SKIP: Final = frozenset({"__pycache__", "build", "obj"})
_LLVM: Final = range(14, 30)
_listing: str | None = None


def listing(root: Path = GUEST) -> str:
    """One line per source file: path, size, time of change.  Equal listings mean equal sources."""
    lines: list[str] = []
    stack = [str(root)]
    while stack:
        folder = stack.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIP:
                        stack.append(entry.path)
                else:
                    status = entry.stat()
                    lines.append(f"{entry.path[len(str(root)) + 1 :]} {status.st_size} {status.st_mtime_ns}")
    lines.sort()
    return "\n".join(lines)


def current_listing() -> str:
    """The listing of the guest's sources, taken once per process."""
    global _listing
    if _listing is None:
        _listing = listing()
    return _listing


def is_current(out: Path) -> bool:
    """Whether `out` holds a build of exactly the present sources."""
    try:
        return (out / _STAMP).read_text("utf-8") == current_listing()
    except OSError:
        return False


def plain_dir(arch: str) -> Path:
    """Where the guest without edits is built."""
    return build_dir() / "guest" / arch


def build(arch: str, edits: Sequence[Edit] = ()) -> Path:
    """The folder with the guest's binaries for `arch`, built if need be.

    Raises InputError when an edit does not fit, InfrastructureError when a tool is missing or the build
    breaks.
    """
    out = plain_dir(arch)
    if not is_current(out):
        with _lock(out):
            if not is_current(out):
                _make(GUEST, arch, out)
                (out / _STAMP).write_text(current_listing(), "utf-8")
    return _build_edited(arch, edits, out) if edits else out


def _build_edited(arch: str, edits: Sequence[Edit], plain: Path) -> Path:
    import hashlib
    import shutil

    key = hashlib.sha256(repr([(e.file, e.find, e.replace) for e in edits]).encode()).hexdigest()[:16]
    out = build_dir() / "guest-edited" / key / arch
    if is_current(out):
        return out
    with _lock(out):
        if is_current(out):
            return out
        sources = build_dir() / "guest-edited" / key / f"{arch}-sources"
        shutil.rmtree(sources, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(GUEST, sources, ignore=lambda _, names: [n for n in names if n in _SKIP])
        shutil.copytree(plain, out, ignore=lambda _, names: [n for n in names if n == _STAMP])
        for edit in edits:
            _apply(edit, sources)
        try:
            _make(sources, arch, out)
        except InfrastructureError as error:
            raise edits[0].place.error(f"edit: {error.message}") from None
        (out / _STAMP).write_text(current_listing(), "utf-8")
        shutil.rmtree(sources, ignore_errors=True)
    return out


def _apply(edit: Edit, sources: Path) -> None:
    """Do one replacement in the copied sources, newer than every object."""
    path = sources / edit.file
    if not path.is_file():
        names = [str(p.relative_to(sources)) for p in sources.rglob("*") if p.is_file()]
        hint = did_you_mean(edit.file, names)
        raise edit.place.error(f"edit: the guest has no file {edit.file!r}", hint=hint)
    text = path.read_text("utf-8")
    count = text.count(edit.find)
    if count != 1:
        raise edit.place.error(f"edit: 'find' must be in {edit.file} exactly once, it is there {count} times")
    path.write_text(text.replace(edit.find, edit.replace), "utf-8")


def _make(sources: Path, arch: str, out: Path) -> None:
    """Run the guest's Makefile; its last words become the error when it fails."""
    import shutil
    import subprocess

    if shutil.which("make") is None:
        raise InfrastructureError("make is not installed", hint="run ci/setup.sh")
    version = llvm_version()
    if version is None:
        raise InfrastructureError("clang and lld 14 or newer are not installed", hint="run ci/setup.sh")
    out.mkdir(parents=True, exist_ok=True)
    jobs = len(os.sched_getaffinity(0))
    command = ["make", "-s", f"-j{jobs}", "-C", str(sources)]
    command += [f"ARCH={arch}", f"OUT={out}", f"LLVM=-{version}"]
    python = PROJECT / ".venv" / "bin" / "python"
    command.append(f"PYTHON={python if python.exists() else sys.executable}")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, env=environment
    )
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        first = next((i for i, line in enumerate(said) if "error" in line), max(0, len(said) - 8))
        text = "\n  ".join(said[first : first + 8])
        raise InfrastructureError(f"the guest for {arch} does not build:\n  {text}")


def llvm_version() -> int | None:
    """The oldest LLVM from 14 on of which compiler and linker are installed."""
    import shutil

    for version in _LLVM:
        if shutil.which(f"clang-{version}") and shutil.which(f"lld-link-{version}"):
            return version
    return None


@contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Only one process builds into `out` at a time."""
    import fcntl

    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out.parent / f".{out.name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
