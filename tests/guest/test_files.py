"""The file services on a FAT volume: guest/tests/svctest as smss.exe of the recipe `disk`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smssboot.image.build import build

GUEST = Path(__file__).parents[2] / "guest"
MACHINES = {"x86_64": "-M q35 -cpu max", "aarch64": "-M virt -cpu cortex-a57"}
STUB = {"x86_64": "boot-x86_64.elf", "aarch64": "boot-aarch64.img"}
PARTITIONS = 2 * 512


def system_volume(disk: Path) -> tuple[int, int]:
    """Byte offset and size of partition 2."""
    with disk.open("rb") as file:
        file.seek(PARTITIONS + 128)
        entry = file.read(128)
    first, last = (int.from_bytes(entry[at : at + 8], "little") for at in (32, 40))
    return first * 512, (last - first + 1) * 512


@pytest.mark.parametrize("arch", MACHINES)
def test_file_services(arch: str, tmp_path: Path) -> None:
    make = ["make", "-s", "-C", str(GUEST), f"ARCH={arch}", f"OUT={tmp_path}", f"PYTHON={sys.executable}"]
    subprocess.run([*make, "svctest.exe"], check=True, stdout=subprocess.DEVNULL)
    image = build("disk", arch)
    assert image.disk is not None
    disk = tmp_path / "disk.raw"
    shutil.copyfile(image.disk, disk)
    start, size = system_volume(disk)
    place = f"{disk}@@{start}"
    subprocess.run(
        ["mcopy", "-o", "-i", place, str(tmp_path / "svctest.exe"), "::/Windows/System32/smss.exe"],
        check=True,
    )
    done = subprocess.run(
        [
            *f"qemu-system-{arch} -accel tcg {MACHINES[arch]} -m 128 -display none -nodefaults".split(),
            *("-no-reboot", "-serial", "stdio", "-kernel", str(image.dir / STUB[arch])),
            *("-initrd", str(image.modules), "-append", f"nonce=0 systempartition={image.disk_guid}"),
            *("-drive", f"file={disk},format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
    )
    said = done.stdout
    assert "FAILED" not in said and "done 0" in said, said[-4000:]
    assert "ok it goes with its last handle" in said, "no volume was written"
    assert "fact volume.dismount device=\\Device\\HarddiskVolume2 clean=1" in said
    assert "file.rename path=\\Device\\HarddiskVolume2\\Windows\\Temp\\svctest\\third.txt" in said
    volume = tmp_path / "volume.img"
    with disk.open("rb") as source, volume.open("wb") as target:
        source.seek(start)
        target.write(source.read(size))
    checked = subprocess.run(
        ["/usr/sbin/fsck.vfat", "-n", str(volume)], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout
