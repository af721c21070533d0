"""The axes of a campaign's matrix: what a value of each is, and what it means for a boot.

A further axis (a stimulus, a version of Windows) is one more line of `AXES`: its name, the boot option that
it sets, and what a value of it may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from smssboot.conformance.findings import CODES
from smssboot.errors import UsageError, did_you_mean
from smssboot.image import document
from smssboot.image.document import Node, Place
from smssboot.image.paths import ARCHES
from smssboot.image.recipe import KEYS as RECIPE_KEYS
from smssboot.image.recipe import find_recipe, memory_mib
from smssboot.machine.causes import KINDS
from smssboot.machine.targets import TARGETS
from smssboot.report.campaign.verdicts import Expected

PLAIN: Final = "default"
"""The value of an axis that changes nothing: what recipe and target say."""

_LABEL: Final = re.compile(r"[^\s/#*?\[\]]+")
_EXPECT: Final = ("verdict", "finding", "says", "bugcheck", "cause")


@dataclass(frozen=True, slots=True)
class Fault:
    """Changes of a recipe, and what a boot with them must show.  `arches`, `images`: where it is tried;
    `node` holds the changes."""

    name: str
    changes: Mapping[str, Any]
    base: Path
    expected: Expected
    node: Node
    place: Place
    arches: tuple[str, ...] = ARCHES
    images: tuple[str, ...] = ()
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an axis: one word for both architectures, or `each` its own; what `each` lacks is no
    cell."""

    label: str = ""
    plain: bool = False
    given: Any = None
    each: Mapping[str, tuple[str, Any]] | None = None
    recipe: Path | str = ""
    expected: Expected | None = None
    fault: Fault | None = None
    arches: tuple[str, ...] = ARCHES
    timeout_s: float | None = None

    def text(self, arch: str) -> str:
        """What the cell's id calls it."""
        return self.label if self.each is None else self.each[arch][0]

    def payload(self, arch: str) -> Any:
        """The boot option's value; None: as without."""
        return self.given if self.each is None else self.each[arch][1]

    def fits(self, arch: str, image: str) -> bool:
        """Whether there is a cell with this value, this architecture and this image."""
        if self.each is not None:
            return arch in self.each
        if self.fault is not None and self.fault.images and image not in self.fault.images:
            return False
        return arch in self.arches


class Axis(NamedTuple):
    """`option` is the field of `Options` that a value sets; `read` makes (label, option's value) of a
    node."""

    name: str
    option: str = ""
    read: Callable[[Node], tuple[str, Any]] | None = None


def _word(node: Node) -> tuple[str, Any]:
    return _label(node, node.text()), node.text()


def _profile(node: Node) -> tuple[str, Any]:
    from smssboot import model

    name = node.text()
    if name not in model.profiles():
        node.fail(f"{node.where}: unknown profile {name!r}", hint=did_you_mean(name, model.profiles()))
    return name, name


def _target(node: Node) -> tuple[str, Any]:
    name = node.choice(TARGETS)
    return name, name


def _memory(node: Node) -> tuple[str, Any]:
    size = memory_mib(node)
    return f"{size}MiB", size


def _one_of(*words: str) -> Callable[[Node], tuple[str, Any]]:
    return lambda node: (node.choice(words), node.text())


IMAGE: Final = "image"
AXES: Final = (
    Axis(IMAGE),
    Axis("arch"),
    Axis("profile", "profile", _profile),
    Axis("target", "target", _target),
    Axis("cpu", "cpu", _word),
    Axis("memory", "memory_mib", _memory),
    Axis("disk", "disk", _one_of("virtio", "memory")),
    Axis("firmware", "firmware", _one_of("direct", "uefi")),
    Axis("fault"),
)
NAMES: Final = tuple(axis.name for axis in AXES)


def read_axis(axis: Axis, node: Node | None, faults: Mapping[str, Fault]) -> list[Value]:
    """The values of an axis; without a node its plain one.  Raises InputError."""
    if node is None:
        if axis.name == "arch":
            return [Value(arch) for arch in ARCHES]
        return [Value("none" if axis.name == "fault" else PLAIN, plain=True, recipe=PLAIN)]
    items = node.items() if node.kind == "seq" else [node]
    if not items:
        node.fail(f"{node.where}: expected at least one value")
    values = [_value(axis, item, faults) for item in items]
    shown: list[object] = []
    for item, value in zip(items, values, strict=True):
        what = value.label or value.each
        if what in shown:
            item.fail(f"{node.where}: {value.label or 'this'!r} is here twice")
        shown.append(what)
    return values


