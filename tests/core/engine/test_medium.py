"""The queue before a medium: who is next."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.channels import Instance, Terms
from fenghuo.engine.medium import CROWD, Medium
from fenghuo.engine.modes_effect import Ruled
from fenghuo.model.delivery import Delivery
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Capabilities, SimpleChannel
from tests.core.engine.values import NOW, delivery


def medium(*names: str, **caps: Any) -> Medium:
    made = Medium("air")
    for name in names or ("a",):
        usual = {"form": "sms", "evidence_max": Evidence.DEVICE, "concurrency": 1000, **caps}
        made.instances[name] = Instance(
            name, "sim", Capabilities(**usual), address_kinds=("msisdn",), channel=SimpleChannel, terms=Terms(medium="air")
        )
    return made


def put(
    into: Medium, key: int, priority: Priority = Priority.P2, *, audience: int = 1, deadline: float = NOW + 300, **changes: Any
) -> Delivery:
    one = delivery(key, **{"address": f"address-{key}", "priority": priority, **changes})
    into.put(one, now=NOW, deadline=deadline, audience=audience)
    return one


def drained(of: Medium) -> list[int]:
    found = []
    while (one := of.take()) is not None:
        found.append(one.id)
        of.done(one)
    return found


def test_what_is_as_urgent_or_more_goes_first() -> None:
    """Two wait and one is on the air before a P1; three and one before a P2, whatever its class."""
    queue = medium(concurrency=1)
    for key, priority in enumerate((Priority.P0, Priority.P0, Priority.P1, Priority.P2)):
        put(queue, key, priority)
    assert [2, 3, 4] == [queue.ahead(priority) for priority in (Priority.P0, Priority.P1, Priority.P2)]
    queue.take()
    assert [2, 3, 4] == [queue.ahead(priority) for priority in (Priority.P0, Priority.P1, Priority.P2)]


def test_a_share_of_the_time_that_a_mode_reserves_is_left_free_by_what_is_not_urgent() -> None:
    """Half of it: after two seconds of a P2 the next one waits two, and a P1 does not; whoever has to wake up is told when."""
    queue = medium(concurrency=1)
    queue.instances["a"].ruled = Ruled(reserve=0.5)
    for key, priority in enumerate((Priority.P2, Priority.P2), 1):
        put(queue, key, priority)
    first = queue.take(NOW)
    assert first is not None
    queue.rest(first, NOW + 2.0)
    queue.done(first)
    assert (None, NOW + 4.0) == (queue.take(NOW + 2.0), queue.next_open_at)
    put(queue, 3, Priority.P1)
    urgent = queue.take(NOW + 2.0)
    assert urgent is not None
    queue.rest(urgent, NOW + 3.0)
    queue.done(urgent)
    later = queue.take(NOW + 4.0)
    assert (3, 2) == (urgent.id, later.id if later else None)


def test_an_order_to_a_few_counts_no_crowd_and_no_second_try_before_it() -> None:
    """Nothing is ahead of it but what goes first: two more urgent ones and one to a few. One of a crowd has the crowd before it as well."""
    queue = medium(concurrency=1)
    for key in range(1, 51):
        put(queue, key, Priority.P1, audience=300)
    for key, priority in ((51, Priority.P0), (52, Priority.P0), (53, Priority.P1), (54, Priority.P2)):
        put(queue, key, priority)
    put(queue, 55, Priority.P1, tries=1)
    assert (3, 53) == (queue.ahead(Priority.P1), queue.ahead(Priority.P1, 300))
    put(queue, 56, Priority.P1)
    assert [51, 52, 53, 56] == drained(queue)[:4]
    assert (0, 0) == (queue.ahead(Priority.P1), queue.ahead(Priority.P4, 300))


def test_p0_goes_before_everything() -> None:
    """Strict: as long as a P0 waits, nothing else goes."""
    queue = medium()
    for key in range(1, 40):
        put(queue, key, Priority.P1)
    for key in range(40, 80):
        put(queue, key, Priority.P0)
    assert list(range(40, 80)) == drained(queue)[:40]


def test_whoever_was_tried_less_often_goes_first() -> None:
    """A deadline orders first copies, and those that were tried as often: who never gets through does not keep others waiting."""
    queue = medium()
    for key, tries, deadline in [(1, 3, NOW), (2, 1, NOW + 300), (3, 0, NOW + 600), (4, 1, NOW + 100)]:
        put(queue, key, Priority.P0, tries=tries, deadline=deadline)
    assert [3, 4, 2, 1] == drained(queue)


def test_a_lower_class_has_one_slot_in_five() -> None:
    """While P1 never ends, P3 gets one turn after five served above it: nobody starves."""
    queue = medium()
    for key in range(1, 31):
        put(queue, key, Priority.P1)
    for key in range(101, 106):
        put(queue, key, Priority.P3)
    order = drained(queue)
    places = [order.index(key) for key in range(101, 106)]
    assert [5, 11, 17, 23, 29] == places


@given(st.lists(st.sampled_from([Priority.P1, Priority.P2, Priority.P3, Priority.P4]), min_size=1, max_size=80))
def test_no_class_is_slowed_without_bound(classes: list[Priority]) -> None:
    """I6: between two of the most urgent class that waits go at most as many as there are classes below it."""
    queue = medium()
    for key, priority in enumerate(classes, 1):
        put(queue, key, priority)
    order = drained(queue)
    assert sorted(order) == list(range(1, len(classes) + 1))
    most_urgent = min(classes)
    places = [place for place, key in enumerate(order) if classes[key - 1] is most_urgent]
    assert all(later - earlier <= 4 for earlier, later in pairwise(places))


def test_first_copies_go_before_second_ones() -> None:
    """The first copy to everyone goes before the second copy to anyone, whatever the deadlines."""
    queue = medium()
    put(queue, 1, tries=1, deadline=NOW + 1)
    put(queue, 2, deadline=NOW + 900)
    assert [2, 1] == drained(queue)


def test_the_earlier_deadline_goes_first_and_then_the_older() -> None:
    """Within a class: least slack, then age."""
    queue = medium()
    put(queue, 1, deadline=NOW + 20)
    put(queue, 2, deadline=NOW + 10)
    put(queue, 3, deadline=NOW + 20)
    assert [2, 1, 3] == drained(queue)


def test_an_order_to_a_few_goes_before_a_crowd() -> None:
    """An alert to thousands is not slowed by one order; the order would wait minutes for the alert."""
    queue = medium()
    put(queue, 1, audience=CROWD + 1, deadline=NOW + 1)
    put(queue, 2, audience=CROWD)
    assert [2, 1] == drained(queue)


def test_one_recipient_is_served_in_order_and_one_at_a_time() -> None:
    """A second message to a telephone waits until the first one is through, and others pass it."""
    queue = medium()
    first, second = put(queue, 1, address="same"), put(queue, 2, address="same")
    put(queue, 3)
    assert first == queue.take()
    third = queue.take()
    assert third is not None
    assert 3 == third.id
    assert None is queue.take()
    assert [second] == queue.done(first)


async def test_an_urgent_one_passes_a_routine_one_to_the_same_station() -> None:
    """I5: order is kept within a class; a P0 does not wait for the whole of a long transfer because it goes to the same address."""
    queue = medium(half_duplex=True)
    slow = put(queue, 1, priority=Priority.P3, address="same")
    assert slow == queue.take()
    urgent = put(queue, 2, priority=Priority.P0, address="same")
    assert queue.must_yield(slow.priority)
    resumed = queue.park(slow)
    assert urgent == queue.take()
    queue.done(urgent)
    assert None is queue.take()
    assert resumed.done()


def test_concurrency_is_kept_for_each_channel() -> None:
    """No more in flight than the channel says."""
    queue = medium(concurrency=2)
    for key in (1, 2, 3):
        put(queue, key)
    taken = [queue.take(), queue.take()]
    assert None is queue.take()
    assert taken[0] is not None
    queue.done(taken[0])
    assert None is not queue.take()


def test_half_duplex_is_one_at_a_time_over_all_instances() -> None:
    """Two channels on one frequency share the air."""
    queue = medium("r1", "r2", half_duplex=True)
    put(queue, 1, channel="r1")
    put(queue, 2, channel="r2")
    first = queue.take()
    assert (None, True) == (queue.take(), first is not None)


def test_full_duplex_never_yields() -> None:
    """Only a medium of one is given up in mid-transfer."""
    queue = medium()
    put(queue, 1, Priority.P0)
    assert not queue.must_yield(Priority.P4)


async def test_a_transfer_yields_to_what_is_more_urgent_and_goes_on_after_it() -> None:
    """Between two fragments the air goes to the P0, and back when that is through (I5)."""
    queue = medium("r", half_duplex=True)
    slow = put(queue, 1, Priority.P3, channel="r")
    assert slow == queue.take()
    assert not queue.must_yield(Priority.P3)
    urgent = put(queue, 2, Priority.P0, channel="r")
    assert queue.must_yield(Priority.P3)
    resumed = queue.park(slow)
    assert urgent == queue.take()
    assert (None, False) == (queue.take(), resumed.done())
    queue.done(urgent)
    assert (None, True) == (queue.take(), resumed.done())
    put(queue, 3, channel="r")
    assert None is queue.take()


async def test_a_transfer_that_ends_while_it_stands_aside_frees_no_air() -> None:
    """Its time ran out while a P0 was on the air: nothing may start beside the P0, and what follows goes when that is through."""
    queue = medium("r", half_duplex=True)
    slow = put(queue, 1, Priority.P3, channel="r")
    queue.take()
    urgent = put(queue, 2, Priority.P0, channel="r")
    resumed = queue.park(slow)
    assert urgent == queue.take()
    resumed.cancel()
    queue.done(slow)
    third = put(queue, 3, channel="r")
    assert None is queue.take()
    queue.done(urgent)
    assert (third, None) == (queue.take(), queue.take())
    queue.done(third)
    fourth = put(queue, 4, channel="r")
    assert fourth == queue.take()


async def test_the_most_urgent_of_those_that_stand_aside_goes_on_first() -> None:
    """Two transfers gave way to a P0, one of them to the other before: they come back in the order of their urgency."""
    queue = medium("r", half_duplex=True)
    parked = []
    for key, priority in ((1, Priority.P4), (2, Priority.P2)):
        one = put(queue, key, priority, channel="r")
        assert one == queue.take()
        parked.append((one, queue.park(one)))
    urgent = put(queue, 3, Priority.P0, channel="r")
    assert urgent == queue.take()
    queue.done(urgent)
    (routine, later), (order, sooner) = parked
    assert (None, True, False) == (queue.take(), sooner.done(), later.done())
    queue.done(order)
    assert (None, True) == (queue.take(), later.done())
    queue.done(routine)


async def test_a_transfer_goes_on_before_its_equals_begin() -> None:
    """It was first, and half of it is on the other side: what waits in its class, or below, waits for its end."""
    queue = medium("r", half_duplex=True)
    slow = put(queue, 1, Priority.P3, channel="r")
    queue.take()
    urgent = put(queue, 2, Priority.P0, channel="r")
    equal, more = put(queue, 3, Priority.P3, channel="r"), put(queue, 4, Priority.P2, channel="r")
    resumed = queue.park(slow)
    for one in (urgent, more):
        assert (one, False) == (queue.take(), resumed.done())
        queue.done(one)
    assert (None, True) == (queue.take(), resumed.done())
    queue.done(slow)
    assert equal == queue.take()


async def test_a_transfer_that_stands_aside_has_its_slot_in_five_too() -> None:
    """While P1 never ends, the P3 it interrupted has a fragment after every five (I6)."""
    queue = medium("r", half_duplex=True)
    slow = put(queue, 1, Priority.P3, channel="r")
    queue.take()
    for key in range(2, 20):
        put(queue, key, Priority.P1, channel="r")
    went = []
    for _ in range(3):
        resumed = queue.park(slow)
        count = 0
        while (one := queue.take()) is not None:
            count += 1
            queue.done(one)
        went.append((count, resumed.done()))
    assert [(5, True)] * 3 == went


async def test_a_slot_in_five_is_worth_a_piece() -> None:
    """What was taken before something more urgent sends a piece before it gives way; not while a P0 waits (I5, I6)."""
    queue = medium("r", half_duplex=True)
    for key in range(1, 8):
        put(queue, key, Priority.P1, channel="r")
    routine = put(queue, 8, Priority.P4, channel="r")
    for _ in range(5):
        queue.done(queue.take())  # type: ignore[arg-type]  # there are seven
    assert routine == queue.take()
    assert queue.must_yield(routine.priority)
    assert [True, False] == [queue.uses_its_slot(routine) for _ in range(2)]


def test_what_was_over_already_uses_up_no_slot() -> None:
    """After five above it a P4 is owed a slot; one that was cancelled while it queued does not take it from the next (I6)."""
    queue = medium()
    for key in range(1, 9):
        put(queue, key, Priority.P1)
    put(queue, 9, Priority.P4)
    alive = put(queue, 10, Priority.P4)
    for _ in range(5):
        queue.done(queue.take())  # type: ignore[arg-type]  # there are eight
    cancelled = queue.take()
    assert cancelled is not None
    assert (Priority.P4, []) == (cancelled.priority, queue.unused(cancelled))
    assert alive == queue.take()


async def test_a_p0_waits_for_no_slot_in_five() -> None:
    """It came when the routine one had its slot and had not begun its piece: the piece waits."""
    queue = medium("r", half_duplex=True)
    for key in range(1, 8):
        put(queue, key, Priority.P1, channel="r")
    put(queue, 8, Priority.P4, channel="r")
    for _ in range(5):
        queue.done(queue.take())  # type: ignore[arg-type]  # there are seven
    routine = queue.take()
    put(queue, 9, Priority.P0, channel="r")
    assert routine is not None
    assert not queue.uses_its_slot(routine)


def test_what_is_not_ripe_waits_apart() -> None:
    """A retry with a time of its own is put again when it has come."""
    queue = medium()
    late = put(queue, 1, not_before=NOW + 5)
    assert (None, NOW + 5, 1) == (queue.take(), queue.next_mature_at, queue.queued("a"))
    assert ([], [late]) == (queue.mature(NOW + 4), queue.mature(NOW + 5))


def test_the_queue_counts_all_that_wait() -> None:
    """Ripe, unripe and blocked alike are shown to the operator."""
    queue = medium()
    first = put(queue, 1, address="same")
    put(queue, 2, address="same")
    put(queue, 3, not_before=NOW + 5)
    assert (3, first) == (queue.queued("a"), queue.take())
    assert (None, 2, 0) == (queue.take(), queue.queued("a"), queue.queued("b"))


def test_entries_are_never_compared_by_content() -> None:
    """Two of the same rank are no error: age decides."""
    queue = medium()
    one = put(queue, 1)
    queue.put(msgspec.structs.replace(one, address="other"), now=NOW, deadline=NOW + 300)
    assert [1, 1] == drained(queue)
