"""A Cancel goes over every channel that the alert went by: whoever confirms first takes nothing off the others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.advance import Frame, advance
from fenghuo.engine.rules import Rung
from fenghuo.model.delivery import OPEN_STATES, Delivery, DeliveryState, ObjectiveState, Permanent, Scope, TargetState, Token, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.store import Tx
from fenghuo.store.tables import DELIVERY
from tests.core.engine.house import RULES, House, opened
from tests.core.engine.values import NOW, awaiting, delivery, objective, situation, target

S = DeliveryState
BOTH = RULES.replace('channels = ["r"]', 'channels = ["r"]\nmode = "parallel"', 1)


async def _told(house: House) -> str:
    """An order that wang got by telephone and by radio, and that is over; its id."""
    order = await house.order("wang")
    assert ["a", "r"] == sorted(mail.channel for mail in house.sent)
    for mail in house.sent[-2:]:
        await house.receipt(mail)
    return order.id


async def _cancelled(house: House, ident: str) -> None:
    await house.order("wang", text="解除", action="Cancel", reference=ident)


def _slow(house: House) -> asyncio.Event:
    """The radio is busy until this is set."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    house.channel["r"].before = wait
    return gate


async def _cancel(house: House) -> dict[str, DeliveryState]:
    return {one.channel: one.state for one in await house.deliveries() if one.revision == 2}


async def test_a_slow_channel_has_the_cancel_too(tmp_path: Path) -> None:
    """The telephone has it and the objective is met; the radio takes back what it said a minute later, and then it is over."""
    async with opened(tmp_path, rules=BOTH) as house:
        ident = await _told(house)
        gate = _slow(house)
        await _cancelled(house, ident)
        await house.receipt(house.sent[-1])
        assert (["a"], ObjectiveState.MET) == ([mail.channel for mail in house.sent[2:]], (await house.objectives())[-1].state)
        await house.later(60)
        gate.set()
        await house.later(1)
        assert ["a", "r"] == [mail.channel for mail in house.sent[2:]]
        assert {"a": S.MET, "r": S.AWAITING} == await _cancel(house)
        await house.receipt(house.sent[-1])
        assert ({"a": S.MET, "r": S.MET}, 0) == (await _cancel(house), len(house.room.book.objectives))
        assert [1, 1] == [one.met for one in await house.objectives()]


async def test_a_restart_still_owes_the_cancel(tmp_path: Path) -> None:
    """Met over the telephone before the crash; the radio says it once after it."""
    async with opened(tmp_path, rules=BOTH) as house:
        ident = await _told(house)
        _slow(house)
        await _cancelled(house, ident)
        await house.receipt(house.sent[-1])
    async with opened(tmp_path, clock=house.clock, rules=BOTH) as again:
        assert ["r"] == [mail.channel for mail in again.sent]
        await again.receipt(again.sent[0])
        assert ({"a": S.MET, "r": S.MET}, 0) == (await _cancel(again), len(again.room.book.objectives))
    async with opened(tmp_path, clock=house.clock, rules=BOTH) as last:
        assert ([], [1, 1]) == (last.sent, [one.met for one in await last.objectives()])


async def test_a_doubt_of_one_channel_is_resolved_there(tmp_path: Path) -> None:
    """The radio may not have said it: it says so once more, marked, although the telephone has it."""
    async with opened(tmp_path, rules=BOTH) as house:
        ident = await _told(house)
        house.channel["r"].outcomes.append(Unknown("timeout"))
        await _cancelled(house, ident)
        await house.receipt(next(mail for mail in house.sent[2:] if mail.channel == "a"))
        await house.later(60)
        assert ["r", "r"] == [mail.channel for mail in house.sent[2:] if mail.channel == "r"]
        assert "重发" in house.sent[-1].text


async def test_what_is_owed_ends_with_the_cancel(tmp_path: Path) -> None:
    """The radio never got to it: nothing is sent after its end, and nothing is left open."""
    async with opened(tmp_path, rules=BOTH) as house:
        ident = await _told(house)
        _slow(house)
        await _cancelled(house, ident)
        await house.receipt(house.sent[-1])
        await house.later(200_000)
        assert ({"a": S.MET, "r": S.EXPIRED}, 0) == (await _cancel(house), len(house.room.book.objectives))


async def test_two_telephones_that_rang_ring_again(tmp_path: Path) -> None:
    """Each address that had it, and not the first of them alone."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", via=["a"])
        await house.receipt(house.sent[0])
        await house.store.run(_second_telephone)
        await _cancelled(house, order.id)
        assert ["+8613800000001", "+8613800000009"] == sorted(mail.address for mail in house.sent[1:])
        assert 2 == len({mail.token for mail in house.sent[1:]})


async def test_an_update_replaces_what_the_radio_said(tmp_path: Path) -> None:
    """Its own ladder would be content with the telephone, and the radio would stand by what it said before; a restart owes it too."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Permanent(Scope.RECIPIENT, "off"))
        order = await house.order("wang", text="去东门")
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        await house.receipt(house.sent[-1])
        _slow(house)
        await house.order("wang", text="去西门", action="Update", reference=order.id)
        assert ["a"] == [mail.channel for mail in house.sent[2:]]
        await house.receipt(house.sent[-1])
    async with opened(tmp_path, clock=house.clock) as again:
        assert [("r", True)] == [(mail.channel, "去西门" in mail.text) for mail in again.sent]
        await again.receipt(again.sent[0])
        assert ({"a": S.MET, "r": S.MET}, 0) == (await _cancel(again), len(again.room.book.objectives))


async def test_an_update_says_nothing_where_nothing_was_said(tmp_path: Path) -> None:
    """The radio never had the order: the telephone's word is enough."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", text="去东门")
        await house.receipt(house.sent[-1])
        await house.order("wang", text="去西门", action="Update", reference=order.id)
        await house.receipt(house.sent[-1])
        await house.later(60)
        assert (["a", "a"], 0) == ([mail.channel for mail in house.sent], len(house.room.book.objectives))


def _second_telephone(tx: Tx) -> None:
    (one,) = [row for row in tx.find(DELIVERY) if row.channel == "a"]
    tx.insert(DELIVERY, msgspec.structs.replace(one, id=90, address="+8613800000009", token=Token("second")))


@pytest.mark.parametrize(
    ("other", "state"),
    [
        (delivery(2, "r", rung=1), S.READY),
        (delivery(2, "r", rung=1, state=S.READY, reason="repeat", evidence=Evidence.DEVICE), S.MET),
        (awaiting(2, "r", rung=1, evidence=Evidence.AIRED), S.AWAITING),
        (awaiting(2, "r", rung=1, evidence=Evidence.DEVICE), S.MET),
        (delivery(2, "b", rung=1), S.CANCELLED),
    ],
)
def test_what_a_met_update_still_owes(other: Delivery, state: DeliveryState) -> None:
    """Whatever the radio brought before goes on there until it has left, and no longer than that; nothing else does."""
    frame = Frame(
        objective=objective(revision=2),
        rungs=(Rung(("a",)), Rung(("r", "b"))),
        message_state=MessageState.ACTIVE,
        released=True,
        situation=situation(),
        now=NOW,
        had=frozenset({"r"}),
    )
    step = advance(target(state=TargetState.MET, evidence=Evidence.DEVICE, rung=1), (other,), frame)
    after = next((one for one in step.changed), other)
    assert (state, state in OPEN_STATES) == (after.state, step.lingers)
