"""The stub, arch, hal and ke on every machine: the self-testing kernel of guest/tests/ketest, and tiny."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from smssboot.image import modules

GUEST = Path(__file__).parents[2] / "guest"
KERNEL = "Windows/System32/ntoskrnl.exe"
STUB = {"x86_64": "boot-x86_64.elf", "aarch64": "boot-aarch64.img"}
TINY = {"x86_64": "tiny-x86_64.elf", "aarch64": "tiny-aarch64.img"}
MACHINES = {
    "q35-qboot": ("x86_64", "-M q35 -bios qboot.rom -device pvpanic"),
    "q35-seabios": ("x86_64", "-M q35 -device pvpanic"),
    "q35-max": ("x86_64", "-M q35 -bios qboot.rom -cpu max -device pvpanic"),
    "microvm": ("x86_64", "-M microvm -device pvpanic"),
    "virt-a57": ("aarch64", "-M virt -cpu cortex-a57 -device pvpanic-pci,addr=2"),
    "virt-a72": ("aarch64", "-M virt -cpu cortex-a72 -device pvpanic-pci,addr=2"),
    "virt-max": ("aarch64", "-M virt -cpu max -device pvpanic-pci,addr=2"),
}
ONE_EACH = ["q35-qboot", "microvm", "virt-a57"]
STOPS = {
    "bugcheck": "0x0000006F",
    "write-code": "0x000000BE",
    "run-data": "0x000000FC",
    "bad-pointer": "0x00000050",
    "overflow": "0x0000007F",
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one folder of binaries per architecture."""
    root = tmp_path_factory.mktemp("ketest")
    for arch in STUB:
        settings = [f"ARCH={arch}", f"OUT={root / arch}", f"PYTHON={sys.executable}"]
        wanted = [STUB[arch], TINY[arch], "ketest.exe"]
        make = ["make", "-s", "-C", str(GUEST), *settings, *wanted]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        archive = modules.archive([(KERNEL, (root / arch / "ketest.exe").read_bytes())])
        (root / arch / "modules").write_bytes(archive)
    return root


def command(machine: str, kernel: Path, initrd: Path, append: str, *extra: str) -> list[str]:
    arch, options = MACHINES[machine]
    base = f"qemu-system-{arch} -accel tcg {options} -m 64 -display none -nodefaults -no-reboot"
    return [*base.split(), "-kernel", str(kernel), "-initrd", str(initrd), "-append", append, *extra]


def with_stub(built: Path, machine: str, append: str, *extra: str) -> list[str]:
    arch = MACHINES[machine][0]
    return command(machine, built / arch / STUB[arch], built / arch / "modules", append, *extra)


def boot(built: Path, machine: str, append: str) -> str:
    """What the guest says until it switches off; fails when it does not."""
    argv = with_stub(built, machine, append, "-serial", "stdio")
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30).stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_every_check_passes(built: Path, machine: str) -> None:
    text = boot(built, machine, "then=off")
    assert "all passed" in text, text
    assert "FAILED" not in text


@pytest.mark.parametrize("fault", STOPS)
@pytest.mark.parametrize("machine", ONE_EACH)
def test_the_kernels_own_faults_stop_it(built: Path, machine: str, fault: str) -> None:
    text = boot(built, machine, f"then={fault}")
    assert f"*** STOP: {STOPS[fault]} " in text, text
    assert ("*** trap" in text) == (fault != "bugcheck")
    assert text.rstrip().endswith("bye bugcheck")


@pytest.mark.parametrize("machine", ONE_EACH)
def test_a_bugcheck_reaches_the_hypervisor(built: Path, machine: str) -> None:
    options = ["-serial", "null", "-S", "-action", "panic=pause", "-qmp", "stdio"]
    argv = with_stub(built, machine, "then=bugcheck", *options)
    said = '{"execute":"qmp_capabilities"}{"execute":"cont"}'
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as qemu:
        assert qemu.stdin is not None and qemu.stdout is not None
        try:
            qemu.stdin.write(said)
            qemu.stdin.flush()
            assert any("GUEST_PANICKED" in line for line in iter(qemu.stdout.readline, ""))
        finally:
            qemu.kill()


