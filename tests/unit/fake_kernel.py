"""A guest's memory made by hand: page tables and kernel objects, for the walkers' tests.

The layout is deliberately not the real kernel's: the walkers must take every offset from the symbols.
"""

from __future__ import annotations

import struct

from smssboot.evidence.guestmemory import GuestMemory
from smssboot.evidence.symbols import Symbols

SIZE = 4 << 20
BASE = {"x86_64": 0, "aarch64": 0x4000_0000}
IMAGE = 0xFFFF_F800_0000_0000
POOL = 0xFFFF_FA80_0000_0000
PEB_VA = 0x7FF0_0000_0000
BUCKETS = 3

OFFSETS = {
    "OBJECT_HEADER.Type": 8,
    "OBJECT_HEADER.Name": 16,
    "OBJECT_HEADER.Body": 48,
    "OBJECT_DIRECTORY_ENTRY.ChainLink": 8,
    "OBJECT_DIRECTORY_ENTRY.Object": 0,
    "OBJECT_SYMBOLIC_LINK.LinkTarget": 8,
    "OBJECT_TYPE.Name": 0,
    "OBJECT_TYPE.DefaultDispatcherOffset": 16,
    "EPROCESS.Pcb": 0,
    "EPROCESS.UniqueProcessId": 64,
    "EPROCESS.InheritedFromUniqueProcessId": 72,
    "EPROCESS.ActiveProcessLinks": 80,
    "EPROCESS.ThreadListHead": 96,
    "EPROCESS.SessionId": 112,
    "EPROCESS.Token": 120,
    "EPROCESS.Peb": 128,
    "EPROCESS.ImageFileName": 136,
    "EPROCESS.Protection": 170,
    "EPROCESS.BreakOnTermination": 171,
    "KPROCESS.DirectoryTableBase": 24,
    "ETHREAD.Tcb": 0,
    "ETHREAD.Cid": 256,
    "CLIENT_ID.UniqueThread": 8,
    "ETHREAD.ThreadListEntry": 272,
    "KTHREAD.State": 8,
    "KTHREAD.WaitBlockList": 16,
    "KTHREAD.Timer": 32,
    "KWAIT_BLOCK.Object": 0,
    "KWAIT_BLOCK.NextWaitBlock": 8,
    "TOKEN.SessionId": 0,
    "TOKEN.PrivilegeCount": 4,
    "TOKEN.UserSid": 8,
    "TOKEN.Privileges": 16,
    "PEB.ProcessParameters": 8,
    "RTL_USER_PROCESS_PARAMETERS.Environment": 0,
}
SIZES = {
    "OBJECT_HEADER": 48,
    "OBJECT_DIRECTORY": 8 * BUCKETS,
    "OBJECT_DIRECTORY_ENTRY": 16,
    "OBJECT_SYMBOLIC_LINK": 24,
    "OBJECT_TYPE": 24,
    "EPROCESS": 192,
    "ETHREAD": 288,
    "KTHREAD": 256,
    "KWAIT_BLOCK": 16,
    "TOKEN": 16 + 12 * 8,
    "PEB": 16,
    "RTL_USER_PROCESS_PARAMETERS": 8,
}
SYMBOLS = Symbols(
    image_base=IMAGE,
    symbols={
        "MiKernelPageTableRoot": 0x1000,
        "ObpRootDirectoryObject": 0x1008,
        "PsActiveProcessHead": 0x1010,
    },
    offsets=OFFSETS,
    sizes=SIZES,
)


