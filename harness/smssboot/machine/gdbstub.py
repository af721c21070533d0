"""A client of QEMU's gdb port, as far as stopping a guest at one place of its kernel goes.

It speaks the GDB remote protocol over a connected socket: breakpoints, continue, memory.  Leaving without
saying goodbye leaves the guest stopped, and the next debugger finds it so.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from smssboot.machine.errors import QemuDied

_BREAKPOINT_SIZE: Final = {"x86_64": 1, "aarch64": 4}
_POLL_S: Final = 0.01


class GdbClient:
    """A context manager.  `arch` is the guest's; every wait of more than `patience_s` is given up."""

    def __init__(self, sock: socket.socket, arch: str, patience_s: float = 30.0) -> None:
        sock.settimeout(patience_s)
        self._sock = sock
        self._size = _BREAKPOINT_SIZE[arch]
        self._data = b""

    @classmethod
    def connect(
        cls, where: Path | int, arch: str, patience_s: float = 30.0, gone: Callable[[], bool] = lambda: False
    ) -> GdbClient:
        """To a TCP port of this host, or a socket, once somebody listens there.

        Raises QemuDied, at once when QEMU is `gone`.
        """
        deadline = time.monotonic() + patience_s
        while True:
            family = socket.AF_UNIX if isinstance(where, Path) else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.connect(str(where) if isinstance(where, Path) else ("127.0.0.1", where))
            except OSError as error:
                sock.close()
                if gone() or time.monotonic() > deadline:
                    raise QemuDied(f"nobody listens on QEMU's gdb port: {error}") from None
                time.sleep(_POLL_S)
                continue
            client = cls(sock, arch, patience_s)
            client._start()
            return client

    def __enter__(self) -> GdbClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the guest as it is.  May be called twice."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def break_at(self, address: int) -> None:
        """The guest will stop before the instruction there."""
        self._expect("OK", f"Z0,{address:x},{self._size}")

    def forget(self, address: int) -> None:
        """It will not any more."""
        self._expect("OK", f"z0,{address:x},{self._size}")

    def go(self) -> None:
        """Lets the guest run to its next stop.  Raises QemuDied when it ends or stops for nothing."""
        self._send("c")
        while True:
            answer = self._receive("the guest to stop")
            if answer[:1] in ("T", "S"):
                return
            if answer[:1] in ("W", "X"):
                raise QemuDied("the guest ended before the place where it was to stop")
            if answer[:1] != "O":  # which is console output
                raise QemuDied(f"QEMU's gdb port said {answer[:60]!r} while the guest ran")

    def run_to(self, address: int) -> None:
        """Lets the guest run until it is at the instruction there."""
        self.break_at(address)
        self.go()
        self.forget(address)

    def u64(self, address: int) -> int:
        """A number in the guest's memory, at a virtual address.  Raises QemuDied when nothing is there."""
        answer = self.ask(f"m{address:x},8")
        try:
            return int.from_bytes(bytes.fromhex(answer), "little")
        except ValueError:
            raise QemuDied(f"QEMU's gdb port cannot read {address:#x}: {answer[:60]!r}") from None

    def put_u64(self, address: int, value: int) -> None:
        """Writes a number into the guest's memory, at a virtual address.  Raises QemuDied."""
        self._expect("OK", f"M{address:x},8:{value.to_bytes(8, 'little').hex()}")

    def ask(self, packet: str) -> str:
        """One packet's answer."""
        self._send(packet)
        return self._receive(f"an answer to {packet[:20]!r}")

    def _start(self) -> None:
        self.ask("qSupported:swbreak+")
        self.ask("?")

    def _expect(self, answer: str, packet: str) -> None:
        found = self.ask(packet)
        if found != answer:
            raise QemuDied(f"QEMU's gdb port answers {found[:60]!r} to {packet!r}")

    def _send(self, packet: str) -> None:
        data = packet.encode("ascii")
        try:
            self._sock.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))
        except OSError as error:
            raise QemuDied(f"QEMU's gdb port is closed: {error}") from None

    def _receive(self, what: str) -> str:
        """The next packet.  Run-length encoding is not used by QEMU."""
        while True:
            start = self._data.find(b"$")
            end = self._data.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self._data) - 3:
                packet = self._data[start + 1 : end]
                self._data = self._data[end + 3 :]
                with contextlib.suppress(OSError):  # whoever hangs up after its last word needs no thanks
                    self._sock.sendall(b"+")
                return packet.decode("latin-1")
            try:
                data = self._sock.recv(1 << 16)
            except TimeoutError:
                raise QemuDied(f"waited {self._sock.gettimeout():g} s for {what}") from None
            except OSError as error:
                raise QemuDied(f"QEMU's gdb port is closed: {error}") from None
            if not data:
                raise QemuDied("QEMU closed its gdb port")
            self._data += data
