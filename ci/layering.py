"""Holds the import rules of docs/design.md, section 1; part of `make lint`.

Imports run one way between the rooms of `harness/smssboot`, and pure rooms import nothing that could
open a file, a socket or a process.  Prints one line per violation and exits 1 when there is any.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent.parent / "harness" / "smssboot"

MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "errors": frozenset(),
    "timeline": frozenset({"errors"}),
    "model": frozenset({"errors", "timeline"}),
    "conformance": frozenset({"errors", "timeline", "model"}),
    "report": frozenset({"errors", "timeline", "model", "conformance"}),
    "machine": frozenset({"errors", "timeline"}),
    "image": frozenset({"errors", "timeline"}),
    "evidence": frozenset({"errors", "timeline", "machine", "image"}),
    "study": frozenset(
        {"errors", "timeline", "model", "conformance", "report", "machine", "image", "evidence"}
    ),
}
"""For each room the rooms it may import.  `cli`, `pytest_plugin` and `__main__` may import all of them."""

PURE: Final = frozenset({"timeline", "model", "conformance", "report"})

IO_MODULES: Final = frozenset(
    {
        "asyncio", "ctypes", "fcntl", "http", "mmap", "multiprocessing", "os", "pathlib", "pty", "qemu",
        "select", "selectors", "shutil", "signal", "socket", "socketserver", "ssl", "subprocess", "tempfile",
        "termios", "threading", "urllib",
    }
)  # fmt: skip

EXCEPT: Final[dict[str, frozenset[str]]] = {"model": frozenset({"pathlib"})}
"""The model reads its own YAML, and only that."""


def imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in a file, with its line; relative imports resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *((node.module,) if node.module else ())))
            yield node.lineno, module
            if module == "smssboot":  # `from smssboot import machine`
                for alias in node.names:
                    yield node.lineno, f"smssboot.{alias.name}"


def room_of(path: Path) -> str:
    """The room a file lives in: its folder, or its own name at the top."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def violations(path: Path) -> Iterator[str]:
    """One line for each import of this file that the rules forbid."""
    room = room_of(path)
    if room not in MAY_IMPORT:
        return
    package = ("smssboot", *path.relative_to(PACKAGE).parts[:-1])
    for line, module in imports(ast.parse(path.read_text("utf-8"), str(path)), package):
        top, _, rest = module.partition(".")
        other = rest.partition(".")[0]
        if top == "smssboot" and other in {*MAY_IMPORT, "cli", "pytest_plugin"}:
            if other != room and other not in MAY_IMPORT[room]:
                yield f"{path}:{line}: {room} must not import {other}"
        elif room in PURE and top in IO_MODULES - EXCEPT.get(room, frozenset()):
            yield f"{path}:{line}: {room} is pure and must not import {module}"


def main() -> int:
    """Check every file of the package."""
    found = [text for path in sorted(PACKAGE.rglob("*.py")) for text in violations(path)]
    print("\n".join(found) if found else "layering: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
