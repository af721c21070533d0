"""The registry on a disk, boot after boot: guest/tests/regtest as smss.exe, shut down or cut off."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smssboot.evidence import writelog
from smssboot.image import hive, modules
from smssboot.image.build import build
from smssboot.image.built import BuiltImage

GUEST = Path(__file__).parents[2] / "guest"
CONFIG = "Windows/System32/config/"
SYSTEM = ("SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2")
MACHINES = {"x86_64": "-M q35 -cpu max", "aarch64": "-M virt -cpu cortex-a57"}
CUTS = 16  # moments of one boot


class Machine:
    """One image with regtest.exe in the place of smss.exe, and its disk."""

    def __init__(self, arch: str, folder: Path, settings: str = "") -> None:
        self.arch, self.folder, self.disk = arch, folder, folder / "disk"
        out = folder / "guest"
        make = ["make", "-s", "-C", GUEST, f"ARCH={arch}", f"OUT={out}", f"PYTHON={sys.executable}"]
        subprocess.run([*make, "regtest.exe"], check=True, stdout=subprocess.DEVNULL)
        recipe = folder / "recipe.yaml"
        recipe.write_text(
            "name: regtest\nextends: default\ndisk: {}\n"
            f"programs:\n  smss.exe: {{file: {out / 'regtest.exe'}}}\n{settings}"
        )
        self.image: BuiltImage = build(recipe, arch)
        assert self.image.disk is not None
        shutil.copyfile(self.image.disk, self.disk)

    def config(self, name: str) -> bytes | None:
        """A file of the config folder as a boot loader finds it."""
        return self.file(CONFIG + name)

    def file(self, path: str) -> bytes | None:
        """A file of the system volume, or None."""
        with self.disk.open("rb") as disk:
            disk.seek(1024 + 128)
            start = struct.unpack_from("<Q", disk.read(128), 32)[0] * 512
        out = self.folder / "file"
        out.unlink(missing_ok=True)
        subprocess.run(["mcopy", "-n", "-i", f"{self.disk}@@{start}", f"::/{path}", out], capture_output=True)
        return out.read_bytes() if out.exists() else None

    def _modules(self) -> Path:
        """What a boot loader brings: the image's modules with the hive and the logs that the disk has now."""
        raw = self.image.modules.read_bytes()
        files = [(name, raw[at : at + size]) for name, at, size in modules.members(raw)]
        files = [(name, data) for name, data in files if not name.startswith(CONFIG)]
        for name in SYSTEM:
            data = self.config(name)
            if data:
                files.append((CONFIG + name, data))
        path = self.folder / "modules"
        path.write_bytes(modules.archive(files))
        return path

    def boot(self, log: Path | None = None, seconds: float = 60) -> str:
        """What the machine said until it went off, or was switched off after `seconds`."""
        disk = ["-blockdev", f"driver=file,node-name=file,filename={self.disk}"]
        disk += ["-blockdev", f"driver=raw,node-name={'raw' if log else 'disk'},file=file"]
        if log:
            log.write_bytes(b"")
            disk += ["-blockdev", f"driver=file,node-name=log,filename={log}"]
            disk += ["-blockdev", "driver=blklogwrites,node-name=disk,file=raw,log=log,log-sector-size=512"]
        line = f"nonce=0 systempartition={self.image.disk_guid}"
        qemu = f"qemu-system-{self.arch} -accel tcg {MACHINES[self.arch]} -m 64"
        qemu += " -display none -nodefaults -no-reboot"
        files = ["-kernel", str(self.image.stub), "-initrd", str(self._modules()), "-append", line]
        command = [*qemu.split(), *files, "-serial", "stdio", *disk, "-device", "virtio-blk-pci,drive=disk"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            said = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0]
        return said.decode(errors="replace")


def boots(said: str) -> tuple[int, int]:
    """How many boots SYSTEM and SOFTWARE had seen before this one."""
    found = re.search(r"^boots (\d+) (\d+)", said, re.MULTILINE)
    assert found, said[-3000:]
    assert "FAILED" not in said and "hive.load-failed" not in said and "bugcheck" not in said, said[-3000:]
    return int(found[1]), int(found[2])


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    yield Machine(request.param, tmp_path)
    shutil.rmtree(tmp_path)


def test_what_is_written_is_there_at_the_next_boot(machine: Machine) -> None:
    for number in range(3):
        said = machine.boot()
        assert boots(said) == (number, number)
        assert "done 0" in said
    for name in ("SYSTEM", "SOFTWARE"):
        raw = machine.config(name)
        assert raw is not None and raw[4:8] == raw[8:12]
        assert machine.config(f"{name}.LOG1") and machine.config(f"{name}.LOG2") == b""


def test_power_cut_at_any_write(machine: Machine) -> None:
    """The next boot finds each hive as before or after a flush, whatever of the last writes is lost."""
    assert boots(machine.boot()) == (0, 0)
    base, log = machine.folder / "base", machine.folder / "log"
    shutil.copyfile(machine.disk, base)
    assert boots(machine.boot(log)) == (1, 1)
    written = writelog.read(log)
    dice = random.Random(machine.arch)
    recovered = 0
    for count in sorted(dice.sample(range(len(written.entries) + 1), CUTS)):
        first = written.epoch_start(count)
        lost = [number for number in range(first, count) if dice.random() < 0.5]
        writelog.replay(written, base, machine.disk, count, lost)
        said = machine.boot()
        system, software = boots(said)
        assert 1 <= software <= system <= 2
        recovered += said.count("recovered=1")
    assert recovered > 0


def test_lazy_writer(tmp_path: Path) -> None:
    """Nobody flushes and nobody shuts down: what was set five seconds ago is on the disk."""
    machine = Machine("x86_64", tmp_path, "registry:\n  set:\n    RegTest:\n      Wait: 1\n")
    said = machine.boot(seconds=20)
    assert boots(said) == (0, 0)
    facts = [line.split(" fact ")[1].split()[0] for line in said.splitlines() if " fact hive.flush " in line]
    assert len(facts) >= 2 and "written" in said and "done" not in said
    assert boots(machine.boot(seconds=10)) == (1, 1)


def test_save_and_load(tmp_path: Path) -> None:
    """NtSaveKey makes a hive that others read; NtLoadKey mounts it, and it is written back too."""
    machine = Machine("x86_64", tmp_path, "registry:\n  set:\n    RegTest:\n      Save: 1\n")
    for number in range(2):
        said = machine.boot()
        assert boots(said) == (number, number)
        assert "saved" in said and "done 0" in said
    raw = machine.file("Windows/Temp/saved.hiv")
    assert raw is not None
    (tmp_path / "saved").write_bytes(raw)
    found = hive.read(tmp_path / "saved")
    assert found[""]["Boots"] == ("REG_DWORD", 2) and found[""]["Seven"] == ("REG_DWORD", 7)
    assert found["Boot1"]["Big"] == ("REG_BINARY", bytes((i + 1) & 255 for i in range(40000)))
