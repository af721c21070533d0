"""The matrix of a campaign: a YAML file of axes, faults and exceptions, and the cells that come of it.

docs/campaign.md has the keys.  The cells are the product of the axes in a fixed order, less what is excluded,
with what is included behind; their ids say only what differs from a plain boot, so that a further axis
renames none.  Whatever is wrong is an `InputError` with the file, the line and the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, Final

from smssboot.errors import did_you_mean
from smssboot.image import document
from smssboot.image.document import Node, Place
from smssboot.report.campaign.verdicts import Expected
from smssboot.study.campaigns import quarantine as quarantines
from smssboot.study.campaigns.axes import AXES, IMAGE, NAMES, Fault, Value, read_axis, read_fault
from smssboot.study.campaigns.job import Job

KEYS: Final = (
    "name", "description", "axes", "faults", "exclude", "include", "repeat", "timeout", "retries",
    "deterministic", "power-off", "accel", "quarantine",
)  # fmt: skip
MOST_CELLS: Final = 100_000
_MOST_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Cell:
    """One boot to be done: its id, where the matrix asks for it, the value of every axis, and what is
    expected.

    `node` holds the changes of its fault, for errors in them.
    """

    id: str
    place: Place
    axes: Mapping[str, str]
    job: Job
    expected: Expected
    repetition: int = 1
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix that was read.  `timeout_s` None: as for any boot."""

    name: str
    path: Path
    cells: tuple[Cell, ...]
    description: str = ""
    retries: int = 1
    quarantine: tuple[quarantines.Entry, ...] = ()
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def excuse(self, cell: str) -> quarantines.Entry | None:
        """The first entry of the quarantine that the cell is in."""
        return next((entry for entry in self.quarantine if entry.holds(cell)), None)


def load(path: Path, today: date | None = None) -> Matrix:
    """Read a matrix.  `today` decides what of the quarantine has expired.  Raises UsageError or
    InputError."""
    node = document.load(path, "matrix")
    fields = node.fields(KEYS)
    faults = _faults(fields.get("faults"))
    common = _common(fields)
    axes = fields.get("axes")
    cells = list(_cells(axes, (axes or node).place, faults, common))
    if "exclude" in fields:
        cells = _exclude(fields["exclude"], cells)
    for item in fields["include"].items() if "include" in fields else ():
        cells += _cells(item, item.place, faults, common)
    _check(cells, node, faults)
    repeat = fields["repeat"].integer(1, 1000) if "repeat" in fields else 1
    cells = [again for cell in cells for again in _repeated(cell, repeat)]
    if len(cells) > MOST_CELLS:
        node.fail(f"matrix: {len(cells)} cells are more than {MOST_CELLS}")
    day = today or date.today()
    excused: tuple[quarantines.Entry, ...] = ()
    if "quarantine" in fields:
        excused = quarantines.read(fields["quarantine"], (cell.id for cell in cells), day)
    return Matrix(
        name=fields["name"].text() if "name" in fields else path.stem,
        path=path,
        cells=tuple(cells),
        description=fields["description"].text().strip() if "description" in fields else "",
        retries=fields["retries"].integer(0, 10) if "retries" in fields else 1,
        quarantine=excused,
        axes={name: tuple(dict.fromkeys(cell.axes[name] for cell in cells)) for name in NAMES},
    )


def _common(fields: Mapping[str, Node]) -> dict[str, Any]:
    """Boot options of every cell."""
    found: dict[str, Any] = {}
    if "deterministic" in fields:
        found["deterministic"] = fields["deterministic"].truth()
    if "power-off" in fields:
        found["power_off"] = fields["power-off"].choice(("button", "sac"))
    if "accel" in fields:
        found["accel"] = fields["accel"].choice(("tcg", "kvm", "auto"))
    if "timeout" in fields:
        found["timeout_s"] = fields["timeout"].integer(1, _MOST_SECONDS)
    return found


def _faults(node: Node | None) -> dict[str, Fault]:
    if node is None:
        return {}
    found = {}
    for name, (key, value) in node.pairs().items():
        if name == "none" or not name.strip():
            key.fail(f"{node.where}: a fault cannot be called {name!r}")
        found[name] = read_fault(name, value)
    return found


