"""Studies as large and as hostile as a report has to bear, made without a guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

from smssboot.conformance.findings import Finding
from smssboot.report.view import CauseView, EventView, RunView, StatementView, StudyView
from smssboot.timeline.items import Console, Event, Voice

Word = Callable[[str], str]
"""What stands in a field: gets a harmless word, and may give back something else."""

PAYLOADS = (
    "<script>pwned=1;alert(1)</script>",
    "\"><img src=x onerror='pwned=1;alert(2)'>",
    "'><svg onload=pwned=1;alert(3)>",
    "</script><script>pwned=1</script>",
    "</style></title></textarea></pre><b id=pwned>",
    "javascript:pwned=1",
    '" autofocus onfocus=pwned=1 x="',
    "{{ 7 * 7 }}{% raw %}<!-- ]]> -->",
    "&lt;b&gt;&#60;b&#62;",
    "\x00\x1b]0;owned\x07\x1b[31m\u202e\u2066\ufffe\ud800\U0010ffff\x9b2J\r\n\x85\u2028",
)


def hostile() -> Word:
    """Each use another payload, so that all of them come to all sorts of places."""
    numbers = count()
    return lambda word: word + PAYLOADS[next(numbers) % len(PAYLOADS)]


def plain(word: str) -> str:
    return word


def run(arch: str, word: Word = plain, *, extra: int = 0, slow: float = 1.0, **changes: object) -> RunView:
    """A small boot: the kernel, the master with phases inside phases, a child in session 1, evidence.

    `extra` further records lie inside the phase `smss.registry`; `slow` stretches the guest's time.
    """
    views = [EventView(event) for event in _events(word, extra, slow)]
    values: dict[str, object] = {
        "verdict": "conforms",
        "cause": CauseView("powered-off", word("the guest powered off"), {word("guest"): word("true")}),
        "arch": arch,
        "profile": "win11/documented",
        "image_id": word("0123456789ab"),
        "image_sha256": "ab" * 32,
        "recipe": "default",
        "target": word("q35"),
        "accel": word("tcg"),
        "qemu_version": word("7.2.22"),
        "qemu_argv": ("qemu-system", "-S", "-append", word("profile=x y"), word("-device"), word("")),
        "nonce": word("0000"),
        "memory_mib": 64,
        "deterministic": True,
        "timeline_hash": "cd" * 32,
        "events": views,
        "expected": 20,
        "seen": 20,
        "durations_s": {"launch": 0.5, "total": 1.25},
        "artifacts": {word("serial"): word("run/serial.log")},
        "console": [Console(word("Checking file system on C:"), line=7), Console(word("clean"), line=9)],
        "log": word("serial.log"),
    }
    return RunView(**(values | changes))  # type: ignore[arg-type]


def _events(word: Word, extra: int, slow: float) -> Iterator[Event]:
    seq = count()
    clock = count(1_000_000, 500_000)

    def record(voice: Voice, name: str, session: int, pid: int, /, **data: str) -> Event:
        number = next(seq)
        known = {
            key: word(value) if key not in ("pid", "session", "index") else value
            for key, value in data.items()
        }
        now = round(next(clock) * slow)
        return Event(voice, name, known, now, number, now, session, pid, number + 1)

    yield Event("evidence", "pe.image", {"file": word("smss.exe"), word("size"): "44032"})
    yield record("fact", "hello", 0, 4, proto="1", arch="x")
    yield record("fact", "process.create", 0, 4, pid="16", name="smss.exe")
    yield record("claim", "smss.start", 0, 16, role="master")
    yield record("claim", "smss.registry.begin", 0, 16)
    for number in range(extra):
        yield record("fact", word("object.create"), 0, 16, type="Directory", path=rf"\Bench\{number}")
    yield record("claim", word("smss.object-directory"), 0, 16, path=r"\Windows")
    yield record("claim", "smss.registry.end", 0, 16)
    yield record("claim", "smss.boot-execute.begin", 0, 16)
    yield record("claim", "smss.boot-command.begin", 0, 16, index="0", command="autocheck autochk *")
    yield record("claim", "smss.boot-command.end", 0, 16, index="0")
    yield record("claim", "smss.boot-execute.end", 0, 16)
    for session in ("0", "1"):
        yield record("claim", "smss.session.begin", 0, 16, session=session)
    yield record("fact", "process.create", 0, 16, pid="60", name="smss.exe")
    yield record("claim", "smss.start", 1, 60, role="session")
    yield record("claim", "smss.detach.begin", 1, 60)
    yield record("claim", "smss.detach.end", 1, 60)
    for session in ("0", "1"):
        yield record("claim", "smss.session.end", 0, 16, session=session)
    yield record("fact", "bye", 0, 4, count="20")
    for number in range(3):
        yield Event("evidence", "memory.process", {"pid": str(number), word("name"): word("smss.exe")})
    yield Event("evidence", "qmp.SHUTDOWN", {"reason": word("guest-shutdown")})


def finding(word: Word = plain, **changes: object) -> Finding:
    values: dict[str, object] = {
        "code": "E102",
        "kind": "out of order",
        "event": word("smss.object-directory"),
        "text": word("`smss.object-directory` came too early."),
        "label": word(r"smss.object-directory path=\Windows"),
        "expected": word("after `object.create`"),
        "got": word("before it"),
        "statements": ("S-024", word("S-999")),
        "sentences": (word("Creates DOS device mappings"), word("Another sentence")),
        "line": 5,
        "time_ns": 3_000_000,
        "seq": 4,
        "cause": word("the entry is made late"),
        "repair": word("make it first"),
        "why": word("smss-sequence 1b"),
        "rule": word("win11/master.yaml:42:5"),
        "related": (word("event.one"), word("event.two")),
    }
    return Finding(**(values | changes))  # type: ignore[arg-type]


def study(word: Word = plain, extra: int = 0) -> StudyView:
    """Both architectures, with three findings on one of them and one of these on the other."""
    misplaced = finding(word)
    missing = finding(
        word, code="E101", kind="missing", got="", seq=None, time_ns=None, line=None, severity="warning"
    )
    lost = finding(word, code="E109", kind="damaged", seq=None, time_ns=None, line=8, severity="note")
    first = run("x86_64", word, extra=extra, verdict="deviates", findings=(misplaced, missing, lost))
    at = next(at for at, view in enumerate(first.events) if view.event.seq == 4)
    events = list(first.events)
    events[at] = replace(events[at], status="out of order")
    second = run("aarch64", word, extra=extra, slow=0.8, verdict="deviates", findings=(misplaced,))
    known = StatementView("S-024", word("smss-article"), word("The boot"), word('"Creates DOS devices"'))
    return StudyView([replace(first, events=events), second], {"S-024": known})


def error(word: Word = plain) -> StudyView:
    """A run that could not be judged."""
    return StudyView(
        [
            run(
                "x86_64",
                word,
                verdict="error",
                cause=CauseView("qemu-died", word("QEMU ended with status 1"), infrastructure=True),
                later_causes=[CauseView("interrupted", word("called off"), {word("by"): word("signal")})],
                events=(),
                console_tail=[word("UEFI"), word("out of memory")],
            )
        ]
    )
