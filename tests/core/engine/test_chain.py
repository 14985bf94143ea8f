"""Identity and chains, on the truth in the store: what is the same, what belongs together, what is over before it came."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.clock import seconds
from fenghuo.engine.chain import (
    KEEP_KEYS_S,
    bury,
    duplicate_of,
    find_kin,
    is_dead,
    keys_of,
    overtaken,
    remember,
    replace_earlier,
    triple_key,
)
from fenghuo.engine.kin import Kin
from fenghuo.errors import KeyConflict
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.message import Message, MessageId, MessageState, Reference
from fenghuo.model.traffic import Action
from fenghuo.store import Store, Tx
from fenghuo.store.records import MessageRow
from fenghuo.store.tables import DELIVERY, EVENT, IDEMPOTENCY, MESSAGE, OBJECTIVE, TOMBSTONE
from tests.core.engine.values import NOW, content, delivery, message, objective
from tests.core.store.rows import open_store

A, B = "a" * 64, "b" * 64
ACTIVE, HELD, EXPIRED, CANCELLED, SUPERSEDED = (
    MessageState.ACTIVE,
    MessageState.HELD,
    MessageState.EXPIRED,
    MessageState.CANCELLED,
    MessageState.SUPERSEDED,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "state")
    yield opened
    await opened.close()


# Keys.


def test_an_alert_is_known_by_its_triple() -> None:
    """Sender, identifier and sent: one of them different is another alert."""
    keys = {triple_key(content(**change)) for change in ({}, {"sender": "x"}, {"identifier": "x"}, {"sent": _at(1)})}
    assert 4 == len(keys)


def test_a_key_is_its_clients_own() -> None:
    """Two clients that count from one do not meet."""
    nameless = content(identifier="")
    mine, yours = (keys_of(nameless, source=source, key="1", digest=A) for source in ("met", "fire"))
    assert ((), 1, False) == (keys_of(nameless, source="met", key="", digest=A), len(mine), mine == yours)


def test_a_key_vouches_for_its_bytes_and_a_triple_for_its_content() -> None:
    """White space may change between two feeds of one alert; a client that repeats itself repeats every byte."""
    (triple, by_content), (key, by_bytes) = keys_of(content(), source="met", key="1", digest=A)
    assert ((triple, by_content), (key, by_bytes)) != keys_of(content(), source="met", key="1", digest=B)
    assert (triple, by_content) == keys_of(content(), source="fire", key="2", digest=B)[0]


async def test_a_remembered_key_gives_the_first_answer(store: Store) -> None:
    """Whoever asks again gets the id of then."""
    keys = keys_of(content(), source="met", key="1", digest=A)
    assert None is await store.run(lambda tx: duplicate_of(tx, keys))
    await store.run(lambda tx: remember(tx, keys, message(revision=2)))
    again = await store.run(lambda tx: duplicate_of(tx, keys[1:]))
    assert again is not None
    assert ("M", 2) == (again.message, again.revision)


async def test_a_key_with_other_bytes_is_a_conflict_and_says_whose(store: Store) -> None:
    """Neither of the two is taken for the other."""
    nameless = content(identifier="")
    await store.run(lambda tx: remember(tx, keys_of(nameless, source="met", key="1", digest=A), message()))
    with pytest.raises(KeyConflict, match=r"^idempotency key 'met 1' was used before with other content$"):
        await store.run(lambda tx: duplicate_of(tx, keys_of(nameless, source="met", key="1", digest=B)))


@pytest.mark.parametrize(("changes", "end"), [({"expires_at": NOW + 60}, NOW + 60), ({"expires_at": NOW - 60}, NOW)])
async def test_keys_outlive_the_message_by_thirty_days(store: Store, changes: dict[str, Any], end: float) -> None:
    """From its end, or from its coming when that was later."""
    await store.run(lambda tx: remember(tx, (("k", "h"),), message(**changes)))
    (row,) = await store.find(IDEMPOTENCY)
    assert end + KEEP_KEYS_S == row.until


# Kin.


@pytest.mark.parametrize(
    "reference",
    [Reference("M1"), Reference("X-M1"), Reference("X-M1", "met"), Reference("X-M1", "met", datetime(2026, 7, 15, tzinfo=UTC))],
    ids=["our id", "identifier", "sender and identifier", "triple"],
)
async def test_a_reference_leads_to_its_event(store: Store, reference: Reference) -> None:
    """In whichever form a source names it."""
    await store.run(lambda tx: tx.insert(MESSAGE, _row("M1")))
    (kin,) = await _kin(store, reference)
    assert ("M1", 2, "met", 17) == (kin.id, kin.revision, kin.sender, kin.number)


@pytest.mark.parametrize("reference", [Reference("X-M1", "fire"), Reference("X-M2"), Reference("X-M1", "MET")])
async def test_a_reference_to_something_else_leads_nowhere(store: Store, reference: Reference) -> None:
    """An identifier belongs to its sender."""
    await store.run(lambda tx: tx.insert(MESSAGE, _row("M1")))
    assert () == await _kin(store, reference)


async def test_any_revision_leads_to_the_next_one(store: Store) -> None:
    """12379 names the first message of an event, CAP any of them: it is one chain, and its author is who opened it."""
    await store.run(lambda tx: tx.insert_all(MESSAGE, [_row("M1"), _row("M1", 2, identifier="X-2"), _row("M1", 3, sender="fire")]))
    for reference in (Reference("M1"), Reference("X-2"), Reference("X-M1", "fire")):
        assert [(4, "met", 3)] == [(kin.revision, kin.sender, kin.newest.revision) for kin in await _kin(store, reference)]


async def test_one_cancel_may_end_several_events(store: Store) -> None:
    """Each of them once, however often it is named."""
    await store.run(lambda tx: tx.insert_all(MESSAGE, [_row("M1"), _row("M2")]))
    assert ["M1", "M2"] == [kin.id for kin in await _kin(store, Reference("M1"), Reference("X-M2"), Reference("X-M1", "met"))]


# Replacing.


@pytest.mark.parametrize(("action", "ended"), [(Action.UPDATE, SUPERSEDED), (Action.CANCEL, CANCELLED)])
async def test_what_is_open_ends_in_the_same_transaction(store: Store, action: Action, ended: MessageState) -> None:
    """Revisions in force and those that wait for a signature; what is over stays what it was."""
    rows = [_row("M", 1, state=EXPIRED), _row("M", 2), _row("M", 3, state=HELD), _row("N")]
    await store.run(lambda tx: tx.insert_all(MESSAGE, rows))
    _, revisions = await store.run(lambda tx: replace_earlier(tx, message(content(action=action), revision=4)))
    assert (2, 3) == tuple(sorted(revisions))
    found = await store.find(MESSAGE, "1 = 1 ORDER BY id, revision")
    assert [EXPIRED, ended, ended, ACTIVE] == [row.state for row in found]
    events = await store.find(EVENT, "type LIKE 'message.%' ORDER BY seq")
    assert [f"message.{ended}"] * 2 == [event.type for event in events]


async def test_the_heirs_are_those_to_whom_something_may_have_left(store: Store) -> None:
    """wang was sent it, li not yet: only wang must hear that it changed."""

    def plan(tx: Tx) -> None:
        tx.insert(MESSAGE, _row("M"))
        tx.insert(OBJECTIVE, objective())
        tx.insert(DELIVERY, delivery(1, tries=1, state=DeliveryState.IN_DOUBT))
        tx.insert(DELIVERY, delivery(2, recipient="li"))

    await store.run(plan)
    heirs, _ = await store.run(lambda tx: replace_earlier(tx, message(content(action=Action.CANCEL), revision=2)))
    assert ["wang"] == [heir.recipient for heir in heirs]


# What comes too late.

LATER = [
    (Action.CANCEL, 20, ACTIVE, CANCELLED),
    (Action.CANCEL, 10, ACTIVE, CANCELLED),
    (Action.CANCEL, 5, ACTIVE, None),
    (Action.CANCEL, 20, HELD, None),
    (Action.CANCEL, 20, SUPERSEDED, CANCELLED),
    (Action.UPDATE, 20, ACTIVE, SUPERSEDED),
    (Action.UPDATE, 20, SUPERSEDED, SUPERSEDED),
    (Action.UPDATE, 20, EXPIRED, SUPERSEDED),
    (Action.UPDATE, 20, HELD, None),
    (Action.UPDATE, 10, ACTIVE, None),
    (Action.UPDATE, 5, ACTIVE, None),
    (Action.NEW, 20, ACTIVE, None),
]


@pytest.mark.parametrize(("action", "at", "state", "expected"), LATER)
async def test_an_update_is_over_when_what_came_before_it_was_said_after_it(
    store: Store, action: Action, at: float, state: MessageState, expected: MessageState | None
) -> None:
    """Said at ten: a Cancel of then or later ends it, a later Update replaces it; what is held or was said earlier does not."""
    await store.run(lambda tx: tx.insert_all(MESSAGE, [_row("M"), _row("M", 2, action=action, at=at, state=state)]))
    update = message(content(action=Action.UPDATE, identifier="X-3", sent=_at(10)), revision=3)
    assert expected is await store.run(lambda tx: overtaken(tx, update))


async def test_a_cancel_weighs_more_than_an_update(store: Store) -> None:
    """Both were said later: the event is over, not replaced."""
    later = [_row("M", 2, action=Action.CANCEL, at=20), _row("M", 3, action=Action.UPDATE, at=30, state=CANCELLED)]
    await store.run(lambda tx: tx.insert_all(MESSAGE, [_row("M"), *later]))
    update = message(content(action=Action.UPDATE, identifier="X-3", sent=_at(10)), revision=4)
    assert CANCELLED is await store.run(lambda tx: overtaken(tx, update))


BURIED = [
    (Reference("X-9"), "met", True),
    (Reference("X-9"), "fire", False),
    (Reference("X-9", "met"), "met", True),
    (Reference("X-9", "fire"), "fire", False),
    (Reference("X-9", "fire"), "met", False),
    (Reference("X-8"), "met", False),
]


@pytest.mark.parametrize(("reference", "sender", "expected"), BURIED)
async def test_a_tombstone_is_for_ones_own_messages(store: Store, reference: Reference, sender: str, expected: bool) -> None:
    """met's Cancel came first: met's alert is dead on arrival, and nobody else's is, whatever the Cancel names."""
    await store.run(lambda tx: bury(tx, _cancel(reference)))
    assert expected is await store.run(lambda tx: is_dead(tx, content(sender=sender, identifier="X-9"), "met"))


