"""The states of a page, way by way, as the table of delivery.md has them for a delivery."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fenghuo.engine import marks, paging
from fenghuo.engine.paging import Left
from fenghuo.engine.settling import MAX_REFIRES, settle
from fenghuo.model.delivery import DeliveryState, Outcome, Paged, Permanent, Reached, Scope, Token, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Priority
from fenghuo.store.records import PageRow
from tests.core.engine.values import NOW, Q95_S, delivery, view

S = DeliveryState
NEEDED = Evidence.DEVICE


def page(**changes: Any) -> PageRow:
    """Four people, on the air for the first time."""
    plain = PageRow(1, 0, 7, "a", Token("t"), S.EMITTING, 4, bytes(4), tries=1)
    return msgspec.structs.replace(plain, **changes)


def settled(outcome: Outcome | Paged, *, needed: Evidence = NEEDED, n: int = 1, **changes: Any) -> PageRow:
    held = page(**changes)
    return paging.settled(held, Left(n, outcome, marks.due(held.marks), NOW), needed=needed, view=view("a"))


def looked(held: PageRow, *, priority: Priority = Priority.P1, now: float = NOW, others: bool = False, **channel: Any) -> PageRow:
    return paging.looked_at(held, priority=priority, needed=NEEDED, now=now, view=view("a", **channel), has_alternate=others)


@pytest.mark.parametrize(
    ("outcome", "needed", "state", "counts"),
    [
        (Reached(Evidence.ACCEPTED), Evidence.ACCEPTED, S.MET, (4, 0)),
        (Reached(Evidence.ACCEPTED), Evidence.DEVICE, S.AWAITING, (0, 0)),
        (Permanent(Scope.MESSAGE, "no"), NEEDED, S.FAILED, (0, 4)),
        (Transient(Scope.RECIPIENT, "busy"), NEEDED, S.READY, (0, 0)),
        (Transient(Scope.CHANNEL, "lost"), NEEDED, S.READY, (0, 0)),
        (Unknown("timeout"), NEEDED, S.IN_DOUBT, (0, 0)),
        (Paged(Reached(Evidence.DEVICE), ((0, Permanent(Scope.RECIPIENT, "no")),)), NEEDED, S.MET, (3, 1)),
        (Paged(Reached(Evidence.DEVICE), ((0, Unknown("x")),)), NEEDED, S.IN_DOUBT, (3, 0)),
        (Paged(Reached(Evidence.DEVICE), ((0, Transient(Scope.RECIPIENT, "busy")),)), NEEDED, S.READY, (3, 0)),
    ],
)
def test_an_outcome_leads_to_one_state_and_its_counts(
    outcome: Outcome | Paged, needed: Evidence, state: DeliveryState, counts: tuple[int, int]
) -> None:
    after = settled(outcome, needed=needed)
    assert (state, *counts) == (after.state, after.met, after.ended)


def test_an_outcome_that_comes_late_raises_what_is_known_and_changes_no_state() -> None:
    after = settled(Reached(Evidence.DEVICE), state=S.CANCELLED)
    assert (S.CANCELLED, 4) == (after.state, after.met)
    assert page(tries=2) == settled(Permanent(Scope.MESSAGE, "no"), n=1, tries=2)


def test_a_recipient_who_is_always_busy_is_given_up_and_a_channel_never_costs_a_try() -> None:
    held = page()
    for _ in range(6):
        held = paging.begun(held, "a", Token("t"))
        held = paging.settled(held, Left(held.tries, Transient(Scope.CHANNEL, "lost"), range(4), NOW), needed=NEEDED, view=view("a"))
    assert (S.READY, 0) == (held.state, held.failures)
    for _ in range(6):
        assert S.READY is held.state
        held = paging.begun(held, "a", Token("t"))
        held = paging.settled(held, Left(held.tries, Transient(Scope.RECIPIENT, "busy"), range(4), NOW), needed=NEEDED, view=view("a"))
    assert (S.FAILED, 4) == (held.state, held.ended)


@pytest.mark.parametrize(
    ("priority", "doubt", "after_s", "others", "state", "refires"),
    [
        (Priority.P3, "idempotent", 0.0, False, S.READY, 0),
        (Priority.P1, "opaque", 0.0, False, S.IN_DOUBT, 0),  # a provider that comes back reports first what it had
        (Priority.P1, "opaque", 2.0, False, S.READY, 1),
        (Priority.P2, "opaque", 2.0, True, S.IN_DOUBT, 0),
        (Priority.P2, "opaque", Q95_S, True, S.READY, 1),
        (Priority.P2, "opaque", Q95_S, False, S.FAILED, 0),
        (Priority.P0, "actuator", Q95_S - 1.0, True, S.IN_DOUBT, 0),
    ],
)
def test_a_doubt_is_resolved_by_what_the_channel_can_do(
    priority: Priority, doubt: str, after_s: float, *, others: bool, state: DeliveryState, refires: int
) -> None:
    doubtful = paging.doubted(page(), "crash", needed=NEEDED, now=NOW, view=view("a", doubt=doubt))
    after = looked(doubtful, priority=priority, now=NOW + after_s, others=others, doubt=doubt)
    assert (state, refires) == (after.state, after.refires)


def test_an_idempotent_channel_that_is_down_resolves_nothing_and_copies_have_an_end() -> None:
    doubtful = paging.doubted(page(), "crash", needed=NEEDED, now=NOW, view=view("a"))
    assert doubtful == looked(doubtful, doubt="idempotent", health=Health.DOWN)
    assert S.READY is looked(doubtful, doubt="idempotent", now=NOW + 10 * Q95_S).state, "however long it was away"
    spent = msgspec.structs.replace(doubtful, refires=MAX_REFIRES)
    assert spent == looked(spent, now=NOW + 5.0)
    assert S.FAILED is looked(spent, now=NOW + Q95_S).state


@pytest.mark.parametrize("failures", range(7))
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("after_s", [None, 7.0])
def test_a_page_that_was_not_taken_waits_as_a_delivery_does(scope: Scope, failures: int, after_s: float | None) -> None:
    """One rule for both, by scope: the recipient's and the message's failures are counted and stretch the wait, a channel's are not."""
    outcome = Transient(scope, "no", after_s)
    one = settle(delivery(failures=failures), outcome, needed=NEEDED, now=NOW, view=view("a"))
    all_of_them = settled(outcome, failures=failures, tries=failures + 1, n=failures + 1)
    expected = (one.state is S.FAILED, one.failures) if one.state is S.FAILED else (False, one.failures, one.not_before)
    assert expected == (all_of_them.state is S.FAILED, all_of_them.failures, all_of_them.not_before)[: len(expected)]


