"""What a test gets of a boot: the verdict, everything that was said and seen, and the files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from smssboot.conformance.findings import Finding
from smssboot.errors import did_you_mean
from smssboot.report.view import RunView, StatementView, StudyView, Verdict
from smssboot.timeline.items import Event, Voice
from smssboot.timeline.printable import printable, shorten

if TYPE_CHECKING:
    from smssboot.timeline.phases import Phase

_SHOWN: Final = 5
"""Events of the same name that are shown when the one that was looked for is not there."""
_WIDTH: Final = 160


class NoSuchEventError(AssertionError):
    """The event that a test asked for did not happen."""

    __module__ = "builtins"  # as pytest's own: reports show the name alone


class Word(str):
    """A word that a boot is described by, and that knows which boot: a failed comparison says more of it."""

    run: Run

    def __new__(cls, text: str, run: Run) -> Self:
        word = super().__new__(cls, text)
        word.run = run
        return word


class Events(tuple[Event, ...]):
    """Events in their order; called with a name and data, those of them that fit.

    Values are compared as text, and `user_mode=1` means the key `user-mode` where there is no other.
    """

    def __call__(self, name: str | None = None, /, **data: object) -> Events:
        """The events of that name (None: of any) that carry these data."""
        return Events(
            event
            for event in self
            if name in (None, event.name) and all(_says(event, key, value) for key, value in data.items())
        )

    def values(self, key: str) -> list[str]:
        """What the events say under one key, without those that say nothing there."""
        return [event.data[key] for event in self if key in event.data]

    def __repr__(self) -> str:
        word = "event" if len(self) == 1 else "events"
        return f"<{len(self)} {word}{': ' if self else ''}{', '.join(map(described, self[:3]))}>"


class Run:
    """One boot that was judged.  `number` counts the boots of this pytest process from 1."""

    def __init__(self, number: int, view: RunView, statements: Mapping[str, StatementView]) -> None:
        self.number = number
        self.view = view
        self._statements = statements

    @property
    def verdict(self) -> Verdict:
        """`conforms` or `deviates`; a boot that could not be judged is an error and no run."""
        return cast("Verdict", Word(self.view.verdict, self))

    @property
    def conforms(self) -> bool:
        """Whether the guest did what the model says; a failed assertion shows the findings."""
        return self.view.verdict == "conforms"

    @property
    def cause(self) -> str:
        """Why the boot ended, in one word: `powered-off`, `bugcheck`, `silent-hang`..."""
        return Word(self.view.cause.kind, self)

    @property
    def cached(self) -> bool:
        """Whether the result is that of an earlier deterministic boot of the same, and nothing was booted."""
        return self.view.cached

    @property
    def arch(self) -> str:
        """`x86_64` or `aarch64`."""
        return self.view.arch

    @property
    def image(self) -> str:
        """The name of the image that was booted."""
        return self.view.recipe

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, the root cause first."""
        return tuple(self.view.findings)

    @property
    def events(self) -> Events:
        """Everything that was said and seen, in order."""
        return Events(view.event for view in self.view.events)

    @property
    def claims(self) -> Events:
        """What the guest's programs said of themselves."""
        return self._voice("claim")

    @property
    def facts(self) -> Events:
        """What the guest's kernel recorded."""
        return self._voice("fact")

    @property
    def evidence(self) -> Events:
        """What the host saw by itself, in memory and on the disk."""
        return self._voice("evidence")

    def _voice(self, voice: Voice) -> Events:
        return Events(view.event for view in self.view.events if view.event.voice == voice)

    def event(self, name: str, /, **data: object) -> Event:
        """The first event of that name that carries these data.  Raises NoSuchEventError, an assertion."""
        __tracebackhide__ = True
        every = self.events
        found = every(name, **data)
        if found:
            return found[0]
        wanted = " ".join([name, *(f"{key}={value}" for key, value in data.items())])
        raise NoSuchEventError(f"{self!r} has no event {wanted}\n{_instead(every, name)}")

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Where the guest's time went, phase by phase; exact to the instruction in a deterministic boot."""
        from smssboot.timeline.phases import phases

        return phases(self.events)

    @property
    def costs(self) -> Mapping[str, int]:
        """Own time in nanoseconds of the guest by phase; the sum is the time of the last record."""
        from smssboot.timeline.phases import costs

        return costs(self.events)

    @property
    def console(self) -> list[str]:
        """Console text: whatever came over the serial port and is no record, line by line."""
        return [line.text for line in self.view.console]

    @property
    def serial(self) -> str:
        """The serial log as it came."""
        return self.artifacts["serial"].read_bytes().decode("utf-8", "backslashreplace")

    @property
    def artifacts(self) -> Mapping[str, Path]:
        """Files of the boot, by what they are: `serial`, `timeline`, `disk`...  Gone when its test passed."""
        return MappingProxyType({kind: Path(path) for kind, path in self.view.artifacts.items()})

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on this boot alone (docs/json.md)."""
        from smssboot.report.document import to_document

        return to_document(self._study(self.view))

    def explanation(self, log: Path | None = None) -> str:
        """The report for people on this boot alone, in plain text.  `log`: where the serial log is by now."""
        from smssboot.report import terminal

        path = log or self.artifacts.get("serial")
        view = self.view if path is None else replace(self.view, log=shown(path))
        return terminal.text(self._study(view))

    def _study(self, view: RunView) -> StudyView:
        return StudyView([view], self._statements)

    def __repr__(self) -> str:
        """Holds `token`, by which a failed assertion is known to speak of this boot."""
        view = self.view
        ended = "" if self.conforms else f" ({view.cause.kind})"
        return f"<{self.token} {view.arch} {printable(self.image[:40])}, {view.verdict}{ended}>"

    @property
    def token(self) -> str:
        """What no other run's representation holds."""
        return f"boot {self.number}:"


def compared(op: str, left: object, right: object) -> list[str] | None:
    """What a failed comparison with a word about a boot shows, None for any other comparison."""
    boots = dict.fromkeys(repr(word.run) for word in (left, right) if isinstance(word, Word))
    return [f"{left!r} {op} {right!r}", "", *(f"of {boot}" for boot in boots)] if boots else None


def shown(path: Path) -> str:
    """A path as it is said: relative to the current folder where it is below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def described(event: Event) -> str:
    """An event in one line that is safe to print."""
    said = " ".join([event.name, *(f"{key}={value}" for key, value in event.data.items())])
    return shorten(printable(said), _WIDTH)


def _says(event: Event, key: str, value: object) -> bool:
    data = event.data
    return data.get(key, data.get(key.replace("_", "-"))) == str(value)


def _instead(events: Events, name: str) -> str:
    """What there is in the place of an event that is not there."""
    named = events(name)
    if not named:
        hint = did_you_mean(name, {event.name for event in events})
        return f"none of that name ({hint})" if hint else "none of that name"
    rows = [f"  {described(event)}" for event in named[:_SHOWN]]
    if len(named) > _SHOWN:
        rows.append(f"  and {len(named) - _SHOWN} more")
    return "\n".join(["of that name there are:", *rows])
