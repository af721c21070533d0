"""Findings about what *was* seen: damage, wrong and forbidden events, broken order, missed times."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from smssboot.conformance import explain
from smssboot.conformance.accounts import Account
from smssboot.conformance.findings import Finding
from smssboot.conformance.ordering import Move, misplaced
from smssboot.conformance.tracking import Sighting
from smssboot.timeline.items import Event

if TYPE_CHECKING:
    from smssboot.conformance.absence import Absence
    from smssboot.conformance.pairing import Pairs

Placed: TypeAlias = tuple[float, Finding]
"""A finding and its rank: the root cause has the lowest."""

FIRST: Final = -3.0
"""A log of another run."""
SECOND: Final = -2.0
"""The kernel gave up."""


def damage(account: Account, gone: Absence) -> list[Placed]:
    """One finding per damaged place, with the events that were probably lost there."""
    out: list[Placed] = []
    for stretch in account.stretches:
        if stretch.first is None or stretch.last is None:
            text = f"something unreadable stands in the log: {stretch.reason}."
        elif stretch.lost == 1:
            text = f"record {stretch.first} is " + (f"damaged: {stretch.reason}." if stretch.raw else "lost.")
        else:
            text = f"{stretch.lost} records, {stretch.first} to {stretch.last}, are lost or damaged."
        nodes = [account.node(index) for index in stretch.explains]
        if nodes:
            text += f" Not seen therefore: {explain.listed([node.label for node in nodes])}."
        finding = Finding(
            code="E109",
            kind="damaged",
            event=nodes[0].name if nodes else _readable_name(stretch.raw),
            label=nodes[0].label if nodes else "",
            text=text,
            expected="every record whole, numbered without gaps",
            got=explain.label_of(Event("fact", stretch.reason or "a gap", {})),
            line=stretch.line or _line_after(account, stretch.after),
            seq=stretch.first,
            cause="the serial line lost or mixed bytes; damaged evidence is never read as a missing step",
            related=tuple(node.label for node in nodes[1:]),
            voice=nodes[0].voice if nodes else "",
        )
        out.append((stretch.after + 0.4, finding))
    return out


def _readable_name(raw: str) -> str:
    """The event's name out of a damaged record, when it can still be read."""
    words = raw.split(" ")
    for number, word in enumerate(words):
        if word in ("claim", "fact") and number + 1 < len(words):
            return words[number + 1]
    return ""


def _line_after(account: Account, position: int) -> int | None:
    for item in account.items[position + 1 :]:
        line = getattr(item, "line", None)
        if line:
            return int(line)
    return None


def events(account: Account, pairs: Pairs) -> list[Placed]:
    """Unexpected, duplicate, forbidden events and wrong data, apart from what was paired."""
    out: list[Placed] = []
    for sighting in account.sightings:
        if sighting.position in pairs.explained:
            continue
        if sighting is account.bye and account.bugcheck is not None and _only_reason(sighting):
            continue  # told by the bugcheck
        for finding in explain.of_sighting(account.expectation, sighting):
            rank = float(sighting.position)
            if finding.code == "E110":
                rank = FIRST
            elif finding.event == "bugcheck":
                rank = SECOND
            elif finding.event == "qmp.GUEST_PANICKED":
                rank = SECOND + 0.5
                if account.bugcheck is not None:
                    continue  # the same thing, seen by QEMU
            out.append((rank, finding))
    return out


def _only_reason(sighting: Sighting) -> bool:
    return [key for key, _, _ in sighting.differences] == ["reason"]


def moves(account: Account) -> list[Placed]:
    """The fewest events that are out of order. Events of one phase that moved together are one finding."""
    seen = account.seen
    found = misplaced(seen, account.graph, account.rank)
    groups: dict[tuple[int, bool], list[Move]] = defaultdict(list)
    for move in found:
        node = account.node(seen[move.event][1])
        head = node.head if node.head >= 0 else node.index
        groups[head, move.late].append(move)
        account.moved.add(seen[move.event][0])
    return [_moved(account, seen, group) for group in groups.values()]


