"""From a model and a context to one finite, partially ordered set of expected events."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from smssboot.model.context import Context
from smssboot.model.errors import ModelError, Problem, expected
from smssboot.model.expectation import Bound, Edge, Expectation, Graph, Match, Never, Node, Pattern, Rule
from smssboot.model.instances import Instance, bounds, compute, conditions, holds, turns
from smssboot.model.language import AllowRule, Element, EventRule, Model, NeverRule, Scalar, ValueRule
from smssboot.model.linking import Linker, bind, by_key, link_chain, link_listed, link_shared, shared_key

ARCHES = ("x86_64", "aarch64")
ACTIONS = ("poweroff", "reset")


def ground(model: Model, context: Context) -> Expectation:
    """The expectation of one boot. Raises ModelError for a context that the model cannot stand on."""
    return _Grounding(model, context).run()


def scope_of(model: Model, context: Context) -> dict[str, Any]:
    """The names that expressions may use: the context and the model's own `let`."""
    if context.arch not in ARCHES:
        raise ModelError([expected(None, "an architecture", context.arch, ARCHES)])
    if context.action not in ACTIONS:
        raise ModelError([expected(None, "an action", context.action, ACTIONS)])
    scope: dict[str, Any] = {
        "arch": context.arch,
        "registry": context.registry,
        "given_sessions": None if context.sessions is None else list(context.sessions),
        "fault": context.fault,
        "action": context.action,
        "files": [name.lower() for name in context.files],
        "ground": context,
        "volumes": list(context.volumes),
        "profile": model.profile,
        "none": None,
        "true": True,
        "false": False,
    }
    for name, scalar in model.lets.items():
        scope[name] = compute(scalar, scope)
    return scope


