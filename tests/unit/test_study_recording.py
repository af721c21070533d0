"""The log of QEMU's that a replay follows."""

from __future__ import annotations

import pytest

from smssboot.study.replays.recording import mend

COUNT = b"\x00\x00\x00\x4d\x83"


@pytest.mark.parametrize(
    ("log", "mended"),
    [
        (b"\x02\x0c" + COUNT + b"\x0e\x27", b"\x02" + COUNT + b"\x0c\x0e\x27"),
        (b"\x02\x0c" + COUNT + b"\x27", b"\x02" + COUNT + b"\x0c\x27"),
        (b"\x02" + COUNT + b"\x0c\x27", None),  # in order already
        (b"\x02" + COUNT + b"\x10\x27", None),  # the guest switched itself off
        (b"", None),
    ],
)
def test_quitting_comes_after_the_last_instructions(log: bytes, mended: bytes | None) -> None:
    assert mend(log) == (log if mended is None else mended)
