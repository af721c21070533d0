"""How fast serial bytes become items: records per second, beside what a line of JSON costs to read."""

from __future__ import annotations

import json
from typing import Final

from bench.measure import BenchError, best
from bench.table import Figure
from smssboot.timeline.wire import Decoder, encode

SECTION = "decoder"
RECORDS: Final = 50_000
PIECE: Final = 1 << 16
ROUNDS: Final = 3
RATE: Final = 200_000
"""Records per second that are good enough: a boot has 300, and a serial port carries 20,000 in a second."""


def sample_log(records: int) -> bytes:
    """A log with the mixture of a boot: mostly facts with three data, some quoted, some bare claims."""
    lines = [encode(0, 0, 0, 4, "fact", "hello", {"proto": "1", "arch": "x86_64"})]
    for seq in range(1, records - 1):
        if seq % 10 == 0:
            block = "OS=Windows_NT\0Path=C:\\Windows\\System32"
            data = {"pid": "232", "name": "smss.exe", "block": block}
            lines.append(encode(seq, seq * 1000, 0, 4, "fact", "process.environment", data))
        elif seq % 3 == 0:
            lines.append(encode(seq, seq * 1000, 0, 232, "claim", "smss.dos-devices.begin"))
        else:
            data = {"type": "Directory", "path": "\\Sessions\\0\\DosDevices", "permanent": "1"}
            lines.append(encode(seq, seq * 1000, 0, 4, "fact", "object.create", data))
    end = {"count": str(records), "reason": "poweroff"}
    lines.append(encode(records - 1, records * 1000, 0, 4, "fact", "bye", end))
    return b"".join(lines)


def figures() -> list[Figure]:
    """Clean log, and the same log with every hundredth record torn; the JSON reader in the same run."""
    clean = sample_log(RECORDS)
    lines = clean.splitlines(keepends=True)
    torn = b"".join(_torn(line) if n % 100 == 50 else line for n, line in enumerate(lines))
    as_json = [json.dumps({"seq": n, "line": line.decode()}) for n, line in enumerate(lines)]
    decoded = best(lambda: _decode(clean), ROUNDS)
    repaired = best(lambda: _decode(torn), ROUNDS)
    loaded = best(lambda: [json.loads(line) for line in as_json], ROUNDS)
    rate, torn_rate = RECORDS / decoded, RECORDS / repaired
    return [
        Figure(SECTION, "one record / json.loads of its line", decoded / loaded, form=".1f"),
        Figure(SECTION, "log with 1 % of its records torn / clean log", repaired / decoded),
        Figure(SECTION, "records per second, clean log", rate, reach=RATE, more=True, form=",.0f"),
        Figure(SECTION, "records per second, 1 % torn", torn_rate, form=",.0f"),
    ]


def _torn(line: bytes) -> bytes:
    return line[:30] + b"\r\n" + line[30:]


def _decode(log: bytes) -> None:
    decoder = Decoder()
    seen = 0
    for at in range(0, len(log), PIECE):
        seen += len(decoder.feed(log[at : at + PIECE], 0))
    seen += len(decoder.close(0))
    if seen != RECORDS:
        raise BenchError(f"{RECORDS} records went in, {seen} items came out")
