"""The guest's two serial ports, from the host's side: bytes, whose meaning is decided elsewhere."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

CHUNK = 1 << 18


class SerialLog:
    """Follows the file that QEMU writes the first serial port into.

    A file never makes the guest wait, is complete when QEMU has ended, and outlives a killed harness.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, which may be empty or not there yet."""
        self.path = path
        self.size = 0  # bytes read so far
        self._fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> bytes:
        """The next bytes, at most `CHUNK`, or nothing. Never waits."""
        data = os.read(self._fd, CHUNK)
        self.size += len(data)
        return data

    def close(self) -> None:
        """May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class OperatorPort:
    """The second serial port: read all the time, so that a guest which prints there never stalls."""

    def __init__(self, sock: socket.socket, keep: int = 1 << 20) -> None:
        """`keep`: how many of the last bytes `text()` remembers."""
        sock.setblocking(False)
        self._sock = sock
        self._keep = keep
        self._data = bytearray()
        self.size = 0  # bytes heard so far
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(sock, self._read)

    def text(self) -> str:
        """What the guest printed, undecodable bytes replaced."""
        return self._data.decode("utf-8", "replace")

    async def wait_for(self, text: str, timeout: float, since: int = 0) -> bool:
        """Whether `text` was printed, after the first `since` bytes, within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while text.encode() not in self._data[max(since - self.size + len(self._data), 0) :]:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def send(self, text: str) -> None:
        """Types `text`. Raises OSError if QEMU has closed the port."""
        await asyncio.get_running_loop().sock_sendall(self._sock, text.encode())

    def close(self) -> None:
        """Stops reading; the socket belongs to the process."""
        asyncio.get_running_loop().remove_reader(self._sock)

    def _read(self) -> None:
        try:
            data = self._sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        self._data += data
        self.size += len(data)
        del self._data[: -self._keep]
        self._news.set()
