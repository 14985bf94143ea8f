"""Signatures: distinct people, never the author, over exactly what was shown, for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.release import Signature
from fenghuo.errors import NotAllowed, NotFound, ReleaseNeeded
from fenghuo.model.delivery import DeliveryState, ObjectiveState
from fenghuo.model.message import MessageState
from tests.core.engine.house import House, opened

RULES = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "both"
signatures = 2
"""


async def test_two_people_release(tmp_path: Path) -> None:
    """The first signature changes nothing that can be seen outside, the second sends."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        assert (MessageState.HELD, []) == (accepted.state, house.sent)
        first = await _signed(house, accepted.id, "anna")
        assert (("anna",), 2, MessageState.HELD, []) == (first.signatures, first.needed, first.state, house.sent)
        second = await _signed(house, accepted.id, "bert")
        assert (("anna", "bert"), MessageState.ACTIVE, 1) == (second.signatures, second.state, len(house.sent))


async def test_one_person_counts_once(tmp_path: Path) -> None:
    """Signing twice is one signature."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        await _signed(house, accepted.id, "anna")
        assert MessageState.HELD == (await _signed(house, accepted.id, "anna")).state


async def test_the_author_may_not_sign(tmp_path: Path) -> None:
    """Whoever wrote it does not release it."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        with pytest.raises(NotAllowed, match=r"^centre wrote this message and may not release it$"):
            await _signed(house, accepted.id, "centre")


async def test_a_signature_over_another_plan_is_refused(tmp_path: Path) -> None:
    """What was shown is what is signed."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        with pytest.raises(ReleaseNeeded, match="the plan has changed since it was shown"):
            await house.room.release.sign(accepted.id, "anna", envelope="another")
        entry = house.room.book.find_message(accepted.id)
        assert entry is not None
        assert ("anna",) == (await house.room.release.sign(accepted.id, "anna", envelope=entry.envelope)).signatures


async def test_a_signature_has_its_time(tmp_path: Path) -> None:
    """After two minutes without the second one the first has to be given again."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        await _signed(house, accepted.id, "anna")
        await house.later(121)
        assert (("bert",), MessageState.HELD) == ((late := await _signed(house, accepted.id, "bert")).signatures, late.state)


async def test_only_what_is_held_can_be_signed(tmp_path: Path) -> None:
    """A released message needs no signature, an unknown one has none."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        await _signed(house, accepted.id, "anna")
        await _signed(house, accepted.id, "bert")
        with pytest.raises(ReleaseNeeded, match=r"^the message is active; only a held one can be signed$"):
            await _signed(house, accepted.id, "carl")
        with pytest.raises(NotFound, match=r"^no open message has the id nothing$"):
            await _signed(house, "nothing", "carl")


async def test_a_signature_outlives_a_crash(tmp_path: Path) -> None:
    """What was signed before the restart counts after it."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang")
        await _signed(house, accepted.id, "anna")
    async with opened(tmp_path, rules=RULES, clock=house.clock) as again:
        assert MessageState.ACTIVE == (await _signed(again, accepted.id, "bert")).state
        assert 1 == len(again.sent)


async def test_a_signed_cancel_ends_what_it_cancels_as_cancelled(tmp_path: Path) -> None:
    """A stranger's Cancel, signed: every delivery of the order says CANCELLED, none that something newer took its place."""
    async with opened(tmp_path, rules=RULES) as house:
        first = await house.order("wang", signers=("anna", "bert"), sender="centre")
        cancel = await house.order("everyone", text="取消", action="Cancel", reference=first.id, sender="stranger")
        assert (MessageState.HELD, ["active", "held"]) == (cancel.state, await house.states(first.id))
        await _signed(house, cancel.id, "anna")
        assert ["cancelled", "active"] == await house.states(first.id)
        ended, *_ = await house.deliveries()
        assert (DeliveryState.CANCELLED, ObjectiveState.WAIVED) == (ended.state, (await house.objectives())[0].state)


async def test_a_signed_update_ends_what_it_replaces_as_superseded(tmp_path: Path) -> None:
    """Until the second signature the first order stands; then it is SUPERSEDED and the new words go out."""
    async with opened(tmp_path, rules=RULES) as house:
        first = await house.order("wang", signers=("anna", "bert"))
        await house.order("wang", text="新的", action="Update", reference=first.id)
        await _signed(house, first.id, "anna")
        assert (["active", "held"], 1) == (await house.states(first.id), len(house.sent))
        await _signed(house, first.id, "bert")
        assert ["superseded", "active"] == await house.states(first.id)
        assert (DeliveryState.SUPERSEDED, True) == ((await house.deliveries())[0].state, "新的" in house.sent[-1].text)


async def _signed(house: House, ident: str, actor: str) -> Signature:
    signature = await house.room.release.sign(ident, actor)
    await house.settle()
    return signature
