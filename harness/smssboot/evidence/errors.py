"""What can go wrong when the host looks for itself."""

from __future__ import annotations


class EvidenceError(Exception):
    """The symbols or the file do not fit what is looked at; says nothing about the guest's behaviour."""


class DamagedError(Exception):
    """The guest's memory does not hold what its structures promise. Becomes a `memory.damaged` event."""


class PagedOutError(DamagedError):
    """A page is in a paging file, and nobody can say what is there."""

    def __init__(self, virtual: int, slot: int) -> None:
        super().__init__(f"virtual address {virtual:#x} is paged out, to slot {slot:#x}")
        self.slot = slot
