"""What was signed is the most that leaves: re-planning inside it asks nobody, what would be wider waits for the same hands again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.book import OpenMessage
from fenghuo.engine.facts import DirectoryChanged
from fenghuo.errors import ReleaseNeeded
from fenghuo.model.delivery import Accepted, Delivery
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, cap, enrol, numbers
from tests.core.engine.values import directory

RULES = """
[ladders.both]
[[ladders.both.rungs]]
channels = ["a"]
[[ladders.both.rungs]]
channels = ["r"]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "both"
signatures = 2
escalate = [ { after_s = 120 } ]
"""
HORN = Capabilities(form="sms", evidence_max=Evidence.DEVICE, concurrency=8, human_audible=True, loudness=50.0, sounds_s=60.0, fee_fen=5.0)


def horn(**changes: Any) -> Capabilities:
    """The loud channel `a` of a house as its settings have it."""
    return msgspec.structs.replace(HORN, **changes)


async def signed(house: House, ident: str) -> None:
    """Both look and sign."""
    for name in ("anna", "bert"):
        await house.room.release.waiting(ident)
        await house.room.release.sign(ident, name)
    await house.settle()


async def all_down(house: House) -> None:
    """Nothing can leave for now."""
    for name in house.channel:
        house.down(name)
    await house.settle()


async def on_hold(folder: Path, **changes: Any) -> tuple[House, str]:
    """An order that two have signed while no channel was up, and that a node with other settings finds on its disk."""
    async with opened(folder, rules=RULES, a=horn(**changes)) as house:
        await all_down(house)
        order = await house.order("wang")
        await signed(house, order.id)
        assert (["active"], []) == (await house.states(order.id), house.sent)
    return house, order.id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"loudness": 100.0}, "a would be at 100 % and not 50 %"),
        ({"sounds_s": 300.0}, "it would sound for 300 s and not 60 s"),
    ],
)
async def test_what_became_louder_or_longer_after_the_signatures_waits_for_them_again(tmp_path: Path, changes: Any, why: str) -> None:
    """Not one emission of it; the old signatures are worth nothing, and whoever signs sees why; signed again it goes, once."""
    before, ident = await on_hold(tmp_path)
    async with opened(tmp_path, rules=RULES, clock=before.clock, a=horn(**changes)) as house:
        assert (["held"], []) == (await house.states(ident), [mail for mail in house.sent if mail.channel == "a"])
        (told,) = await house.events("alarm.release_widened")
        assert (why in told["why"], {("HELD", "release")}) == (True, {(one.state, one.reason) for one in await _of(house, "a")})
        await house.room.release.sign(ident, "anna")
        await house.settle()
        assert ["held"] == await house.states(ident)
        await house.room.release.sign(ident, "bert")
        await house.settle()
        assert ["a"] == [mail.channel for mail in house.sent if mail.channel == "a"]


@pytest.mark.parametrize("changes", [{}, {"loudness": 20.0}, {"sounds_s": 5.0}, {"fee_fen": 1.0}])
async def test_what_became_quieter_shorter_or_cheaper_asks_nobody(tmp_path: Path, changes: Any) -> None:
    """It is inside what was signed, and goes as soon as its channel is there."""
    before, ident = await on_hold(tmp_path)
    async with opened(tmp_path, rules=RULES, clock=before.clock, a=horn(**changes)) as house:
        assert (["active"], 1) == (await house.states(ident), sum(mail.channel == "a" for mail in house.sent))


async def test_links_that_flap_need_no_signature(tmp_path: Path) -> None:
    """The way that was first is gone: another of its own ladder carries it, and nobody is asked."""
    async with opened(tmp_path, rules=RULES) as house:
        await all_down(house)
        order = await house.order("wang", "li", "huang")
        await signed(house, order.id)
        house.up("r")
        await house.settle()
        assert ({"r"}, ["active"]) == ({mail.channel for mail in house.sent}, await house.states(order.id))
        assert [] == await house.events("message.widened")


async def test_a_deputy_whom_nobody_foresaw_hears_nothing_before_it_is_signed(tmp_path: Path) -> None:
    """Wang's deputy was li when it was signed, and is huang in a new directory: the order waits again, and huang is asked after."""
    async with opened(tmp_path, rules=RULES) as house:
        order = await house.order("wang")
        await signed(house, order.id)
        others = [person for person in directory().persons if person.id != "wang"]
        wang = msgspec.structs.replace(directory().person_by_id["wang"], deputy="huang")
        house.office.directory = msgspec.structs.replace(directory(), persons=(wang, *others))
        house.room.facts.put(DirectoryChanged())
        await house.later(130)
        assert (["held"], 1) == (await house.states(order.id), len({mail.address for mail in house.sent}))
        await signed(house, order.id)
        assert {"+8613800000001", "+8613800000003"} <= {mail.address for mail in house.sent}


async def test_a_deputy_who_was_foreseen_is_asked_without_a_word(tmp_path: Path) -> None:
    """Whoever the rule asks in somebody's place was a part of what was signed."""
    async with opened(tmp_path, rules=RULES) as house:
        order = await house.order("wang")
        await signed(house, order.id)
        await house.later(130)
        assert (["active"], True) == (await house.states(order.id), "+8613800000002" in {mail.address for mail in house.sent})


async def test_whoever_looks_at_what_waits_sees_it_as_it_is_by_now(tmp_path: Path) -> None:
    """A setting was turned up while it waited: the first signature, of before, is void, and a look shows the wider envelope."""
    async with opened(tmp_path, rules=RULES, a=horn()) as house:
        order = await house.order("wang")
        await house.room.release.sign(order.id, "anna")
    async with opened(tmp_path, rules=RULES, clock=house.clock, a=horn(loudness=100.0)) as again:
        with pytest.raises(ReleaseNeeded, match=r"^a would be at 100 % and not 50 %; look again"):
            await again.room.release.sign(order.id, "bert")
        before = again.room.book.find_message(order.id)
        assert before is not None
        old = before.envelope
        entry = await looked(again, order.id)
        assert (True, ()) == (entry.envelope != old, await again.room.release.signers(entry))
        assert ("a would be at 100 % and not 50 %",) == entry.widened


async def looked(house: House, ident: str) -> OpenMessage:
    """A look, and the turns of the loop that it waits for."""
    look = asyncio.ensure_future(house.room.release.waiting(ident))
    await asyncio.sleep(0)
    await house.settle()
    return await look


async def test_a_page_for_a_public_waits_as_well(tmp_path: Path) -> None:
    """What is told to thousands at a time is held by the same envelope."""
    loud = msgspec.structs.replace(BULK, human_audible=True, loudness=50.0)
    rules = PUBLIC_RULES.replace("signatures = 0", "signatures = 2")
    async with opened(tmp_path, rules=rules, b=loud) as house:
        await all_down(house)
        await enrol(house, numbers(0, 40), ())
        accepted = await house.take(cap("A1", NORTH_AREA))
        assert isinstance(accepted, Accepted)
        await signed(house, accepted.id)
    louder = msgspec.structs.replace(loud, loudness=80.0)
    async with opened(tmp_path, rules=rules, clock=house.clock, b=louder) as again:
        assert (["held"], []) == (await again.states(accepted.id), again.channel["b"].pages)
        await signed(again, accepted.id)
        await again.later(60)
        assert 1 == len(again.channel["b"].pages)


async def _of(house: House, channel: str) -> list[Delivery]:
    return [one for one in await house.deliveries() if one.channel == channel]
