"""Answers one after another."""

from __future__ import annotations

from fenghuo.link.air import Air
from fenghuo.link.pieces import Call
from fenghuo.link.slots import over_s, rank, slot_ds, start_s


def test_members_asked_answer_in_their_order() -> None:
    """Who is not asked has no slot, and leaves none empty."""
    assert [0, None, 1, 2] == [rank(position, 0b1101) for position in range(4)]


def test_a_slot_holds_an_answer_and_the_way_to_it() -> None:
    """1.4 s at 1,200 bit/s: half a second to get the channel, keying, 39 octets, a guard."""
    air = Air()
    assert 14 == slot_ds(air, 2)
    assert slot_ds(air, 2) / 10 >= air.access_s + air.airtime_s(19)


def test_slots_follow_each_other_and_end() -> None:
    """Ten of 1.4 s after the turnaround are over in 14.3 s."""
    call, air = Call(14, 0b11_1111_1111), Air()
    assert [0.3, 1.7, 12.9] == [round(start_s(call, slot, air), 3) for slot in (0, 1, 9)]
    assert 14.3 == round(over_s(call, air), 3)
