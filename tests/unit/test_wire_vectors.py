"""The wire's test vectors (tests/vectors/wire.json): both ways, and the same ones in docs/wire.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smssboot.timeline.grammar import RECORD, parse
from smssboot.timeline.items import Item
from smssboot.timeline.jsonl import to_json
from smssboot.timeline.wire import Decoder, encode

ROOT = Path(__file__).resolve().parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/wire.json").read_text())
BEGIN, END = "<!-- vectors: begin -->\n", "<!-- vectors: end -->"
HELLO = "@smss 0 0 0.4 fact hello proto=1 *6754397a\r\n"


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["encode"], ids=named)
def test_record_to_line_and_back(vector: dict[str, Any]) -> None:
    head = tuple(vector[key] for key in ("seq", "time_ns", "session", "pid", "voice", "event"))
    line = vector["line"].encode("ascii")
    assert encode(*head, vector["data"]) == line
    match = RECORD.match(line)
    assert match is not None
    record = parse(line, match)
    assert record is not None
    assert (*record[:6], record.data) == (*head, vector["data"])


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 100_000])
@pytest.mark.parametrize("vector", VECTORS["decode"], ids=named)
def test_log_to_items_in_pieces_of_any_size(vector: dict[str, Any], piece: int) -> None:
    log = vector["log"].encode("latin-1")
    assert without_host_time(decode(log, piece)) == vector["items"]


def test_the_page_holds_the_same_vectors() -> None:
    page = (ROOT / "docs/wire.md").read_text()
    assert HELLO.strip() in page
    assert page.count(BEGIN) == page.count(END) == 1
    assert page.split(BEGIN)[1].split(END)[0] == rendered(VECTORS)


def decode(log: bytes, piece: int) -> list[Item]:
    decoder = Decoder()
    items: list[Item] = []
    for at in range(0, len(log), piece):
        items += decoder.feed(log[at : at + piece], 0)
    return items + decoder.close(0)


def without_host_time(items: list[Item]) -> list[dict[str, Any]]:
    plain = [json.loads(to_json(item)) for item in items]
    for item in plain:
        item.pop("host_ns", None)
    return plain


def rendered(vectors: dict[str, Any]) -> str:
    """The vectors as docs/wire.md shows them: `python tests/unit/test_wire_vectors.py` prints this."""
    rows = ["Records and their lines, without the line end:\n", "```"]
    for vector in vectors["encode"]:
        rows += [f"# {vector['name']}", vector["line"].rstrip("\r\n")]
    rows += ["```\n", "Logs (control characters escaped) and what a decoder makes of them:\n", "```"]
    for vector in vectors["decode"]:
        rows.append(f"# {vector['name']}")
        log, items = vector["log"], vector["items"]
        if log.startswith(HELLO):
            log, items = log.removeprefix(HELLO), items[1:]
        rows += [shown(line) for line in log.splitlines(keepends=True)]
        rows += [f"  -> {outcome(item)}" for item in items]
    return "\n".join([*rows, "```", ""])


def shown(line: str) -> str:
    escaped = line.encode("unicode_escape").decode("ascii")
    return escaped.replace("\\\\", "\\")


def outcome(item: dict[str, Any]) -> str:
    if item["kind"] == "console":
        return f"console, line {item['line']}: {item['text']}"
    number = f" {item['seq']}" if "seq" in item else ""
    if item["kind"] == "damage":
        return f"damage{number}, line {item['line']}: {item['reason']}"
    repaired = f"; repaired: {item['repaired']}" if "repaired" in item else ""
    return f"event{number}, line {item['line']}: {item['name']}{repaired}"


if __name__ == "__main__":
    print(rendered(VECTORS), end="")
