"""What one turn changes, written as one job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.batch import Batch
from fenghuo.errors import StoreError
from fenghuo.model.delivery import Attempt, Delivery, DeliveryState, ObjectiveState, Receipt, TargetState, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.traffic import Priority
from fenghuo.store import Store, Tx
from fenghuo.store.records import InboxRow, MetaRow, RefRow, ReleaseRow, RenditionRow
from fenghuo.store.tables import ATTEMPT, DELIVERY, EVENT, INBOX, MESSAGE, OBJECTIVE, RECEIPT, REF, RELEASE, RENDITION, TARGET
from tests.core.engine.values import NOW, awaiting, delivery, objective, target
from tests.core.store.rows import message as message_row
from tests.core.store.rows import open_store

S = DeliveryState
QUIET = {S.HELD, S.READY, S.EMITTING}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "state")
    yield opened
    await opened.close()


def planned() -> Batch:
    """A turn that opened one objective with one target and one delivery."""
    batch = Batch()
    batch.new_objectives.append(objective())
    batch.new_targets.append(target())
    batch.new_deliveries.append(delivery())
    return batch


def test_a_turn_without_news_writes_nothing() -> None:
    """No empty transaction, no sync of the disk for it; a single event is news."""
    batch = Batch()
    assert not batch
    batch.event("anything", "subject/1")
    assert batch


def test_a_turn_may_wait_for_a_shared_sync_only_while_all_in_it_is_routine_and_nobody_waits_for_it() -> None:
    """One thing about anything of P2 and up, an alarm, a receipt, what a message or a channel is by now, or a person who waits: at once."""
    urgency = {1: Priority.P3, 2: Priority.P2}
    routine = planned()
    routine.changed(delivery(), delivery(state=S.AWAITING))
    assert routine.can_wait(urgency.__getitem__)
    assert not planned().can_wait(lambda _: Priority.P2)
    assert not Batch().can_wait(urgency.__getitem__)

    def with_a(change: Callable[[Batch], object]) -> bool:
        batch = planned()
        change(batch)
        return batch.can_wait(urgency.__getitem__)

    changes: dict[str, Callable[[Batch], object]] = {
        "target of P2": lambda batch: batch.new_targets.append(target(objective=2)),
        "delivery of P2": lambda batch: batch.changed(None, delivery(2, objective=2)),
        "way of P2 left out": lambda batch: batch.leave_out(2, "wang", rung=0, channel="a", reason="down"),
        "alarm": lambda batch: batch.event("alarm.objective_missed", "objective/1"),
        "channel": lambda batch: batch.event("channel.health", "channel/a"),
        "message": lambda batch: batch.messages.update({(MessageId("m1"), 1): MessageState.COMPLETE}),
        "inbox": lambda batch: batch.inbox.update({1: "taken"}),
        "meta": lambda batch: batch.metas.append(MetaRow("modes", "")),
    }
    assert [] == [name for name, change in changes.items() if with_a(change)]


async def test_what_is_new_is_inserted_in_its_newest_state(store: Store) -> None:
    """Planned and already on its way in one turn: one row, as it is now."""
    batch = planned()
    batch.changed(delivery(), delivery(state=S.READY))
    batch.targets[(1, "wang")] = target(rung=1)
    batch.objectives[1] = objective(planned=1, total=1, state=ObjectiveState.AT_RISK)
    await store.run(batch.write)
    assert [S.READY] == [row.state for row in await store.find(DELIVERY)]
    assert [1] == [row.rung for row in await store.find(TARGET)]
    assert [ObjectiveState.AT_RISK] == [row.state for row in await store.find(OBJECTIVE)]


async def test_what_was_there_is_updated(store: Store) -> None:
    """The second turn changes the rows of the first one."""
    await store.run(planned().write)
    batch = Batch()
    batch.changed(delivery(), awaiting())
    batch.targets[(1, "wang")] = target(state=TargetState.MET)
    await store.run(batch.write)
    assert ([awaiting()], [TargetState.MET]) == (await store.find(DELIVERY), [row.state for row in await store.find(TARGET)])


async def test_a_turn_is_written_whole_or_not_at_all(store: Store) -> None:
    """One impossible row takes back all of it: the loop stops rather than believe half."""
    batch = planned()
    batch.event("objective.opened", "objective/1")
    batch.targets[(2, "nobody")] = target(objective=2)
    with pytest.raises(Exception, match="no row"):
        await store.run(batch.write)
    assert ([], [], [], []) == (
        await store.find(OBJECTIVE),
        await store.find(TARGET),
        await store.find(DELIVERY),
        await store.find(EVENT, "type = 'objective.opened'"),
    )


async def test_the_same_delivery_is_not_planned_twice(store: Store) -> None:
    """A number that is taken is an error, no second row."""
    await store.run(planned().write)
    with pytest.raises(StoreError):
        await store.run(planned().write)


@pytest.mark.parametrize("state", sorted(S))
async def test_people_are_told_of_what_has_become_of_a_delivery(store: Store, state: DeliveryState) -> None:
    """Every state but the three that are only on the way; begin() tells of EMITTING itself."""
    batch = planned()
    batch.changed(delivery(state=S.SHED if state is not S.SHED else S.HELD), delivery(state=state, reason="why", evidence=Evidence.AIRED))
    await store.run(batch.write)
    told = await store.find(EVENT, "type LIKE 'delivery.%'")
    assert ([] if state in QUIET else [f"delivery.{state.lower()}"]) == [row.type for row in told]
    for row in told:
        body = msgspec.json.decode(row.body)
        assert ("M", "wang", "a", "AIRED", "why") == tuple(body[key] for key in ("message", "recipient", "channel", "evidence", "reason"))


def test_a_state_that_stays_is_told_once() -> None:
    """More evidence in the same state is no new state."""
    batch = Batch()
    batch.changed(None, awaiting())
    batch.changed(awaiting(), awaiting(evidence=Evidence.RELAYED))
    assert (1, Evidence.RELAYED) == (len(batch.events), batch.deliveries[1].evidence)


async def test_events_keep_their_order(store: Store) -> None:
    """What is read is what happened, in the order in which it did."""
    batch = Batch()
    for number in range(5):
        batch.event("step", f"n/{number}", number=number)
    await store.run(batch.write)
    assert [f"n/{number}" for number in range(5)] == [row.subject for row in await store.find(EVENT, "type = 'step' ORDER BY seq")]


# Evidence.


async def test_an_outcome_is_noted_at_its_attempt(store: Store) -> None:
    """The second attempt's outcome is not the first one's."""
    await store.run(lambda tx: tx.insert_all(ATTEMPT, [_attempt(1), _attempt(2)]))
    batch = Batch()
    batch.outcomes[(Token("token-1"), 2)] = ("reached ACCEPTED", NOW + 3)
    await store.run(batch.write)
    found = await store.find(ATTEMPT, "1 = 1 ORDER BY n")
    assert [("", None), ("reached ACCEPTED", NOW + 3)] == [(row.outcome, row.outcome_at) for row in found]


async def test_an_outcome_without_its_attempt_is_no_attempt(store: Store) -> None:
    """begin() could not commit it: what is not on the disk did not happen (I2)."""
    batch = Batch()
    batch.outcomes[(Token("token-1"), 1)] = ("transient channel timeout", NOW)
    await store.run(batch.write)
    assert [] == await store.find(ATTEMPT)


async def test_receipts_are_numbered_when_they_are_written(store: Store) -> None:
    """Others write late ones beside the loop: the numbers go on from whatever is there."""
    await store.run(lambda tx: tx.insert(RECEIPT, Receipt(7, 1, "a", Evidence.DEVICE, NOW)))
    batch = Batch()
    batch.receipts += [Receipt(0, 1, "a", Evidence.DEVICE, NOW, ref) for ref in ("p1", "p2")]
    await store.run(batch.write)
    assert [(7, ""), (8, "p1"), (9, "p2")] == [(row.id, row.ref) for row in await store.find(RECEIPT, "1 = 1 ORDER BY id")]


async def test_a_raw_row_is_marked_when_it_was_understood(store: Store) -> None:
    """What is marked is not read again by the next start; the octets stay."""
    await store.run(lambda tx: tx.insert(INBOX, InboxRow(3, "a", "receipt", b"raw", NOW, "new")))
    batch = Batch()
    batch.inbox.update({3: "matched", 4: "matched"})
    await store.run(batch.write)
    assert [("matched", b"raw")] == [(row.state, row.raw) for row in await store.find(INBOX)]


async def test_a_providers_name_may_come_twice(store: Store) -> None:
    """It says the same again after a reconnection: the newest attempt has the name."""
    for n in (1, 2):
        batch = Batch()
        batch.refs.append(RefRow("a", "ref", Token("token-1"), n, 0))
        await store.run(batch.write)
    assert [2] == [row.n for row in await store.find(REF)]


# Messages.


async def test_a_message_ends_with_the_turn_that_says_so(store: Store) -> None:
    """Expiry is the loop's own doing; of a message that is not there nothing is said."""
    await store.run(lambda tx: tx.insert(MESSAGE, message_row("M")))
    batch = Batch()
    batch.messages[(MessageId("M"), 1)] = MessageState.EXPIRED
    batch.messages[(MessageId("N"), 1)] = MessageState.EXPIRED
    await store.run(batch.write)
    assert [MessageState.EXPIRED] == [row.state for row in await store.find(MESSAGE)]


