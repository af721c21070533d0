"""What fastfat must do, as a dictionary; and operations that are done on both."""

from __future__ import annotations

from dataclasses import dataclass, field

import fatbench as fb
from fatbench import Bench
from hypothesis import HealthCheck
from hypothesis import strategies as st

SLOW = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
NAMES = ("a.txt", "B", "long name with spaces.text", "Größe.日本", "x" * 120 + ".bin", "A~1", "dot.ted.name")


@dataclass
class File:
    """One file's bytes; `touched`: number of the operation that changed them last."""

    data: bytes = b""
    touched: int = 0


@dataclass
class Model:
    """What must be there: upper-cased path -> (path as it is spelled, file or None for a directory)."""

    items: dict[str, tuple[str, File | None]] = field(default_factory=dict)
    step: int = 0

    def parent_exists(self, path: str) -> bool:
        above = path.rpartition("\\")[0].upper()
        return above == "" or (above in self.items and self.items[above][1] is None)

    def tree(self) -> dict[str, tuple[int, int] | None]:
        """As Bench.tree. Paths are spelled as each of their parts was made."""
        return {
            self.spelled(key): None if file is None else fb.crc(file.data)
            for key, (_, file) in self.items.items()
        }

    def spelled(self, key: str) -> str:
        parts, so_far = [], ""
        for part in key.split("\\")[1:]:
            so_far += "\\" + part
            parts.append(self.items[so_far][0].rpartition("\\")[2])
        return "\\" + "\\".join(parts)

    def below(self, key: str) -> list[str]:
        return [other for other in self.items if other.startswith(key + "\\")]


Operation = tuple[object, ...]


def apply(bench: Bench, model: Model, operation: Operation) -> int:
    """Does one operation on both, which must agree unless the power is off. Returns the driver's status."""
    kind, path = operation[0], str(operation[1])
    key = path.upper()
    known = model.items.get(key)
    model.step += 1
    if kind == "mkdir":
        status = bench.open(1, path, fb.CREATE, fb.DIRECTORY)
        bench.done()
        if agreed(
            status, fb.COLLISION if known else fb.OK if model.parent_exists(path) else fb.PATH_NOT_FOUND
        ):
            model.items[key] = (path, None)
    elif kind == "write":
        status = write(bench, model, operation)
    elif kind == "size":
        status = resize(bench, model, operation)
    elif kind == "delete":
        status = delete(bench, model, path)
    else:
        status = rename(bench, model, operation)
    return status


def agreed(status: int, expected: int) -> bool:
    """Did it happen? A disk without power refuses everything."""
    assert status in (expected, POWER_OFF), f"{status:#x}, expected {expected:#x}"
    return status == fb.OK


POWER_OFF = 0xC0000185


def write(bench: Bench, model: Model, operation: Operation) -> int:
    _, path, offset, length, seed = operation
    assert (
        isinstance(path, str)
        and isinstance(offset, int)
        and isinstance(length, int)
        and isinstance(seed, int)
    )
    known = model.items.get(path.upper())
    status = bench.open(1, path, fb.OPEN_IF, fb.NOT_DIRECTORY)
    if known and known[1] is None:
        agreed(status, 0xC00000BA)
        return status
    if not agreed(status, fb.OK if model.parent_exists(path) else fb.PATH_NOT_FOUND):
        return status
    file = known[1] if known and known[1] else File()
    if not known:
        model.items[path.upper()] = (path, file)
    status = bench.status("write", 1, offset, length, seed)
    if agreed(status, fb.OK) and length:
        data = file.data.ljust(offset, b"\0")
        file.data = data[:offset] + fb.pattern(length, seed) + data[offset + length :]
        file.touched = model.step
    bench.done()
    return status


def resize(bench: Bench, model: Model, operation: Operation) -> int:
    _, path, size = operation
    assert isinstance(path, str) and isinstance(size, int)
    known = model.items.get(path.upper())
    if not known or known[1] is None:
        return fb.OK
    status = bench.open(1, path, fb.OPEN, fb.NOT_DIRECTORY)
    if agreed(status, fb.OK):
        status = bench.status("size", 1, size)
        if agreed(status, fb.OK):
            known[1].data = known[1].data[:size].ljust(size, b"\0")
            known[1].touched = model.step
        bench.done()
    return status


def delete(bench: Bench, model: Model, path: str) -> int:
    known = model.items.get(path.upper())
    status = bench.open(1, path)
    expected = fb.OK if known else fb.NOT_FOUND if model.parent_exists(path) else fb.PATH_NOT_FOUND
    if not agreed(status, expected):
        return status
    status = bench.status("dispose", 1, 1)
    if agreed(status, fb.NOT_EMPTY if model.below(path.upper()) else fb.OK):
        bench.done()
        again = bench.open(1, path)  # a disk without power lets nothing be deleted
        if again == fb.OK:
            bench.done()
        status = fb.OK if again == fb.NOT_FOUND else POWER_OFF
        if status == fb.OK:
            del model.items[path.upper()]
        return status
    bench.done()
    return status


def rename(bench: Bench, model: Model, operation: Operation) -> int:
    _, path, target, replace = operation
    assert isinstance(path, str) and isinstance(target, str) and isinstance(replace, bool)
    old, new = path.upper(), target.upper()
    if old not in model.items:
        return fb.OK
    status = bench.open(1, path)
    if not agreed(status, fb.OK):
        return status
    status = bench.status("rename", 1, fb.hexed(target), int(replace))
    bench.done()
    if agreed(status, rename_result(model, old, new, target, replace)):
        moved = {new + key[len(old) :]: model.items.pop(key) for key in [*model.below(old), old]}
        model.items |= moved
        model.items[new] = (target, model.items[new][1])
    return status


def rename_result(model: Model, old: str, new: str, target: str, replace: bool) -> int:
    directory = model.items[old][1] is None
    if not model.parent_exists(target):
        return fb.PATH_NOT_FOUND
    if directory and new.startswith(old + "\\"):
        return 0xC000000D
    if new == old or new not in model.items:
        return fb.OK
    if not replace:
        return fb.COLLISION
    return 0xC0000022 if model.items[new][1] is None else fb.OK


def paths() -> st.SearchStrategy[str]:
    name = st.sampled_from(NAMES)
    return st.one_of(
        st.builds(lambda a: f"\\{a}", name),
        st.builds(lambda a, b: f"\\{a}\\{b}", st.sampled_from(("D1", "d2")), name),
        st.builds(lambda a, b: f"\\{a}\\Sub dir\\{b}", st.sampled_from(("D1", "d2")), name),
        st.sampled_from(("\\D1", "\\d2", "\\D1\\Sub dir", "\\d2\\Sub dir", "\\d1")),
    )


def operations() -> st.SearchStrategy[list[Operation]]:
    sizes = st.integers(0, 20000)
    return st.lists(
        st.one_of(
            st.tuples(st.just("mkdir"), paths()),
            st.tuples(st.just("write"), paths(), sizes, sizes, st.integers(0, 99)),
            st.tuples(st.just("size"), paths(), sizes),
            st.tuples(st.just("delete"), paths()),
            st.tuples(st.just("rename"), paths(), paths(), st.booleans()),
            st.tuples(st.just("flush"), st.just("")),
        ),
        min_size=3,
        max_size=25,
    )


def started(seed: int = 0) -> list[Operation]:
    """Directories that most operations need."""
    return [("mkdir", "\\D1"), ("mkdir", "\\d2"), ("mkdir", "\\D1\\Sub dir"), ("write", "\\B", 0, 3000, seed)]
