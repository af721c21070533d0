"""What was not seen: missing events, unproved claims, the place where a boot stopped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from smssboot.conformance import explain
from smssboot.conformance.accounts import Account
from smssboot.conformance.damage import Stretch
from smssboot.conformance.deviations import Placed
from smssboot.conformance.findings import Finding
from smssboot.conformance.tracking import Sighting
from smssboot.model.expectation import Node
from smssboot.timeline.items import Cause

if TYPE_CHECKING:
    from smssboot.conformance.pairing import Pairs


class Absence:
    """The required nodes that were not seen often enough, in topological order.

    `lower[n]` and `upper[n]` bound the positions at which n could have stood: behind what must precede
    it, in front of what must follow it. Nodes that a damaged place explains are taken out.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        nodes = account.expectation.nodes
        size = len(nodes)
        self.lower = [-1.0] * size
        self.upper = [float("inf")] * size
        self._bounds()
        required = self._required()
        self.missing = [
            index
            for index in account.graph.order
            if index in required and account.tracker.counts[index] < nodes[index].low
        ]
        self._forgive()

    def _bounds(self) -> None:
        account = self.account
        stopped = account.stopped
        for index in account.graph.order:
            seen = account.at.get(index)
            reach = max(self.lower[index], float(seen[-1].position)) if seen else self.lower[index]
            for then in account.graph.succ[index]:
                self.lower[then] = max(self.lower[then], reach)
        for index in reversed(account.graph.order):
            for then in account.graph.succ[index]:
                seen = account.at.get(then)
                # The kernel says `bye` after a bugcheck too; that proves nothing about what was skipped.
                if seen and stopped and account.node(then).name == "bye":
                    continue
                reach = float(seen[0].position) if seen else self.upper[then]
                self.upper[index] = min(self.upper[index], reach)

    def _required(self) -> set[int]:
        """Nothing is required after a terminal event but what must lead to it or follow it."""
        account = self.account
        wanted = {n.index for n in account.expectation.nodes if n.voice and n.low > 0}
        terminal = [n.index for n in account.expectation.nodes if n.terminal]
        ended = [index for index in terminal if account.tracker.counts[index]]
        if ended:
            near = account.graph.reach(ended) | account.graph.reach(ended, forward=False) | set(ended)
            wanted = {i for i in wanted if i in near}
        elif terminal:
            # The terminal event itself is missing: then everything else is beside the point.
            wanted = {i for i in wanted if i in terminal or account.tracker.counts[i]}
        return wanted

    def _forgive(self) -> None:
        """Take out what may have stood in a damaged place, at most as many as were lost there."""
        open_nodes = list(self.missing)
        for stretch in self.account.stretches:
            room = stretch.lost
            named = [i for i in open_nodes if self._readable(i, stretch)]
            fits = [i for i in open_nodes if i not in named and self._may_stand(i, stretch)]
            # What can stand in fewer places comes first.
            fits.sort(key=lambda i: (self.upper[i] - self.lower[i], i))
            for index in [*named, *fits]:
                if room <= 0 and index not in named:
                    break
                stretch.explains.append(index)
                open_nodes.remove(index)
                room -= 1
        self.missing = open_nodes

    def _may_stand(self, index: int, stretch: Stretch) -> bool:
        node = self.account.node(index)
        if node.voice == "evidence" or stretch.lost == 0:
            return False
        return self.lower[index] <= stretch.after + 0.5 < self.upper[index]

    def _readable(self, index: int, stretch: Stretch) -> bool:
        """Whether the damaged bytes still show this very event."""
        node = self.account.node(index)
        if not stretch.raw or f" {node.name} " not in f"{stretch.raw} ":
            return False
        values = [value for key, value in node.key if not key.startswith("@")]
        return all(value in stretch.raw for value in values) and self._may_stand(index, stretch)

    def skipped(self, index: int) -> bool:
        """Whether something that must follow was seen all the same."""
        return self.upper[index] != float("inf")