async def test_plans_bring_their_renditions_and_signatures(store: Store) -> None:
    """T1 is one transaction; a signature that was there already is replaced by the one that the plan is bound to."""
    signed = ReleaseRow(MessageId("M"), 1, "envelope", "anna", NOW, NOW + 60)
    await store.run(lambda tx: tx.insert(RELEASE, signed))
    batch = planned()
    batch.renditions.append(RenditionRow(MessageId("M"), 1, "sms", "words", b"words", "text/plain"))
    batch.releases.append(msgspec.structs.replace(signed, until=NOW + 120))
    await store.run(batch.write)
    assert (["words"], [NOW + 120]) == (
        [row.text for row in await store.find(RENDITION)],
        [row.until for row in await store.find(RELEASE)],
    )


async def test_a_job_that_is_run_again_writes_the_same(store: Store) -> None:
    """After a full disk the store runs the job a second time: it keeps nothing from the first."""
    batch = planned()
    batch.receipts.append(Receipt(0, 1, "a", Evidence.DEVICE, NOW))
    batch.changed(None, awaiting())

    def fail_first(tx: Tx) -> None:
        batch.write(tx)
        raise StoreError("no space")

    with pytest.raises(StoreError, match="no space"):
        await store.run(fail_first)
    await store.run(batch.write)
    rows: tuple[list[Delivery], list[int]] = (await store.find(DELIVERY), [row.id for row in await store.find(RECEIPT)])
    assert ([awaiting()], [1]) == rows


def _attempt(n: int) -> Attempt:
    return Attempt(Token("token-1"), n, 1, "a", "wang", "address-a", NOW, epoch=1)