@pytest.mark.parametrize(
    ("reference", "expected"), [(Reference("X-9"), True), (Reference("X-9", "fire"), True), (Reference("X-9", "sea"), False)]
)
async def test_a_signed_cancel_buries_whatever_it_names(store: Store, reference: Reference, expected: bool) -> None:
    """A person answers for it: the sender that it names, or every sender when it names none."""
    await store.run(lambda tx: bury(tx, _cancel(reference), is_signed=True))
    assert expected is await store.run(lambda tx: is_dead(tx, content(sender="fire", identifier="X-9"), "met"))


async def test_a_message_without_a_name_is_never_dead(store: Store) -> None:
    """Nothing can have named it."""
    await store.run(lambda tx: bury(tx, _cancel(Reference(""))))
    assert not await store.run(lambda tx: is_dead(tx, content(sender="met", identifier=""), "met"))


async def test_a_tombstone_stands_as_long_as_a_key(store: Store) -> None:
    """Thirty days after the Cancel's own end, and it is told."""
    await store.run(lambda tx: bury(tx, _cancel(Reference("X-9"))))
    (stone,) = await store.find(TOMBSTONE)
    assert NOW + 3600 + KEEP_KEYS_S == stone.until
    (event,) = await store.find(EVENT, "type = 'message.tombstone'")
    assert {"identifier": "X-9", "sender": "met"} == msgspec.json.decode(event.body)


