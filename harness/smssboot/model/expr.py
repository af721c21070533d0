"""Expressions of the model language: a small, pure subset of Python, walked and never executed.

Allowed are constants, names, attributes and items of mappings, arithmetic, comparisons, `and or not`,
`in`, conditional expressions, lists, tuples, mappings and calls of the functions in `functions.py`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from smssboot.errors import nearest

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_NODES: Final = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp,
    ast.Not, ast.USub, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.IfExp, ast.List, ast.Tuple, ast.Dict,
    ast.Call, *_BINARY, *_COMPARE,
)  # fmt: skip
_LIMIT: Final = 100_000
"""The longest text or list that an expression may make."""

TEMPLATE: Final = re.compile(r"<([A-Za-z_][^<>]*)>")


class ExprError(Exception):
    """An expression that cannot be read or evaluated. `offset` is the column in its text, from 0."""

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """The checked syntax tree of `text`. Raises ExprError."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        offset = (error.offset or 1) - 1 if isinstance(error, SyntaxError) else 0
        raise ExprError(f"cannot read the expression `{text}`", offset) from None
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            column = getattr(node, "col_offset", 0)
            raise ExprError(f"`{type(node).__name__}` is not allowed in an expression", column)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            raise ExprError(f"`{node.attr}` is not allowed in an expression", node.col_offset)
        if isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.keywords):
            raise ExprError("only the model's own functions can be called", node.col_offset)
    return tree.body


@lru_cache(maxsize=4096)
def names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The variables and the functions that an expression uses."""
    variables: set[str] = set()
    functions: set[str] = set()
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Name):
            variables.add(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            functions.add(node.func.id)
    return frozenset(variables - functions), frozenset(functions)


def evaluate(text: str, scope: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of an expression. Raises ExprError with the place and the nearest known word."""
    return _Walker(scope, functions).visit(parse(text))


class _Walker:
    """Evaluates one syntax tree."""

    def __init__(self, scope: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.scope, self.functions = scope, functions

    def visit(self, node: ast.expr) -> Any:
        try:
            value = self._visit(node)
        except ExprError:
            raise
        except RecursionError:
            raise ExprError("the expression is too deep", node.col_offset) from None
        except (TypeError, ValueError, KeyError, IndexError, ArithmeticError) as error:
            raise ExprError(f"cannot compute `{ast.unparse(node)}`: {error}", node.col_offset) from None
        if isinstance(value, (str, list, tuple)) and len(value) > _LIMIT:
            raise ExprError(f"the value of `{ast.unparse(node)}` is too long", node.col_offset)
        return value

    def _visit(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                if node.id not in self.scope:
                    near = nearest(node.id, self.scope)
                    hint = f"did you mean `{near}`?" if near else ""
                    raise ExprError(f"unknown name `{node.id}`", node.col_offset, hint)
                return self.scope[node.id]
            case ast.Attribute():
                return self._item(self.visit(node.value), node.attr, node)
            case ast.Subscript():
                return self._item(self.visit(node.value), self.visit(node.slice), node)
            case ast.BinOp():
                left, right = self.visit(node.left), self.visit(node.right)
                if isinstance(node.op, ast.Mult) and not (isinstance(left, int) and isinstance(right, int)):
                    raise ExprError("`*` needs two integers", node.col_offset)
                return _BINARY[type(node.op)](left, right)
            case ast.UnaryOp():
                value = self.visit(node.operand)
                return (not value) if isinstance(node.op, ast.Not) else -value
            case ast.BoolOp():
                stop = isinstance(node.op, ast.Or)
                value = not stop
                for part in node.values:
                    value = self.visit(part)
                    if bool(value) is stop:
                        break
                return value
            case ast.Compare():
                left = self.visit(node.left)
                for op, raw in zip(node.ops, node.comparators, strict=True):
                    right = self.visit(raw)
                    if not _COMPARE[type(op)](left, right):
                        return False
                    left = right
                return True
            case ast.IfExp():
                return self.visit(node.body if self.visit(node.test) else node.orelse)
            case ast.List() | ast.Tuple():
                return [self.visit(item) for item in node.elts]
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                return {self.visit(k): self.visit(v) for k, v in pairs if k is not None}
            case ast.Call(func=ast.Name(id=name)):
                if name not in self.functions:
                    near = nearest(name, self.functions)
                    hint = f"did you mean `{near}`?" if near else ""
                    raise ExprError(f"unknown function `{name}`", node.col_offset, hint)
                return self.functions[name](*[self.visit(arg) for arg in node.args])
        raise ExprError(f"`{type(node).__name__}` is not allowed in an expression", node.col_offset)

    @staticmethod
    def _item(value: Any, key: Any, node: ast.expr) -> Any:
        if isinstance(value, Mapping):
            if key not in value:
                near = nearest(str(key), [str(k) for k in value])
                hint = f"did you mean `{near}`?" if near else ""
                raise ExprError(f"no `{key}` in `{ast.unparse(node)}`", node.col_offset, hint)
            return value[key]
        if isinstance(value, (list, tuple, str)) and isinstance(key, int):
            return value[key]
        raise ExprError(f"`{ast.unparse(node)}` has no item `{key}`", node.col_offset)


def text_of(value: Any) -> str:
    """A computed value as it appears on the wire: decimal numbers, 0 and 1 for truth."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def fill(template: str, scope: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> str:
    r"""Replace each `<expression>` in a text: `\Sessions\<session>`. Raises ExprError."""
    if "<" not in template:
        return template
    parts: list[str] = []
    end = 0
    for found in TEMPLATE.finditer(template):
        parts.append(template[end : found.start()])
        try:
            parts.append(text_of(evaluate(found.group(1), scope, functions)))
        except ExprError as error:
            raise ExprError(error.message, error.offset + found.start(1), error.hint) from None
        end = found.end()
    return "".join(parts) + template[end:]
