"""The processes, read from the kernel's list: their tokens, environments and what their threads wait for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smssboot.evidence.errors import DamagedError
from smssboot.evidence.paging import AddressSpace
from smssboot.evidence.privileges import NAMES
from smssboot.evidence.structures import Layout, Structure, linked_list
from smssboot.evidence.symbols import Symbols

_MAX_PROCESSES = 4096
_MAX_THREADS = 4096
_MAX_WAIT_OBJECTS = 65
_MAX_ENVIRONMENT = 1 << 16  # bytes
_MAX_PRIVILEGES = 64
_MAX_SUB_AUTHORITIES = 15
_WAITING = 5  # KTHREAD_STATE


@dataclass(frozen=True)
class Process:
    """A process object. `user_root`: physical address of its page tables' root; `peb`: 0 without one."""

    address: int
    pid: int
    ppid: int
    name: str
    session: int
    protection: int
    critical: bool
    peb: int
    token: int
    user_root: int


@dataclass(frozen=True)
class Token:
    """What a token says: the user's SID, the session, the names of the privileges that it holds."""

    sid: str
    session: int
    privileges: tuple[str, ...]


@dataclass(frozen=True)
class Thread:
    """A thread and the dispatcher headers that it waits on, in the order of the wait."""

    tid: int
    waits: tuple[int, ...]


class ProcessWalk:
    """Reads processes. Every method but `walk` raises DamagedError for what cannot be read."""

    def __init__(self, space: AddressSpace, symbols: Symbols) -> None:
        self._space = space
        self._head = symbols.address("PsActiveProcessHead")
        self._process = Layout.of(symbols, "EPROCESS")
        self._thread = Layout.of(symbols, "ETHREAD")
        self._kthread = Layout.of(symbols, "KTHREAD")
        self._wait = Layout.of(symbols, "KWAIT_BLOCK")
        self._token = Layout.of(symbols, "TOKEN")
        self._peb = Layout.of(symbols, "PEB")
        self._parameters = Layout.of(symbols, "RTL_USER_PROCESS_PARAMETERS")
        self._root = symbols.offset("EPROCESS.Pcb") + symbols.offset("KPROCESS.DirectoryTableBase")
        self._tid = symbols.offset("ETHREAD.Cid") + symbols.offset("CLIENT_ID.UniqueThread")
        self.damage: list[str] = []

    def walk(self) -> Iterator[Process]:
        """Every process on the active list, in its order. A broken list ends it and is told in `damage`."""
        try:
            for entry in linked_list(self._space, self._head, _MAX_PROCESSES):
                yield self._read(entry - self._process.offsets["ActiveProcessLinks"])
        except DamagedError as error:
            self.damage.append(f"the list of processes: {error}")

    def token(self, process: Process) -> Token:
        """Its primary token."""
        token = self._token.at(self._space, process.token)
        count = token.u32("PrivilegeCount")
        if count > _MAX_PRIVILEGES:
            raise DamagedError(f"the token of pid {process.pid} has {count} privileges")
        start = self._token.offsets["Privileges"]
        numbers = [
            int.from_bytes(token.raw[start + 12 * n : start + 12 * n + 4], "little") for n in range(count)
        ]
        names = tuple(NAMES.get(number, f"privilege-{number}") for number in numbers)
        return Token(self._sid_text(token.pointer("UserSid")), token.u32("SessionId"), names)

    def environment(self, process: Process) -> list[str]:
        """`NAME=value` items from the process's own memory, in their order there."""
        space = self._space.with_user(process.user_root)
        peb = self._peb.at(space, process.peb)
        parameters = self._parameters.at(space, peb.pointer("ProcessParameters"))
        address = parameters.pointer("Environment")
        block = b""
        while address and len(block) < _MAX_ENVIRONMENT:
            piece = 4096 - (address + len(block)) % 4096
            block += space.read(address + len(block), piece)
            end = _end_of_block(block)
            if end >= 0:
                return [item for item in block[:end].decode("utf-16-le", "replace").split("\0") if item]
        raise DamagedError(f"the environment of pid {process.pid} has no end")

    def threads(self, process: Process) -> list[Thread]:
        """Its threads, oldest first."""
        head = process.address + self._process.offsets["ThreadListHead"]
        offset = self._thread.offsets["ThreadListEntry"]
        found = [self._one(entry - offset) for entry in linked_list(self._space, head, _MAX_THREADS)]
        return sorted(found, key=lambda thread: thread.tid)

    def _read(self, address: int) -> Process:
        item = self._process.at(self._space, address)
        root = item.raw[self._root : self._root + 8]
        return Process(
            address=address,
            pid=item.pointer("UniqueProcessId"),
            ppid=item.pointer("InheritedFromUniqueProcessId"),
            name=item.ascii("ImageFileName", 32),
            session=item.u32("SessionId"),
            protection=item.u8("Protection"),
            critical=item.u8("BreakOnTermination") != 0,
            peb=item.pointer("Peb"),
            token=item.pointer("Token"),
            user_root=int.from_bytes(root, "little"),
        )

    def _one(self, address: int) -> Thread:
        thread = self._thread.at(self._space, address)
        tcb = self._kthread.at(self._space, address + self._thread.offsets["Tcb"])
        waits = self._waits(tcb) if tcb.u8("State") == _WAITING else ()
        return Thread(int.from_bytes(thread.raw[self._tid : self._tid + 8], "little"), waits)

    def _waits(self, tcb: Structure) -> tuple[int, ...]:
        """The ring of wait blocks, without the thread's own timer."""
        first = tcb.pointer("WaitBlockList")
        timer = tcb.where("Timer")
        found: list[int] = []
        block = first
        for _ in range(_MAX_WAIT_OBJECTS):
            if not block:
                break
            item = self._wait.at(self._space, block)
            found.append(item.pointer("Object"))
            block = item.pointer("NextWaitBlock")
            if block == first:
                break
        else:
            raise DamagedError(f"the wait blocks of the thread at {tcb.address:#x} have no end")
        return tuple(address for address in found if address != timer)

    def _sid_text(self, address: int) -> str:
        """`S-1-5-18`."""
        head = self._space.read(address, 8)
        count = head[1]
        if head[0] != 1 or count > _MAX_SUB_AUTHORITIES:
            raise DamagedError(f"no SID at {address:#x}")
        tail = self._space.read(address + 8, 4 * count)
        parts = [int.from_bytes(tail[at : at + 4], "little") for at in range(0, 4 * count, 4)]
        return "-".join(["S-1", str(int.from_bytes(head[2:8], "big")), *map(str, parts)])


def _end_of_block(block: bytes) -> int:
    """Offset of the empty string that ends an environment block, -1 if it is not there yet."""
    at = block.find(b"\0\0\0\0")
    while at >= 0 and at % 2:
        at = block.find(b"\0\0\0\0", at + 1)
    return at
