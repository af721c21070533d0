"""One number for everything that a guest said: two boots with the same hash are the same boot.

Claims and facts count, with number, time, session, process and data, in the guest's own order.  What depends
on the host does not: when it saw something, and what it saw by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from smssboot.timeline.items import WIRE_VOICES, Event, Item


def timeline_hash(items: Iterable[Item]) -> str:
    """SHA-256 in hexadecimal; empty when the guest said nothing."""
    digest = hashlib.sha256()
    anything = False
    for item in items:
        if isinstance(item, Event) and item.voice in WIRE_VOICES:
            anything = True
            said = (item.seq, item.time_ns, item.session, item.pid, item.voice, item.name, *item.data.items())
            digest.update(json.dumps(said).encode() + b"\n")
    return digest.hexdigest() if anything else ""
