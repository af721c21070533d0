"""A model while its files are being read: what they declared so far, and every problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from smssboot.model.errors import Mark, Problem, expected
from smssboot.model.language import (
    AllowRule,
    ChainRule,
    ChoiceRule,
    Element,
    EventRule,
    NeverRule,
    Scalar,
    TimingRule,
    ValueRule,
)
from smssboot.model.marks import Text


@dataclass(slots=True)
class Draft:
    """Declarations of all files of one profile."""

    known_statements: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    lets: dict[str, Scalar] = field(default_factory=dict)
    actors: dict[str, dict[str, ValueRule]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    events: dict[str, EventRule] = field(default_factory=dict)
    phases: dict[str, Mark] = field(default_factory=dict)
    chains: list[ChainRule] = field(default_factory=list)
    timings: list[TimingRule] = field(default_factory=list)
    nevers: list[NeverRule] = field(default_factory=list)
    allows: list[AllowRule] = field(default_factory=list)
    choices: list[ChoiceRule] = field(default_factory=list)
    steady: Text | None = None
    open_statements: dict[str, str] = field(default_factory=dict)
    used_actors: list[Text] = field(default_factory=list)
    used_phases: list[Text] = field(default_factory=list)
    used_events: list[Text] = field(default_factory=list)

    def add_event(self, rule: EventRule) -> None:
        """Declare an event; a label may be declared once."""
        first = self.events.get(rule.label)
        if first is not None:
            self.problems.append(
                Problem(rule.mark, f"`{rule.label}` is declared twice", f"first at {first.mark}")
            )
            return
        self.events[rule.label] = rule

    def add_phase(self, name: str, mark: Mark, rule: EventRule) -> None:
        """Declare that `name`.begin and `name`.end belong together."""
        self.phases[name] = mark

    def resolve(self) -> None:
        """Report every name that is used and declared nowhere."""
        labels = [*self.events, *self.phases]
        for text in self.used_actors:
            if text.value not in self.actors:
                self.problems.append(expected(text.mark, "an actor", text.value, self.actors))
        for text in self.used_phases:
            if text.value not in self.phases:
                self.problems.append(expected(text.mark, "a phase", text.value, self.phases))
        for text in self.used_events:
            if text.value not in self.events:
                self.problems.append(expected(text.mark, "an event", text.value, self.events))
        for element in self._elements():
            if element.label not in self.events and element.label not in self.phases:
                self.problems.append(expected(element.mark, "an event or a phase", element.label, labels))
                continue
            self._bindings(element)
        if self.steady is not None and self.steady.value not in self.events:
            self.problems.append(expected(self.steady.mark, "an event", self.steady.value, self.events))

    def variables(self, label: str) -> tuple[str, ...]:
        """The loop variables of an event or a phase."""
        rule = self.events.get(label) or self.events[f"{label}.begin"]
        return tuple(name for each in rule.each for name in each.names)

    def _bindings(self, element: Element) -> None:
        known = self.variables(element.label)
        for binding in element.bindings:
            if binding.name is None and not known:
                self.problems.append(
                    expected(element.mark, "an event that is declared with `each`", element.label)
                )
            if binding.name is not None and binding.name not in known:
                what = f"a loop variable of `{element.label}`"
                self.problems.append(expected(element.mark, what, binding.name, known))

    def _elements(self) -> list[Element]:
        out = [element for chain in self.chains for element in chain.elements]
        out += [element for timing in self.timings for element in (timing.start, timing.end)]
        out += [e for never in self.nevers for e in (never.before, never.after) if e is not None]
        out += [e for choice in self.choices for branch in choice.branches for e in branch]
        return out