def _cells(
    node: Node | None, place: Place, faults: Mapping[str, Fault], common: Mapping[str, Any]
) -> Iterator[Cell]:
    """The product of the axes that a mapping names; the others have their plain value."""
    given = node.fields(NAMES) if node is not None else {}
    values = [read_axis(axis, given.get(axis.name), faults) for axis in AXES]
    arches = [value.label for value in values[NAMES.index("arch")]]
    made = 0
    for chosen in product(*values):
        cell = _cell(chosen, place, common)
        if cell is not None:
            made += 1
            yield cell
    if not made and node is not None:
        node.fail(f"{node.where}: no value fits another one on {' or '.join(arches)}: there is no cell")


def _cell(chosen: Sequence[Value], place: Place, common: Mapping[str, Any]) -> Cell | None:
    """The cell of these values; None where a guard keeps them apart."""
    values = dict(zip(NAMES, chosen, strict=True))
    arch = values["arch"].label
    image = values[IMAGE]
    if not all(value.fits(arch, image.label) for value in chosen):
        return None
    options: dict[str, Any] = dict(common)
    labels: dict[str, str] = {}
    parts = [image.label, arch]
    for axis, value in zip(AXES, chosen, strict=True):
        labels[axis.name] = value.text(arch)
        if axis.option and (payload := value.payload(arch)) is not None:
            options[axis.option] = payload
        if axis.name not in (IMAGE, "arch") and not value.plain:
            parts.append(f"{axis.name}={value.text(arch)}")
        if value.timeout_s is not None:
            options["timeout_s"] = value.timeout_s
    fault = values["fault"].fault
    job = Job(name="/".join(parts), recipe=str(image.recipe), arch=arch, options=options)
    expected = image.expected or Expected()
    if fault is not None:
        changes = {**fault.changes, "name": f"{image.label}-{fault.name}"}
        job = replace(job, changes=(changes,), base=str(fault.base))
        expected = fault.expected
    return Cell(job.name, place, labels, job, expected, node=fault.node if fault is not None else None)


def _exclude(node: Node, cells: list[Cell]) -> list[Cell]:
    """The cells without those that any entry names; an entry that names none is an error."""
    for item in node.items():
        wanted: dict[str, list[str]] = {}
        for name, value in item.fields(NAMES).items():
            known = sorted({cell.axes[name] for cell in cells})
            for entry in value.items() if value.kind == "seq" else [value]:
                label = entry.raw().replace(" ", "")
                if label not in known:
                    hint = did_you_mean(label, known)
                    entry.fail(f"{value.where}: no cell has the {name} {label!r}", hint=hint)
                wanted.setdefault(name, []).append(label)
        if not wanted:
            item.fail(f"{item.where}: expected axes, of {', '.join(NAMES)}")
        kept = [cell for cell in cells if not all(cell.axes[name] in wanted[name] for name in wanted)]
        if len(kept) == len(cells):
            item.fail(f"{item.where}: no cell is like that")
        cells = kept
    return cells


def _check(cells: Sequence[Cell], node: Node, faults: Mapping[str, Fault]) -> None:
    """No cell twice, none missing, and every fault tried: one that is not would look like one that is
    found."""
    seen: dict[str, Cell] = {}
    for cell in cells:
        if cell.id in seen:
            raise cell.place.error(f"matrix: the cell {cell.id!r} is there already")
        seen[cell.id] = cell
    if not cells:
        node.fail("matrix: there is no cell")
    images = sorted({cell.axes[IMAGE] for cell in cells})
    for name, fault in faults.items():
        for wanted in fault.images:
            if wanted not in images:
                hint = did_you_mean(wanted, images)
                raise fault.place.error(f"faults.{name}.images: no cell has the image {wanted!r}", hint=hint)
        if not any(cell.axes["fault"] == name for cell in cells):
            raise fault.place.error(f"faults: no cell has the fault {name!r}", hint="axes.fault names those")


def _repeated(cell: Cell, times: int) -> Iterator[Cell]:
    """The cell as often as wanted.  Only a boot that is done once may come from the cache."""
    options = {**cell.job.options, "cache": times == 1}
    for number in range(1, times + 1):
        name = cell.id if times == 1 else f"{cell.id}#{number}"
        job = replace(cell.job, name=name, options=options)
        yield replace(cell, id=name, job=job, repetition=number)
