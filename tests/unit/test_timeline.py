"""A timeline in JSON Lines: there and back, torn, wrong, and told from a serial log."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smssboot.errors import InputError
from smssboot.timeline.items import Cause, Console, Damage, Event, Item, Sample, Start
from smssboot.timeline.jsonl import HEADER, Reader, Writer, from_json, to_json
from smssboot.timeline.sniff import read_items, sniff
from smssboot.timeline.wire import encode

TEXT = st.text(max_size=30)
COUNT = st.integers(0, 1 << 64)
MAYBE = st.none() | COUNT
NAME = st.text(min_size=1, max_size=30)
LINE = st.none() | st.integers(1, 1 << 32)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)
FLOATS = st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=3)
VOICE = st.sampled_from(["claim", "fact", "evidence"])
ITEMS: st.SearchStrategy[Item] = st.one_of(
    st.builds(Start, COUNT, *[TEXT] * 8, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(Event, VOICE, NAME, TEXTS, COUNT, MAYBE, MAYBE, MAYBE, MAYBE, LINE, st.none() | TEXT),
    st.builds(Console, TEXT, COUNT, COUNT),
    st.builds(Damage, st.binary(max_size=30), TEXT, COUNT, COUNT, MAYBE),
    st.builds(Sample, COUNT, TEXT, FLOATS),
    st.builds(Cause, COUNT, TEXT, TEXT, TEXTS),
)
STEADY = Event("claim", "smss.monitor", {"process": "csrss.exe"}, 5, 17, 1204331, 0, 232, 18)


@given(ITEMS)
def test_every_item_comes_back(item: Item) -> None:
    line = to_json(item)
    assert line.isascii() and line.isprintable()
    assert from_json(line) == item


@given(st.lists(ITEMS, max_size=8))
def test_a_timeline_comes_back(items: list[Item]) -> None:
    reader = Reader(io.StringIO(written(items)))
    assert list(reader) == items and not reader.torn


def test_each_item_is_flushed_as_it_happens() -> None:
    class Counting(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    stream = Counting()
    writer = Writer(stream)
    assert stream.flushed == HEADER
    writer.write(STEADY)
    assert stream.flushed == HEADER + to_json(STEADY) + "\n"


@given(st.integers(1, 400))
def test_half_a_last_line_is_dropped_and_reported(cut: int) -> None:
    whole = written([STEADY, STEADY])
    kept = whole[: max(len(whole) - cut, len(HEADER))]
    reader = Reader(io.StringIO(kept))
    items = list(reader)
    assert items == [STEADY] * len(items)
    last = kept.rpartition("\n")[2]
    assert reader.torn == (last not in ("", to_json(STEADY)))


def test_a_field_that_is_none_is_left_out() -> None:
    record = json.loads(to_json(Event("evidence", "qmp.SHUTDOWN", {"guest": "true"}, 9)))
    assert record == {
        "kind": "event", "voice": "evidence", "name": "qmp.SHUTDOWN", "data": {"guest": "true"}, "host_ns": 9
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "expected one JSON object, found 'nonsense'"),
        ("[1]", "expected one JSON object, found '[1]'"),
        ("{}", "expected kind start, event, console, damage, sample, cause, found None"),
        ('{"kind":"evnt"}', "did you mean 'event'?"),
        ('{"kind":"event","voice":"claim","nmae":"x"}', "event: unknown key 'nmae'; did you mean 'name'?"),
        ('{"kind":"event","voice":"rumour"}', 'voice: expected claim, fact, evidence, found "rumour"'),
        ('{"kind":"event","voice":["claim"],"name":"x"}', "voice: expected claim, fact, evidence"),
        ('{"kind":"event","voice":"claim"}', "event: expected key 'name'"),
        ('{"kind":"event","voice":"claim","name":"x","seq":-1}', "seq: expected a whole number from 0"),
        ('{"kind":"event","voice":"claim","name":"x","seq":true}', "a whole number from 0, found true"),
        ('{"kind":"event","voice":"claim","name":"x","data":{"a":1}}', "data: expected an object of strings"),
        ('{"kind":"event","voice":"claim","name":""}', "name: expected a string that is not empty"),
        ('{"kind":"event","voice":"claim","name":"x","line":0}', "line: expected a whole number from 1"),
        ('{"kind":"damage","raw":"\\u0100","reason":"x"}', "raw: expected a string of bytes"),
        ('{"kind":"sample","host_ns":1,"name":"x","data":{"a":NaN}}', "data: expected an object of numbers"),
        ('{"kind":"start","argv":"x"}', "argv: expected a list of strings"),
        ("[" * 100_000, "expected one JSON object"),
    ],
)
def test_a_line_that_is_no_item_is_explained(line: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_json(line)
    assert words in str(caught.value)
    with pytest.raises(InputError) as placed:
        list(Reader(io.StringIO(HEADER + to_json(STEADY) + "\n" + line + "\n"), "run.jsonl"))
    assert str(placed.value).startswith("run.jsonl:3: ") and words in str(placed.value)
    assert placed.value.exit_code == 2


@pytest.mark.parametrize(
    "first", ["", "\n", '{"schema": "smssboot.timeline/2"}\n', '{"kind":"start"}\n', "boot\n"]
)
def test_the_first_line_must_name_the_schema(first: str) -> None:
    with pytest.raises(InputError, match=r"run\.jsonl:1: expected \{\"schema\": \"smssboot\.timeline/1\"\}"):
        list(Reader(io.StringIO(first), "run.jsonl"))


def test_a_timeline_is_told_from_a_serial_log() -> None:
    record = encode(0, 5, 0, 4, "fact", "hello", {"proto": "1"})
    assert sniff(written([STEADY]).encode()) == "timeline"
    assert sniff(b"\xef\xbb\xbf" + written([]).encode()) == "timeline"
    assert sniff(b'{"kind":"start"}') == "timeline"
    assert sniff(b'{\n  "schema": "smssboot.report/1",\n') == "report"
    assert sniff(record) == sniff(b"{ not ours }\r\n" + record) == sniff(b"\x00\xff") == "serial"


def test_either_kind_of_log_is_read() -> None:
    serial = encode(0, 5, 0, 4, "fact", "hello", {"proto": "1"}) + b"UEFI\r\n"
    items = read_items(serial, "serial.log")
    assert [type(item) for item in items] == [Event, Console, Damage]
    assert read_items(written(items).encode(), "run.jsonl") == items


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_an_empty_file_is_bad_input(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^x\.log: expected .* found an empty file"):
        read_items(data, "x.log")


def test_a_report_is_not_a_log() -> None:
    with pytest.raises(InputError, match="found a report"):
        read_items(b'{"schema": "smssboot.report/1"}', "r.json")


def written(items: list[Item]) -> str:
    stream = io.StringIO()
    writer = Writer(stream)
    for item in items:
        writer.write(item)
    return stream.getvalue()
