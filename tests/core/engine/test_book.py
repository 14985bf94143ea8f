"""What is open, in memory, and that closing lets go of all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.model.delivery import OPEN_STATES, TERMINAL_STATES, DeliveryState, TargetState
from fenghuo.model.message import MessageId, MessageState
from tests.core.engine.values import awaiting, delivery, doubtful, emitting, message, objective, rung, target

S = DeliveryState


class Shelf:
    """A book with one message, one objective and one target, and what its receivers were told."""

    def __init__(self, **changes: Any) -> None:
        self.book = Book()
        self.message = OpenMessage(message(**changes), MessageState.ACTIVE)
        self.objective = OpenObjective(objective(), self.message, (rung("a"),), ())
        self.target = OpenTarget(target(), self.objective)
        self.book.add_message(self.message)
        self.book.add_objective(self.objective)
        self.book.add_target(self.target)


def test_a_delivery_is_found_by_its_id_in_its_newest_state() -> None:
    """Whoever asks gets what the loop last decided."""
    shelf = Shelf()
    shelf.book.put(shelf.target, delivery(7))
    shelf.book.put(shelf.target, awaiting(7))
    assert (awaiting(7), [awaiting(7)]) == (shelf.book.delivery(7), list(shelf.book.deliveries()))
    assert None is shelf.book.delivery(8)


def test_numbers_follow_what_was_seen() -> None:
    """The next objective and the next delivery get numbers that nobody has."""
    shelf = Shelf()
    shelf.book.put(shelf.target, delivery(7))
    shelf.book.put(shelf.target, delivery(3))
    assert (2, 8) == (shelf.book.next_objective, shelf.book.next_delivery)


def test_the_newest_revision_answers_for_an_id() -> None:
    """Who asks for a message means its latest words."""
    shelf = Shelf()
    second = OpenMessage(message(revision=2), MessageState.HELD)
    shelf.book.add_message(second)
    assert (second, None) == (shelf.book.find_message("M"), shelf.book.find_message("N"))
    shelf.book.close_message((MessageId("M"), 2))
    assert shelf.message is shelf.book.find_message("M")


def test_a_short_number_is_free_when_its_last_revision_is_closed() -> None:
    """People answer by number: it is not given away while one revision of the event is open."""
    shelf = Shelf()
    second = OpenMessage(message(revision=2), MessageState.ACTIVE)
    shelf.book.add_message(second)
    for revision, left in ((1, 1), (1, 1), (2, 0)):
        shelf.book.close_message((MessageId("M"), revision))
        assert left == shelf.book.numbers[17]


def test_a_message_at_rest_keeps_its_short_number() -> None:
    """Nothing of it is open, and until it ends an answer may still name it."""
    shelf = Shelf()
    shelf.book.rest_message(shelf.message)
    assert (None, 1) == (shelf.book.find_message("M"), shelf.book.numbers[17])
    shelf.book.close_message((MessageId("M"), 1))
    assert ({}, {}) == (shelf.book.resting, dict(shelf.book.numbers))


def test_the_targets_of_a_message_are_those_of_its_open_objectives() -> None:
    """A closed objective has none, an unknown message neither."""
    shelf = Shelf()
    key = (MessageId("M"), 1)
    assert [shelf.target] == list(shelf.book.of_message(key)) == list(shelf.book.targets())
    shelf.book.close_objective(shelf.objective)
    assert [] == list(shelf.book.of_message(key)) == list(shelf.book.of_message((MessageId("N"), 1)))


# The licence.


def test_a_licence_is_taken_once() -> None:
    """READY becomes EMITTING with one more try, at once; the second one who asks gets none."""
    shelf = Shelf()
    shelf.book.put(shelf.target, delivery(7, state=S.READY, reason="repeat", until=5.0))
    assert emitting(7) == shelf.book.licence(7)
    assert (None, emitting(7)) == (shelf.book.licence(7), shelf.book.delivery(7))


@pytest.mark.parametrize("state", sorted(set(S) - {S.READY}))
def test_nothing_but_ready_has_a_licence(state: DeliveryState) -> None:
    """Whatever became of it between the queue and the air, it does not go (I4)."""
    shelf = Shelf()
    shelf.book.put(shelf.target, delivery(7, state=state))
    assert (None, None) == (shelf.book.licence(7), shelf.book.licence(8))


# Receipts.


def test_the_parts_of_each_attempt_are_counted_apart() -> None:
    """Half of one copy and half of another are no message."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    shelf.book.name(7, "a", ("p1", "p2"), n=1, total=2)
    shelf.book.name(7, "a", ("q1", "q2"), n=2, total=2)
    assert [False, False, False, True] == [shelf.book.reported(7, "a", ref) for ref in ("p1", "q2", "p1", "p2")]


