"""Order between instances: chains with bindings, phases around their contents, lists in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smssboot.model.expr import text_of
from smssboot.model.instances import Instance
from smssboot.model.language import Binding, Element

Arrow = tuple[int, int]


@dataclass(slots=True)
class Linker:
    """Collects arrows between nodes. `join` makes a silent node, so that n*m arrows become n+m."""

    join: Callable[[], int]
    arrows: dict[Arrow, int] = field(default_factory=dict)

    def link(self, firsts: list[int], thens: list[int], rule: int) -> None:
        """Every node of `firsts` before every node of `thens`."""
        if len(firsts) > 1 and len(thens) > 1 and len(firsts) * len(thens) > len(firsts) + len(thens):
            middle = self.join()
            for first in firsts:
                self.arrows.setdefault((first, middle), rule)
            for then in thens:
                self.arrows.setdefault((middle, then), rule)
            return
        for first in firsts:
            for then in thens:
                if first != then:
                    self.arrows.setdefault((first, then), rule)


def shared_key(instance: Instance, names: Iterable[str]) -> tuple[Any, ...]:
    """The values of some loop variables, to compare instances of two rules."""
    return tuple(instance.values[name] for name in names)


def by_key(instances: Iterable[Instance], names: tuple[str, ...]) -> dict[tuple[Any, ...], list[Instance]]:
    """Instances grouped by the values of some loop variables."""
    out: dict[tuple[Any, ...], list[Instance]] = defaultdict(list)
    for instance in instances:
        out[shared_key(instance, names)].append(instance)
    return out


def link_shared(
    linker: Linker, firsts: list[Instance], thens: list[Instance], names: tuple[str, ...], rule: int
) -> None:
    """Each first before each then that has the same values of the shared loop variables."""
    left, right = by_key(firsts, names), by_key(thens, names)
    for key, group in left.items():
        others = right.get(key)
        if others:
            linker.link([i.node for i in group], [i.node for i in others], rule)


def link_listed(linker: Linker, instances: list[Instance], names: tuple[str, ...], rule: int) -> None:
    """Items of the last loop in listed order, separately for each value of the loops around it."""
    last: dict[tuple[Any, ...], Instance] = {}
    for instance in instances:
        key = shared_key(instance, names)
        before = last.get(key)
        if before is not None:
            linker.link([before.node], [instance.node], rule)
        last[key] = instance


@dataclass(frozen=True, slots=True)
class Bound:
    """An instance at one place of a chain, with the values that it gives to the chain's variables."""

    node: int
    values: Mapping[str, Any]


def bind(element: Element, instances: list[Instance], names: tuple[str, ...]) -> list[Bound]:
    """The instances that an element's bindings admit."""
    out: list[Bound] = []
    for instance in instances:
        values: dict[str, Any] | None = {}
        for binding in element.bindings:
            values = _apply(binding, instance, names, values)
            if values is None:
                break
        if values is not None:
            out.append(Bound(instance.node, values))
    return out


def _apply(
    binding: Binding, instance: Instance, names: tuple[str, ...], values: dict[str, Any] | None
) -> dict[str, Any] | None:
    if values is None:
        return None
    name = binding.name or names[0]
    match binding.kind:
        case "literal":
            return values if text_of(instance.values[name]) == binding.value else None
        case "first":
            return values if instance.at[name] == 0 else None
        case "last":
            return values if instance.last[name] else None
        case "next":
            before = instance.before[name]
            return None if before is None else {**values, binding.value: before}
        case "variable":
            return {**values, binding.value: instance.values[name]}


def link_chain(linker: Linker, links: list[tuple[list[Bound], list[Bound]]], rule: int) -> None:
    """Arrows of one chain. Each link is (what is reached, what is left) of one element.

    Sources that find no partner in a link (it is switched off in this context, or for this value) are
    carried on to the next one: a chain closes over what is absent.
    """
    open_sources: list[list[Bound]] = []
    for reached, left in links:
        still: list[list[Bound]] = []
        for sources in open_sources:
            lonely = _join(linker, sources, reached, rule)
            if lonely:
                still.append(lonely)
        if left:
            still.append(left)
        open_sources = still


def _join(linker: Linker, sources: list[Bound], targets: list[Bound], rule: int) -> list[Bound]:
    if not sources or not targets:
        return sources
    shared = tuple(sorted(sources[0].values.keys() & targets[0].values.keys()))
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for target in targets:
        groups[tuple(target.values[name] for name in shared)].append(target.node)
    matched: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    lonely: list[Bound] = []
    for source in sources:
        key = tuple(source.values[name] for name in shared)
        if key in groups:
            matched[key].append(source.node)
        else:
            lonely.append(source)
    for key, nodes in matched.items():
        linker.link(nodes, groups[key], rule)
    return lonely