class FakeKernel:
    """Builds memory; `poke` and the address attributes let a test break it."""

    def __init__(self, arch: str) -> None:
        self.arch, self.base = arch, BASE[arch]
        self.ram = bytearray(SIZE)
        self._next_frame = self.base + 0x1000
        self._heap = POOL
        self.types: dict[str, int] = {}
        self.root = self.frame()
        self.map(self.root, IMAGE + 0x1000)
        for page in range(64):
            self.map(self.root, POOL + page * 4096)
        self.poke(IMAGE + 0x1000, struct.pack("<Q", self.root))
        head = IMAGE + 0x1010
        self.poke(head, struct.pack("<QQ", head, head))
        for name, dispatcher in (
            ("Type", -1),
            ("Directory", -1),
            ("SymbolicLink", -1),
            ("Process", 0),
            ("Event", 0),
        ):
            self._make_type(name, dispatcher)
        self.directory_root = self.directory("", None)
        self.poke(IMAGE + 0x1008, struct.pack("<Q", self.directory_root))
        types = self.directory("ObjectTypes", self.directory_root)
        for name, body in self.types.items():
            self._insert(types, body)
            self.poke(body - 48 + 16, self._unicode(name))

    def memory(self) -> GuestMemory:
        return GuestMemory(bytes(self.ram), self.base, self.arch)

    # Pages

    def frame(self) -> int:
        frame = self._next_frame
        self._next_frame += 0x1000
        return frame

    def map(self, root: int, virtual: int) -> int:
        """A new page at `virtual`; its physical address."""
        table = root
        for shift in (39, 30, 21):
            at = table + (virtual >> shift & 511) * 8
            entry = self.peek64(at)
            if not entry:
                entry = self.frame() | self._table_bits()
                self.poke_physical(at, struct.pack("<Q", entry))
            table = entry & 0x0000_FFFF_FFFF_F000
        frame = self.frame()
        bits = 0x8000_0000_0000_0003 if self.arch == "x86_64" else 0x0060_0000_0000_0703
        self.poke_physical(table + (virtual >> 12 & 511) * 8, struct.pack("<Q", frame | bits))
        return frame

    def _table_bits(self) -> int:
        return 0x7 if self.arch == "x86_64" else 0x3

    def poke_physical(self, physical: int, data: bytes) -> None:
        self.ram[physical - self.base : physical - self.base + len(data)] = data

    def peek64(self, physical: int) -> int:
        number: int = struct.unpack_from("<Q", self.ram, physical - self.base)[0]
        return number

    def physical(self, virtual: int, root: int | None = None) -> int:
        table = root or self.root
        for shift in (39, 30, 21, 12):
            table = self.peek64(table + (virtual >> shift & 511) * 8) & 0x0000_FFFF_FFFF_F000
        return table + (virtual & 4095)

    def poke(self, virtual: int, data: bytes, root: int | None = None) -> None:
        for at, byte in enumerate(data):
            self.poke_physical(self.physical(virtual + at, root), bytes([byte]))

    # Objects

    def allocate(self, data: bytes) -> int:
        address = self._heap
        self._heap += len(data) + 15 & ~15
        self.poke(address, data)
        return address

    def _unicode(self, text: str) -> bytes:
        raw = text.encode("utf-16-le")
        return struct.pack("<HHIQ", len(raw), len(raw), 0, self.allocate(raw) if raw else 0)

    def object(self, kind: str, name: str, body: bytes) -> int:
        """An object; the address of its body."""
        header = struct.pack("<QQ", 1, self.types[kind]) + self._unicode(name)
        return self.allocate(header.ljust(48, b"\0") + body) + 48

    def _make_type(self, name: str, dispatcher: int) -> None:
        body = self._unicode(name) + struct.pack("<iI", dispatcher, 0)
        if not self.types:  # the first type is of its own type
            self.types["Type"] = 0
        address = self.object("Type", "", body)
        self.types[name] = address
        self.poke(address - 48 + 8, struct.pack("<Q", self.types["Type"]))

    def directory(self, name: str, parent: int | None) -> int:
        body = self.object("Directory", name, bytes(8 * BUCKETS))
        if parent is not None:
            self._insert(parent, body)
        return body

    def add(self, parent: int, kind: str, name: str, body: bytes = b"") -> int:
        address = self.object(kind, name, body.ljust(32, b"\0"))
        self._insert(parent, address)
        return address

    def link(self, parent: int, name: str, target: str) -> int:
        return self.add(parent, "SymbolicLink", name, bytes(8) + self._unicode(target))

    def _insert(self, directory: int, body: int) -> int:
        bucket = directory + body // 16 % BUCKETS * 8
        first = self.peek64(self.physical(bucket))
        entry = self.allocate(struct.pack("<QQ", body, first))
        self.poke(bucket, struct.pack("<Q", entry))
        return entry

    # Processes

    def process(
        self, pid: int, ppid: int, name: str, session: int = 0, environment: list[str] | None = None
    ) -> int:
        """A process at the end of the list; with an environment it has a PEB and user memory."""
        raw = bytearray(192)
        peb = root = 0
        if environment is not None:
            root = self.frame()
            self.map(root, PEB_VA)
            self.map(root, PEB_VA + 0x1000)
            peb = PEB_VA
            block = "\0".join(environment).encode("utf-16-le") + bytes(4)
            at = PEB_VA + 0x1000 - 16  # across a page boundary
            self.poke(PEB_VA, struct.pack("<QQQ", 0, PEB_VA + 16, at), root)
            self.poke(at, block, root)
        sid = self.allocate(struct.pack(">BBHI", 1, 1, 0, 5) + struct.pack("<I", 18))
        privileges = struct.pack("<III", 7, 0, 2) + struct.pack("<III", 15, 0, 2)
        token = self.allocate((struct.pack("<IIQ", session, 2, sid) + privileges).ljust(16 + 96, b"\0"))
        struct.pack_into("<Q", raw, 24, root)
        struct.pack_into("<QQ", raw, 64, pid, ppid)
        struct.pack_into("<I", raw, 112, session)
        struct.pack_into("<QQ", raw, 120, token, peb)
        raw[136 : 136 + len(name)] = name.encode()
        raw[170], raw[171] = 0x61, 1
        body = self.object("Process", "", bytes(raw))
        self._append(IMAGE + 0x1010, body + 80)
        head = body + 96
        self.poke(head, struct.pack("<QQ", head, head))
        return body

    def thread(self, process: int, tid: int, *waits: int) -> int:
        """A thread of a process that waits on these dispatcher headers and on its own timer."""
        address = self.allocate(bytes(288))
        blocks = [self.allocate(bytes(16)) for _ in range(len(waits) + 1)]
        for n, target in enumerate([*waits, address + 32]):
            following = blocks[(n + 1) % len(blocks)]
            self.poke(blocks[n], struct.pack("<QQ", target, following))
        self.poke(address + 8, b"\x05")
        self.poke(address + 16, struct.pack("<Q", blocks[0]))
        self.poke(address + 256, struct.pack("<QQ", 4, tid))
        self._append(process + 96, address + 272)
        return address

    def _append(self, head: int, entry: int) -> None:
        last = self.peek64(self.physical(head + 8))
        self.poke(entry, struct.pack("<QQ", head, last))
        self.poke(last, struct.pack("<Q", entry))
        self.poke(head + 8, struct.pack("<Q", entry))
