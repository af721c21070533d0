"""Findings in words: what was expected, which sentence says so, what happened, what probably caused it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smssboot.conformance.findings import Finding
from smssboot.conformance.tracking import Sighting
from smssboot.model.expectation import Expectation, Node, Rule
from smssboot.timeline.items import Damage, Event

_MANY = 6
_PARAMETERS = ("p1", "p2", "p3", "p4")

BUGCHECK_CAUSES = {
    0x6B: "the kernel could not map or initialise ntdll.dll: look whether it is there and undamaged",
    0x6D: "the kernel could not set up the parameters of smss.exe",
    0x6E: "the kernel could not set up the environment of smss.exe",
    0x6F: "the kernel could not create smss.exe: look whether it is in \\SystemRoot\\System32 of the image",
    0x70: "the kernel could not start the first thread of smss.exe",
    0x71: "smss.exe ended within its first five seconds",
    0xEF: "a critical process ended",
    0xF4: "a critical process or thread ended",
    0xC000021A: "smss.exe reported that a subsystem or the logon process ended",
}


def label_of(event: Event, keys: Sequence[str] = ()) -> str:
    """An observed event as findings print it: the name, and the data that identify it."""
    wanted = [k for k in keys if not k.startswith("@")] or list(event.data)[:3]
    shown = [f"{k}={_short(event.data[k])}" for k in wanted if k in event.data]
    return " ".join([event.name, *shown])


def _short(value: str, limit: int = 60) -> str:
    text = value.replace("\0", " ")
    return text if len(text) <= limit else text[: limit - 3] + "..."


def listed(labels: Sequence[str]) -> str:
    """`a, b and 4 more`."""
    unique = list(dict.fromkeys(labels))
    if len(unique) <= _MANY:
        return ", ".join(f"`{label}`" for label in unique)
    return ", ".join(f"`{label}`" for label in unique[: _MANY - 1]) + f" and {len(unique) - _MANY + 1} more"


def base(
    expectation: Expectation,
    code: str,
    kind: str,
    text: str,
    *,
    node: Node | None = None,
    event: Event | None = None,
    rule: int | None = None,
) -> Finding:
    """A finding with everything that a node, an event and a rule tell by themselves."""
    number = rule if rule is not None and rule >= 0 else (node.rule if node is not None else None)
    ground: Rule | None = None if number is None else expectation.rules[number]
    own: Rule | None = None if node is None else expectation.rules[node.rule]
    statements = ground.statements if ground is not None and ground.statements else ()
    if not statements and own is not None:
        statements = own.statements
    name = node.name if node is not None else (event.name if event is not None else "")
    label = node.label if node is not None else ("" if event is None else label_of(event))
    why = (ground.why if ground is not None else "") or (own.why if own is not None else "")
    sentences = [expectation.sentences[s] for s in statements if s in expectation.sentences]
    return Finding(
        code=code,
        kind=kind,  # type: ignore[arg-type]
        event=name,
        text=text,
        label=label,
        statements=statements,
        sentences=tuple(sentences),
        line=None if event is None else event.line,
        time_ns=None if event is None else event.time_ns,
        seq=None if event is None else event.seq,
        why=why,
        rule="" if ground is None else ground.where,
        voice=node.voice if node is not None else ("" if event is None else event.voice),
        severity="warning" if node is not None and node.warn else "error",
    )


def of_sighting(expectation: Expectation, sighting: Sighting) -> list[Finding]:
    """What is wrong with one event by itself."""
    event = sighting.event
    if sighting.outcome == "forbidden":
        return [forbidden(expectation, sighting)]
    if sighting.outcome == "unexpected":
        text = f"`{label_of(event)}` is not part of the documented sequence."
        found = base(expectation, "E103", "unexpected", text, event=event)
        return [replace(found, expected="no such event", got=label_of(event), rule="")]
    if sighting.outcome == "duplicate":
        return [duplicate(expectation, sighting)]
    if sighting.differences:
        return [wrong_data(expectation, sighting)]
    return []


def duplicate(expectation: Expectation, sighting: Sighting) -> Finding:
    """An event that came once too often."""
    node = expectation.nodes[sighting.node]
    times = "once" if node.high == 1 else f"{node.high} times"
    text = f"`{node.label}` happened once too often: it is expected {times}."
    found = base(expectation, "E103", "duplicate", text, node=node, event=sighting.event)
    return replace(found, expected=times, got="one more", label=node.label)


def forbidden(expectation: Expectation, sighting: Sighting) -> Finding:
    """An event that must not happen. A bugcheck is named with its code and parameters."""
    event = sighting.event
    if event.name == "bugcheck":
        return bugcheck(expectation, sighting)
    text = f"`{label_of(event)}` must not happen here."
    found = base(expectation, "E108", "forbidden", text, event=event, rule=sighting.rule)
    final = event.name == "qmp.GUEST_PANICKED"
    return replace(found, expected="no such event", got=label_of(event), final=final)


def bugcheck(expectation: Expectation, sighting: Sighting) -> Finding:
    """The kernel gave up."""
    event = sighting.event
    code = event.data.get("code", "?")
    name = event.data.get("name", "")
    parameters = ", ".join(event.data.get(key, "?") for key in _PARAMETERS)
    called = f"{code} {name}".strip()
    text = f"bugcheck {called} ({parameters}): the kernel stopped the boot."
    try:
        cause = BUGCHECK_CAUSES.get(int(code, 16), "")
    except ValueError:
        cause = ""
    found = base(expectation, "E108", "forbidden", text, event=event, rule=sighting.rule)
    who = sighting.data.get("@process")
    if who is not None:
        place = f"pid {event.pid}, session {event.session}"
        cause = "; ".join(part for part in (cause, f"it happened in {who} ({place})") if part)
    label = f"bugcheck code={code} name={name}"
    return replace(found, expected="no bugcheck", got=called, cause=cause, label=label, final=True)


def wrong_data(expectation: Expectation, sighting: Sighting) -> Finding:
    """An event in its place whose data are not what they must be."""
    node = expectation.nodes[sighting.node]
    event = sighting.event
    if node.name == "hello":
        replayed = [d for d in sighting.differences if d[0] == "nonce"]
        if replayed:
            _, wanted, got = replayed[0]
            text = f"the nonce is `{got}`, but this run was given `{wanted}`: this is the log of another run."
            found = base(expectation, "E110", "wrong data", text, node=node, event=event)
            return replace(found, expected=f"nonce={wanted}", got=f"nonce={got}", final=True)
        if any(d[0] in ("image", "arch", "profile", "proto") for d in sighting.differences):
            key, wanted, got = sighting.differences[0]
            text = f"the log says {key} `{got}`, but this run has `{wanted}`."
            found = base(expectation, "E110", "wrong data", text, node=node, event=event)
            return replace(found, expected=f"{key}={wanted}", got=f"{key}={got}", final=True)
    parts = []
    for key, wanted, got in sighting.differences:
        found_ = f"`{_short(got)}`" if got else "absent"
        parts.append(f"{header(key)} should be `{_short(wanted)}`, is {found_}")
    text = f"`{node.label}` carries wrong data: {'; '.join(parts)}."
    found = base(expectation, "E104", "wrong data", text, node=node, event=event)
    claims = [expectation.nodes[claim].label for claim in node.proves if claim != node.index]
    return replace(
        found,
        expected=", ".join(f"{header(k)}={_short(w)}" for k, w, _ in sighting.differences),
        got=", ".join(
            f"{header(k)}={_short(g)}" if g else f"no {header(k)}" for k, _, g in sighting.differences
        ),
        related=tuple(claims[:_MANY]),
    )


def header(key: str) -> str:
    """Header fields by names that people know."""
    return {
        "@process": "the speaking process",
        "@parent": "the parent of the speaking process",
        "@session": "the speaking process's session",
    }.get(key, key.lstrip("@"))


def damaged_online(item: Damage) -> Finding:
    """Damage as it arrives."""
    return Finding(
        code="E109",
        kind="damaged",
        event="",
        text=f"the log is damaged: {item.reason}.",
        line=item.line or None,
        seq=item.seq,
    )


def gap_online(expected_seq: int, event: Event) -> Finding:
    """Records that never arrived, as soon as a later one does."""
    return Finding(
        code="E109",
        kind="damaged",
        event="",
        text=f"records {expected_seq} to {(event.seq or 0) - 1} are lost.",
        line=event.line,
        seq=expected_seq,
    )


def early_online(expectation: Expectation, sighting: Sighting, waits: Sequence[int]) -> Finding:
    """An event that came before one that must precede it, as far as can be told while the boot runs."""
    node = expectation.nodes[sighting.node]
    if sighting.late:
        text = f"`{node.label}` came after an event that must follow it."
    else:
        text = f"`{node.label}` came before {listed([expectation.nodes[w].label for w in waits])}."
    return base(expectation, "E102", "out of order", text, node=node, event=sighting.event)
