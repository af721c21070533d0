"""The decoder against anything that can come over a serial line."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smssboot.timeline.grammar import MAX_RECORD, explain
from smssboot.timeline.items import Console, Damage, Event, Item
from smssboot.timeline.wire import MAX_LINE, Decoder, encode

KEYS = st.from_regex(r"[A-Za-z0-9_.()-]{1,12}", fullmatch=True)
NAMES = st.from_regex(r"[a-z0-9]{1,6}([.-][a-z0-9]{1,6}){0,3}", fullmatch=True)
VALUES = st.text(max_size=40) | st.sampled_from(["", " ", '"', "\\", "\\x41", "a=b", "*12345678", "@smss 1 "])
VALUES = VALUES.filter(lambda value: not any(0xD800 <= ord(char) < 0xE000 for char in value))
DATA = st.dictionaries(KEYS, VALUES, max_size=4)
NUMBERS = st.integers(0, 10**20 - 1)
VOICES = st.sampled_from(["claim", "fact"])


def decode(log: bytes, piece: int = 1 << 20) -> list[Item]:
    decoder = Decoder()
    items: list[Item] = []
    for at in range(0, len(log), piece):
        items += decoder.feed(log[at : at + piece], 7)
    return items + decoder.close(7)


def events(items: list[Item]) -> list[Event]:
    return [item for item in items if isinstance(item, Event)]


def damages(items: list[Item]) -> list[Damage]:
    return [item for item in items if isinstance(item, Damage)]


def record(seq: int, **data: str) -> bytes:
    return encode(seq, seq * 1000, 0, 4, "fact", "object.create", {"type": "Event", **data})


HELLO = encode(0, 0, 0, 4, "fact", "hello", {"proto": "1"})


def bye(seq: int) -> bytes:
    return encode(seq, seq * 1000, 0, 4, "fact", "bye", {"count": str(seq + 1), "reason": "poweroff"})


@given(NUMBERS, NUMBERS, NUMBERS, VOICES, NAMES, DATA)
def test_what_is_encoded_is_decoded(time, session, pid, voice, name, data) -> None:
    line = encode(0, time, session, pid, voice, name, data)
    assert line.isascii() and line.endswith(b"\r\n") and line.count(b"\n") == 1
    (event,) = events(decode(line))
    assert event == Event(voice, name, data, 7, 0, time, session, pid, 1, None)


@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_bytes_in_any_pieces(log: bytes, piece: int) -> None:
    assert decode(log, piece) == decode(log)


PIECES = st.sampled_from(
    [HELLO, record(1), record(2, path="a b"), record(3)[:30], record(3)[30:], record(5)[:-4], bye(4)]
    + [b"@sm", b"ss 4", b"\r\n", b"\n", b"\0", b"@smss ", b"A" * 40]
    + [b" *12345678", b"\x1b[31m", b"boot ok\r\n", b"\xff\xfe"]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=24), st.integers(1, 70))
def test_any_mixture_of_torn_records_in_any_pieces(parts: list[bytes], piece: int) -> None:
    log = b"".join(parts)
    items = decode(log)
    assert decode(log, piece) == items
    for item in items:
        if isinstance(item, Console):
            assert item.text.isprintable() and item.text
        if isinstance(item, Event):
            assert item.line is not None and 1 <= item.line <= log.count(b"\n") + 1


CHUNKS = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60)


@given(DATA, CHUNKS, st.data(), st.booleans())
def test_one_foreign_chunk_anywhere_is_taken_out(data, chunk: str, draw, whole_line: bool) -> None:
    """Whatever another writer puts into a record, the record comes back and says that it was repaired.

    Beyond help is a torn marker when nothing else tells where the record began (a whole line inside it,
    or another `@` nearby), and a checksum that hexadecimal digits of a line continue.
    """
    line = encode(1, 5, 0, 4, "fact", "object.create", data)
    other_at = whole_line or "@" in chunk or line.count(b"@") > 1
    at = draw.draw(st.integers(6 if other_at else 1, len(line) - 2))
    foreign = chunk.encode() + (b"\r\n" if whole_line else b"")
    assume(not (whole_line and at > len(line) - 11 and chunk[0] in "0123456789abcdef"))
    torn = line[:at] + foreign + line[at:]
    items = decode(HELLO + torn + bye(2))
    found = [event for event in events(items) if event.seq == 1]
    assert [event.data for event in found] == [data]
    assert not damages(items)
    assert bool(found[0].repaired) == (line.rstrip() not in torn)


@given(st.data())
def test_two_records_torn_into_each_other_both_come_back(draw) -> None:
    first, second = record(1, path="\\One"), record(2, path="\\Two or more")
    i = draw.draw(st.integers(8, len(first) - 12))
    j = draw.draw(st.integers(8, len(second) - 12))
    items = decode(HELLO + first[:i] + second[:j] + first[i:] + second[j:] + bye(3))
    assert sorted(event.seq or 0 for event in events(items)) == [0, 1, 2, 3]
    assert not damages(items)


@given(st.data())
def test_no_changed_byte_passes_as_a_record(draw) -> None:
    line = record(1, path="\\SmApiPort")
    at = draw.draw(st.integers(0, len(line) - 3))
    byte = draw.draw(st.integers(0x20, 0x7E).filter(lambda value: value != line[at]))
    items = decode(HELLO + line[:at] + bytes([byte]) + line[at + 1 :] + bye(2))
    assert [event.seq for event in events(items)] == [0, 2]
    assert damages(items)


@given(st.integers(0, 60), st.integers(1, 20))
def test_no_lost_bytes_are_made_up(at: int, count: int) -> None:
    line = record(1, path="\\SmApiPort")
    items = decode(HELLO + line[:at] + line[at + count :] + bye(2))
    assert [event.seq for event in events(items)] == [0, 2]
    assert [damage.seq for damage in damages(items)] != []


def test_a_gap_is_reported_once_and_late_numbers_are_not_missing() -> None:
    items = decode(HELLO + record(1) + record(4) + bye(5))
    assert [damage.reason for damage in damages(items)] == ["sequence gap: 2..3 missing"]
    known = decode(HELLO + record(1) + record(2)[:40] + b"\r\n" + record(4) + bye(5))
    assert [(damage.seq, damage.reason.split(":")[0]) for damage in damages(known)] == [
        (2, "cut short"),
        (3, "sequence gap"),
    ]


def test_a_torn_record_is_given_up_while_the_guest_goes_on() -> None:
    decoder = Decoder()
    decoder.feed(HELLO + record(1)[:40] + b"\r\n", 1)
    items: list[Item] = []
    for seq in range(2, 20):
        items += decoder.feed(record(seq), seq)
    assert [event.seq for event in events(items)] == list(range(2, 20))
    assert [damage.seq for damage in damages(items)] == [1]


def test_whole_records_are_never_held_back() -> None:
    decoder = Decoder()
    decoder.feed(HELLO, 1)
    decoder.feed(record(1)[:40] + b"\r\n", 2)
    assert [event.seq for event in events(decoder.feed(record(2), 3))] == [2]


def test_a_silent_guest_is_not_waited_for() -> None:
    decoder = Decoder()
    decoder.feed(HELLO + record(1)[:40] + b"\r\npanic: no more\r\nSAC>", 1)
    items = decoder.flush(2)
    assert [damage.seq for damage in damages(items)] == [1]
    assert [item.text for item in items if isinstance(item, Console)] == ["panic: no more", "SAC>"]
    assert [event.seq for event in events(decoder.feed(b" ok\r\n" + record(2), 3))] == [2]


def test_hello_is_there_for_whoever_asks_and_restarts_are_counted() -> None:
    decoder = Decoder()
    assert decoder.hello is None
    decoder.feed(HELLO, 0)
    assert decoder.hello == {"proto": "1"} and decoder.restarts == 0
    again = decoder.feed(record(1) + HELLO + bye(1), 0)
    assert decoder.restarts == 1
    assert damages(again)[0].reason.startswith("second hello: the guest started again after record 1")


def test_a_claim_named_bye_ends_nothing() -> None:
    log = HELLO + encode(1, 1, 0, 8, "claim", "bye", {"count": "9"}) + record(2) + bye(3)
    assert not damages(decode(log))


def test_records_after_bye_are_noticed() -> None:
    (damage,) = damages(decode(HELLO + bye(1) + record(2)))
    assert damage.reason == "record after bye: 2"


def test_an_endless_line_costs_bounded_memory_and_time() -> None:
    decoder = Decoder()
    noise = bytes(range(0x20, 0x7F)) * 690
    tracemalloc.start()
    for _ in range(100):
        for item in decoder.feed(noise.replace(b"\n", b""), 0):
            assert isinstance(item, Console) and len(item.text) <= 2 * MAX_LINE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    assert [event.seq for event in events(decoder.feed(HELLO, 0))] == [0]


def test_hostile_noise_full_of_markers_and_checksums_ends_in_time() -> None:
    import time

    log = (b"@smss 5 *00000000 @smss 6 @ *11111111 " * 30 + b"\r\n") * 60
    begun = time.process_time()
    decode(log)
    assert time.process_time() - begun < 20


def test_console_text_drives_no_terminal() -> None:
    log = b"\x1b]0;owned\x07\x1b[2Jhi\x9b31m\xc2\x9b31m\x07\x1b \xe2\x80\xae txt\r\n"
    (console,) = decode(log)
    assert isinstance(console, Console)
    assert console.text.isprintable() and "\x1b" not in console.text and "hi" in console.text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((-1, 0, 0, 4, "fact", "a"), "seq"),
        ((0, 10**20, 0, 4, "fact", "a"), "time_ns"),
        ((0, 0, 0, 4, "evidence", "a"), "evidence"),
        ((0, 0, 0, 4, "fact", "A.b"), "A.b"),
        ((0, 0, 0, 4, "fact", "a..b"), "a..b"),
        ((0, 0, 0, 4, "fact", "a", {"k=": "v"}), "k="),
        ((0, 0, 0, 4, "fact", "a", {"k": "v" * MAX_RECORD}), "65536"),
    ],
)
def test_what_has_no_form_on_the_wire_is_refused(arguments, word: str) -> None:
    with pytest.raises(ValueError, match=word.replace(".", r"\.")):
        encode(*arguments)


def test_a_record_beyond_the_limit_is_damage_and_says_so() -> None:
    body = b"@smss 1 1 0.4 fact a block=" + b"v" * MAX_RECORD
    items = decode(HELLO + body + b" *%08x\r\n" % zlib.crc32(body) + bye(2))
    assert [(damage.seq, damage.reason) for damage in damages(items)] == [
        (1, f"record of {len(body) + 12} bytes; a line has at most {MAX_RECORD}")
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"@smss x 1 0.4 fact a", "column 7: expected a sequence number, found 'x'"),
        (b"@smss 01 1 0.4 fact a", "column 7: expected a sequence number, found '01'"),
        (b"@smss 1 1 4 fact a", "column 11: expected session.pid, found '4'"),
        (b"@smss 1 1 0.4 rumour a", "column 15: expected claim or fact, found 'rumour'"),
        (b"@smss 1 1 0.4 fact Boot", "column 20: expected an event name in lower case, found 'Boot'"),
        (b"@smss 1 1 0.4 fact a b", "column 22: expected key=value, found 'b'"),
        (b'@smss 1 1 0.4 fact a b="c', "column 22: expected key=value, found 'b=\"c'"),
    ],
)
def test_a_malformed_record_is_explained_to_its_author(body: bytes, reason: str) -> None:
    assert explain(body) == f"malformed record: {reason}"
    damage = damages(decode(HELLO + body + b" *%08x\r\n" % zlib.crc32(body)))[0]
    assert reason in damage.reason
