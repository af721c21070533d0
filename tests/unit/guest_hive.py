"""The kernel's hive code, compiled for this machine (guest/tests/hive), and readers of what it wrote."""

from __future__ import annotations

import logging
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GUEST = Path(__file__).resolve().parents[2] / "guest"
CORE = ("name", "index", "sec", "secld", "data", "datawr", "keycel", "valcel", "load", "tree", "write")
SOURCES = ("rtl/*.c", "kernel/cm/hv*.c", *(f"kernel/cm/cm{name}.c" for name in CORE), "tests/hive/hivetest.c")
INCLUDES = (
    *("tests/hive", "kernel/cm", "kernel/include", "kernel/arch/x86_64"),
    *("include", "include/arch/x86_64"),
)
SANITIZE = (
    *("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "-fno-sanitize=alignment",
)
FLAGS = (
    *("-std=gnu11", "-fshort-wchar", "-fno-builtin", "-fno-strict-aliasing", "-D_NTOSKRNL_"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-multichar", "-include", "tests/rtl/rename.h"),
)
SUCCESS = 0
NAMES = ("hive", "hive.LOG1", "hive.LOG2")

Values = dict[str, tuple[int, bytes]]
Tree = dict[str, Values]
"""Key path below the root ("" is the root) to its values: name to (type, data)."""


def compile_driver(folder: Path) -> Path:
    """The test program, with address and undefined-behaviour sanitizers (gcc has their run-time)."""
    generate = [sys.executable, "abi/generate.py", "--arch", "x86_64", "--out", folder / "gen"]
    subprocess.run(generate, cwd=GUEST, check=True)
    includes = [f"-I{name}" for name in INCLUDES] + [f"-I{folder / 'gen'}"]
    objects = []
    for source in [path for pattern in SOURCES for path in sorted(GUEST.glob(pattern))]:
        objects.append(folder / f"{source.parent.name}-{source.stem}.o")
        subprocess.run(
            ["gcc", *SANITIZE, *FLAGS, *includes, "-c", source, "-o", objects[-1]], cwd=GUEST, check=True
        )
    program = folder / "hivetest"
    host = GUEST / "tests/hive/host.c"
    subprocess.run(["gcc", *SANITIZE, "-Wall", "-Wextra", host, *objects, "-o", program], check=True)
    return program


def _hex(data: bytes) -> str:
    return data.hex() or "-"


def _text(text: str) -> str:
    return _hex(text.encode("utf-16-le", "surrogatepass"))


def _plain(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-16-le", "surrogatepass")


@dataclass(slots=True)
class Dump:
    """What the kernel's tree holds; `stable` leaves volatile keys out."""

    everything: Tree = field(default_factory=dict)
    stable: Tree = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class Driver:
    """One run of the test program; one hive at a time."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        _, errors = self._process.communicate()
        assert self._process.returncode == 0, errors[-3000:]

    def send(self, *words: object) -> None:
        """A command without an answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline().rstrip("\n")
        if not line or line.startswith("FAILED"):
            self._process.wait(10)
            raise AssertionError(line + self._process.stderr.read()[-3000:])
        return line

    def _status(self, *words: object) -> int:
        self.send(*words)
        return int(self._line().split()[1], 16)

    def load(self, folder: Path) -> int:
        """Status of reading the hive in `folder`; unload() in every case."""
        return self._status("load", folder)

    def unload(self) -> None:
        self.send("unload")

    def create(self, path: str, class_name: str = "", *, volatile: bool = False) -> int:
        return self._status("create", _text(path), _text(class_name), int(volatile))

    def delete(self, path: str) -> int:
        return self._status("delete", _text(path))

    def set(self, path: str, name: str, kind: int, data: bytes) -> int:
        return self._status("set", _text(path), _text(name), kind, _hex(data))

    def unset(self, path: str, name: str) -> int:
        return self._status("unset", _text(path), _text(name))

    def flush(self) -> tuple[int, int, int]:
        """Status, bytes of bins written, operations on the disk."""
        self.send("flush")
        words = self._line().split()
        return int(words[1], 16), int(words[2]), int(words[3])

    def cut(self, at: int, seed: int, folder: Path) -> None:
        """The power goes at operation `at` of a flush; `folder` gets what is on the disk then."""
        self.send("cut", at, seed, folder)
        assert self._line() == "cut"

    def save(self, folder: Path) -> None:
        self.send("save", folder)
        assert self._line() == "save"

    def check(self) -> None:
        """The kernel's own bookkeeping of cells holds together."""
        self.send("check")
        assert self._line() == "check"

    def marvin(self, seed: int, data: bytes) -> int:
        return self._status("marvin", f"{seed:x}", _hex(data))

    def dump(self) -> Dump:
        self.send("dump")
        dump = Dump()
        values: Values = {}
        while (line := self._line()) != "end":
            kind, *words = line.split(" ")
            if kind == "K":
                path = "\\".join(_plain(part) for part in reversed(words[0].split("/")[:-1]))
                values = dump.everything[path] = {}
                dump.order.append(path)
                dump.classes[path] = _plain(words[3])
                dump.times[path] = int(words[2])
                if words[1] == "0":
                    dump.stable[path] = values
            else:
                values[_plain(words[0])] = (int(words[1]), bytes.fromhex(words[2]))
        return dump


def read_regipy(path: Path) -> Tree:
    """The tree as regipy sees the keys and this function the values' cells."""
    logging.getLogger("regipy").setLevel(logging.ERROR)
    from regipy.registry import RegistryHive

    from smssboot.image import hive, regf

    opener: Any = RegistryHive
    found: Tree = {}

    def walk(key: Any, where: str) -> None:
        found[where] = {
            name: (regf.TYPES[kind], regf.encode(regf.Value(kind, data)))
            for name, (kind, data) in hive._values(key)
        }
        names = [sub.name for sub in key.iter_subkeys() or ()]
        assert len(names) == key.subkey_count
        for sub in key.iter_subkeys() or ():
            walk(sub, f"{where}\\{sub.name}" if where else sub.name)

    walk(opener(str(path)).root, "")
    return found


def read_dissect(path: Path) -> Tree:
    """The tree as dissect.regf sees it, every value's raw data."""
    from dissect.regf import regf as dissect

    found: Tree = {}

    def walk(key: Any, where: str) -> None:
        found[where] = {
            "" if value.name == "(Default)" and value.cell.NameLength == 0 else value.name: (
                value.type,
                bytes(value.data),
            )
            for value in key.values()
        }
        for sub in key.subkeys():
            walk(sub, f"{where}\\{sub.name}" if where else sub.name)

    with path.open("rb") as stream:
        hive: Any = dissect.RegistryHive(stream)
        walk(hive.root(), "")
    return found


def read_hivex(path: Path) -> set[str]:
    """The paths of all keys as hivexml sees them; it fails on a hive that does not hold together."""
    done = subprocess.run(["hivexml", path], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    found = set()

    def walk(node: ElementTree.Element, where: str) -> None:
        found.add(where)
        for sub in node.findall("node"):
            name = sub.get("name") or ""
            walk(sub, f"{where}\\{name}" if where else name)

    root = ElementTree.fromstring(done.stdout)
    top = root.find("node")
    assert top is not None
    walk(top, "")
    return found


def whole(path: Path) -> bool:
    """Does the file say of itself that nothing is missing?"""
    raw = path.read_bytes()
    checksum = 0
    for (word,) in struct.iter_unpack("<I", raw[:508]):
        checksum ^= word
    first, second = struct.unpack_from("<II", raw, 4)
    return bool(first == second and checksum == struct.unpack_from("<I", raw, 508)[0])


def marvin(data: bytes) -> int:
    """The hash of log entries, once more."""
    mask = 0xFFFFFFFF
    low, high = 0x7A4E55C5, 0x82EF4D88
    padded = data + b"\x80" + bytes(3 - len(data) % 4) + bytes(4)
    for (word,) in struct.iter_unpack("<I", padded):
        low = low + word & mask
        high ^= low
        low = (low << 20 | low >> 12) + high & mask
        high = (high << 9 | high >> 23) & mask ^ low
        low = (low << 27 | low >> 5) + high & mask
        high = (high << 19 | high >> 13) & mask
    return low | high << 32


def whole_entry(log: bytes) -> bool:
    """Is the log's first entry not torn?  regipy does not look at the hashes."""
    entry = log[512:]
    if entry[:4] != b"HvLE":
        return False
    size = int(struct.unpack_from("<I", entry, 4)[0])
    hashes = struct.unpack_from("<QQ", entry, 24)
    return len(entry) >= size and hashes == (marvin(entry[40:size]), marvin(entry[:32]))


def recover_regipy(folder: Path) -> Path:
    """The file of a hive with its logs applied by regipy, in the order of their numbers."""
    from regipy.recovery import apply_transaction_logs

    logs = []
    for name in NAMES[1:]:
        log = folder / name
        if log.exists() and whole_entry(log.read_bytes()):
            logs.append((struct.unpack_from("<I", log.read_bytes(), 512 + 12)[0], log))
    at = folder / "hive"
    for number, (_, log) in enumerate(sorted(logs)):
        restored = folder / f"restored{number}"
        apply: Any = apply_transaction_logs
        apply(str(at), str(log), restored_hive_path=str(restored))
        at = restored
    return at
