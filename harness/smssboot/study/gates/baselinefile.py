"""A baseline as a file: small, readable, with one line for each thing that can change, made for a repository.

What is wrong with a file is an `InputError` with line and column; a merge that left its marks is one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smssboot import __version__
from smssboot.conformance.gate import Reference
from smssboot.errors import InputError, UsageError, did_you_mean
from smssboot.image.paths import ARCHES
from smssboot.timeline.measure import Measured, Record, Unit, Until

if TYPE_CHECKING:
    from smssboot.image.document import Node

SCHEMA: Final = "smssboot.baseline/1"
SUFFIX: Final = ".yaml"

KEY: Final = (
    "arch", "profile", "target", "cpu", "memory_mib", "accel", "icount", "disk", "firmware", "qemu", "model",
)  # fmt: skip
"""What has to be the same for two boots to be compared, in the order of the file."""

_FIELDS: Final = (
    "schema", "name", "recipe", "image", "key", "exact", "until", "order", "total", "band", "step",
    "phases", "bands", "history", "records",
)  # fmt: skip
_OPTIONAL: Final = ("band", "bands", "step", "order", "records")
_ENTRY: Final = ("date", "commit", "image", "total", "why", "changed")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./\\-]*(?: [A-Za-z0-9_.=/\\-]+)*")
_RESERVED: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One acceptance.  `changed` has for each phase that changed since the entry before what it cost then and
    costs now (None: there was none); `commit` is empty outside a repository."""

    date: str
    commit: str
    image: str
    total: int
    why: str
    changed: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted, and how it came to be.  `history` has the oldest first and is never empty."""

    name: str
    recipe: str
    image: str
    key: Mapping[str, str]
    reference: Reference
    history: tuple[Entry, ...]
    path: Path | None = None
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def arch(self) -> str:
        """The architecture that it is for."""
        return self.key["arch"]

    def costs_at(self, number: int) -> dict[str, int]:
        """What the phases cost when entry `number` was accepted."""
        found: dict[str, int] = dict(self.reference.measured.phases)
        for entry in reversed(self.history[number + 1 :]):
            for phase, (before, _) in entry.changed.items():
                if before is None:
                    found.pop(phase, None)
                else:
                    found[phase] = before
        return found


def check_name(name: str) -> str:
    """A name that a baseline can have.  Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"NAME: {name!r} is no name for a baseline", hint="letters, digits, _ and -")
    return name


def path_of(folder: Path, name: str, arch: str) -> Path:
    """Where a baseline lies."""
    return folder / f"{check_name(name)}.{arch}{SUFFIX}"


