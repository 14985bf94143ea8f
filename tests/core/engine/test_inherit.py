"""Who got a revision, and over which channels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.inherit import Heir, find_heirs, heirs_of, inherited_rungs, without_devices
from fenghuo.engine.planning import Candidate
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.store import Store, Tx
from fenghuo.store.tables import DELIVERY, OBJECTIVE
from tests.core.engine.values import awaiting, delivery, emitting, objective
from tests.core.store.rows import open_store

DEVICE = {1: Evidence.DEVICE}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path / "state")
    yield opened
    await opened.close()


def test_whoever_was_told_over_two_channels_is_told_over_both_again() -> None:
    """One heir, a way for each channel, and the addresses of then."""
    (heir,) = heirs_of((emitting(1, "a"), emitting(2, "r", form="radio")), DEVICE)
    assert ("wang", Evidence.DEVICE) == (heir.recipient, heir.needed)
    assert (Candidate(0, "a", "address-a", "", "sms"), Candidate(1, "r", "address-r", "", "radio")) == heir.ways


def test_the_same_way_twice_is_one_way() -> None:
    """The order and its first Update went to one telephone: the next Update goes there once."""
    (heir,) = heirs_of((emitting(1), emitting(2, revision=2)), DEVICE)
    assert 1 == len(heir.ways)


def test_two_telephones_of_one_person_are_two_ways() -> None:
    """Both rang, so both ring again."""
    (heir,) = heirs_of((emitting(1), emitting(2, address="second")), DEVICE)
    assert ["address-a", "second"] == [way.address for way in heir.ways]


def test_each_channel_is_one_rung_whoever_uses_it() -> None:
    """wang had both, li the radio only: the radio's rung is the same for both, and all are open at once."""
    heirs = heirs_of((emitting(1, "a"), emitting(2, "r"), emitting(3, "r", recipient="li")), DEVICE)
    assert (Rung(("a",), RungMode.PARALLEL), Rung(("r",), RungMode.PARALLEL)) == inherited_rungs(heirs)
    assert {"wang": [0, 1], "li": [1]} == {heir.recipient: [way.rung for way in heir.ways] for heir in heirs}


def test_without_heirs_there_is_no_rung() -> None:
    """Nobody heard of it, nobody is told."""
    assert ((), ()) == (heirs_of((), {}), inherited_rungs(()))


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (Evidence.AIRED, Evidence.AIRED),
        (Evidence.DEVICE, Evidence.DEVICE),
        (Evidence.HUMAN, Evidence.DEVICE),
        (Evidence.DONE, Evidence.DEVICE),
    ],
)
def test_an_end_needs_no_answer(needed: Evidence, expected: Evidence) -> None:
    """Nobody is chased for an answer to a Cancel: the telephone's word is enough, and less where less was asked for."""
    (heir,) = heirs_of((emitting(1),), {1: needed})
    assert expected is heir.needed


SENT = st.lists(
    st.builds(
        lambda key, channel, who, where: emitting(key, channel, recipient=who, address=where),
        st.integers(1, 99),
        st.sampled_from("abr"),
        st.sampled_from(["wang", "li", "huang"]),
        st.sampled_from(["x", "y"]),
    ),
    max_size=12,
)


@given(SENT)
def test_exactly_those_ways_are_inherited_that_were_used(sent: list[Delivery]) -> None:
    """No way more, none less, none twice; and each on the rung that names its channel."""
    heirs = heirs_of(tuple(sent), DEVICE)
    rungs = inherited_rungs(heirs)
    ways = [(heir.recipient, way.channel, way.address) for heir in heirs for way in heir.ways]
    assert {(one.recipient, one.channel, one.address) for one in sent} == set(ways)
    assert len(set(ways)) == len(ways)
    assert all((way.channel,) == rungs[way.rung].channels for heir in heirs for way in heir.ways)


async def test_only_earlier_revisions_of_the_same_event_count(store: Store) -> None:
    """Another message, and the revision itself, have heirs of their own."""

    def plan(tx: Tx) -> None:
        tx.insert_all(OBJECTIVE, [objective(), objective(id=2, revision=2), objective(id=3, message=MessageId("N"))])
        tx.insert(DELIVERY, awaiting(1))
        tx.insert(DELIVERY, awaiting(2, objective=2, revision=2, recipient="li"))
        tx.insert(DELIVERY, awaiting(3, objective=3, message=MessageId("N"), recipient="huang"))

    await store.run(plan)
    second, third = [await store.run(partial(find_heirs, message=MessageId("M"), before=before)) for before in (2, 3)]
    assert (["wang"], ["wang", "li"]) == ([heir.recipient for heir in second], [heir.recipient for heir in third])


@pytest.mark.parametrize("state", sorted(DeliveryState))
async def test_what_counts_is_whether_something_may_have_left(store: Store, state: DeliveryState) -> None:
    """With an attempt of which nobody says that it failed, whatever became of the delivery; without one, never."""

    def plan(tx: Tx) -> None:
        tx.insert(OBJECTIVE, objective(needed=Evidence.AIRED))
        tx.insert(DELIVERY, delivery(1, state=state, tries=1))
        tx.insert(DELIVERY, delivery(2, state=state, recipient="li"))

    await store.run(plan)
    heirs = await store.run(lambda tx: find_heirs(tx, MessageId("M"), 2))
    assert (Heir("wang", (Candidate(0, "a", "address-a", "", "sms"),), Evidence.AIRED),) == heirs


def test_what_is_said_once_more_starts_no_device_a_second_time() -> None:
    """A town that was told by text and siren reads it again; one that a siren alone told is left out; who was not told keeps its ways."""
    siren, text = Candidate(0, "siren", "1/1", "modbus", "siren"), Candidate(1, "sms", "+86", "msisdn", "sms")
    heirs = (Heir("area:1", (siren, text)), Heir("area:2", (siren,)), Heir("area:3", (siren,)), Heir("area:4"))
    left = without_devices(heirs, {"area:1", "area:2", "area:4"}, {"siren"})
    assert (Heir("area:1", (text,)), Heir("area:3", (siren,)), Heir("area:4")) == left
