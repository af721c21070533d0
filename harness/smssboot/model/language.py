"""The model language as data: what a YAML file says, checked for form, before any context is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from smssboot.model.errors import Mark
from smssboot.model.expectation import Voice

ValueKind: TypeAlias = Literal["eq", "glob", "any", "has", "list", "same", "range", "in", "run", "digest"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text with `<expression>` holes, or (with `computed`) an expression of its own."""

    text: str
    computed: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A condition on one value, before its expressions are computed."""

    kind: ValueKind
    parts: tuple[Scalar, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Each:
    """One loop: `names in source`."""

    names: tuple[str, ...]
    source: Scalar


@dataclass(frozen=True, slots=True)
class EventRule:
    """A declared event. `low` and `high` are expressions or numbers; `proves` is the claim it covers."""

    label: str
    voice: Voice
    name: str
    mark: Mark
    low: Scalar
    high: Scalar | None
    when: tuple[Scalar, ...] = ()
    each: tuple[Each, ...] = ()
    any_order: bool = False
    data: Mapping[str, ValueRule] = field(default_factory=dict)
    key: tuple[str, ...] | None = None
    by: str | None = None
    session: Scalar | None = None
    terminal: bool = False
    within: str | None = None
    proves: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    step: str = ""
    why: str = ""
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """`name = value` in parentheses. `name` None means the event's first loop variable."""

    name: str | None
    kind: Literal["variable", "next", "literal", "first", "last"]
    value: str


@dataclass(frozen=True, slots=True)
class Element:
    """One link of a chain: an event or a phase, with its bindings."""

    label: str
    bindings: tuple[Binding, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class ChainRule:
    """`a -> b -> c`: every a before every b, and so on."""

    name: str
    elements: tuple[Element, ...]
    mark: Mark
    when: tuple[Scalar, ...] = ()
    statements: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class TimingRule:
    """Bounds on the guest's time from one event to another, in nanoseconds."""

    name: str
    start: Element
    end: Element
    low: int
    high: int | None
    mark: Mark
    when: tuple[Scalar, ...] = ()
    statements: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class NeverRule:
    """Events that must not happen."""

    name: str
    voice: Voice | Literal[""]
    event: str
    mark: Mark
    data: Mapping[str, ValueRule] = field(default_factory=dict)
    by: str | None = None
    session: Scalar | None = None
    when: tuple[Scalar, ...] = ()
    before: Element | None = None
    after: Element | None = None
    excepted: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class AllowRule:
    """Events that may happen any number of times."""

    name: str
    voice: Voice
    event: str
    mark: Mark
    data: Mapping[str, ValueRule] = field(default_factory=dict)
    by: str | None = None
    session: Scalar | None = None
    when: tuple[Scalar, ...] = ()
    statements: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """Exactly one of several sets of events happens."""

    name: str
    branches: tuple[tuple[Element, ...], ...]
    mark: Mark
    why: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One profile of one version, as its files say it."""

    profile: str
    lets: Mapping[str, Scalar]
    actors: Mapping[str, Mapping[str, ValueRule]]
    keys: Mapping[str, tuple[str, ...]]
    events: Mapping[str, EventRule]
    phases: Mapping[str, Mark]
    chains: tuple[ChainRule, ...]
    timings: tuple[TimingRule, ...]
    nevers: tuple[NeverRule, ...]
    allows: tuple[AllowRule, ...]
    choices: tuple[ChoiceRule, ...]
    steady: str | None
    files: tuple[str, ...]
    sentences: Mapping[str, str] = field(default_factory=dict)
    open_statements: Mapping[str, str] = field(default_factory=dict)