def _moved(account: Account, seen: list[tuple[int, int]], group: list[Move]) -> Placed:
    by_position = account.by_position
    expectation = account.expectation
    numbers = {move.event for move in group}
    move = group[0]
    sighting = by_position[seen[move.event][0]]
    node = account.node(sighting.node)
    others = [p for m in group for p in m.partners if p not in numbers]
    nearest = max(others) if not move.late else min(others)
    other = by_position[seen[nearest][0]]
    other_node = account.node(other.node)
    first, then = (node, other_node) if move.late else (other_node, node)
    rule = rule_between(account, first.index, then.index)
    where = f" (line {other.event.line})" if other.event.line is not None else ""
    if move.late:
        text = f"`{node.label}` came too late: it must come before `{other_node.label}`{where}."
        wanted, got = f"before `{other_node.label}`", f"after `{other_node.label}`"
    else:
        text = f"`{node.label}` came too early: it must come after `{other_node.label}`{where}."
        wanted, got = f"after `{other_node.label}`", f"before `{other_node.label}`"
    broken = len({tuple(sorted((m.event, p))) for m in group for p in m.partners})
    repair = f"moving this one event repairs all {broken} broken orderings" if broken > 1 else ""
    if len(group) > 1:
        repair = f"moving these {len(group)} events together repairs {broken} broken orderings"
    instead = [account.node(seen[i][1]).label for m in group for i in m.instead]
    if instead and len(group) == 1:
        other_way = "early" if move.late else "late"
        repair = f"move this event; or else `{instead[0]}` came too {other_way}"
    finding = explain.base(
        expectation, "E102", "out of order", text, node=node, event=sighting.event, rule=rule
    )
    together = [account.node(seen[m.event][1]).label for m in group[1:]]
    related = tuple(dict.fromkeys([*together, *instead]))
    finding = replace(finding, expected=wanted, got=got, repair=repair, related=related)
    return float(min(seen[move.event][0], seen[nearest][0])), finding


def rule_between(account: Account, first: int, then: int) -> int:
    """The rule by which `first` must come before `then`: of a direct arrow, else on the shortest path."""
    rules = account.arrow_rules
    direct = rules.get((first, then))
    if direct is not None:
        return direct
    came: dict[int, int] = {first: first}
    queue = [first]
    for node in queue:
        if node == then:
            break
        for near in account.graph.succ[node]:
            if near not in came:
                came[near] = node
                queue.append(near)
    if then not in came:
        return -1
    best = -1
    node = then
    while came[node] != node:
        # A chain of the model explains better than the arrow from a phase's begin to its end.
        rule = rules[came[node], node]
        if best < 0 or account.expectation.rules[rule].name.startswith("order["):
            best = rule
        node = came[node]
    return best


def timing(account: Account) -> list[Placed]:
    """Bounds on the guest's time that do not hold."""
    out: list[Placed] = []
    for bound, took in account.overdue():
        starts, ends = account.at[bound.start], account.at[bound.end]
        start, node = account.node(bound.start), account.node(bound.end)
        late = bound.high is not None and took > bound.high
        limit = f"at most {seconds(bound.high or 0)}" if late else f"at least {seconds(bound.low)}"
        text = f"`{node.label}` came {seconds(took)} after `{start.label}`, {limit} are allowed."
        finding = explain.base(
            account.expectation, "E107", "too late", text, node=node, event=ends[-1].event, rule=bound.rule
        )
        slow = _slowest(account, starts[0].position, ends[-1].position)
        finding = replace(finding, expected=f"{limit} after `{start.label}`", got=seconds(took), cause=slow)
        account.belated.add(ends[-1].position)
        out.append((float(ends[-1].position), finding))
    return out


def _slowest(account: Account, start: int, end: int) -> str:
    """The longest step between two positions: a missed deadline is seldom the deadline's own fault."""
    best, words = -1, ""
    before: Sighting | None = None
    for sighting in account.sightings:
        if sighting.event.time_ns is None or sighting.position > end:
            continue
        if before is not None and before.position >= start and before.event.time_ns is not None:
            step = sighting.event.time_ns - before.event.time_ns
            if step > best:
                best = step
                names = f"`{explain.label_of(before.event)}` to `{explain.label_of(sighting.event)}`"
                words = f"the longest step is {names}: {seconds(step)}"
        before = sighting
    return words


def seconds(nanoseconds: int) -> str:
    """A time for people: `12.345 s`, `1.200 ms`."""
    if abs(nanoseconds) >= 1_000_000_000:
        return f"{nanoseconds / 1e9:.3f} s"
    return f"{nanoseconds / 1e6:.3f} ms"
