"""Late repaired records find their place again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smssboot.timeline.items import Console, Event, Item
from smssboot.timeline.order import guest_order
from smssboot.timeline.sniff import read_items
from smssboot.timeline.wire import encode


def event(seq: int, repaired: str | None = None) -> Event:
    return Event("fact", "hello" if seq == 0 else "object.create", {}, 0, seq, seq, 0, 4, 1, repaired)


def test_a_late_record_goes_in_front_of_the_higher_numbers_and_only_it() -> None:
    chatter, seen = Console("x", 0, 2), Event("evidence", "qmp.STOP", {}, 5)
    late = event(2, "joined 2 lines around another record")
    items: list[Item] = [event(0), event(1), event(3), chatter, seen, event(4), late, event(5)]
    assert guest_order(items) == [event(0), event(1), late, event(3), chatter, seen, event(4), event(5)]


def test_what_was_not_repaired_stays_where_it_came() -> None:
    items: list[Item] = [event(0), event(2), event(1), event(3, "joined 2 lines")]
    assert guest_order(items) == items


def test_nothing_moves_across_a_restart() -> None:
    late = event(1, "joined")
    items: list[Item] = [event(0), event(1), event(2), event(0), event(2), late]
    assert guest_order(items) == [event(0), event(1), event(2), event(0), late, event(2)]


@given(st.integers(8, 40))
def test_a_record_inside_a_record_is_read_in_the_guests_order(cut: int) -> None:
    hello = encode(0, 0, 0, 4, "fact", "hello", {"proto": "1"})
    outer = encode(1, 1, 0, 4, "fact", "object.create", {"path": "\\Sessions"})
    inner = encode(2, 2, 0, 4, "fact", "object.create", {"path": "\\Device"})
    bye = encode(3, 3, 0, 4, "fact", "bye", {"count": "4", "reason": "poweroff"})
    items = read_items(hello + outer[:cut] + inner + outer[cut:] + bye, "serial.log")
    assert [item.seq for item in items if isinstance(item, Event)] == [0, 1, 2, 3]
