"""The report for Perfetto in its own format: protocol buffers, shown without escapes.

Only what is needed of `perfetto.protos.Trace` is written, by hand: a message is a row of fields, a field its
number and wire type, and then a varint or so many bytes.  `tracks.py` says what is shown where.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from smssboot.report.tracks import Args, Group, Mark, Track, read_tracks
from smssboot.report.view import StudyView

_TYPE: Final = {"begin": 1, "end": 2, "instant": 3}
_COUNTER: Final = 4
_EXPLICIT_ORDER: Final = 3
_SEQUENCE: Final = 1
_FIRST_OF_SEQUENCE: Final = 1
_COUNTERS: Final = 1 << 40


def pftrace(study: StudyView) -> bytes:
    """The trace, for a file that ends in `.pftrace`."""
    trace = read_tracks(study)
    packets = [_process(group) for group in trace.groups]
    packets += [_track(track) for track in trace.tracks]
    marks = [(mark.time_ns, _event(mark)) for mark in trace.marks]
    counters: dict[tuple[int, str], int] = {}
    for count in trace.counts:
        for voice, value in count.values.items():
            known = counters.get((count.pid, voice))
            if known is None:
                known = counters[count.pid, voice] = _COUNTERS + len(counters)
                packets.append(_counter(known, count.pid, f"records {voice}"))
            event = _number(9, _COUNTER) + _number(11, known) + _number(30, value)
            marks.append((count.time_ns, event))
    packets += [_number(8, time_ns) + _message(11, event) for time_ns, event in marks]
    written = bytearray()
    for place, packet in enumerate(packets):
        first = _number(13, _FIRST_OF_SEQUENCE) if place == 0 else b""
        written += _message(1, packet + _number(10, _SEQUENCE) + first)
    return bytes(written)


def _process(group: Group) -> bytes:
    process = _number(1, group.pid) + _text(6, group.name) + _text(8, group.labels)
    order = _number(11, _EXPLICIT_ORDER) + _number(12, group.order)
    return _message(60, _number(1, group.pid) + _message(3, process) + order)


def _track(track: Track) -> bytes:
    order = _number(12, track.order)
    return _message(60, _number(1, _uuid(track)) + _text(2, track.name) + _number(5, track.pid) + order)


def _counter(uuid: int, pid: int, name: str) -> bytes:
    return _message(60, _number(1, uuid) + _text(2, name) + _number(5, pid) + _message(8, b""))


def _uuid(track: Track) -> int:
    """Numbers of tracks, apart from those of processes and counters."""
    return (1 << 32) + track.tid


def _event(mark: Mark) -> bytes:
    event = _number(9, _TYPE[mark.edge]) + _number(11, _uuid(mark.track))
    if mark.edge != "end":
        event += _text(22, mark.category) + _text(23, mark.name)
    return event + b"".join(_arguments(mark.args))


def _arguments(args: Args) -> Iterator[bytes]:
    for key, value in args.items():
        said = _number(4, value) if isinstance(value, int) else _text(6, value)
        yield _message(4, _text(10, key) + said)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # as two's complement, which is how int64 goes
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, words: str) -> bytes:
    return _message(field, words.encode("utf-8", "replace"))
