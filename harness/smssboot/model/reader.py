"""From YAML to the language: one file, every problem at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from smssboot.model import chains, expr
from smssboot.model.draft import Draft
from smssboot.model.errors import Mark, Problem, expected
from smssboot.model.expectation import Voice
from smssboot.model.functions import FUNCTIONS
from smssboot.model.language import (
    AllowRule,
    ChainRule,
    ChoiceRule,
    Each,
    Element,
    EventRule,
    NeverRule,
    Scalar,
    TimingRule,
    ValueKind,
    ValueRule,
)
from smssboot.model.marks import Items, Table, Text, Tree, kind_of

_VOICES: Final[tuple[Voice, ...]] = ("claim", "fact", "evidence")
_EVENT: Final = re.compile(r"[a-z0-9]+([.\-][a-z0-9]+)*", re.IGNORECASE)
_COUNT: Final = re.compile(r"\s*(\d+)\s*\.\.\s*(\d+|\*)\s*")
_EACH: Final = re.compile(r"\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s+in\s+")
_KINDS: Final[dict[str, ValueKind]] = {
    "glob": "glob", "any": "any", "has": "has", "list": "list", "same": "same",
    "range": "range", "oneof": "in", "run": "run",
}  # fmt: skip
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


class Reader:
    """Adds one file's declarations to a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.problems = draft.problems

    # -- small helpers ------------------------------------------------------------------------------

    def table(self, tree: Tree | None, what: str, fields: tuple[str, ...] | None = None) -> Table | None:
        """`tree` as a mapping, all of whose keys are in `fields` (any, when None)."""
        if tree is None or (isinstance(tree, Text) and not tree.value):
            return None
        if not isinstance(tree, Table):
            self.problems.append(Problem(tree.mark, f"expected a mapping for {what}, found {kind_of(tree)}"))
            return None
        if fields is not None:
            for key, _ in tree.entries.values():
                if key.value not in fields:
                    self.problems.append(expected(key.mark, f"a field of {what}", key.value, fields))
        return tree

    def text(self, tree: Tree | None, what: str) -> Text | None:
        if tree is None:
            return None
        if not isinstance(tree, Text):
            self.problems.append(Problem(tree.mark, f"expected text for {what}, found {kind_of(tree)}"))
            return None
        return tree

    def texts(self, tree: Tree | None, what: str) -> list[Text]:
        """One text or a list of texts."""
        if tree is None:
            return []
        if isinstance(tree, Items):
            return [text for item in tree if (text := self.text(item, what)) is not None]
        text = self.text(tree, what)
        return [] if text is None else [text]

    def flag(self, tree: Tree | None, what: str) -> bool:
        text = self.text(tree, what)
        if text is None:
            return False
        if text.value not in ("true", "false"):
            self.problems.append(expected(text.mark, f"`true` or `false` for {what}", text.value))
        return text.value == "true"

    def scalar(self, text: Text) -> Scalar:
        """A text; with `=` at its start, an expression."""
        computed = text.plain and text.value.startswith("=")
        # A quoted '=...' is an expression too: YAML makes people quote what holds `: ` or `#`.
        computed = computed or (not text.plain and text.value.startswith("="))
        source = text.value[1:] if computed else text.value
        mark = text.at(1 if computed else 0)
        if computed:
            self._parse(source, mark)
        elif "<" in source:
            for hole in expr.TEMPLATE.finditer(source):
                self._parse(hole.group(1), mark.shifted(hole.start(1)))
        return Scalar(source, computed, mark)

    def expression(self, text: Text) -> Scalar:
        """An expression that needs no `=`: guards and loops."""
        source = text.value.removeprefix("=")
        mark = text.at(len(text.value) - len(source))
        self._parse(source, mark)
        return Scalar(source, True, mark)

    def _parse(self, source: str, mark: Mark) -> None:
        try:
            _, functions = expr.names(source)
        except expr.ExprError as error:
            self.problems.append(Problem(mark.shifted(error.offset), error.message, error.hint))
            return
        for name in sorted(functions - FUNCTIONS.keys()):
            self.problems.append(expected(mark, "a function of the model", name, FUNCTIONS))

    def guard(self, tree: Tree | None) -> tuple[Scalar, ...]:
        return tuple(self.expression(text) for text in self.texts(tree, "`when`"))

    def value(self, tree: Tree) -> ValueRule | None:
        """A condition on one value."""
        if isinstance(tree, Text):
            return ValueRule("eq", (self.scalar(tree),), tree.mark)
        if isinstance(tree, Items):
            self.problems.append(Problem(tree.mark, "expected a value, found a list", "use {oneof: [...]}"))
            return None
        if len(tree.entries) != 1:
            self.problems.append(Problem(tree.mark, "expected one condition such as {glob: ...}"))
            return None
        ((word, inner),) = tree.entries.values()
        if word.value not in _KINDS:
            self.problems.append(expected(word.mark, "a kind of condition", word.value, _KINDS))
            return None
        parts = tuple(self.scalar(text) for text in self.texts(inner, f"`{word.value}`"))
        return ValueRule(_KINDS[word.value], parts, tree.mark)

    def values(self, tree: Tree | None, what: str) -> dict[str, ValueRule]:
        table = self.table(tree, what)
        if table is None:
            return {}
        pairs = ((name, self.value(item)) for name, (_, item) in table.entries.items())
        return {name: value for name, value in pairs if value is not None}

    def each(self, tree: Tree | None) -> tuple[Each, ...]:
        out: list[Each] = []
        for text in self.texts(tree, "`each`"):
            found = _EACH.match(text.value)
            if found is None:
                message = f"expected `name in list`, found `{text.value}`"
                self.problems.append(Problem(text.mark, message, "each: s in sessions"))
                continue
            words = tuple(word.strip() for word in found.group(1).split(","))
            source = Text(text.value[found.end() :], text.at(found.end()))
            out.append(Each(words, self.expression(source)))
        return tuple(out)

    def statements(self, table: Table) -> tuple[str, ...]:
        out: list[str] = []
        for text in self.texts(table.get("statements"), "`statements`"):
            if text.value not in self.draft.known_statements:
                self.problems.append(
                    expected(text.mark, "the id of a statement", text.value, self.draft.known_statements)
                )
            out.append(text.value)
        return tuple(out)

    def word(self, table: Table, name: str) -> str:
        text = self.text(table.get(name), f"`{name}`")
        return "" if text is None else text.value

    def voice(self, table: Table, label: str, default: Voice = "claim") -> tuple[Voice, str]:
        """Voice and name of an event: `fact: object.create`; without one, a claim of the label's name."""
        given = [voice for voice in _VOICES if table.get(voice) is not None]
        if not given:
            return default, label
        if len(given) > 1:
            self.problems.append(Problem(table.mark, f"expected one voice, found {' and '.join(given)}"))
        text = self.text(table.get(given[0]), f"`{given[0]}`")
        return given[0], label if text is None else text.value

    def labels(self, tree: Tree | None) -> tuple[str, ...]:
        """Claims that a fact or evidence proves."""
        found = self.texts(tree, "`proves`")
        self.draft.used_events.extend(found)
        return tuple(text.value for text in found)

    def count(self, table: Table) -> tuple[Scalar, Scalar | None]:
        one = Scalar("1", True, table.mark)
        text = self.text(table.get("count"), "`count`")
        low: Scalar = one
        high: Scalar | None = one
        if text is not None:
            found = _COUNT.fullmatch(text.value)
            if found is not None:
                low = Scalar(found.group(1), True, text.mark)
                high = None if found.group(2) == "*" else Scalar(found.group(2), True, text.mark)
                if high is not None and int(high.text) < int(low.text):
                    self.problems.append(Problem(text.mark, f"the count `{text.value}` contradicts itself"))
            elif text.value.isdigit() or text.value.startswith("="):
                low = high = self.expression(text)
            else:
                hint = "2, 0..3, 1..* or =expression"
                self.problems.append(Problem(text.mark, f"expected a count, found `{text.value}`", hint))
        if self.flag(table.get("optional"), "`optional`"):
            low = Scalar("0", True, table.mark)
        return low, high

    # -- declarations -------------------------------------------------------------------------------

    def event(self, label: str, mark: Mark, table: Table, voice: Voice = "claim") -> EventRule:
        """One event rule, without its proofs."""
        spoken, name = self.voice(table, label, voice)
        if not _EVENT.fullmatch(name):
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
        fields = ("event", *_VOICES, "data", "by", "in", "before", "after", "except", *_COMMON)
        table = self.table(tree, "a `never` rule", fields)
        if table is None:
            return
        given = [voice for voice in _VOICES if table.get(voice) is not None]
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
        table = self.table(tree, "an `allow` rule", (*_VOICES, "data", "by", "in", *_COMMON))
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
