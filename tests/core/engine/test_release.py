"""Signatures: distinct people, never the author, over exactly what was shown, for a while."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.correcting import NO_REASON
from fenghuo.engine.judging import Origin
from fenghuo.engine.release import Signature
from fenghuo.errors import NotAllowed, NotFound, ReleaseNeeded
from fenghuo.model.delivery import Accepted, DeliveryState, ObjectiveState
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


async def test_a_signature_that_came_with_the_order_has_its_time_too(tmp_path: Path) -> None:
    """It is worth no more than one that is given later."""
    async with opened(tmp_path, rules=RULES) as house:
        accepted = await house.order("wang", signers=("anna",))
        await house.later(121)
        late = await _signed(house, accepted.id, "bert")
        assert (("bert",), MessageState.HELD, []) == (late.signatures, late.state, house.sent)
        assert MessageState.ACTIVE == (await _signed(house, accepted.id, "anna")).state


async def test_a_signature_releases_although_the_signer_gave_up(tmp_path: Path) -> None:
    """The disk was slower than the signer's patience: released is released, and it goes out."""
    async with opened(tmp_path, rules=RULES) as house:
        order = await house.order("wang", signers=("li",))
        await house.give_up(house.room.release.sign(order.id, "huang"))
        assert (["active"], 1) == (await house.states(order.id), len(house.sent))


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


async def test_a_cancel_that_waited_finds_what_it_ends_when_it_is_signed(tmp_path: Path) -> None:
    """It came first and unsigned, so the order was sent; signed, it goes to exactly those who got it, by the way they got it,
    with the order's own number and in the standard words, since two had released it; and the order is over."""
    async with opened(tmp_path, rules=RULES) as house:
        early = await _early_cancel(house)
        first = await house.order("wang", signers=("anna", "bert"), sender="centre", identifier="X-1")
        await house.order("li", signers=("anna", "bert"))
        assert (["active"], 2) == (await house.states(first.id), len(house.sent))
        signature = await _signed(house, early.id, "anna")
        assert (first.id, 2, MessageState.ACTIVE) == (signature.id, signature.revision, signature.state)
        assert (["superseded"], ["cancelled", "active"]) == (await house.states(early.id), await house.states(first.id))
        order, _, cancel = house.sent
        assert (order.channel, order.address, NO_REASON) == (cancel.channel, cancel.address, cancel.text.partition("#")[0])
        assert order.text.rpartition("#")[2] == cancel.text.rpartition("#")[2]


async def test_a_cancel_that_found_its_order_goes_out_after_a_crash(tmp_path: Path) -> None:
    """The signature was on the disk and nothing had left yet: whoever got the order hears of its end after the restart."""
    async with opened(tmp_path, rules=RULES) as house:
        early = await _early_cancel(house)
        first = await house.order("wang", signers=("anna", "bert"), sender="centre", identifier="X-1")
        await house.room.release.sign(early.id, "anna")
    async with opened(tmp_path, rules=RULES, clock=house.clock) as again:
        assert ["cancelled", "active"] == await again.states(first.id)
        assert [("a", house.sent[0].address)] == [(mail.channel, mail.address) for mail in again.sent]


async def test_a_cancel_that_waited_ends_an_order_that_waits_too(tmp_path: Path) -> None:
    """Nobody got the order, so nobody hears of its end, and no signature can release it any more."""
    async with opened(tmp_path, rules=RULES) as house:
        early = await _early_cancel(house)
        first = await house.order("wang", sender="centre", identifier="X-1")
        await _signed(house, early.id, "anna")
        assert (["cancelled", "active"], []) == (await house.states(first.id), house.sent)
        assert [{"revision": 2}] == await house.events("message.nothing_to_cancel")


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


async def test_an_update_that_waited_finds_what_it_changes_when_it_is_signed(tmp_path: Path) -> None:
    """It came first and unsigned, and the order after it: signed, it is the order's next revision, for its own people and for whoever
    got the old words."""
    async with opened(tmp_path, rules=RULES) as house:
        early = await house.order("li", text="新的", action="Update", reference="X-1", sender="centre")
        first = await house.order("wang", signers=("anna", "bert"), sender="centre", identifier="X-1")
        assert (MessageState.HELD, ["active"], 1) == (early.state, await house.states(first.id), len(house.sent))
        await _signed(house, early.id, "anna")
        signature = await _signed(house, early.id, "bert")
        assert (first.id, 2, MessageState.ACTIVE) == (signature.id, signature.revision, signature.state)
        assert (["superseded"], ["superseded", "active"]) == (await house.states(early.id), await house.states(first.id))
        assert {"+8613800000001", "+8613800000002"} == {mail.address for mail in house.sent if "新的" in mail.text}
        assert 1 == len({mail.text.rpartition("#")[2] for mail in house.sent})


async def test_an_update_that_waited_too_long_changes_nothing(tmp_path: Path) -> None:
    """The order came, and its Cancel: the signature finds it over, and says so."""
    async with opened(tmp_path, rules=RULES) as house:
        early = await house.order("li", text="新的", action="Update", reference="X-1", sender="centre")
        first = await house.order("wang", signers=("anna", "bert"), sender="centre", identifier="X-1")
        await house.order("everyone", text="取消", action="Cancel", reference=first.id, sender="centre", signers=("anna", "bert"))
        await _signed(house, early.id, "anna")
        assert "cancelled" == (await _signed(house, early.id, "bert")).state
        assert [] == [mail for mail in house.sent if "新的" in mail.text]
        assert ["cancelled", "active", "cancelled"] == await house.states(first.id)


async def _early_cancel(house: House) -> Accepted:
    """A Cancel, held, of an order that has not come yet."""
    cancel = {"to": ["everyone"], "text": "取消", "action": "Cancel", "reference": "X-1", "sender": "centre"}
    held = await house.take(msgspec.json.encode(cancel), origin=Origin("met", senders=("met",)))
    assert isinstance(held, Accepted)
    assert MessageState.HELD == held.state
    return held


async def _signed(house: House, ident: str, actor: str) -> Signature:
    signature = await house.room.release.sign(ident, actor)
    await house.settle()
    return signature