def _value(axis: Axis, node: Node, faults: Mapping[str, Fault]) -> Value:
    if axis.name == IMAGE:
        return _image(node)
    if axis.name == "arch":
        return Value(node.choice(ARCHES))
    if axis.name == "fault":
        name = node.choice(("none", *faults))
        if name == "none":
            return Value(name, plain=True)
        fault = faults[name]
        return Value(name, fault=fault, arches=fault.arches, timeout_s=fault.timeout_s)
    assert axis.read is not None
    if node.kind == "map":
        each = {arch: _single(axis, value) for arch, value in node.fields(ARCHES).items()}
        if not each:
            node.fail(f"{node.where}: expected a value for an architecture, of {', '.join(ARCHES)}")
        return Value(each=each)
    label, given = _single(axis, node)
    arches = (TARGETS[given].arch,) if axis.name == "target" and given is not None else ARCHES
    return Value(label, plain=given is None, given=given, arches=arches)


def _single(axis: Axis, node: Node) -> tuple[str, Any]:
    assert axis.read is not None
    return (PLAIN, None) if node.raw() == PLAIN else axis.read(node)


def _image(node: Node) -> Value:
    if node.kind != "map":
        return Value(_label(node, Path(node.text()).stem), recipe=_recipe(node))
    fields = node.fields(("recipe", "name", "expect", "timeout"), required=("recipe",))
    label = fields["name"].text() if "name" in fields else Path(fields["recipe"].text()).stem
    return Value(
        _label(fields.get("name", fields["recipe"]), label),
        recipe=_recipe(fields["recipe"]),
        expected=read_expected(fields["expect"]) if "expect" in fields else None,
        timeout_s=float(fields["timeout"].integer(1, 86_400)) if "timeout" in fields else None,
    )


def _recipe(node: Node) -> Path | str:
    """A recipe by name, or a file relative to the matrix."""
    word = node.text()
    if word.endswith((".yaml", ".yml")) or "/" in word:
        path = (node.path.parent / word).resolve()
        if not path.is_file():
            node.fail(f"{node.where}: no such file: {path}")
        return path
    try:
        find_recipe(word)
    except UsageError as error:
        node.fail(f"{node.where}: {error.message}", hint=error.hint)
    return word


def _label(node: Node, label: str) -> str:
    if not _LABEL.fullmatch(label):
        node.fail(f"{node.where}: {label!r} cannot be part of a cell's name", hint="no blanks, no /#*?[]")
    return label


def read_fault(name: str, node: Node) -> Fault:
    """A fault of the matrix: `changes` here, or the keys of a `file`.  Raises InputError."""
    _label(node, name)
    known = ("changes", "file", "expect", "arches", "images", "timeout")
    fields = node.fields(known, required=("expect",))
    if ("changes" in fields) == ("file" in fields):
        node.fail(f"{node.where}: expected either 'changes' or 'file'")
    changes = fields["changes"] if "changes" in fields else _fault_file(fields["file"])
    plain = dict(changes.plain())
    changes.fields([key for key in RECIPE_KEYS if key != "extends" or "file" in fields])
    for key in ("extends", "name", "description"):
        plain.pop(key, None)
    return Fault(
        name,
        plain,
        changes.path.parent.absolute(),
        read_expected(fields["expect"]),
        changes,
        node.place,
        _words(fields.get("arches"), ARCHES) or ARCHES,
        tuple(item.text() for item in fields["images"].items()) if "images" in fields else (),
        float(fields["timeout"].integer(1, 86_400)) if "timeout" in fields else None,
    )


def _fault_file(node: Node) -> Node:
    path = node.path.parent / node.text()
    try:
        return document.load(path, "recipe")
    except UsageError as error:
        if path.is_file():
            raise
        node.fail(f"{node.where}: {error.message}")


def _words(node: Node | None, known: Sequence[str]) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(item.choice(known) for item in (node.items() if node.kind == "seq" else [node]))


def read_expected(node: Node) -> Expected:
    """What a boot must show.  A deviation has to say what is to be found.  Raises InputError."""
    fields = node.fields(_EXPECT)
    verdict = fields["verdict"].choice(("conforms", "deviates")) if "verdict" in fields else "deviates"
    says = fields["says"].text() if "says" in fields else ""
    try:
        re.compile(says)
    except re.error as error:
        fields["says"].fail(f"{fields['says'].where}: no regular expression: {error}")
    expected = Expected(
        verdict="conforms" if verdict == "conforms" else "deviates",
        codes=_words(fields.get("finding"), tuple(CODES)),
        says=says,
        bugcheck=fields["bugcheck"].integer(0, 0xFFFFFFFF) if "bugcheck" in fields else None,
        cause=fields["cause"].choice(KINDS) if "cause" in fields else "",
    )
    if verdict == "deviates" and not expected.codes and not says and expected.bugcheck is None:
        node.fail(f"{node.where}: expected what is to be found: 'finding', 'says' or 'bugcheck'")
    if verdict == "conforms" and (expected.codes or says):
        node.fail(f"{node.where}: a boot that conforms has no finding")
    return expected
