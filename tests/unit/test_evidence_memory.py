"""The host's reading of guest memory: whole, damaged, and made to lead a reader astray."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_kernel import IMAGE, PEB_VA, SYMBOLS, FakeKernel

from smssboot.evidence import memory
from smssboot.evidence.errors import DamagedError, EvidenceError
from smssboot.evidence.guestmemory import GuestMemory
from smssboot.evidence.paging import AddressSpace, find_kernel_root, walk
from smssboot.evidence.symbols import Symbols
from smssboot.timeline.items import Event

ROOT = IMAGE + 0x1000


@pytest.fixture(params=["x86_64", "aarch64"])
def kernel(request: pytest.FixtureRequest) -> FakeKernel:
    return FakeKernel(request.param)


def look(kernel: FakeKernel, hint: bool = True) -> list[Event]:
    return memory.inspect(kernel.memory(), SYMBOLS, kernel.physical(ROOT) if hint else None)


def named(events: list[Event], name: str) -> list[dict[str, str]]:
    return [dict(event.data) for event in events if event.name == name]


def test_the_namespace(kernel: FakeKernel) -> None:
    device = kernel.directory("Device", kernel.directory_root)
    kernel.directory("Deep", device)
    kernel.link(kernel.directory_root, "SystemRoot", "\\Device\\BootModules\\Windows")
    kernel.add(device, "Event", "Ready")
    registry = kernel.directory("REGISTRY", kernel.directory_root)
    kernel.directory("Machine", registry)
    objects = named(look(kernel), "memory.object")
    assert {"type": "Event", "path": "\\Device\\Ready"} in objects
    assert {"type": "Directory", "path": "\\Device\\Deep"} in objects
    link = {"type": "SymbolicLink", "path": "\\SystemRoot", "target": "\\Device\\BootModules\\Windows"}
    assert link in objects
    assert {"type": "Type", "path": "\\ObjectTypes\\Event"} in objects
    assert not [item for item in objects if "registry" in item["path"].lower()]


def test_processes_tokens_and_environments(kernel: FakeKernel) -> None:
    kernel.process(4, 0, "System")
    environment = ["Path=C:\\Windows", "OS=Windows_NT", "Umlaut=\u00e4"]
    kernel.process(248, 4, "smss.exe", environment=environment)
    events = look(kernel)
    system, smss = named(events, "memory.process")
    assert (system["pid"], system["user-mode"], smss["user-mode"]) == ("4", "0", "1")
    assert (smss["ppid"], smss["protection"], smss["critical"]) == ("4", "0x61", "1")
    token = named(events, "memory.token")[1]
    assert (token["sid"], token["privileges"]) == ("S-1-5-18", "SeTcbPrivilege,SeCreatePagefilePrivilege")
    [block] = named(events, "memory.environment")
    assert block == {"pid": "248", "name": "smss.exe", "block": "\0".join(environment)}
    assert not named(events, "memory.damaged")


def test_what_the_master_waits_on(kernel: FakeKernel) -> None:
    smss = kernel.process(8, 4, "smss.exe", environment=[])
    csrss = kernel.process(16, 12, "csrss.exe", session=1, environment=[])
    event = kernel.add(kernel.directory_root, "Event", "PowerRequest")
    kernel.thread(smss, 24, event)  # a worker
    kernel.thread(smss, 20, csrss, event)
    waits = named(look(kernel), "memory.wait")
    assert [(w["tid"], w["on"], w["session"]) for w in waits] == [
        ("20", "Process/csrss.exe", "1"),
        ("20", "Event/PowerRequest", "0"),
    ]


def test_the_root_is_found_without_a_hint(kernel: FakeKernel) -> None:
    kernel.process(4, 0, "System")
    assert look(kernel, hint=False) == look(kernel)


def test_a_wrong_hint_is_not_believed(kernel: FakeKernel) -> None:
    assert find_kernel_root(kernel.memory(), ROOT, kernel.base + 0x9000) is None
    events = memory.inspect(kernel.memory(), SYMBOLS, kernel.base + 0x9000)
    assert named(events, "memory.object") and not named(events, "memory.damaged")


def test_memory_without_page_tables() -> None:
    events = memory.inspect(GuestMemory(bytes(1 << 20), 0, "x86_64"), SYMBOLS)
    assert [event.name for event in events] == ["memory.damaged"]


def test_a_directory_that_holds_itself(kernel: FakeKernel) -> None:
    loop = kernel.directory("Loop", kernel.directory_root)
    kernel._insert(loop, loop)
    paths = [item["path"] for item in named(look(kernel), "memory.object")]
    assert paths.count("\\Loop") == 1 and paths.count("\\Loop\\Loop") == 1


def test_a_chain_that_runs_in_a_circle(kernel: FakeKernel) -> None:
    body = kernel.directory("Circle", kernel.directory_root)
    child = kernel.object("Event", "Child", bytes(32))
    entry = kernel._insert(body, child)
    kernel.poke(entry + 8, struct.pack("<Q", entry))
    events = look(kernel)
    assert "circle" in named(events, "memory.damaged")[0]["reason"]
    assert {"type": "Event", "path": "\\Circle\\Child"} in named(events, "memory.object")


def test_a_pointer_into_nothing(kernel: FakeKernel) -> None:
    bad = kernel.add(kernel.directory_root, "Event", "Bad")
    kernel.add(kernel.directory_root, "Event", "Good")
    kernel.poke(bad - 48 + 8, struct.pack("<Q", 0xFFFF_9999_0000_0000))
    events = look(kernel)
    paths = [item["path"] for item in named(events, "memory.object")]
    assert "\\Good" in paths and "\\Bad" not in paths
    assert "not mapped" in named(events, "memory.damaged")[0]["reason"]


def test_a_name_of_absurd_length(kernel: FakeKernel) -> None:
    body = kernel.add(kernel.directory_root, "Event", "Long")
    kernel.poke(body - 48 + 16, struct.pack("<H", 0xFFFE))
    assert "length 65534" in named(look(kernel), "memory.damaged")[0]["reason"]


def test_a_broken_process_list(kernel: FakeKernel) -> None:
    kernel.process(4, 0, "System")
    second = kernel.process(8, 4, "smss.exe")
    kernel.poke(second + 88, struct.pack("<Q", 0x1234))
    events = look(kernel)
    assert [p["name"] for p in named(events, "memory.process")] == ["System"]
    assert "broken" in named(events, "memory.damaged")[0]["reason"]


def test_an_environment_without_end(kernel: FakeKernel) -> None:
    process = kernel.process(8, 4, "smss.exe", environment=["A=1"])
    root = kernel.peek64(kernel.physical(process + 24))
    kernel.poke(PEB_VA + 0x1000 - 16, b"A\0" * (0x1000 // 2 + 8), root)
    events = look(kernel)
    assert named(events, "memory.process") and not named(events, "memory.environment")
    assert "not mapped" in named(events, "memory.damaged")[0]["reason"]


def test_wait_blocks_without_end(kernel: FakeKernel) -> None:
    smss = kernel.process(8, 4, "smss.exe", environment=[])
    thread = kernel.thread(smss, 20, smss)
    first = kernel.peek64(kernel.physical(thread + 16))
    second = kernel.peek64(kernel.physical(first + 8))
    kernel.poke(second + 8, struct.pack("<Q", second))
    assert "no end" in named(look(kernel), "memory.damaged")[0]["reason"]


def test_large_pages(kernel: FakeKernel) -> None:
    virtual, two_mib = 0xFFFF_8000_0000_0000, kernel.base + 0x200000
    l1, l2 = kernel.frame(), kernel.frame()
    table = 0x7 if kernel.arch == "x86_64" else 0x3
    block = 0x83 if kernel.arch == "x86_64" else 0x701
    kernel.poke_physical(kernel.root + (virtual >> 39 & 511) * 8, struct.pack("<Q", l1 | table))
    kernel.poke_physical(l1, struct.pack("<Q", l2 | table))
    kernel.poke_physical(l2 + 8, struct.pack("<Q", two_mib | block))
    guest = kernel.memory()
    assert walk(guest, kernel.root, virtual + 0x212345) == two_mib + 0x12345
    assert walk(guest, kernel.root, virtual) is None


def test_reads_across_pages_and_outside(kernel: FakeKernel) -> None:
    kernel.map(kernel.root, IMAGE + 0x2000)
    kernel.poke(IMAGE + 0x1FFC, b"abcdefgh")
    space = AddressSpace(kernel.memory(), kernel.root)
    assert space.read(IMAGE + 0x1FFC, 8) == b"abcdefgh"
    with pytest.raises(DamagedError):
        space.read(PEB_VA, 1)  # no process, no lower half
    with pytest.raises(DamagedError):
        kernel.memory().read(kernel.base + len(kernel.ram) - 4, 8)


def test_symbols_that_lack_a_name(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nearest: PsActiveProcessHead"):
        SYMBOLS.address("PsActiveProcessHed")
    (tmp_path / "s.json").write_text('{"symbols": {}}')
    with pytest.raises(EvidenceError, match="not a symbol file"):
        Symbols.load(tmp_path / "s.json")