def every(folder: Path) -> list[tuple[str, str, Path]]:
    """Name, architecture and path of all baselines in a folder, by name."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        name, _, arch = path.name.removesuffix(SUFFIX).rpartition(".")
        if arch in ARCHES and _NAME.fullmatch(name):
            found.append((name, arch, path))
    return sorted(found, key=lambda each: (each[0], ARCHES.index(each[1])))


def find(folder: Path, name: str, arches: Iterable[str]) -> list[Path]:
    """The files of a baseline.  Raises UsageError when there is none, with the nearest name."""
    check_name(name)
    known = every(folder)
    wanted = tuple(arches)
    found = [path for known_name, arch, path in known if known_name == name and arch in wanted]
    if found:
        return found
    others = [arch for known_name, arch, _ in known if known_name == name]
    if others:
        raise UsageError(f"the baseline {name!r} is for {' and '.join(others)}, not for {', '.join(wanted)}")
    names = {known_name for known_name, _, _ in known}
    hint = did_you_mean(name, names) if names else f"smssboot baseline save {name}"
    raise UsageError(f"no baseline {name!r} in {folder}", hint=hint)


def read(path: Path) -> Baseline:
    """Read a baseline.  Raises UsageError or InputError."""
    from smssboot.image.document import load

    fields = load(path, "baseline").fields(_FIELDS, [name for name in _FIELDS if name not in _OPTIONAL])
    if fields["schema"].text() != SCHEMA:
        fields["schema"].fail(f"schema: expected {SCHEMA!r}, found {fields['schema'].text()!r}")
    key = fields["key"].fields(KEY, KEY)
    exact = fields["exact"].raw() == "true"
    if fields["exact"].kind != "bool":
        fields["exact"].fail("exact: expected true or false")
    measured = _measured(fields, "instructions" if exact else "ns")
    entries = fields["history"].items()
    if not entries:
        fields["history"].fail("history: at least one entry is expected")
    return Baseline(
        name=fields["name"].text(),
        recipe=fields["recipe"].text(),
        image=fields["image"].text(),
        key={name: _scalar(key[name]) for name in KEY},
        reference=Reference(
            measured,
            exact,
            bands=_numbers(fields.get("bands")),
            band=_number(fields.get("band")),
            order=fields["order"].text() if "order" in fields else "",
        ),
        history=tuple(_entry(node) for node in entries),
        path=path,
        places={name: (node.line, node.column) for name, node in key.items()},
    )


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline, whole or not at all.  Raises UsageError."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("\n".join(_lines(baseline)) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror}") from None


def _measured(fields: Mapping[str, Node], unit: Unit) -> Measured:
    total = fields["total"].integer(0)
    phases = _numbers(fields["phases"])
    step, records = _number(fields.get("step")), _records(fields.get("records"))
    if abs(sum(phases.values()) - total) > step * len(records):  # see conformance.gate.settle
        fields["total"].fail(f"total: the phases add up to {sum(phases.values())}, not to {total}")
    until: Until = "end" if fields["until"].choice(["steady", "end"]) == "end" else "steady"
    return Measured(unit, until, total, phases, records, step=step)


def _records(node: Node | None) -> tuple[Record, ...]:
    found = []
    for number, line in enumerate(node.text().splitlines() if node is not None else ()):
        cost, _, label = line.strip().partition(" ")
        if node is not None and not (cost.isdecimal() and cost.isascii() and label):
            message = f"records: expected a cost and what was said, found {line.strip()[:40]!r}"
            raise InputError(str(node.path), node.line + 1 + number, 1, message)
        found.append(Record(int(cost), label))
    return tuple(found)


def _entry(node: Node) -> Entry:
    fields = node.fields(_ENTRY, ("date", "image", "total"))
    changed: dict[str, tuple[int | None, int | None]] = {}
    if "changed" in fields:
        for phase, (_, value) in fields["changed"].pairs().items():
            both = value.items()
            if len(both) != 2:
                value.fail(f"{value.where}: expected what it was and what it is")
            before, after = (None if each.kind == "null" else each.integer(0) for each in both)
            changed[phase] = (before, after)
    return Entry(
        date=fields["date"].raw(),
        commit=fields["commit"].text() if "commit" in fields else "",
        image=fields["image"].text(),
        total=fields["total"].integer(0),
        why=fields["why"].text() if "why" in fields else "",
        changed=changed,
    )


def _scalar(node: Node) -> str:
    return str(node.integer(0)) if node.kind == "int" else node.text()


def _number(node: Node | None) -> int:
    return 0 if node is None else node.integer(0)


def _numbers(node: Node | None) -> dict[str, int]:
    return {} if node is None else {name: value.integer(0) for name, (_, value) in node.pairs().items()}


def _lines(baseline: Baseline) -> Iterator[str]:
    reference, measured = baseline.reference, baseline.reference.measured
    yield from _heading(baseline)
    yield f"schema: {SCHEMA}"
    yield f"name: {_text(baseline.name)}"
    yield f"recipe: {_text(baseline.recipe)}"
    yield f"image: {_text(baseline.image)}"
    yield "key:"
    for name in KEY:
        value = baseline.key[name]
        yield f"  {name}: {value if name == 'memory_mib' else _text(value)}"
    yield f"exact: {'true' if reference.exact else 'false'}"
    yield f"until: {measured.until}"
    if reference.order:
        yield f"order: {_text(reference.order)}"
    yield f"total: {measured.total}"
    if reference.band:
        yield f"band: {reference.band}"
    yield f"step: {measured.step}"
    for title, numbers in (("phases", measured.phases), ("bands", reference.bands)):
        if numbers:
            yield f"{title}:"
            yield from (f"  {_text(phase)}: {cost}" for phase, cost in numbers.items())
    yield "history:"
    for entry in baseline.history:
        yield from _entry_lines(entry)
    if measured.records:
        yield "records: |2"
    yield from (f"  {record.cost} {record.label}" for record in measured.records)


def _heading(baseline: Baseline) -> Iterator[str]:
    unit = baseline.reference.measured.unit
    yield f"# What a boot of {baseline.recipe} costs on {baseline.arch}, as it was last accepted."
    yield f"# Made by smssboot {__version__}: `smssboot baseline save {baseline.name}`."
    yield f"# Held against a boot by `smssboot baseline check {baseline.name}`, changed by `baseline accept`."
    if baseline.reference.exact:
        yield f"# Costs are guest {unit}, counted: any difference is a change of the guest."
    else:
        yield f"# Costs are guest {unit}, medians of several boots; `bands` are by how much they may differ."


def _entry_lines(entry: Entry) -> Iterator[str]:
    yield f"  - date: {_text(entry.date)}"
    if entry.commit:
        yield f"    commit: {_text(entry.commit)}"
    yield f"    image: {_text(entry.image)}"
    yield f"    total: {entry.total}"
    if entry.why:
        yield f"    why: {_text(entry.why)}"
    if entry.changed:
        yield "    changed:"
        for phase, both in entry.changed.items():
            before, after = ("null" if each is None else str(each) for each in both)
            yield f"      {_text(phase)}: [{before}, {after}]"


def _text(value: str) -> str:
    """A text as YAML: plain where nobody can read it as anything else."""
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return json.dumps(value)
