"""From YAML to the language: one file, every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from smssboot.model import chains
from smssboot.model.errors import Mark, Problem, expected
from smssboot.model.expectation import Voice
from smssboot.model.fields import EVENT_NAME, VOICES, Fields
from smssboot.model.language import (
    AllowRule,
    ChainRule,
    ChoiceRule,
    Element,
    EventRule,
    NeverRule,
    Scalar,
    TimingRule,
)
from smssboot.model.marks import Items, Table, Text, Tree, kind_of

_COMMON: Final = ("when", "statements", "why", "step")
_FORM: Final = ("count", "each", "order", "data", "key", "by", "in", "optional", "terminal", "severity")
EVENT_FIELDS: Final = (*_COMMON, *_FORM, "claim", "fact", "evidence", "within", "proof", "proves")
PHASE_FIELDS: Final = (
    *_COMMON, "each", "order", "by", "in", "key", "begin", "end", "within", "proof", "count",
)  # fmt: skip
FILE_FIELDS: Final = (
    "model", "schema", "include", "let", "actors", "keys", "events", "phases", "order", "timing",
    "never", "allow", "one_of", "steady", "open",
)  # fmt: skip


class Reader(Fields):
    """Adds one file's declarations to a draft."""

    def event(self, label: str, mark: Mark, table: Table, voice: Voice = "claim") -> EventRule:
        """One event rule, without its proofs."""
        spoken, name = self.voice(table, label, voice)
        if not EVENT_NAME.fullmatch(name):
            self.problems.append(Problem(mark, f"`{name}` is no name of an event", "words, dots, hyphens"))
        low, high = self.count(table)
        order = self.text(table.get("order"), "`order`")
        if order is not None and order.value not in ("any", "listed"):
            self.problems.append(expected(order.mark, "`any` or `listed`", order.value, ("any", "listed")))
        severity = self.text(table.get("severity"), "`severity`")
        if severity is not None and severity.value not in ("hot", "cold"):
            self.problems.append(expected(severity.mark, "`hot` or `cold`", severity.value, ("hot", "cold")))
        keys = table.get("key")
        session = self.text(table.get("in"), "`in`")
        by = self.text(table.get("by"), "`by`")
        if by is not None:
            self.draft.used_actors.append(by)
        within = self.text(table.get("within"), "`within`")
        if within is not None:
            self.draft.used_phases.append(within)
        return EventRule(
            label=label,
            voice=spoken,
            name=name,
            mark=mark,
            low=low,
            high=high,
            when=self.guard(table.get("when")),
            each=self.each(table.get("each")),
            any_order=order is not None and order.value == "any",
            data=self.values(table.get("data"), "`data`"),
            key=None if keys is None else tuple(text.value for text in self.texts(keys, "`key`")),
            by=None if by is None else by.value,
            session=None if session is None else self.scalar(session),
            terminal=self.flag(table.get("terminal"), "`terminal`"),
            within=None if within is None else within.value,
            proves=self.labels(table.get("proves")),
            statements=self.statements(table),
            step=self.word(table, "step"),
            why=self.word(table, "why"),
            warn=severity is not None and severity.value == "cold",
        )

    def add_event(self, key: Text, tree: Tree) -> None:
        table = self.table(tree, f"the event `{key.value}`", EVENT_FIELDS) or Table({}, key.mark)
        rule = self.event(key.value, key.mark, table)
        self.draft.add_event(rule)
        self.proofs(table.get("proof"), rule, key.value, rule.within)

    def add_phase(self, key: Text, tree: Tree) -> None:
        """A phase is a pair of claims, `.begin` and `.end`."""
        table = self.table(tree, f"the phase `{key.value}`", PHASE_FIELDS) or Table({}, key.mark)
        parts = ("begin", "end", "proof")
        bare = Table({k: v for k, v in table.entries.items() if k not in parts}, table.mark)
        rule = self.event(key.value, key.mark, bare)
        begin_data = self.values(table.get("begin"), "`begin`")
        end_data = self.values(table.get("end"), "`end`")
        for suffix, data in (("begin", begin_data), ("end", end_data)):
            name = f"{key.value}.{suffix}"
            self.draft.add_event(replace(rule, label=name, name=name, data=data))
        self.draft.add_phase(key.value, key.mark, rule)
        begin = self.draft.events[f"{key.value}.begin"]
        self.proofs(table.get("proof"), begin, key.value, key.value)

    def proofs(self, tree: Tree | None, claim: EventRule, owner: str, within: str | None) -> None:
        """Facts and evidence that cover a claim. They share its loops, guard, actor and statements."""
        table = self.table(tree, f"the proof of `{owner}`")
        if table is None:
            return
        for key, item in table.entries.values():
            inner = self.table(item, f"the proof `{key.value}`", EVENT_FIELDS)
            if inner is None:
                continue
            rule = self.event(key.value, key.mark, inner, "fact")
            fact = rule.voice == "fact"
            self.draft.add_event(
                replace(
                    rule,
                    each=claim.each + rule.each,
                    any_order=True,
                    when=claim.when + rule.when,
                    by=rule.by or (claim.by if fact else None),
                    session=rule.session or (claim.session if fact else None),
                    within=rule.within or (within if fact else None),
                    proves=(claim.label,),
                    statements=rule.statements or claim.statements,
                    step=rule.step or claim.step,
                    why=rule.why or claim.why,
                )
            )

    def add_chain(self, tree: Tree) -> None:
        number = len(self.draft.chains)
        table: Table | None = None
        text: Text | None
        if isinstance(tree, Table):
            table = self.table(tree, "an order rule", ("chain", *_COMMON))
            text = self.text(tree.get("chain"), "`chain`")
            if text is None:
                self.problems.append(Problem(tree.mark, "expected `chain` in an order rule"))
        else:
            text = self.text(tree, "an order rule")
        if text is None:
            return
        elements = chains.parse_chain(text, self.problems)
        if elements:
            extra = table or Table({}, text.mark)
            self.draft.chains.append(
                ChainRule(
                    name=f"order[{number}]",
                    elements=elements,
                    mark=text.mark,
                    when=self.guard(extra.get("when")),
                    statements=self.statements(extra),
                    why=self.word(extra, "why"),
                )
            )

    def add_timing(self, tree: Tree) -> None:
        table = self.table(tree, "a timing rule", ("bound", *_COMMON)) if isinstance(tree, Table) else None
        text = self.text(table.get("bound") if table is not None else tree, "`bound`")
        if text is None:
            return
        found = chains.parse_bound(text, self.problems)
        if found is None:
            return
        extra = table or Table({}, text.mark)
        self.draft.timings.append(
            TimingRule(
                name=f"timing[{len(self.draft.timings)}]",
                start=found[0],
                end=found[1],
                low=found[2],
                high=found[3],
                mark=text.mark,
                when=self.guard(extra.get("when")),
                statements=self.statements(extra),
                why=self.word(extra, "why"),
            )
        )

    def _place(self, tree: Tree | None, what: str) -> Element | None:
        text = self.text(tree, what)
        return None if text is None else chains.parse_element(text, self.problems)

    def add_never(self, tree: Tree) -> None:
        fields = ("event", *VOICES, "data", "by", "in", "before", "after", "except", *_COMMON)
        table = self.table(tree, "a `never` rule", fields)
        if table is None:
            return
        given = [voice for voice in VOICES if table.get(voice) is not None]
        name = self.text(table.get(given[0] if given else "event"), "the event of a `never` rule")
        if name is None:
            self.problems.append(Problem(table.mark, "expected `event`, `claim`, `fact` or `evidence`"))
            return
        by, session = self._actor(table)
        self.draft.nevers.append(
            NeverRule(
                name=f"never[{len(self.draft.nevers)}]",
                voice=given[0] if given else "",
                event=name.value,
                mark=table.mark,
                data=self.values(table.get("data"), "`data`"),
                by=by,
                session=session,
                when=self.guard(table.get("when")),
                before=self._place(table.get("before"), "`before`"),
                after=self._place(table.get("after"), "`after`"),
                excepted=tuple(t.value for t in self.texts(table.get("except"), "`except`")),
                statements=self.statements(table),
                why=self.word(table, "why"),
            )
        )

    def _actor(self, table: Table) -> tuple[str | None, Scalar | None]:
        by = self.text(table.get("by"), "`by`")
        if by is not None:
            self.draft.used_actors.append(by)
        session = self.text(table.get("in"), "`in`")
        return (None if by is None else by.value, None if session is None else self.scalar(session))

    def add_allow(self, tree: Tree) -> None:
        table = self.table(tree, "an `allow` rule", (*VOICES, "data", "by", "in", *_COMMON))
        if table is None:
            return
        voice, name = self.voice(table, "")
        if not name:
            self.problems.append(Problem(table.mark, "expected `claim`, `fact` or `evidence`"))
            return
        by, session = self._actor(table)
        self.draft.allows.append(
            AllowRule(
                name=f"allow[{len(self.draft.allows)}]",
                voice=voice,
                event=name,
                mark=table.mark,
                data=self.values(table.get("data"), "`data`"),
                by=by,
                session=session,
                when=self.guard(table.get("when")),
                statements=self.statements(table),
                why=self.word(table, "why"),
            )
        )

    def add_choice(self, tree: Tree) -> None:
        table = self.table(tree, "a `one_of` rule", ("choose", "why"))
        if table is None:
            return
        branches = table.get("choose")
        if not isinstance(branches, Items) or len(branches.items) < 2:
            self.problems.append(Problem(table.mark, "expected `choose` with at least two lists of events"))
            return
        parsed: list[tuple[Element, ...]] = []
        for branch in branches:
            texts = self.texts(branch, "a branch")
            elements = [chains.parse_element(text, self.problems) for text in texts]
            parsed.append(tuple(element for element in elements if element is not None))
        number = len(self.draft.choices)
        name = f"one_of[{number}]"
        self.draft.choices.append(ChoiceRule(name, tuple(parsed), table.mark, self.word(table, "why")))

    # -- the file ------------------------------------------------------------------------------------

    def file(self, root: Table) -> None:
        """All sections of one file."""
        self.table(root, "a model", FILE_FIELDS)
        draft = self.draft
        for name, scalar in self._lets(root).items():
            draft.lets[name] = scalar
        actors = self.table(root.get("actors"), "`actors`")
        for key, tree in actors.entries.values() if actors is not None else ():
            draft.actors[key.value] = self.values(tree, f"the actor `{key.value}`")
        keys = self.table(root.get("keys"), "`keys`")
        for key, tree in keys.entries.values() if keys is not None else ():
            draft.keys[key.value] = tuple(text.value for text in self.texts(tree, "`keys`"))
        for section, add in (("events", self.add_event), ("phases", self.add_phase)):
            table = self.table(root.get(section), f"`{section}`")
            for key, tree in table.entries.values() if table is not None else ():
                add(key, tree)
        for section, one in (
            ("order", self.add_chain),
            ("timing", self.add_timing),
            ("never", self.add_never),
            ("allow", self.add_allow),
            ("one_of", self.add_choice),
        ):
            tree_ = root.get(section)
            if tree_ is None:
                continue
            if not isinstance(tree_, Items):
                message = f"expected a list for `{section}`, found {kind_of(tree_)}"
                self.problems.append(Problem(tree_.mark, message))
                continue
            for item in tree_:
                one(item)
        steady = self.text(root.get("steady"), "`steady`")
        if steady is not None:
            draft.steady = steady
        left = self.table(root.get("open"), "`open`")
        for key, tree in left.entries.values() if left is not None else ():
            if key.value not in draft.known_statements:
                known: Mapping[str, str] = draft.known_statements
                self.problems.append(expected(key.mark, "the id of a statement", key.value, known))
            text = self.text(tree, "a reason")
            draft.open_statements[key.value] = "" if text is None else text.value

    def _lets(self, root: Table) -> dict[str, Scalar]:
        table = self.table(root.get("let"), "`let`")
        if table is None:
            return {}
        out: dict[str, Scalar] = {}
        for name, (_, tree) in table.entries.items():
            text = self.text(tree, f"`{name}`")
            if text is not None:
                out[name] = self.scalar(text)
        return out
