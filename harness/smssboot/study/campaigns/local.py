"""The executor of this machine: every job in a process of its own, as many at a time as there are processors.

A job that crashes takes nobody with it, and one that is ended takes its QEMU along (machine/orphans.py).  The
processes are forked by a server that has loaded what a boot needs, so that a job does not pay for imports.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from smssboot.study.budget import Budget, processors
from smssboot.study.campaigns.executor import Handle, Needs
from smssboot.study.campaigns.job import Job, Result, run

_PRELOAD: Final = ("smssboot.study.campaigns.local", "smssboot.study.campaigns.warm")
_END_S: Final = 5.0


@dataclass(slots=True)
class _Waiting:
    """A job that waits for its turn."""

    handle: Handle
    job: Job
    needs: Needs
    timeout_s: float | None
    retries: int
    attempts: int = 0


class LocalExecutor:
    """`capacity` is what there is of each resource, `{"cpu": N}`; a job that needs more than that runs alone.

    Boots of other campaigns and test sessions on this machine count too when they share `budget`, a folder.
    """

    def __init__(self, capacity: Mapping[str, float] | None = None, budget: Path | None = None) -> None:
        self._capacity = dict(capacity or {"cpu": processors()})
        self._free = dict(self._capacity)
        self._budget = str(budget) if budget is not None else ""
        self._places = max(1, int(self._capacity.get("cpu", 1)))
        self._waiting: deque[_Waiting] = deque()
        self._running: dict[Handle, asyncio.Task[None]] = {}
        self._done: asyncio.Queue[tuple[Handle, Result]] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._submitted = 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(_PRELOAD))

    def submit(self, job: Job, needs: Needs, timeout_s: float | None, retries: int) -> Handle:
        """Take a job; it starts as soon as there is room."""
        self._submitted += 1
        handle = Handle(self._submitted, job.name)
        self._waiting.append(_Waiting(handle, job, needs, timeout_s, retries))
        self._changed.set()
        return handle

    def cancel(self, handle: Handle) -> None:
        """Forget a job, and kill its process if it has one."""
        for entry in list(self._waiting):
            if entry.handle == handle:
                self._waiting.remove(entry)
        task = self._running.get(handle)
        if task is not None:
            task.cancel()
        self._changed.set()

    async def results(self) -> AsyncIterator[tuple[Handle, Result]]:
        """Results as jobs end; ends when nothing runs and nothing waits."""
        while True:
            self._start_what_fits()
            while not self._done.empty():
                await asyncio.sleep(0)  # the next job is on its way before anybody looks at this one's result
                yield self._done.get_nowait()
                self._start_what_fits()
            if not self._running and not self._waiting and self._done.empty():
                return
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        """End everything."""
        self._waiting.clear()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def running(self) -> list[Handle]:
        """What runs at this moment."""
        return list(self._running)

    def _start_what_fits(self) -> None:
        """In the order of submission: a large job is not overtaken by small ones for ever."""
        while self._waiting and self._fits(self._waiting[0].needs):
            entry = self._waiting.popleft()
            for name, amount in entry.needs.items():
                self._free[name] = self._free.get(name, 0) - amount
            self._running[entry.handle] = asyncio.create_task(self._attempt(entry))

    def _fits(self, needs: Needs) -> bool:
        return not self._running or all(self._free.get(name, 0) >= amount for name, amount in needs.items())

    async def _attempt(self, entry: _Waiting) -> None:
        """One attempt in a process; its result, or the job back into the line."""
        began = time.monotonic()
        try:
            result = await self._in_process(entry)
        finally:
            for name, amount in entry.needs.items():
                self._free[name] = self._free.get(name, 0) + amount
            self._running.pop(entry.handle, None)
            self._changed.set()
        entry.attempts += 1
        if result.state == "infrastructure" and entry.attempts <= entry.retries:
            self._waiting.appendleft(entry)
            return
        took = round(time.monotonic() - began, 3)
        self._done.put_nowait((entry.handle, replace(result, attempts=entry.attempts, seconds=took)))

    async def _in_process(self, entry: _Waiting) -> Result:
        """The result of a process of its own; whatever becomes of that is a result as well."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(entry.job.to_json(), theirs, self._budget, self._places), daemon=True
        )
        try:
            process.start()
            theirs.close()
            text = await _received(ours)  # it has its place, and starts
            async with asyncio.timeout(entry.timeout_s):
                text = await _received(ours) if text is not None else None
            if text is not None:
                return Result.from_json(text)
            await _ended(process, _END_S)
            return Result("infrastructure", f"the job's process {_how(process.exitcode)}")
        except TimeoutError:
            return Result("infrastructure", f"the job took longer than {entry.timeout_s:g} s")
        except (OSError, ValueError, EOFError) as error:
            return Result("infrastructure", f"the job could not be run: {error}")
        finally:
            ours.close()
            if process.pid is not None:
                process.kill()
                await _ended(process, _END_S)
                with contextlib.suppress(ValueError):
                    process.close()


def _how(status: int | None) -> str:
    if status is None:
        return "gave no result"
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status} and no result"


async def _received(connection: Connection) -> str | None:
    """What the process sends, None when it ends before."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection.fileno())
    try:
        return str(connection.recv())
    except (EOFError, OSError):
        return None


async def _ended(process: ForkServerProcess, limit_s: float) -> None:
    until = time.monotonic() + limit_s
    while process.is_alive() and time.monotonic() < until:
        await asyncio.sleep(0.002)


def _work(text: str, connection: Connection, budget: str, places: int) -> None:
    """The process of one job.  It ends with the campaign, however that ends, and its QEMU with it."""
    _keep_from_children()
    gc.disable()  # the process ends before there is anything to collect
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the campaign, which ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    place = Budget(Path(budget), places).take() if budget else None
    connection.send("started")
    try:
        result = run(Job.from_json(text))
    except Exception as error:  # a mistake of ours, told in the cell and not all over the campaign's table
        result = Result("infrastructure", f"the harness failed: {type(error).__name__}: {error}")
    finally:
        if place is not None:
            place.free()
    connection.send(result.to_json())
    connection.close()


def _keep_from_children() -> None:
    """What came from the server of processes is no business of QEMU's: descriptors that arrive over a
    socket are inherited, and a QEMU that holds one would look like a job that still lives."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)


def _end_with(connection: Connection) -> None:
    """End this process when the campaign closes its end of the connection: nothing else comes from there."""
    with contextlib.suppress(OSError, EOFError):
        connection.recv()
    os._exit(1)