class _Grounding:
    """Builds one expectation, section by section."""

    def __init__(self, model: Model, context: Context) -> None:
        self.model, self.context = model, context
        self.scope = scope_of(model, context)
        self.nodes: list[Node] = []
        self.rules: list[Rule] = []
        self.instances: dict[str, list[Instance]] = defaultdict(list)
        self.names: dict[str, tuple[str, ...]] = {}
        self.rule_of: dict[str, int] = {}
        self.linker = Linker(self.join)

    def run(self) -> Expectation:
        for rule in self.model.events.values():
            self.expand(rule)
        self.prove()
        self.order()
        self.heads()
        nevers = tuple(
            never for rule in self.model.nevers if (never := self.never(rule)) is not None
        )
        patterns = tuple(
            pattern for rule in self.model.allows if (pattern := self.pattern(rule)) is not None
        )
        timed = tuple(self.bounds())
        choices = tuple(self.choices())
        edges = tuple(Edge(first, then, rule) for (first, then), rule in self.linker.arrows.items())
        graph = Graph(len(self.nodes), edges)
        self.refuse_cycles(graph, edges)
        self.mark_shutdown(graph)
        used = {statement for rule in self.rules for statement in rule.statements}
        return Expectation(
            profile=self.model.profile,
            arch=self.context.arch,
            nodes=tuple(self.nodes),
            edges=edges,
            patterns=patterns,
            nevers=nevers,
            bounds=timed,
            choices=choices,
            rules=tuple(self.rules),
            sentences={k: v for k, v in self.model.sentences.items() if k in used},
            nonce=self.context.nonce,
            image=self.context.image,
            key=self.key(),
        )

    def key(self) -> str:
        """A hash of what makes this expectation what it is, apart from the run's nonce."""
        text = repr((self.nodes, sorted(self.linker.arrows), self.context.arch, self.model.profile))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    # -- events ----------------------------------------------------------------------------------------

    def rule(self, name: str, where: object, statements: tuple[str, ...], why: str, step: str = "") -> int:
        self.rules.append(Rule(name, str(where), statements, why, step))
        return len(self.rules) - 1

    def join(self) -> int:
        self.nodes.append(Node(len(self.nodes), "", "join", 0, low=0, high=0))
        return len(self.nodes) - 1

    def actor(self, by: str | None, session: Scalar | None) -> dict[str, ValueRule]:
        """The conditions on the header that `by` and `in` stand for."""
        out: dict[str, ValueRule] = {}
        if by is not None:
            out.update({f"@{name}": value for name, value in self.model.actors[by].items()})
        if session is not None and session.text != "*":
            out["@session"] = ValueRule("eq", (session,), session.mark)
        return out

    def expand(self, rule: EventRule) -> None:
        number = self.rule(rule.label, rule.mark, rule.statements, rule.why, rule.step)
        self.rule_of[rule.label] = number
        self.names[rule.label] = tuple(name for each in rule.each for name in each.names)
        actor = self.actor(rule.by, rule.session)
        key_names = rule.key if rule.key is not None else self.model.keys.get(rule.name)
        for turn in turns(rule.each, self.scope):
            if not holds(rule.when, turn.scope):
                continue
            data = conditions(rule.data, turn.scope, actor)
            key = self.split_key(rule, key_names, data)
            low, high = bounds(rule, turn.scope)
            node = Node(
                index=len(self.nodes),
                voice=rule.voice,
                name=rule.name,
                rule=number,
                key=key,
                data=tuple(data.items()),
                low=low,
                high=high,
                terminal=rule.terminal,
                warn=rule.warn,
            )
            self.nodes.append(node)
            self.instances[rule.label].append(
                Instance(node.index, turn.values, turn.before, turn.at, turn.last)
            )

    def split_key(
        self, rule: EventRule, names: tuple[str, ...] | None, data: dict[str, Match]
    ) -> tuple[tuple[str, str], ...]:
        """The identifying data of an event, taken out of its conditions.

        Without a declared key these are the values that hold a loop variable of the rule.
        """
        if names is None:
            looped = {name for each in rule.each for name in each.names}
            names = tuple(
                name
                for name, value in rule.data.items()
                if value.kind == "eq" and any(_uses(part, looped) for part in value.parts)
            )
        out: list[tuple[str, str]] = []
        for name in names:
            match = data.get(name)
            if match is None or match.kind != "eq":
                message = f"`{rule.label}` has no plain value for `{name}`, which is part of its key"
                raise ModelError([Problem(rule.mark, message)])
            out.append((name, match.args[0]))
            del data[name]
        return tuple(out)

    def prove(self) -> None:
        """Connect proofs to the claims that they cover: same values of the shared loop variables."""
        for rule in self.model.events.values():
            for label in rule.proves:
                shared = tuple(name for name in self.names[rule.label] if name in self.names[label])
                claims = by_key(self.instances[label], shared)
                for instance in self.instances[rule.label]:
                    found = claims.get(shared_key(instance, shared), [])
                    node = self.nodes[instance.node]
                    proved = node.proves + tuple(claim.node for claim in found)
                    self.nodes[instance.node] = node._replace(proves=proved)

    def heads(self) -> None:
        """Under which claim each node is reported."""
        head = list(range(len(self.nodes)))
        for phase in self.model.phases:
            begin, end = f"{phase}.begin", f"{phase}.end"
            begins = by_key(self.instances[begin], self.names[begin])
            for instance in self.instances[end]:
                found = begins.get(shared_key(instance, self.names[begin]), [])
                if found:
                    head[instance.node] = found[0].node
        for node in self.nodes:
            # A proof of many claims (an environment block) stands for itself.
            if len(node.proves) == 1:
                head[node.index] = head[node.proves[0]]
        self.nodes = [node._replace(head=head[node.index]) for node in self.nodes]

    # -- order -----------------------------------------------------------------------------------------

    def order(self) -> None:
        for phase, mark in self.model.phases.items():
            begin, end = f"{phase}.begin", f"{phase}.end"
            names = self.names[begin]
            rule = self.rule(f"phase {phase}", mark, self.model.events[begin].statements, "")
            link_shared(self.linker, self.instances[begin], self.instances[end], names, rule)
        for event in self.model.events.values():
            self.place(event)
        for chain in self.model.chains:
            if not holds(chain.when, self.scope):
                continue
            rule = self.rule(chain.name, chain.mark, chain.statements, chain.why)
            links = []
            for element in chain.elements:
                reached, left = self.ends(element)
                links.append(
                    (
                        bind(element, self.instances[reached], self.names[reached]),
                        bind(element, self.instances[left], self.names[left]),
                    )
                )
            link_chain(self.linker, links, rule)

    def ends(self, element: Element) -> tuple[str, str]:
        """The labels by which a chain enters and leaves an element: begin and end of a phase."""
        if element.label in self.model.phases:
            return f"{element.label}.begin", f"{element.label}.end"
        return element.label, element.label

    def place(self, event: EventRule) -> None:
        """Arrows of one rule: inside its phase, and its list in order."""
        mine = self.instances[event.label]
        names = self.names[event.label]
        if event.within is not None and mine:
            begin, end = f"{event.within}.begin", f"{event.within}.end"
            shared = tuple(name for name in names if name in self.names[begin])
            rule = self.rule(f"{event.label} within {event.within}", event.mark, event.statements, event.why)
            link_shared(self.linker, self.instances[begin], mine, shared, rule)
            link_shared(self.linker, mine, self.instances[end], shared, rule)
        if event.each and not event.any_order and len(mine) > 1:
            rule = self.rule(f"order of {event.label}", event.mark, event.statements, event.why)
            outer = names[: -len(event.each[-1].names)]
            link_listed(self.linker, mine, outer, rule)

    def refuse_cycles(self, graph: Graph, edges: tuple[Edge, ...]) -> None:
        if len(graph.order) == len(self.nodes):
            return
        stuck = set(range(len(self.nodes))) - set(graph.order)
        problems: list[Problem] = []
        cycle = [edge for edge in edges if edge.first in stuck and edge.then in stuck]
        for edge in cycle[:6]:
            first, then = self.nodes[edge.first], self.nodes[edge.then]
            rule = self.rules[edge.rule]
            message = f"{rule.name}: `{first.label}` before `{then.label}` is on a cycle"
            problems.append(Problem(None, f"{rule.where}: {message}"))
        raise ModelError(problems)

    def mark_shutdown(self, graph: Graph) -> None:
        """What follows the request to power off belongs to the shutdown part."""
        if self.model.steady is None:
            return
        starts = [instance.node for instance in self.instances[self.model.steady]]
        for index in {*graph.reach(starts), *starts}:
            self.nodes[index] = self.nodes[index]._replace(after_steady=True)

    # -- the rest --------------------------------------------------------------------------------------

    def never(self, rule: NeverRule) -> Never | None:
        if not holds(rule.when, self.scope):
            return None
        number = self.rule(rule.name, rule.mark, rule.statements, rule.why)
        data = conditions(rule.data, self.scope, self.actor(rule.by, rule.session))
        before = () if rule.before is None else self.places(rule.before, 0)
        after = () if rule.after is None else self.places(rule.after, 1)
        if (rule.before is not None and not before) or (rule.after is not None and not after):
            return None
        return Never(rule.voice, rule.event, tuple(data.items()), number, before, after, rule.excepted)

    def places(self, element: Element, side: int) -> tuple[int, ...]:
        label = self.ends(element)[side]
        return tuple(b.node for b in bind(element, self.instances[label], self.names[label]))

    def pattern(self, rule: AllowRule) -> Pattern | None:
        if not holds(rule.when, self.scope):
            return None
        number = self.rule(rule.name, rule.mark, rule.statements, rule.why)
        data = conditions(rule.data, self.scope, self.actor(rule.by, rule.session))
        return Pattern(rule.voice, rule.event, tuple(data.items()), number)

    def bounds(self) -> list[Bound]:
        out: list[Bound] = []
        for rule in self.model.timings:
            if not holds(rule.when, self.scope):
                continue
            number = self.rule(rule.name, rule.mark, rule.statements, rule.why)
            start, end = self.ends(rule.start)[0], self.ends(rule.end)[1]
            firsts = bind(rule.start, self.instances[start], self.names[start])
            thens = bind(rule.end, self.instances[end], self.names[end])
            for first in firsts:
                for then in thens:
                    shared = first.values.keys() & then.values.keys()
                    if all(first.values[name] == then.values[name] for name in shared):
                        out.append(Bound(first.node, then.node, rule.low, rule.high, number))
        return out

    def choices(self) -> list[tuple[tuple[int, ...], ...]]:
        out: list[tuple[tuple[int, ...], ...]] = []
        for rule in self.model.choices:
            branches: list[tuple[int, ...]] = []
            for branch in rule.branches:
                nodes: list[int] = []
                for element in branch:
                    for label in dict.fromkeys(self.ends(element)):
                        nodes += [b.node for b in bind(element, self.instances[label], self.names[label])]
                branches.append(tuple(nodes))
            out.append(tuple(branches))
        return out


def _uses(part: Scalar, names: set[str]) -> bool:
    from smssboot.model import expr

    sources = [part.text] if part.computed else expr.TEMPLATE.findall(part.text)
    return any(expr.names(source)[0] & names for source in sources)
