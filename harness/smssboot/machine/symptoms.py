"""What the guest and QEMU say by themselves that ends a boot: records, QMP events, floods. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smssboot.machine.plan import Policy
from smssboot.timeline.items import Console, Event, Item

_STUB = ("smssboot: boot stub: ", "smssboot: boot loader: ")
"""How the last words of what boots the kernel begin (guest/boot)."""

_ENDINGS = frozenset({"power.request", "system.shutdown", "bugcheck", "bye"})
"""Facts after which nobody has to ask for the end any more."""


@dataclass(frozen=True)
class Diagnosis:
    """A cause before it has a time: `kind` is one of `causes.KINDS`."""

    kind: str
    text: str
    data: Mapping[str, str] = field(default_factory=dict)


class Symptoms:
    """Reads a boot as it happens. Each method returns a diagnosis, or None if all is well."""

    def __init__(self, policy: Policy, max_resets: int) -> None:
        self._policy = policy
        self._max_resets = max_resets
        self._resets = 0
        self._reset_announced = False
        self.ending = False  # the guest said that it is about to end
        self._recorded = False  # the kernel runs: what follows is not the boot stub's
        self._last_line = ""
        self._repeats = 0

    def on_item(self, item: Item) -> Diagnosis | None:
        """A record or console line from the first serial port."""
        if isinstance(item, Event):
            self._repeats = 0
            self._recorded = True
            return self._on_fact(item) if item.voice == "fact" else None
        if isinstance(item, Console) and item.text.strip():
            return self._on_console(item.text)
        return None

    def on_output(self, size: int) -> Diagnosis | None:
        """The first serial port has carried `size` bytes so far."""
        if size <= self._policy.max_output_bytes:
            return None
        return Diagnosis("livelock", f"the guest printed more than {self._policy.max_output_bytes} bytes")

    def on_qmp(self, name: str, data: Mapping[str, Any]) -> Diagnosis | None:
        """An event of QEMU's monitor."""
        if name == "GUEST_PANICKED":
            return self._panic(data)
        if name == "WATCHDOG":
            return Diagnosis("watchdog", f"the watchdog expired (action {data.get('action')})", flat(data))
        if name == "BLOCK_IO_ERROR" and data.get("action") == "stop":
            text = f"{data.get('operation')} on {data.get('device')} failed: {data.get('reason')}"
            return Diagnosis("io-error", text, flat(data))
        if name == "RESET":
            return self._on_reset(data)
        if name == "SHUTDOWN":
            return self._on_shutdown(data)
        return None

    def _on_fact(self, event: Event) -> Diagnosis | None:
        self.ending = self.ending or event.name in _ENDINGS
        if event.name == "bugcheck":
            code, name = event.data.get("code", "?"), event.data.get("name", "")
            parameters = " ".join(event.data.get(f"p{n}", "?") for n in range(1, 5))
            return Diagnosis("bugcheck", f"bugcheck {code} {name} ({parameters})", dict(event.data))
        if event.name == "system.shutdown" and event.data.get("action") == "reset":
            self._reset_announced = True
        if event.name == "bye" and event.data.get("reason") == "reset":
            self._reset_announced = True
        return None

    def _on_console(self, text: str) -> Diagnosis | None:
        for words in _STUB if not self._recorded else ():
            _, found, reason = text.partition(words)  # before it may be what the firmware left on the line
            if found:
                who = words.removeprefix("smssboot: ")
                return Diagnosis("panic", who + reason.strip(), {"reason": reason.strip()})
        self._repeats = self._repeats + 1 if text == self._last_line else 1
        self._last_line = text
        if self._repeats < self._policy.max_repeats:
            return None
        self._repeats = 0
        return Diagnosis("livelock", f"the guest printed {text!r} {self._policy.max_repeats} times in a row")

    def _panic(self, data: Mapping[str, Any]) -> Diagnosis:
        info = data.get("info") or {}
        if info.get("type") == "hyper-v":  # Windows reports its STOP code this way
            return Diagnosis("panic", f"the guest panicked with STOP code {info['arg1']:#x}", flat(data))
        return Diagnosis("panic", "the guest reported a panic to the panic device", flat(data))

    def _on_reset(self, data: Mapping[str, Any]) -> Diagnosis | None:
        if not data.get("guest"):
            return None
        self._resets += 1
        if self._resets <= self._max_resets:
            return None
        return Diagnosis("reset-storm", f"the guest reset {self._resets} times", flat(data))

    def _on_shutdown(self, data: Mapping[str, Any]) -> Diagnosis | None:
        reason = str(data.get("reason", ""))
        if reason == "guest-shutdown":
            return Diagnosis("powered-off", "the guest powered off", flat(data))
        if reason == "guest-reset":
            if self._reset_announced:
                return Diagnosis("reset", "the guest reset as it had announced", flat(data))
            text = "the processor reset without a request (on x86: a triple fault)"
            return Diagnosis("triple-fault", text, flat(data))
        if reason == "guest-panic":
            return Diagnosis("panic", "the guest panicked", flat(data))
        if reason.startswith("host-qmp"):
            return None
        return Diagnosis("interrupted", f"QEMU was shut down from outside ({reason})", flat(data))


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """QMP's nested data as a record's flat one: `info.type=hyper-v`, booleans as `true` and `false`."""
    result: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[prefix + key] = str(value).lower() if isinstance(value, bool) else str(value)
    return result
