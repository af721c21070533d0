"""Spawns QEMU, paused, on channels that the harness made itself. Needs no event loop.

Two socket pairs (QMP, second serial port), one anonymous file for guest RAM and one log file for the
first serial port; no TCP port and no path that another process could reach first.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import socket
import time
from pathlib import Path

from smssboot.machine import argv
from smssboot.machine.errors import InfrastructureError
from smssboot.machine.host import Usage
from smssboot.machine.orphans import die_with_parent
from smssboot.machine.plan import LaunchPlan

SERIAL_LOG = "serial.log"
STDERR_LOG = "qemu.stderr"
_EAGER = b'{"execute": "qmp_capabilities"}\n{"execute": "cont"}\n'


class QemuProcess:
    """One spawned QEMU and the harness's ends of its channels. `close()` ends all of it."""

    def __init__(self, plan: LaunchPlan) -> None:
        """Spawns. Raises QemuMissing, or InfrastructureError if the host refuses."""
        self.plan = plan
        self.born_ns = time.monotonic_ns()
        self.born_unix_ns = time.time_ns()
        self.status: int | None = None  # exit code, negative for a signal; None: still there
        self.final_usage: Usage | None = None  # once it has ended
        self.peak_rss_bytes = 0
        self.serial_log = plan.run_dir / SERIAL_LOG
        self.stderr_log = plan.run_dir / STDERR_LOG
        self._ram: mmap.mmap | None = None
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as childs_ends:
            self.qmp, qmp_end = _pair(undo, childs_ends)
            self.operator, operator_end = _pair(undo, childs_ends)
            if plan.eager:
                # Commands that wait in the socket before QEMU reads it: no event can be missed.
                self.qmp.sendall(_EAGER)
            inherited = [qmp_end.fileno(), operator_end.fileno()]
            ram_path = None
            self._ram_fd: int | None = None
            if plan.shared_ram:
                self._ram_fd = os.memfd_create("guest-ram", os.MFD_CLOEXEC)
                undo.callback(os.close, self._ram_fd)
                os.ftruncate(self._ram_fd, plan.ram_bytes)
                inherited.append(self._ram_fd)
                ram_path = f"/proc/self/fd/{self._ram_fd}"
            self.argv = argv.build(
                plan,
                argv.Channels(
                    console=_console(plan, self.serial_log),
                    operator=f"socket,fd={operator_end.fileno()}",
                    qmp=f"socket,fd={qmp_end.fileno()}",
                    ram=ram_path,
                ),
            )
            self.pid = _spawn(self.argv, inherited, self.stderr_log)
            self.pidfd = os.pidfd_open(self.pid)
            undo.pop_all()

    @property
    def ram_fd(self) -> int:
        """The file that is guest RAM. Raises InfrastructureError without shared RAM."""
        if self._ram_fd is None:
            raise InfrastructureError("this machine was launched without shared RAM")
        return self._ram_fd

    def elapsed_ns(self) -> int:
        """Nanoseconds since the spawn: the clock of the timeline."""
        return time.monotonic_ns() - self.born_ns

    def ram(self) -> mmap.mmap:
        """Guest RAM as the host sees it, read only, live. Raises InfrastructureError without shared RAM."""
        if self._ram is None:
            self._ram = mmap.mmap(self.ram_fd, self.plan.ram_bytes, prot=mmap.PROT_READ)
        return self._ram

    def poke(self, offset: int, data: bytes) -> None:
        """Writes to the RAM of a guest that stands still.  Raises InfrastructureError without shared RAM."""
        if self._ram_fd is None:
            raise InfrastructureError("this machine was launched without shared RAM")
        os.pwrite(self._ram_fd, data, offset)

    def poll(self) -> int | None:
        """QEMU's status if it has ended, else None. Never waits."""
        if self.status is None:
            pid, raw, used = os.wait4(self.pid, os.WNOHANG)
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(raw)
                self.final_usage = Usage(used.ru_utime + used.ru_stime, 0.0)
                self.peak_rss_bytes = used.ru_maxrss << 10
        return self.status

    def stderr_text(self) -> str:
        """What QEMU wrote on its standard error, at most the last 4 KiB."""
        try:
            data = self.stderr_log.read_bytes()[-4096:]
        except OSError:
            return ""
        return data.decode("utf-8", "replace").strip()

    def kill(self) -> int:
        """Ends QEMU by SIGKILL if it still lives, and reaps it. Its status."""
        while (status := self.poll()) is None:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            ended = select.poll()
            ended.register(self.pidfd, select.POLLIN)
            ended.poll(1000)
        return status

    def close(self) -> None:
        """Ends QEMU and closes every channel. May be called twice."""
        if self.pidfd < 0:
            return
        self.kill()
        os.close(self.pidfd)
        self.pidfd = -1
        self.qmp.close()
        self.operator.close()
        if self._ram is not None:
            with contextlib.suppress(BufferError):  # a reader still holds a view: freed with that view
                self._ram.close()
            self._ram = None
        if self._ram_fd is not None:
            os.close(self._ram_fd)
            self._ram_fd = None


def _console(plan: LaunchPlan, log: Path) -> str:
    """The first serial port's file; a restored machine goes on where the saved one's log ends."""
    return f"file,path={argv.escape(str(log))}" + (",append=on" if plan.restore is not None else "")


def _pair(
    undo: contextlib.ExitStack, childs_ends: contextlib.ExitStack
) -> tuple[socket.socket, socket.socket]:
    """A socket pair: (ours, QEMU's). Ours is closed by `undo`, QEMU's as soon as it was spawned."""
    ours, theirs = socket.socketpair()
    undo.enter_context(ours)
    childs_ends.enter_context(theirs)
    return ours, theirs


def _spawn(args: tuple[str, ...], inherited: list[int], stderr: Path) -> int:
    """Forks and executes QEMU in a session of its own. Its pid; raises InfrastructureError."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    log = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    told, tell = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    try:
        pid = os.fork()
        if pid == 0:
            _become_qemu(args, inherited, null, log, tell, parent)
    finally:
        for fd in (null, log, tell):
            os.close(fd)
    # Reads end-of-file as soon as exec has closed the child's end, an errno if there was no exec.
    with os.fdopen(told, "rb") as pipe:
        errno = pipe.read()
    if errno:
        os.waitpid(pid, 0)
        raise InfrastructureError(f"cannot start {args[0]}: {os.strerror(int(errno))}")
    return pid


def _become_qemu(
    args: tuple[str, ...], inherited: list[int], null: int, log: int, tell: int, parent: int
) -> None:
    """The child, between fork and exec. Never returns."""
    try:
        die_with_parent(parent)
        os.setsid()  # Ctrl-C in the terminal is for the harness alone
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for source, standard in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, standard)
        for fd in inherited:
            os.set_inheritable(fd, True)
        os.execv(args[0], args)
    except OSError as error:
        os.write(tell, str(error.errno).encode())
    finally:
        os._exit(127)