def test_what_broke_off_is_never_whole() -> None:
    """Two of three parts have a name, and the third never left; when it is known that it did, both that were reported count."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    shelf.book.name(7, "a", ("p1", "p2"), n=1, total=3)
    assert [False, False] == [shelf.book.reported(7, "a", ref) for ref in ("p1", "p2")]
    shelf.book.name(7, "a", ("p1", "p2", "p3"), n=1, total=3)
    assert shelf.book.reported(7, "a", "p3")


def test_a_name_that_was_given_twice_confirms_nothing() -> None:
    """The modem counted from the beginning again: the report could be of either order, or of either copy of one."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    shelf.book.put(shelf.target, awaiting(8))
    for number, n in ((7, 1), (8, 1), (8, 2)):
        shelf.book.name(number, "a", ("p1" if number == 7 or n == 1 else "p2", "same" if number == 8 else "own"), n=n, total=2)
    assert not any(shelf.book.reported(number, "a", ref) for number in (7, 8) for ref in ("p1", "p2", "own", "same"))


def test_what_had_its_receipt_before_the_restart_is_not_waited_for() -> None:
    """Two of three were reported: the third makes it whole."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    shelf.book.name(7, "a", ("p1", "p2", "p3"), n=1, total=3, reported=frozenset({"p1", "p3"}))
    assert shelf.book.reported(7, "a", "p2")


def test_a_name_that_nobody_gave_is_no_part_of_anything() -> None:
    """Whatever reports under it, nothing is whole by that."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    assert not shelf.book.reported(7, "a", "any")


@given(st.permutations(range(8)), st.integers(1, 7))
def test_evidence_counts_with_the_last_part_of_an_attempt_and_not_before(order: list[int], cut: int) -> None:
    """In whatever order eight parts of two attempts are reported: whole exactly when one attempt is."""
    shelf = Shelf()
    shelf.book.put(shelf.target, awaiting(7))
    attempts = (tuple(f"p{n}" for n in range(cut)), tuple(f"p{n}" for n in range(cut, 8)))
    for n, refs in enumerate(attempts, 1):
        shelf.book.name(7, "a", refs, n=n, total=len(refs))
    seen: set[str] = set()
    for n in order:
        seen.add(f"p{n}")
        mine = next(refs for refs in attempts if f"p{n}" in refs)
        assert seen.issuperset(mine) == shelf.book.reported(7, "a", f"p{n}")


def test_naming_tells_whoever_waits_for_the_name() -> None:
    """A receipt that was faster than its outcome is matched in this moment, part by part."""
    shelf = Shelf()
    heard: list[tuple[str, str, int]] = []
    shelf.book.on_named = lambda channel, ref, number: heard.append((channel, ref, number))
    shelf.book.put(shelf.target, awaiting(7))
    shelf.book.name(7, "a", ("p1", "p2"), n=1, total=2)
    shelf.book.name(8, "a", ("stranger",), n=1, total=1)
    assert [("a", "p1", 7), ("a", "p2", 7)] == heard
    assert {("a", "p1"): 7, ("a", "p2"): 7} == shelf.book.refs


def test_what_is_in_doubt_is_kept_in_sight_until_it_is_resolved() -> None:
    """A report under an unknown id is compared with these."""
    shelf = Shelf()
    shelf.book.put(shelf.target, doubtful(7))
    assert [7] == list(shelf.book.doubts)
    shelf.book.put(shelf.target, awaiting(7))
    assert {} == shelf.book.doubts


# Closing.


@pytest.mark.parametrize("state", sorted(set(TargetState) - {TargetState.OPEN}))
def test_a_closed_target_is_finished_when_nothing_of_it_is_on_the_air(state: TargetState) -> None:
    """An emission under way is awaited: its outcome is still to be written down."""
    shelf = Shelf()
    shelf.book.put(shelf.target, emitting(7))
    assert not shelf.target.is_finished
    shelf.target.target = target(state=state)
    assert not shelf.target.is_finished
    shelf.book.put(shelf.target, delivery(7, state=S.CANCELLED))
    assert shelf.target.is_finished


@given(st.lists(st.sampled_from(sorted(OPEN_STATES | TERMINAL_STATES)), max_size=6))
def test_a_closed_target_leaves_nothing_behind(states: list[DeliveryState]) -> None:
    """Whatever its deliveries were: every index forgets them, so that a centre may run for years."""
    shelf = Shelf()
    for key, state in enumerate(states, 1):
        shelf.book.put(shelf.target, delivery(key, state=state))
        shelf.book.name(key, "a", (f"p{key}", f"q{key}"), n=1, total=2)
        shelf.book.withdrawn.add(key)
    shelf.book.close_target(shelf.target)
    book = shelf.book
    assert ({}, {}, {}, {}, {}, set()) == (book.by_delivery, book.by_recipient, book.refs, book.parts, book.doubts, book.withdrawn)
    assert [] == list(book.targets())


def test_closing_one_target_leaves_the_others_of_the_same_person() -> None:
    """wang has two orders; the end of one is not the end of the other."""
    shelf = Shelf()
    other = OpenObjective(objective(id=2), shelf.message, (rung("a"),), ())
    shelf.book.add_objective(other)
    second = OpenTarget(target(objective=2), other)
    shelf.book.add_target(second)
    shelf.book.close_target(shelf.target)
    assert {"wang": {2: second}} == shelf.book.by_recipient
