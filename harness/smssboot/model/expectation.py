"""The expectation of one boot: a finite, partially ordered set of events, ready to be checked.

Grounding (`model.grounding`) makes it; `conformance` reads it. Everything in it is made of tuples,
strings and integers, so that it can be cached as bytes and loaded without YAML or the language, in little
more than a millisecond.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

Voice: TypeAlias = Literal["claim", "fact", "evidence"]

UNBOUNDED: Final = 1 << 30
"""The upper bound of a count that has none."""

CACHE_VERSION: Final = "smssboot.expectation/1"

_UNREADABLE: Final = (AttributeError, EOFError, ImportError, TypeError, ValueError)

MatchKind: TypeAlias = Literal["eq", "glob", "any", "has", "list", "same", "range", "in", "run", "digest"]


class Match(NamedTuple):
    """A condition on one value. `kind` says how `args` are to be read.

    `eq` text; `glob` pattern with `*` and `?`; `any` present; `has` all these items, in a value that is
    a list joined by NUL or comma (an item `NAME=*` asks for the name only); `list` exactly these items in
    any order; `same` the name of another key of the same event; `range` two integers as text, the second
    may be `*`; `in` one of these; `run` what this run was given (`nonce` or `image`);
    `digest` the SHA-256 of a text, in hexadecimal digits, and with `hex` behind it that of those digits.
    """

    kind: MatchKind
    args: tuple[str, ...] = ()


class Rule(NamedTuple):
    """Where an expectation comes from and how to speak of it. Many nodes may share one rule."""

    name: str
    where: str
    statements: tuple[str, ...] = ()
    why: str = ""
    step: str = ""


class Node(NamedTuple):
    """One expected event (or, with `high` > 1, several alike).

    `voice` is "" for a join, which is never seen and only carries order. `key` are the data that say
    *which* event it is, `data` the conditions that it must also meet. `proves` are the claims (nodes)
    that this one covers. `head` is the
    claim under which it is reported: a phase's begin, the first claim that it proves, or itself.
    `after_steady` marks the shutdown part, `warn` a deviation that does not fail a boot.
    """

    index: int  # type: ignore[assignment]
    voice: Voice | Literal[""]
    name: str
    rule: int
    key: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[str, Match], ...] = ()
    low: int = 1
    high: int = 1
    proves: tuple[int, ...] = ()
    head: int = -1
    terminal: bool = False
    after_steady: bool = False
    warn: bool = False

    @property
    def label(self) -> str:
        """The name with the data that identify the event, as findings print it."""
        if self.voice == "":
            return self.name
        seen = [f"{k}={v}" for k, v in self.key if not k.startswith("@")]
        return " ".join([self.name, *seen])


class Edge(NamedTuple):
    """`first` must come before `then`."""

    first: int
    then: int
    rule: int


class Pattern(NamedTuple):
    """Events that are allowed any number of times and required never."""

    voice: Voice
    name: str
    data: tuple[tuple[str, Match], ...]
    rule: int


class Never(NamedTuple):
    """Events that must not happen: at all, before a node, or after one. `name` may hold `*`."""

    voice: Voice | Literal[""]
    name: str
    data: tuple[tuple[str, Match], ...]
    rule: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    excepted: tuple[str, ...] = ()


class Bound(NamedTuple):
    """Guest time from `start` to `end`, in nanoseconds; `high` None means no upper bound."""

    start: int
    end: int
    low: int
    high: int | None
    rule: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that must, may and must not be seen in one boot."""

    profile: str
    arch: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    patterns: tuple[Pattern, ...]
    nevers: tuple[Never, ...]
    bounds: tuple[Bound, ...]
    choices: tuple[tuple[tuple[int, ...], ...], ...]
    rules: tuple[Rule, ...]
    sentences: Mapping[str, str] = field(default_factory=dict)
    nonce: str | None = None
    image: str | None = None
    key: str = ""

    def to_cache(self) -> bytes:
        """The expectation as bytes for `from_cache`. Only for files that this program wrote itself."""
        return pickle.dumps((CACHE_VERSION, self), protocol=5)

    @staticmethod
    def from_cache(blob: bytes) -> Expectation | None:
        """The expectation in `blob`, or None if it was written by another version or is damaged.

        The bytes are a pickle: pass only what came from `to_cache` on this machine.
        """
        try:
            version, value = pickle.loads(blob)
        except (pickle.UnpicklingError, LookupError, ArithmeticError, *_UNREADABLE):
            return None
        if version != CACHE_VERSION or not isinstance(value, Expectation):
            return None
        return value

    def with_nonce(self, nonce: str | None, image: str | None = None) -> Expectation:
        """The same expectation for another run: nothing but `hello` holds the nonce and the image."""
        from dataclasses import replace

        return replace(self, nonce=nonce, image=image if image is not None else self.image)


class Graph:
    """Neighbours and a topological order of an expectation's nodes. Linear in nodes and edges."""

    def __init__(self, size: int, edges: tuple[Edge, ...]) -> None:
        self.succ: list[list[int]] = [[] for _ in range(size)]
        self.pred: list[list[int]] = [[] for _ in range(size)]
        for edge in edges:
            self.succ[edge.first].append(edge.then)
            self.pred[edge.then].append(edge.first)

    @cached_property
    def order(self) -> list[int]:
        """Node numbers so that every edge points forward; nodes of a cycle are left out."""
        waiting = [len(p) for p in self.pred]
        ready = [i for i, n in enumerate(waiting) if n == 0]
        ready.reverse()
        out: list[int] = []
        while ready:
            node = ready.pop()
            out.append(node)
            for then in self.succ[node]:
                waiting[then] -= 1
                if waiting[then] == 0:
                    ready.append(then)
        return out

    def ancestors_within(self, wanted: list[int]) -> dict[int, int]:
        """For each wanted node, the wanted nodes that must come before it, as a bitset over `wanted`.

        O(V * m / 64) for m wanted nodes.
        """
        bit = {node: 1 << i for i, node in enumerate(wanted)}
        above: list[int] = [0] * len(self.succ)
        for node in self.order:
            own = above[node] | bit.get(node, 0)
            if own:
                for then in self.succ[node]:
                    above[then] |= own
        return {node: above[node] for node in wanted}

    def reach(self, start: list[int], forward: bool = True) -> set[int]:
        """Every node that can be reached from `start` (not counting `start` unless on a path)."""
        near = self.succ if forward else self.pred
        seen: set[int] = set()
        stack = list(start)
        while stack:
            for node in near[stack.pop()]:
                if node not in seen:
                    seen.add(node)
                    stack.append(node)
        return seen