@pytest.mark.parametrize("machine", ["q35-seabios", *ONE_EACH])
@pytest.mark.parametrize("way", ["button", "shutdown", "restart"])
def test_the_end_can_be_asked_for(built: Path, machine: str, way: str) -> None:
    near, far = socket.socketpair()
    monitor, theirs = socket.socketpair()
    port = {
        "q35": ["-serial", "chardev:operator"],
        "microvm": ["-device", "isa-serial,chardev=operator,index=1"],
        "virt": ["-device", "pci-serial,chardev=operator,addr=1"],
    }[machine.partition("-")[0]]
    serial = ["-serial", "stdio", "-chardev", f"socket,id=operator,fd={far.fileno()}", *port]
    qmp = ["-chardev", f"socket,id=monitor,fd={theirs.fileno()}", "-qmp", "chardev:monitor"]
    fds = (far.fileno(), theirs.fileno())
    argv = with_stub(built, machine, "then=wait", *serial, *qmp)
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, pass_fds=fds
    ) as qemu:
        try:
            theirs.close()
            monitor.sendall(b'{"execute":"qmp_capabilities"}')
            assert qemu.stdout is not None
            assert any("waiting" in line for line in iter(qemu.stdout.readline, ""))
            if way == "button":
                monitor.sendall(b'{"execute":"system_powerdown"}')
            else:
                near.sendall(f"hlep\r{way}x\x7f\r".encode())  # at once: no line waits for another's answer
            rest = qemu.stdout.read()
            assert qemu.wait(10) == 0
        finally:
            qemu.kill()
            far.close()
    assert f"request {'button' if way == 'button' else 'sac'}" in rest
    events = b""
    while piece := monitor.recv(65536):
        events += piece
    assert (b"guest-reset" if way == "restart" else b"guest-shutdown") in events
    if way != "button":
        said = near.recv(65536)
        assert said.startswith(b"SAC>") and b"Unknown command" in said
    near.close()
    monitor.close()


@pytest.mark.parametrize("machine", ONE_EACH)
def test_tiny_copies_its_initrd_verbatim(built: Path, tmp_path: Path, machine: str) -> None:
    arch = MACHINES[machine][0]
    (tmp_path / "log").write_bytes(bytes(range(256)) * 4)
    serial = ["-serial", f"file:{tmp_path / 'out'}"]
    argv = command(machine, built / arch / TINY[arch], tmp_path / "log", "x", *serial)
    assert subprocess.run(argv, timeout=30).returncode == 0
    assert (tmp_path / "out").read_bytes() == (tmp_path / "log").read_bytes()


@pytest.mark.parametrize("arch", STUB)
def test_the_stub_says_what_is_wrong_with_the_modules(built: Path, tmp_path: Path, arch: str) -> None:
    machine = "q35-qboot" if arch == "x86_64" else "virt-a57"
    other = "aarch64" if arch == "x86_64" else "x86_64"
    kernel = (built / arch / "ketest.exe").read_bytes()
    cases = {
        "not a newc cpio archive": b"no archive",
        "no Windows/System32/ntoskrnl.exe": modules.archive([("Windows/System32/smss.exe", kernel)]),
        "another architecture": modules.archive([(KERNEL, (built / other / "ketest.exe").read_bytes())]),
        "no PE image": modules.archive([(KERNEL, b"MS" + kernel[2:])]),
        "cut short": modules.archive([(KERNEL, kernel[: len(kernel) // 2])]),
        "its checksum is wrong": modules.archive([(KERNEL, kernel[:-1] + bytes([kernel[-1] ^ 1]))]),
    }
    for message, archive in cases.items():
        (tmp_path / "m").write_bytes(archive)
        argv = command(machine, built / arch / STUB[arch], tmp_path / "m", "x", "-serial", "stdio")
        ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        assert message in ran.stdout, (message, ran.stdout)
        assert ran.returncode == 0
