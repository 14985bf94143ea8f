from __future__ import annotations

from itertools import permutations

import pytest

from fenghuo_adapters.short_message_framing import Concat
from fenghuo_adapters.short_message_joining import (
    COPY,
    LONGEST_GAP_S,
    MOST_KNOWN,
    MOST_UNFINISHED,
    REMEMBERED_S,
    Joined,
    Joining,
)

SENDER = "+8613912345678"
PARTS = {1: "收到，", 2: "已组织", 3: "转移"}


@pytest.mark.parametrize("order", list(permutations(PARTS)))
def test_parts_in_any_order_are_one_text(order: tuple[int, ...]) -> None:
    """Told with the last of them, raw octets in the order of the text."""
    joining = Joining()
    told = [joining.take(SENDER, Concat(7, number, 3), PARTS[number], raw=bytes([number]), now=0.0) for number in order]
    *waiting, whole = told
    assert ([None, None], True) == (waiting, isinstance(whole, Joined))
    assert (SENDER, "收到，已组织转移", b"\1\2\3", False) == _said(whole)
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
    assert [(SENDER, "收到，…转移", b"xx", True)] == [_said(one) for one in joining.overdue(10.0 + LONGEST_GAP_S)]
    assert [] == joining.overdue(1e9)


def test_a_flood_of_first_parts_fills_no_memory() -> None:
    """The oldest is forgotten."""
    joining = Joining()
    for number in range(MOST_UNFINISHED + 1):
        joining.take(SENDER, Concat(number, 1, 2), "一", raw=b"1", now=0.0)
    assert joining.take(SENDER, Concat(0, 2, 2), "二", raw=b"2", now=0.0) is None
    assert MOST_UNFINISHED == len(joining.overdue(1e9))


def test_a_part_of_a_text_that_was_told_is_a_copy_through_restarts() -> None:
    """Its last part comes once more, days later too; another text under the same reference is none."""
    joining = Joining()
    notes: dict[str, str] = {}
    _keep(joining, notes, _all(joining, 1, 2))
    for one in (joining, _restarted(notes)):
        assert COPY is one.take(SENDER, Concat(7, 2, 2), PARTS[2], raw=b"2", now=5.0)
        assert one.due_in_s(5.0) is None
        assert one.take(SENDER, Concat(7, 2, 2), "另一条", raw=b"2", now=5.0) is None
        assert SENDER not in "".join(notes)
    assert _restarted(notes, at=REMEMBERED_S + 101).take(SENDER, Concat(7, 2, 2), PARTS[2], raw=b"2", now=5.0) is None


def test_a_part_that_comes_late_is_told_with_the_rest_and_marked() -> None:
    """The gap was told before; after a restart the words of the first part are on the disk, and no longer here."""
    joining = Joining()
    notes: dict[str, str] = {}
    joining.take(SENDER, Concat(7, 1, 2), PARTS[1], raw=b"1", now=0.0)
    (gap,) = joining.overdue(LONGEST_GAP_S)
    _keep(joining, notes, gap)
    again = _restarted(notes)
    late, after = (one.take(SENDER, Concat(7, 2, 2), PARTS[2], raw=b"2", now=99.0) for one in (joining, again))
    assert [(SENDER, "收到，已组织", b"2", True), (SENDER, "…已组织", b"2", True)] == [_said(late), _said(after)]
    for one, told in ((joining, late), (again, after)):
        _keep(one, notes, told)
        assert [COPY] * 2 == [one.take(SENDER, Concat(7, number, 2), PARTS[number], raw=b"x", now=99.0) for number in (1, 2)]


def test_what_could_not_be_kept_is_told_again() -> None:
    """Nobody said told(): the disk was full, and the modem hands its parts over once more. A copy that came meanwhile goes with them."""
    joining = Joining()
    emptied: list[str] = []
    assert isinstance(_all(joining, 1, 2), Joined)
    joining.take(SENDER, Concat(7, 1, 2), PARTS[1], raw=b"1", now=61.0, held=lambda: emptied.append("again"))
    whole = joining.take(SENDER, Concat(7, 2, 2), PARTS[2], raw=b"2", now=61.0)
    assert isinstance(whole, Joined)
    joining.take(SENDER, Concat(7, 1, 2), PARTS[1], raw=b"1", now=62.0, held=lambda: emptied.append("copy"))
    joining.told(whole, 100.0)
    assert (["copy"], None) == (emptied, joining.due_in_s(62.0))


def test_two_texts_under_one_reference_are_never_joined() -> None:
    """A telephone that was restarted counts anew: the half of the older one is told at once, and broken."""
    joining = Joining()
    joining.take(SENDER, Concat(7, 1, 2), "旧的", raw=b"o", now=0.0)
    assert joining.take(SENDER, Concat(7, 1, 2), "新的", raw=b"n", now=1.0) is None
    assert 0.0 == joining.due_in_s(1.0)
    assert [(SENDER, "旧的…", b"o", True)] == [_said(one) for one in joining.overdue(1.0)]
    assert (SENDER, "新的下半", b"nx", False) == _said(joining.take(SENDER, Concat(7, 2, 2), "下半", raw=b"x", now=2.0))


def test_what_is_remembered_is_bounded() -> None:
    """The oldest is forgotten, here and in the notes."""
    joining = Joining()
    notes: dict[str, str] = {}
    for number in range(MOST_KNOWN + 1):
        joining.take(SENDER, Concat(number, 1, 2), "一", raw=b"1", now=0.0)
        whole = joining.take(SENDER, Concat(number, 2, 2), "二", raw=b"2", now=0.0)
        assert isinstance(whole, Joined)
        _keep(joining, notes, whole)
    assert MOST_KNOWN == len(notes)
    assert joining.take(SENDER, Concat(0, 2, 2), "二", raw=b"2", now=0.0) is None


def _said(joined: object) -> tuple[str, str, bytes, bool]:
    assert isinstance(joined, Joined)
    return joined.sender, joined.text, joined.raw, joined.is_broken


def _all(joining: Joining, *numbers: int) -> object:
    return [joining.take(SENDER, Concat(7, number, len(numbers)), PARTS[number], raw=b"x", now=0.0) for number in numbers][-1]


def _keep(joining: Joining, notes: dict[str, str], joined: object, at: float = 100.0) -> None:
    """As the channel does once the core has it."""
    assert isinstance(joined, Joined)
    for name, value in joining.told(joined, at).items():
        notes.pop(name, None)
        if value is not None:
            notes[name] = value


def _restarted(notes: dict[str, str], at: float = 101.0) -> Joining:
    joining = Joining()
    joining.remember({**notes, "given": "a note of the PIN"}, at)
    return joining