def test_a_page_that_its_channel_never_takes_goes_ever_more_slowly_up_to_a_quarter_of_a_minute() -> None:
    held, waits = page(), []
    for n in range(1, 7):
        held = paging.begun(held, "a", Token("t")) if n > 1 else held
        left = Left(held.tries, Transient(Scope.CHANNEL, "http-503"), range(4), NOW, 1.0)
        held = paging.settled(held, left, needed=NEEDED, view=view("a"))
        waits.append(held.not_before - NOW)
    assert [2.0, 4.0, 8.0, 16.0, 16.0, 16.0] == waits


def test_a_far_end_that_takes_and_never_answers_is_asked_ever_more_slowly() -> None:
    """At once after the first time, for the same token does no harm twice; a black hole takes everything as often as it is asked."""
    held, waits = page(), []
    for n in range(1, 5):
        held = paging.begun(held, "a", Token("t")) if n > 1 else held
        left = Left(held.tries, Unknown("timeout"), range(4), NOW, 1.0)
        held = paging.settled(held, left, needed=NEEDED, view=view("a", doubt="idempotent"))
        waits.append(held.not_before - NOW)
        assert S.IN_DOUBT is (held if n == 1 else looked(held, doubt="idempotent", now=held.not_before - 0.1)).state
        held = looked(held, doubt="idempotent", now=held.not_before)
    assert [0.0, 2.0, 4.0, 8.0] == waits


def test_an_urgent_doubt_outlives_the_absence_of_its_channel() -> None:
    """Its window is over and nothing works: a marked copy is owed, and goes when something does."""
    doubtful = paging.doubted(page(), "crash", needed=NEEDED, now=NOW, view=view("a"))
    after = looked(doubtful, now=NOW + Q95_S, health=Health.DOWN)
    assert (S.READY, 1) == (after.state, after.refires)


def test_a_doubt_that_only_its_own_channel_can_resolve_stays_with_it() -> None:
    doubtful = paging.doubted(page(), "crash", needed=NEEDED, now=NOW, view=view("a"))
    again = looked(doubtful, doubt="idempotent")
    assert paging.is_for_channel(again)
    assert not paging.is_for_channel(looked(doubtful, now=NOW + 2.0))
    assert not paging.is_for_channel(page(state=S.READY, tries=0))
    assert paging.is_for_another(settled(Transient(Scope.CHANNEL, "lost")))
    assert not paging.is_for_another(settled(Transient(Scope.RECIPIENT, "busy")))


def test_a_receipt_settles_a_doubt_and_ends_the_page_with_the_last_of_them() -> None:
    doubtful = paging.doubted(page(), "crash", needed=NEEDED, now=NOW, view=view("a"))
    some = paging.told(doubtful, [0, 1, 2], Evidence.DEVICE, None, needed=NEEDED)
    assert (S.IN_DOUBT, 3) == (some.state, some.met)
    refused = paging.told(some, [3], None, Permanent(Scope.RECIPIENT, "no"), needed=NEEDED)
    assert (S.MET, 3, 1) == (refused.state, refused.met, refused.ended)
    late = paging.told(refused, [3], Evidence.HUMAN, None, needed=NEEDED)
    assert (S.MET, 4, 0) == (late.state, late.met, late.ended)


def test_what_is_on_the_air_when_its_message_ends_ends_with_its_outcome() -> None:
    assert page() == paging.stopped(page(), S.CANCELLED, "cancelled")
    assert S.CANCELLED is paging.stopped(page(state=S.AWAITING), S.CANCELLED, "cancelled").state
    assert S.MET is paging.stopped(page(state=S.MET), S.CANCELLED, "cancelled").state
