"""Studies for the report's tests, made the way `study` makes them."""

from __future__ import annotations

from smssboot.conformance.findings import Finding
from smssboot.report.view import CauseView, EventView, RunView, StatementView, StudyView
from smssboot.timeline.items import Event

SHA = "ab" * 32
HOSTILE = '\x1b[31m\x1b]0;owned\x07\x00\ufffe\u202e"<script>&amp;]]>\x9b2J\n\r\ud800'
STATEMENTS = {
    "S-024": StatementView("S-024", "smss-article", "The boot sequence", '"Creates DOS device mappings"'),
}
END = Event("claim", "smss.api-port.end", {}, 30, 2, 1_500_000, 0, 232, 3)
EVENTS = (
    EventView(Event("fact", "hello", {"proto": "1"}, 10, 0, 0, 0, 4, 1)),
    EventView(Event("claim", "smss.api-port.begin", {"path": "\\SmApiPort"}, 20, 1, 1_000_000, 0, 232, 2)),
    EventView(END, "out of order"),
    EventView(Event("evidence", "qmp.SHUTDOWN", {"reason": "guest-shutdown"}, 99)),
)
MISPLACED = Finding(
    code="E102",
    kind="out of order",
    event="smss.api-port.end",
    text="smss.api-port.end came before the port was created.",
    label="smss.api-port.end",
    expected="after object.create type=Port path=\\SmApiPort",
    got="before it",
    statements=("S-024", "S-058"),
    sentences=("Creates DOS device mappings", "Creates the port"),
    line=3,
    time_ns=1_500_000,
    seq=2,
    cause="the port is created after the workers",
    repair="create the port first",
    rule="win11.yaml:42:5",
    related=tuple(f"event.{number}" for number in range(9)),
)
MISSING = Finding(
    "E101", "missing", "csrss.start", "csrss.start did not come.", label="csrss.start session=1"
)
NOTE = Finding("E107", "too late", "hello", "hello came late.", severity="note")


def run(**changes: object) -> RunView:
    values: dict[str, object] = {
        "verdict": "conforms",
        "cause": CauseView("powered-off", "the guest powered itself off"),
        "arch": "x86_64",
        "profile": "win11/documented",
        "image_id": "default-5f2c",
        "image_sha256": SHA,
        "recipe": "images/default.yaml",
        "target": "q35",
        "accel": "tcg",
        "qemu_version": "7.2.22",
        "qemu_argv": ("qemu-system-x86_64", "-S"),
        "events": EVENTS,
        "expected": 4,
        "seen": 4,
        "durations_s": {"launch": 0.05, "first_record": 0.2, "steady": 0.9, "shutdown": 0.1, "total": 1.234},
        "artifacts": {"timeline": "run/timeline.jsonl"},
    }
    return RunView(**(values | changes))  # type: ignore[arg-type]


CONFORMS = StudyView([run(), run(arch="aarch64", target="virt")])
DEVIATES = StudyView(
    [run(), run(arch="aarch64", target="virt", verdict="deviates", findings=(MISPLACED, MISSING), seen=3)],
    STATEMENTS,
)
ERROR = StudyView(
    [
        run(
            verdict="error",
            cause=CauseView("qemu-died", "QEMU ended with status 1", {"status": "1"}, infrastructure=True),
            later_causes=[CauseView("interrupted", "called off")],
            events=EVENTS[:2],
            durations_s={"launch": 0.05, "total": float("inf")},
            console_tail=["UEFI", "out of memory"],
        )
    ]
)
HOSTILE_EVENT = Event("claim", "smss.dos-device", {"name": HOSTILE, HOSTILE: "x"}, 5, 3, 9, 0, 8, 4, HOSTILE)
HOSTILE_STUDY = StudyView(
    [
        run(
            verdict="deviates",
            cause=CauseView("bugcheck", HOSTILE, {"p1": HOSTILE}),
            events=(*EVENTS, EventView(HOSTILE_EVENT, "unexpected")),
            findings=(
                Finding(
                    "E103", "unexpected", "smss.dos-device", HOSTILE, label=f"smss.dos-device name={HOSTILE}",
                    expected=HOSTILE, got=HOSTILE, line=4, seq=3, time_ns=9, cause=HOSTILE, repair=HOSTILE,
                    why=HOSTILE, related=(HOSTILE,),
                ),
                Finding("E109", "damaged", HOSTILE, HOSTILE),
                Finding("E109", "damaged", "", "the log is damaged: sequence gap: 17..18 missing."),
            ),
            later_causes=[CauseView("silent-hang", HOSTILE)],
            console_tail=[HOSTILE],
            image_id=HOSTILE,
            artifacts={"serial": HOSTILE},
        )
    ]
)  # fmt: skip
ALL = {"conforms": CONFORMS, "deviates": DEVIATES, "error": ERROR, "hostile": HOSTILE_STUDY}
