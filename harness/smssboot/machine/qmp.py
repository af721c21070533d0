"""The one adapter around qemu.qmp: commands with deadlines, events that end when QEMU ends.

qemu.qmp's listeners wait for ever once QEMU is gone, and its calls then raise whatever layer noticed
first. Here everything that means "QEMU no longer answers" is `QemuDied`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any

from qemu.qmp import ExecInterruptedError, ExecuteError, QMPClient, QMPError, Runstate
from qemu.qmp.protocol import StateError

from smssboot.machine.errors import MachineError, QemuDied

# Its tracebacks about a monitor that hung up are this module's business, not the user's.
# By the level, not by handlers: pytest attaches its own to every logger that does not propagate.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL + 1)

EventCallback = Callable[[str, Mapping[str, Any], int], None]
"""Name and data of an event, and when QEMU sent it: nanoseconds of the Unix clock."""


class CommandRefused(MachineError):  # noqa: N818
    """QEMU understood a command and said no."""


class Qmp:
    """A QMP session over a connected socket."""

    def __init__(self, name: str) -> None:
        self._client = QMPClient(name)
        self._pump: asyncio.Task[None] | None = None
        self.version = ""

    async def connect(
        self, sock: socket.socket, on_event: EventCallback, timeout: float, *, negotiate: bool = True
    ) -> None:
        """Negotiates, then hands every event to `on_event`, in order. Raises QemuDied.

        `negotiate` False: the spawner has already done so.
        """
        self._client.negotiate = negotiate
        try:
            async with asyncio.timeout(timeout):
                await self._client.connect(sock)
        except TimeoutError:
            raise QemuDied(f"QEMU's monitor said nothing for {timeout:g} s") from None
        except (QMPError, OSError, EOFError) as error:
            raise QemuDied(f"QEMU's monitor hung up: {error}") from error
        except AssertionError:
            # qemu.qmp's own: an eager guest ended before we came. What was said is in the queue.
            if self._client.greeting is None:
                raise QemuDied("QEMU's monitor hung up") from None
        self.version = _version(self._client)
        self._pump = asyncio.create_task(self._deliver(on_event), name="qmp-events")

    async def execute(self, command: str, timeout: float = 10.0, **arguments: object) -> Any:
        """One command's return value. Raises CommandRefused or QemuDied."""
        try:
            async with asyncio.timeout(timeout):
                return await self._client.execute(command, arguments or None)
        except ExecuteError as error:
            raise CommandRefused(f"QEMU refused {command}: {error}") from None
        except TimeoutError:
            raise QemuDied(f"QEMU did not answer {command} within {timeout:g} s") from None
        except (ExecInterruptedError, StateError, QMPError, OSError, EOFError) as error:
            raise QemuDied(f"QEMU's monitor hung up during {command}") from error

    async def give(self, name: str, fd: int) -> None:
        """Hands QEMU a file of ours, which it knows by `name` from then on. Raises as `execute` does."""
        try:
            self._client.send_fd_scm(fd)
        except (OSError, StateError, QMPError) as error:
            raise QemuDied("QEMU's monitor hung up") from error
        await self.execute("getfd", fdname=name)

    async def hmp(self, line: str, timeout: float = 10.0) -> str:
        """What the human monitor prints for a line."""
        text = await self.execute("human-monitor-command", timeout, **{"command-line": line})
        return str(text)

    async def drained(self) -> None:
        """Returns when QEMU has hung up and every event that it sent has been delivered."""
        if self._pump is not None:
            await asyncio.wait({self._pump})

    async def close(self) -> None:
        """Hangs up. Never raises for a QEMU that was faster."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait({self._pump})
        with contextlib.suppress(QMPError, OSError, EOFError):
            await self._client.disconnect()

    async def _deliver(self, on_event: EventCallback) -> None:
        """Delivers events until the session ends."""
        events = self._client.events
        gone = asyncio.create_task(self._gone())
        try:
            while True:
                following = asyncio.create_task(events.get())
                try:
                    await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not following.done():
                        following.cancel()
                if following.done() and not following.cancelled():
                    _hand_over(on_event, following.result())
                elif gone.done():
                    break
            while not events.empty():
                _hand_over(on_event, await events.get())
        finally:
            gone.cancel()

    async def _gone(self) -> None:
        while self._client.runstate is Runstate.RUNNING:
            await self._client.runstate_changed()


def _hand_over(on_event: EventCallback, message: Mapping[str, Any]) -> None:
    stamp = message["timestamp"]
    sent_ns = (stamp["seconds"] * 1_000_000 + stamp["microseconds"]) * 1000
    on_event(str(message["event"]), message.get("data") or {}, sent_ns)


def _version(client: QMPClient) -> str:
    """`7.2.22`, from the greeting."""
    greeting = client.greeting
    if greeting is None:
        return ""
    number: Any = greeting.QMP.version["qemu"]
    return f"{number['major']}.{number['minor']}.{number['micro']}"
