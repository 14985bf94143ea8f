from __future__ import annotations

from itertools import permutations

import pytest

from fenghuo_adapters.short_message_framing import Concat
from fenghuo_adapters.short_message_joining import LONGEST_GAP_S, MOST_UNFINISHED, Joined, Joining

SENDER = "+8613912345678"
PARTS = {1: "收到，", 2: "已组织", 3: "转移"}


@pytest.mark.parametrize("order", list(permutations(PARTS)))
def test_parts_in_any_order_are_one_text(order: tuple[int, ...]) -> None:
    """Told with the last of them, raw octets in the order of the text."""
    joining = Joining()
    told = [joining.take(SENDER, Concat(7, number, 3), PARTS[number], raw=bytes([number]), now=0.0) for number in order]
    assert [None, None, Joined(SENDER, "收到，已组织转移", b"\1\2\3")] == told
    assert joining.due_in_s(0.0) is None


def test_a_part_that_comes_twice_is_one_part() -> None:
    """It completes nothing."""
    joining = Joining()
    assert [None, None] == [joining.take(SENDER, Concat(7, 1, 2), "一", raw=b"1", now=0.0) for _ in range(2)]


def test_two_senders_with_one_reference_are_two_texts() -> None:
    """Telephones count on their own."""
    joining = Joining()
    assert joining.take(SENDER, Concat(7, 1, 2), "一", raw=b"1", now=0.0) is None
    assert joining.take("+8613800138000", Concat(7, 2, 2), "二", raw=b"2", now=0.0) is None


def test_a_gap_is_given_up_after_its_time() -> None:
    """What is there is told, and the gap is seen."""
    joining = Joining()
    for number in (1, 3):
        joining.take(SENDER, Concat(7, number, 3), PARTS[number], raw=b"x", now=10.0)
    assert LONGEST_GAP_S - 20 == joining.due_in_s(30.0)
    assert [] == joining.overdue(10.0 + LONGEST_GAP_S - 1)
    assert [Joined(SENDER, "收到，…转移", b"xx")] == joining.overdue(10.0 + LONGEST_GAP_S)
    assert [] == joining.overdue(1e9)


def test_a_flood_of_first_parts_fills_no_memory() -> None:
    """The oldest is forgotten."""
    joining = Joining()
    for number in range(MOST_UNFINISHED + 1):
        joining.take(SENDER, Concat(number, 1, 2), "一", raw=b"1", now=0.0)
    assert joining.take(SENDER, Concat(0, 2, 2), "二", raw=b"2", now=0.0) is None
    assert MOST_UNFINISHED == len(joining.overdue(1e9))