def findings(account: Account, gone: Absence, pairs: Pairs) -> list[Placed]:
    """Missing events, each root once: what a missing event drags along is told with it."""
    left = [index for index in gone.missing if index not in pairs.nodes]
    evidence = [index for index in left if account.node(index).voice == "evidence"]
    wire = [index for index in left if account.node(index).voice != "evidence"]
    out: list[Placed] = []
    if account.stopped:
        skipped = [index for index in wire if gone.skipped(index)]
        after = [index for index in wire if not gone.skipped(index)]
        out += _skipped(account, gone, skipped, [])
        if [account.node(index).name for index in after] == ["bye"]:
            out.append(_no_bye(account, after[0]))
        elif after:
            out.append(_stopped(account, gone, after))
        return out
    families = _absent_families(account, evidence)
    for family in sorted(families):
        out.append(_no_family(account, family, families[family]))
    silent = {index for group in families.values() for index in group}
    out += _skipped(account, gone, wire, [index for index in evidence if index not in silent])
    return out


def _absent_families(account: Account, evidence: list[int]) -> dict[str, list[int]]:
    """Kinds of evidence (`memory`, `pe`, `qmp`) of which nothing at all was seen."""
    families: dict[str, list[int]] = defaultdict(list)
    for index in evidence:
        families[account.node(index).name.split(".")[0]].append(index)
    for sighting in account.sightings:
        if sighting.event.voice == "evidence":
            families.pop(sighting.event.name.split(".")[0], None)
    return {family: group for family, group in families.items() if len(group) > 1}


def _no_family(account: Account, family: str, nodes: list[int]) -> Placed:
    node = account.node(nodes[0])
    text = f"no evidence of the kind `{family}.*` was gathered, {len(nodes)} events of it are expected."
    finding = explain.base(account.expectation, "E111", "unproved", text, node=node)
    cause = "the host could not look: the guest was not paused at its steady state, or reading it failed"
    related = tuple(account.node(index).label for index in nodes[1:7])
    name = f"{family}.*"
    finding = replace(finding, label=name, event=name, expected=node.label, cause=cause, related=related)
    return float(len(account.items)), finding


def _stopped(account: Account, gone: Absence, after: list[int]) -> Placed:
    """The boot did not come to its end: what was next, and how much was not reached."""
    members = set(after)
    minimal = [i for i in after if not (_nearest_missing_above(account, i) & members)]
    minimal.sort(key=lambda i: (account.node(i).voice != "claim", account.rank[i]))
    node = account.node(minimal[0])
    rest = len(after) - 1
    last = account.last
    where = f"after `{account.node(last.node).label}`" if last is not None else "before its first record"
    text = f"the boot stopped {where}; next should have come `{node.label}`."
    if rest:
        text += f" {rest} later events were not reached."
    finding = explain.base(account.expectation, "E106", "missing", text, node=node)
    event = None if last is None else last.event
    finding = replace(
        finding,
        expected=node.label,
        got="the log ends" if event is None else f"the last record is `{explain.label_of(event)}`",
        line=None if event is None else event.line,
        seq=None if event is None else event.seq,
        time_ns=None if event is None else event.time_ns,
        cause=_why_ended(account),
        related=tuple(account.node(i).label for i in minimal[1:7]),
    )
    # What the host finds afterwards, a volume that was not dismounted for one, comes of the stop.
    told = [s.position for s in account.sightings if s.event.voice != "evidence"]
    rank = -1.0 if account.bugcheck is not None or not told else told[-1] + 0.5
    return rank, finding


def _no_bye(account: Account, index: int) -> Placed:
    """Everything was said but the last word: that is a lost record and no step that was left out."""
    node = account.node(index)
    last = account.last
    text = f"the log has no last record: everything was seen but `{node.label}`."
    finding = explain.base(account.expectation, "E109", "damaged", text, node=node)
    event = None if last is None else last.event
    finding = replace(
        finding,
        expected=node.label,
        got="the log ends" if event is None else f"the last record is `{explain.label_of(event)}`",
        line=None if event is None else event.line,
        seq=None if event is None or event.seq is None else event.seq + 1,
        cause=_why_ended(account),
    )
    return float(len(account.items)), finding


def _why_ended(account: Account) -> str:
    """What the supervisor said about the end of the run."""
    causes = [item for item in account.items if isinstance(item, Cause)]
    if account.bugcheck is not None:
        return "the bugcheck"
    return f"{causes[0].kind}: {causes[0].text}" if causes and causes[0].text else ""


