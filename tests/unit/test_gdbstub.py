"""The client of QEMU's gdb port, against a port that answers as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from smssboot.machine.errors import QemuDied
from smssboot.machine.gdbstub import GdbClient

HELLO = [("qSupported:swbreak+", "PacketSize=1000"), ("?", "T05thread:01;")]


@contextmanager
def port(path: Path, script: Sequence[tuple[str, str | None]]) -> Iterator[Path]:
    """Expects the packets of `script` in their order; an answer of None hangs up."""
    failures: list[str] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)

    def serve() -> None:
        sock, _ = listener.accept()
        data = b""
        with sock:
            for wanted, answer in script:
                while b"#" not in data or len(data) < data.index(b"#") + 3:
                    data += sock.recv(4096)
                start, end = data.index(b"$"), data.index(b"#")
                packet, check = data[start + 1 : end], int(data[end + 1 : end + 3], 16)
                data = data[end + 3 :]
                if packet.decode() != wanted or check != sum(packet) & 0xFF:
                    failures.append(f"{packet!r} instead of {wanted}")
                if answer is None:
                    return
                whole = b"+$%s#%02x" % (answer.encode(), sum(answer.encode()) & 0xFF)
                for at in range(0, len(whole), 3):  # in pieces
                    sock.sendall(whole[at : at + 3])
            while sock.recv(4096):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield path
    thread.join(5)
    listener.close()
    assert not failures


def test_it_runs_to_a_place_and_reads(tmp_path: Path) -> None:
    script = [
        *HELLO,
        ("Z0,fff0,1", "OK"),
        ("c", "T05swbreak:;thread:01;"),
        ("z0,fff0,1", "OK"),
        ("m1000,8", "7500000000000080"),
        ("M1008,8:1301000000000000", "OK"),
    ]
    with port(tmp_path / "gdb", script) as where, GdbClient.connect(where, "x86_64") as client:
        client.run_to(0xFFF0)
        assert client.u64(0x1000) == 0x8000000000000075
        client.put_u64(0x1008, 0x113)


def test_breakpoints_are_as_long_as_instructions(tmp_path: Path) -> None:
    script = [*HELLO, ("Z0,20,4", "OK")]
    with port(tmp_path / "gdb", script) as where, GdbClient.connect(where, "aarch64") as client:
        client.break_at(0x20)


@pytest.mark.parametrize(
    ("end", "said"),
    [("W00", "the guest ended"), (None, "closed its gdb port"), ("E22", "said 'E22' while the guest ran")],
)
def test_a_guest_that_does_not_come_there(end: str | None, said: str, tmp_path: Path) -> None:
    script = [*HELLO, ("c", end)]
    with (
        port(tmp_path / "gdb", script) as where,
        GdbClient.connect(where, "x86_64") as client,
        pytest.raises(QemuDied, match=said),
    ):
        client.go()


def test_patience_ends(tmp_path: Path) -> None:
    with pytest.raises(QemuDied, match="nobody listens"):
        GdbClient.connect(tmp_path / "none", "x86_64", patience_s=0.05)
    with (
        port(tmp_path / "gdb", HELLO) as where,
        GdbClient.connect(where, "x86_64", 0.1) as client,
        pytest.raises(QemuDied, match=r"waited 0\.1 s for the guest to stop"),
    ):
        client.go()


def test_memory_that_is_not_there(tmp_path: Path) -> None:
    script = [*HELLO, ("m8,8", "E14")]
    with (
        port(tmp_path / "gdb", script) as where,
        GdbClient.connect(where, "x86_64") as client,
        pytest.raises(QemuDied, match="cannot read 0x8"),
    ):
        client.u64(8)
