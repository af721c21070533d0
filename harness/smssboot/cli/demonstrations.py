"""Which tests demonstrate a statement: their markers `@pytest.mark.statements("S-021", ...)`, only read."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

MARKER = "statements"


def demonstrations(folder: Path) -> dict[str, tuple[str, ...]]:
    """Tests by statement: `boot/test_x.py::test_y`, or `boot/test_x.py[case]` for one case of several.

    Empty where the project's tests are not installed.  Raises SyntaxError for a test that is no Python.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        for test, statement in _marks(ast.parse(path.read_text("utf-8"), str(path)), ""):
            found[statement].append(f"{path.relative_to(folder).as_posix()}{test}")
    return {statement: tuple(dict.fromkeys(tests)) for statement, tests in found.items()}


def _marks(node: ast.AST, test: str) -> Iterator[tuple[str, str]]:
    """Every marker below a node, with the test or the case that it stands at."""
    if isinstance(node, ast.Call) and _name(node.func) == MARKER:
        yield from ((test, word) for word in map(_text, node.args) if word)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _marks(value, f"[{_text(key)}]" if _text(key) else test)
    else:
        if isinstance(node, ast.FunctionDef):
            test = f"::{node.name}"
        elif isinstance(node, ast.Call) and _name(node.func) == "param" and node.args and _text(node.args[0]):
            test = f"[{_text(node.args[0])}]"
        for child in ast.iter_child_nodes(node):
            yield from _marks(child, test)


def _name(function: ast.expr) -> str:
    """`statements` of both `pytest.mark.statements` and a short name for it."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.expr | None) -> str:
    """A literal text; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