def _nearest_missing_above(account: Account, index: int) -> set[int]:
    """Unseen required nodes above this one, with no seen node in between."""
    out: set[int] = set()
    stack = [index]
    visited: set[int] = set()
    tracker = account.tracker
    while stack:
        for node in account.graph.pred[stack.pop()]:
            if node in visited:
                continue
            visited.add(node)
            if tracker.counts[node]:
                continue
            if tracker.expectation.nodes[node].low > 0:
                out.add(node)
            stack.append(node)
    return out


def _skipped(account: Account, gone: Absence, wire: list[int], evidence: list[int]) -> list[Placed]:
    """Group what is missing under its root: the claim, or the first of a row of missing events."""
    roots: dict[int, list[int]] = defaultdict(list)
    absent = set(wire) | set(evidence)
    root_of: dict[int, int] = {}
    claimed: dict[int, list[int]] = defaultdict(list)  # a seen claim -> its missing proofs
    for index in [*wire, *evidence]:
        node = account.node(index)
        head = node.head if node.head >= 0 else index
        if node.proves and len(node.proves) == 1 and account.tracker.counts[node.proves[0]]:
            claimed[node.proves[0]].append(index)
            continue
        above = _nearest_missing_above(account, index) & absent - {index}
        if head in absent and head != index:
            above.add(head)
        root = next((root_of[i] for i in sorted(above, key=account.rank.__getitem__) if i in root_of), index)
        root_of[index] = root
        roots[root].append(index)
    out: list[Placed] = []
    for root, group in roots.items():
        out.append(_missing(account, gone, root, group))
    for claim, proofs in claimed.items():
        if claim not in root_of:
            out.append(_unproved(account, claim, proofs))
    return out


def _missing(account: Account, gone: Absence, root: int, group: list[int]) -> Placed:
    node = account.node(root)
    position = gone.lower[root] + 0.5
    proof = bool(node.proves)
    claims = [account.node(claim).label for claim in node.proves]
    others = [account.node(index).label for index in group if index != root]
    counted = account.tracker.counts[root]
    if counted:
        text = f"`{node.label}` was seen {counted} of {node.low} times."
    else:
        text = f"`{node.label}` never happened."
    if others:
        text += f" With it {len(others)} further events are missing."
    code, kind = ("E111", "unproved") if proof else ("E101", "missing")
    finding = explain.base(account.expectation, code, kind, text, node=node)
    if proof:
        finding = replace(finding, text=f"{text} It proves {explain.listed(claims)}.")
    before = _last_seen(account, gone.lower[root])
    finding = replace(
        finding,
        expected=_expected(node),
        got=f"{counted} times" if counted else "",
        line=None if before is None else before.event.line,
        cause=_cause(account, node, before),
        related=tuple([*others, *claims][:8]),
    )
    return position, finding


def _last_seen(account: Account, position: float) -> Sighting | None:
    return next((s for s in account.sightings if s.position == position), None)


def _cause(account: Account, node: Node, before: Sighting | None) -> str:
    if before is None or node.voice == "evidence":
        return ""
    return f"it was due after `{explain.label_of(before.event)}`"


def _expected(node: Node) -> str:
    times = f" ({node.low} times)" if node.low > 1 else ""
    return f"{node.voice} {node.label}{times}"


def _unproved(account: Account, claim: int, proofs: list[int]) -> Placed:
    """A claim that neither the kernel nor the host confirms."""
    node = account.node(claim)
    sighting = account.at[claim][0]
    account.unproved.add(sighting.position)
    wanted = [account.node(index) for index in proofs]
    facts = [n.label for n in wanted if n.voice == "fact"]
    evidence = [n.label for n in wanted if n.voice == "evidence"]
    parts = []
    if facts:
        parts.append(f"the kernel recorded no {explain.listed(facts)}")
    if evidence:
        parts.append(f"the host found no {explain.listed(evidence)}")
    counts = [account.tracker.counts[index] for index in proofs]
    text = f"`{node.label}` is claimed, but {' and '.join(parts)}."
    if any(counts):
        some = f"{max(counts)} of {wanted[0].low} `{wanted[0].label}`"
        text = f"`{node.label}` is claimed, but only {some} were seen."
    finding: Finding = explain.base(
        account.expectation, "E111", "unproved", text, node=node, event=sighting.event, rule=wanted[0].rule
    )
    finding = replace(
        finding,
        expected=", ".join(_expected(n) for n in wanted),
        got="the claim alone",
        related=tuple(n.label for n in wanted),
        cause="the program said so without doing it, or did something else",
    )
    return float(sighting.position), finding