def _at(second: float) -> datetime:
    return datetime.fromtimestamp(NOW + second, UTC)


async def _kin(store: Store, *references: Reference) -> tuple[Kin, ...]:
    """What an Update with these references is to the events in the store."""
    return await store.run(lambda tx: find_kin(tx, content(action=Action.UPDATE, references=references)))


def _cancel(*references: Reference) -> Message:
    return message(content(action=Action.CANCEL, sender="met", identifier="C-1", references=references))


def _row(
    ident: str, revision: int = 1, *, action: Action = Action.NEW, at: float = 0, state: MessageState = ACTIVE, **changes: Any
) -> MessageRow:
    """A message of met's as intake would have kept it, said `at` seconds after the beginning."""
    said = content(**{"action": action, "sender": "met", "identifier": f"X-{ident}", "sent": _at(at), **changes})
    whole = message(said, id=MessageId(ident), revision=revision)
    return MessageRow(
        id=whole.id,
        revision=revision,
        state=state,
        number=whole.number,
        sender=said.sender,
        identifier=said.identifier,
        sent_at=seconds(said.sent),
        action=action,
        priority=whole.priority,
        traffic=said.traffic,
        accepted_at=whole.accepted_at,
        expires_at=whole.expires_at,
        content_hash=whole.content_hash,
        body=msgspec.msgpack.encode(whole),
        raw=b"a",
        verdicts=b"[]",
        repairs=b"[]",
        source=whole.source,
        author=whole.author,
    )
