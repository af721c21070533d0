"""Read what a guest sends over its serial port: records, console text and what is left of damaged ones.

`Decoder` takes bytes as they come, in pieces of any size, and never raises.  The result does not depend
on where the pieces were cut.  A whole record leaves at once, as an Event.  The start of a record whose
rest has not come is kept open for a few lines; when the rest comes and the checksum proves the two, the
record leaves as an Event with `repaired`, and else as Damage.  A repaired record therefore may follow
records with higher numbers: `seq` has the guest's order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from zlib import crc32

from smssboot.timeline.grammar import (
    CHECKSUM,
    MARKER,
    MAX_RECORD,
    RECORD,
    VOICE_OF,
    Record,
    decode_items,
    encode,
    explain,
    parse,
)
from smssboot.timeline.items import Console, Damage, Event, Item
from smssboot.timeline.printable import printable_bytes
from smssboot.timeline.sequence import AFTER_BYE, NO_HELLO, Sequence

__all__ = ["Decoder", "encode"]

MAX_LINE: Final = 2 * MAX_RECORD
"""A line without end is cut into pieces of this many bytes, so that memory stays bounded."""
MAX_OPEN_BYTES: Final = MAX_RECORD
MAX_KEPT: Final = 8192
"""Bytes of a damaged line that its `Damage` keeps; the log has them all."""
MAX_OPEN_LINES: Final = 16
MAX_OPEN_RECORDS: Final = 8

_LINE: Final = re.compile(RECORD.pattern + rb"\r?")
_SPECIAL: Final = (b"hello", b"bye")
_SEQ: Final = re.compile(rb"@smss ([0-9]{1,20}) ")
_ENDED: Final = re.compile(rb" \*[0-9a-f]{8}(?=[ \t\r]*(?:\n|\Z))")
"""A checksum at the end of a line: what stands before it will not get any better by waiting."""
_HEADLESS: Final = re.compile(
    rb"([0-9]{1,20}) [0-9]{1,20} [0-9]{1,20}\.[0-9]{1,20} (?:claim|fact) .* \*[0-9a-f]{8}\s*\Z", re.DOTALL
)


class Decoder:
    """Bytes of one serial port to items.

    `hello` holds the data of the latest hello record (None before the first), `restarts` how often the
    guest said hello again, `line` the number of the line that is being received (from 1).
    """

    def __init__(self) -> None:
        self.hello: Mapping[str, str] | None = None
        self.restarts = 0
        self.line = 1
        self._tail = b""
        self._sequence = Sequence()
        self._open = b""
        self._open_line = 0
        self._open_records = 0
        self._host_ns = 0
        self._out: list[Item] = []

    def feed(self, data: bytes, host_ns: int) -> list[Item]:
        """The items that `data`, received at `host_ns`, completes."""
        self._host_ns = host_ns
        out: list[Item] = []
        self._out = out
        if b"\n" in data:
            lines = (self._tail + data).split(b"\n")
            self._tail = lines.pop()
            fullmatch = _LINE.fullmatch
            for line in lines:
                match = fullmatch(line)
                if match is None or self._open or not (self._next(line, match) or self._whole(line, match)):
                    self._hard_line(line + b"\n")
                self.line += 1
        else:
            self._tail += data
        while len(self._tail) > MAX_LINE:
            self._pieces(self._tail[:MAX_LINE])
            self._tail = self._tail[MAX_LINE:]
        return out

    def flush(self, host_ns: int) -> list[Item]:
        """Wait no longer for the rest of a line or of a torn record: the guest has fallen silent."""
        self._host_ns = host_ns
        out: list[Item] = []
        self._out = out
        tail, self._tail = self._tail, b""
        if tail:
            self._hard_line(tail)
        self._abandon()
        return out

    def close(self, host_ns: int) -> list[Item]:
        """The items that the end of the log completes: what was still open, the last gap, a missing bye."""
        out = self.flush(host_ns)
        self._gaps()
        reason = self._sequence.end()
        if reason:
            self._damage(b"", reason, self.line, None)
        return out

    def _next(self, line: bytes, match: re.Match[bytes]) -> bool:
        """The fast path: the record that was to come, with nothing special about it; else False.

        Says the same as `_whole` and `_record` for such a record, which is nearly every one.
        """
        seq, time_ns, session, pid, voice, name, tail, check = match.groups()
        sequence = self._sequence
        number = int(seq)
        if number != sequence.expected or not number or sequence.ended or name in _SPECIAL:
            return False
        if len(line) >= MAX_RECORD or crc32(line[: match.start(8) - 2]) != int(check, 16):
            return False
        try:
            data = decode_items(tail.decode())
        except ValueError:
            return False
        sequence.expected = number + 1
        sequence.seen += 1
        self._out.append(
            Event(
                VOICE_OF[voice], name.decode(), data, self._host_ns,
                number, int(time_ns), int(session), int(pid), self.line, None,
            )
        )  # fmt: skip
        return True

    def _whole(self, line: bytes, match: re.Match[bytes], repaired: str | None = None) -> bool:
        """Take the record that `match` found in `line`; False when it is none."""
        try:
            record = parse(line, match)
        except ValueError as error:
            seq = int(match[1])
            self._damage(match[0], str(error), self.line, seq)
            return True
        if record is None:
            return False
        self._record(record, match[0], self.line, repaired)
        return True

    def _record(self, record: Record, raw: bytes, line: int, repaired: str | None) -> None:
        seq, time_ns, session, pid, voice, name, data = record
        sequence = self._sequence
        special = voice == "fact" and (name == "hello" or name == "bye")
        if seq == 0 or sequence.ended:
            sequence = self._edge(record, raw, line)
        if seq == sequence.expected:
            sequence.expected = seq + 1
            sequence.seen += 1
        else:
            reason = sequence.arrive(seq)
            if reason:
                self._damage(raw, reason, line, seq)
                return
            if not self._open:
                self._gaps()
        self._out.append(Event(voice, name, data, self._host_ns, seq, time_ns, session, pid, line, repaired))
        if special:
            if name == "hello":
                self.hello = data
            else:
                reason = sequence.bye(data)
                if reason:
                    self._damage(raw, reason, line, None)

    def _edge(self, record: Record, raw: bytes, line: int) -> Sequence:
        """Look at a record with number 0, or one after bye."""
        hello = record.voice == "fact" and record.name == "hello"
        if record.seq == 0 and hello:
            if self._sequence.seen:
                self._gaps()
                self._damage(b"", self._sequence.restarted(), line, None)
                self.restarts += 1
                self._sequence = Sequence()
        elif record.seq == 0 and not self._sequence.seen:
            self._damage(raw, f"{NO_HELLO}: record 0 is {record.name}", line, None)
        elif self._sequence.ended and record.seq >= self._sequence.expected:
            self._damage(raw, f"{AFTER_BYE}: {record.seq}", line, None)
        return self._sequence

    def _hard_line(self, line: bytes) -> None:
        """A line that is not simply one whole record."""
        if not self._open and b"@" not in line and b" *" not in line and len(line) <= MAX_LINE:
            self._console(line, self.line)
            return
        for at in range(0, len(line), MAX_LINE):
            self._pieces(line[at : at + MAX_LINE])
        if self._open and self.line - self._open_line >= MAX_OPEN_LINES:
            self._abandon()

    def _pieces(self, line: bytes) -> None:
        """Take the whole records out of a line, wherever they stand; what is left may belong together."""
        left = at = 0
        while match := RECORD.search(line, at):
            at = match.start() + 1
            if crc32(line[match.start() : match.end() - 10]) == int(match[8], 16):
                self._text(line[left : match.start()], self.line)
                self._whole(line, match)
                left = at = match.end()
                if self._open:
                    self._open_records += 1
        self._text(line[left:], self.line)
        if len(self._open) > MAX_OPEN_BYTES or self._open_records > MAX_OPEN_RECORDS:
            self._abandon()

    def _text(self, text: bytes, line: int) -> None:
        """Text that holds no whole record: more of an open one, the start of one, or console text."""
        if not text:
            return
        if self._open:
            self._open += text
        else:
            at = _fragment_start(text)
            if at < 0:
                self._console(text, line)
                return
            self._console(text[:at], line)
            self._open, self._open_line, self._open_records = text[at:], line + text.count(b"\n", 0, at), 0
        if b"*" in self._open:
            self._settle()

    def _settle(self) -> None:
        """Repair the open fragment, or give up what a checksum already ended."""
        from smssboot.timeline.repair import repair  # only a damaged log needs it

        fragment, line, around = self._open, self._open_line, self._open_records
        found = repair(fragment)
        if found:
            match = RECORD.fullmatch(found.line)
            self._open = b""
            self._lost(fragment[: found.start], line)
            line += fragment.count(b"\n", 0, found.start)
            if match:
                how = found.how + (" around another record" if around else "")
                here, self.line = self.line, line
                self._whole(found.line, match, how)
                self.line = here
            self._text(found.removed + fragment[found.end :], line)
            if not self._open:
                self._gaps()
            return
        ends = [match.end() for match in _ENDED.finditer(fragment)]
        if ends:
            self._open = b""
            self._lost(fragment[: ends[-1]], line)
            self._gaps()
            self._text(fragment[ends[-1] :], line + fragment.count(b"\n", 0, ends[-1]))

    def _abandon(self) -> None:
        """The rest of the open fragment did not come."""
        fragment, self._open = self._open, b""
        if fragment:
            self._lost(fragment, self._open_line)
            self._gaps()

    def _lost(self, text: bytes, line: int) -> None:
        """Text that no checksum proves: one Damage for each record that began in it, the rest is console."""
        at = text.find(MARKER)
        self._console(text if at < 0 else text[:at], line)
        while at >= 0:
            line += text.count(b"\n", 0, at)
            text = text[at:]
            at = text.find(MARKER, 1)
            part = text if at < 0 else text[:at]
            checks = list(_ENDED.finditer(part))
            end = checks[-1].end() if checks else part.find(b"\n") + 1 or len(part)
            seq = _SEQ.match(part)
            self._damage(part[:end].rstrip(b"\r\n"), _reason(part[:end]), line, int(seq[1]) if seq else None)
            self._console(part[end:], line + part.count(b"\n", 0, end))

    def _console(self, text: bytes, line: int) -> None:
        for row in text.split(b"\n"):
            headless = _HEADLESS.search(row) if b" *" in row else None
            if headless:
                self._damage(row.rstrip(b"\r"), "damaged start: no @smss", line, int(headless[1]))
            else:
                for part in row.split(b"\r"):
                    shown = printable_bytes(part).rstrip()
                    if shown:
                        self._out.append(Console(shown, self._host_ns, line))
            line += 1

    def _gaps(self) -> None:
        for first, reason in self._sequence.gaps():
            self._damage(b"", reason, self.line, first, known=False)

    def _damage(self, raw: bytes, reason: str, line: int, seq: int | None, known: bool = True) -> None:
        if known and seq is not None:
            self._sequence.damaged(seq)
        self._out.append(Damage(raw[:MAX_KEPT], reason, self._host_ns, line, seq))


def _fragment_start(text: bytes) -> int:
    """Where a record seems to begin in `text`; -1 when it is only console text."""
    at = text.find(MARKER)
    if at >= 0:
        return at
    at = text.find(b"@")
    if at < 0:
        return -1
    if CHECKSUM.search(text, at):
        return at
    ended = text.rstrip(b"\r\n")
    for size in range(len(MARKER) - 1, 0, -1):
        if ended.endswith(MARKER[:size]):
            return len(ended) - size
    return -1


def _reason(part: bytes) -> str:
    """Why the text from a marker up to its checksum (or its line's end) is no record."""
    check = CHECKSUM.search(part, len(part) - 9) if len(part) >= 9 else None
    if not check:
        return "cut short: no checksum"
    body = part[: check.start() - 1]
    if crc32(body) == int(check[1], 16):
        return explain(body)
    return f"checksum {check[1].decode()} does not fit; the text has {crc32(body):08x}"
