"""Make text that a guest printed safe to show to a person.

A guest is untrusted: what it prints must not move a cursor, set a window title, turn text around or
draw a line that looks like one of ours.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPE_SEQUENCE: Final = re.compile(
    r"""
      \x1b \[ [0-?]* [ -/]* [@-~]                 # CSI: colours, cursor movement
    | \x9b [0-?]* [ -/]* [@-~]                    # CSI in its one-character form
    | \x1b [\]PX^_] [^\x07\x1b]* (?:\x07|\x1b\\)? # OSC, DCS, SOS, PM, APC up to their end
    | \x1b [ -/]* [0-~]                           # two-character sequences
    """,
    re.VERBOSE,
)

ESCAPE_BYTES: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
"""The same sequences on the serial line, for taking them out of the middle of a record."""


def printable(text: str) -> str:
    """`text` on one line, without terminal sequences; any other control character as `\\xHH`.

    Tabs become a blank.  Characters that are printed but reorder or hide others (bidirectional marks,
    zero-width characters) are escaped as well; `str.isprintable` counts them as not printable.
    """
    if text.isprintable():
        return text
    text = _ESCAPE_SEQUENCE.sub("", text)
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def printable_bytes(raw: bytes) -> str:
    """Like `printable` for bytes; what is not UTF-8 appears as `\\xHH`."""
    return printable(raw.decode("utf-8", "backslashreplace"))


def shorten(text: str, width: int) -> str:
    """`text` cut to at most `width` characters, the cut marked by an ellipsis."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "\u2026"


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\t":
        return " "
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
