"""What guest memory says at the steady state: processes, tokens, environments, waits and the namespace.

The guest stands still and is not trusted: every walk is bounded, and what does not hold together
becomes a `memory.damaged` event rather than an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smssboot.evidence.errors import DamagedError, PagedOutError
from smssboot.evidence.guestmemory import GuestMemory
from smssboot.evidence.paging import AddressSpace, find_kernel_root
from smssboot.evidence.pagingfiles import PagingFiles
from smssboot.evidence.symbols import Symbols
from smssboot.evidence.walk_mappings import tally
from smssboot.evidence.walk_objects import ObjectWalk
from smssboot.evidence.walk_processes import Process, ProcessWalk
from smssboot.timeline.items import Event

__all__ = ["ROOT_VARIABLE", "GuestMemory", "Symbols", "inspect"]

ROOT_VARIABLE = "MiKernelPageTableRoot"
"""The kernel's variable that holds the physical address of its root table."""

_SYSTEM_PID = 4


def inspect(
    memory: GuestMemory, symbols: Symbols, root_variable: int | None = None, disk: Path | None = None
) -> list[Event]:
    """Everything that is seen, as evidence events without a time.

    `root_variable`: guest physical address of `MiKernelPageTableRoot`, if QEMU could tell it; without
    it the page tables are searched for. `disk`: the raw disk with the guest's
    paging files. Raises EvidenceError if the symbols lack a name.
    """
    root = find_kernel_root(memory, symbols.address(ROOT_VARIABLE), root_variable)
    if root is None and root_variable is not None:
        root = find_kernel_root(memory, symbols.address(ROOT_VARIABLE))
    if root is None:
        return [_damaged("the kernel's page tables cannot be found")]
    space = AddressSpace(memory, root)
    if disk is not None:
        space.pager = PagingFiles(AddressSpace(memory, root), symbols, disk).page
    try:
        return list(_inspect(space, symbols))
    except DamagedError as error:
        return [_damaged(str(error))]


def _inspect(space: AddressSpace, symbols: Symbols) -> Iterator[Event]:
    objects = ObjectWalk(space, symbols)
    processes = ProcessWalk(space, symbols)
    named = list(objects.walk())
    objects.learn_types(named)
    running = list(processes.walk())
    for process in running:
        yield _process(process)
        yield from _looks(processes, process)
        yield _mappings(space, process)
    master = next((p for p in running if p.ppid == _SYSTEM_PID and p.name.lower() == "smss.exe"), None)
    if master is not None:
        yield from _waits(processes, objects, running, master)
    for item in named:
        data = {"type": item.type, "path": item.path}
        if item.target is not None:
            data["target"] = item.target
        yield Event("evidence", "memory.object", data)
    for text in (*objects.damage, *processes.damage):
        yield _damaged(text)


def _process(process: Process) -> Event:
    data = {
        "pid": str(process.pid),
        "ppid": str(process.ppid),
        "name": process.name,
        "session": str(process.session),
        "protection": f"0x{process.protection:X}",
        "critical": str(int(process.critical)),
        "user-mode": str(int(process.peb != 0)),
    }
    return Event("evidence", "memory.process", data)


def _looks(processes: ProcessWalk, process: Process) -> Iterator[Event]:
    """Token and environment of a process."""
    who = {"pid": str(process.pid), "name": process.name}
    try:
        token = processes.token(process)
        data = {"sid": token.sid, "session": str(token.session), "privileges": ",".join(token.privileges)}
        yield Event("evidence", "memory.token", who | data)
        if process.peb:
            block = "\0".join(processes.environment(process))
            yield Event("evidence", "memory.environment", who | {"block": block})
    except PagedOutError as error:
        yield Event("evidence", "memory.paged-out", who | {"reason": str(error)})
    except DamagedError as error:
        yield _damaged(f"{process.name} (pid {process.pid}): {error}")


def _mappings(space: AddressSpace, process: Process) -> Event:
    """The rights in the page tables of a process; the System process stands for the kernel's half."""
    kernel = process.pid == _SYSTEM_PID
    try:
        found = tally(space.memory, space.kernel_root if kernel else process.user_root, kernel=kernel)
    except DamagedError as error:
        return _damaged(f"page tables of {process.name} (pid {process.pid}): {error}")
    data = {
        "pid": str(process.pid),
        "name": process.name,
        "mappings": str(found.mappings),
        "writable-executable": str(found.writable_executable),
        "user-in-kernel": str(found.user_in_kernel),
    }
    return Event("evidence", "memory.mappings", data)


def _waits(
    processes: ProcessWalk, objects: ObjectWalk, running: list[Process], master: Process
) -> Iterator[Event]:
    """What the master's main thread waits on: one event per object."""
    by_address = {process.address: process for process in running}
    try:
        threads = processes.threads(master)
        for thread in threads[:1]:
            for dispatcher in thread.waits:
                found = objects.waitable(dispatcher)
                session = master.session
                if found is None:
                    on = "unnamed"
                else:
                    kind, body = found
                    other = by_address.get(body)
                    on = f"{kind.name}/{other.name if other else objects.name_of(body)}"
                    session = other.session if other else session
                data = {
                    "pid": str(master.pid),
                    "name": master.name,
                    "tid": str(thread.tid),
                    "on": on,
                    "session": str(session),
                }
                yield Event("evidence", "memory.wait", data)
    except DamagedError as error:
        yield _damaged(f"the threads of {master.name} (pid {master.pid}): {error}")


def _damaged(text: str) -> Event:
    return Event("evidence", "memory.damaged", {"reason": text})
