"""How fast serial bytes become items: records per second, beside what a line of JSON costs to read."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable

from bench.table import Figure
from smssboot.timeline.wire import Decoder, encode

RECORDS = 50_000
PIECE = 1 << 16
ROUNDS = 5


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
    decoded = _best(lambda: _decode(clean))
    repaired = _best(lambda: _decode(torn))
    loaded = _best(lambda: [json.loads(line) for line in as_json])
    rate = RECORDS / decoded
    section = "decoder"
    return [
        Figure(section, "records per second, clean", f"{rate:,.0f}", "over 200,000", rate > 200_000),
        Figure(section, "records per second, 1 % torn", f"{RECORDS / repaired:,.0f}"),
        Figure(section, "time of one record / json.loads of its line", f"{decoded / loaded:.1f}"),
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
        raise AssertionError(f"{RECORDS} records went in, {seen} items came out")


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)
