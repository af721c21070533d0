"""The boot modules' archive."""

from __future__ import annotations

import subprocess

import pytest

from smssboot.image import modules

FILES = [("Windows/System32/ntoskrnl.exe", b"MZ" + bytes(1001)), ("a", b""), ("b/c", b"12345")]


def test_members_come_back() -> None:
    data = modules.archive(FILES)
    assert [(name, data[at : at + size]) for name, at, size in modules.members(data)] == FILES


def test_everything_is_aligned() -> None:
    data = modules.archive(FILES)
    assert len(data) % 4 == 0
    assert all(at % 4 == 0 for _, at, _ in modules.members(data))


def test_cpio_reads_it() -> None:
    data = modules.archive(FILES)
    listed = subprocess.run(["cpio", "-t", "--quiet"], input=data, capture_output=True, check=True)
    assert listed.stdout.decode().split() == [name for name, _ in FILES]


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(ValueError, match="no cpio header"):
        list(modules.members(b"hello" * 50))
