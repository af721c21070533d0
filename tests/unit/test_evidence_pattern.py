"""memtouch's pattern in a paging file, as the host reads it from the disk."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from smssboot.evidence import pattern

MIB = 1 << 20


def page(number: int, nonce: bytes = b"0123456789012345") -> bytes:
    """A page as memtouch.c writes it, word by word."""
    words = [(number * 512 + word + 1) * 0x9E3779B97F4A7C15 % (1 << 64) for word in range(505)]
    return b"SMSSBOOT-PATTERN" + struct.pack("<Q32s505Q", number, nonce, *words)


def test_pages_are_counted_once_each() -> None:
    found = pattern.pages(bytes(4096) + page(7) + page(3) + bytes(8192) + page(7))
    assert (found.pages, found.wrong, found.nonces) == ({3, 7}, 0, {"0123456789012345"})


@pytest.mark.parametrize("sector", range(8))
def test_a_sector_of_something_else_makes_a_page_wrong(sector: int) -> None:
    whole = bytearray(page(1))
    whole[sector * 512 + 100 : sector * 512 + 512] = bytes(412)
    found = pattern.pages(bytes(whole) + page(2))
    assert (found.pages, found.wrong) == ({2}, 1)


def test_a_page_under_another_number_is_wrong() -> None:
    whole = bytearray(page(5))
    struct.pack_into("<Q", whole, 16, 6)
    assert pattern.pages(bytes(whole)).wrong == 1


def test_what_is_not_at_a_page_s_start_or_cut_is_none() -> None:
    found = pattern.pages(bytes(512) + page(1) + bytes(4096 - 512) + page(2)[:4000])
    assert (found.pages, found.wrong) == (set(), 0)


def test_the_mark_is_looked_for_in_the_data_of_a_volume_alone(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    with path.open("w+b") as file:
        file.truncate(64 * MIB)
        assert not pattern.is_on(file.fileno(), MIB, 8 * MIB)
        file.seek(16 * MIB)
        file.write(page(1))
        file.seek(2 * MIB + 100)
        file.write(pattern.MARK)  # a program that holds the text
        file.flush()
        assert not pattern.is_on(file.fileno(), MIB, 8 * MIB)
        assert pattern.is_on(file.fileno(), MIB, 16 * MIB)
