"""After a crash: nothing accepted is lost, nothing emitted is forgotten. Leaving a house without draining it is the crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from fenghuo.engine.book import OpenMessage
from fenghuo.model.delivery import DeliveryState, ObjectiveState
from fenghuo.model.message import MessageState
from fenghuo.plugin.ports import Emission, InboundKind
from fenghuo.store import Tx
from fenghuo.store.tables import DELIVERY, OBJECTIVE, TARGET
from tests.core.engine.house import House, opened

S = DeliveryState


async def test_an_emission_without_its_outcome_is_in_doubt(tmp_path: Path) -> None:
    """EMITTING on the disk and no outcome: whether it left is unknown, and the start says how many there are."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("wang")
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, [S.IN_DOUBT, S.HELD]) == (again.room.recovery.doubts, [one.state for one in await again.deliveries()])
        await again.later(30)
        assert ["r"] == [mail.channel for mail in again.sent]


async def test_an_urgent_one_in_doubt_goes_again_marked(tmp_path: Path) -> None:
    """P0 and P1 after a crash: one marked copy with the same token."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("li", priority="P1")
    async with opened(tmp_path, clock=house.clock) as again:
        await again.later(3)
        (mail,) = again.sent
        assert (house.sent[0].token, 2, True) == (mail.token, mail.n, "重发" in mail.text)


async def test_what_was_ready_goes_after_the_restart(tmp_path: Path) -> None:
    """READY stays READY: what a crash kept from being sent is sent, once."""
    async with opened(tmp_path) as house:
        house.room.dispatcher.offer = lambda ready: None  # type: ignore[method-assign]  # the crash comes before the dispatcher
        await house.order("wang")
        assert [S.READY, S.HELD] == [one.state for one in await house.deliveries()]
    async with opened(tmp_path, clock=house.clock) as again:
        assert ["a"] == [mail.channel for mail in again.sent]
        await again.receipt(again.sent[0])
        assert [ObjectiveState.MET] == [one.state for one in await again.objectives()]


async def test_what_awaits_a_receipt_gets_it_after_the_restart(tmp_path: Path) -> None:
    """The provider's ids outlive the process: a receipt that comes later finds its attempt."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        (mail,) = house.sent
    async with opened(tmp_path, clock=house.clock) as again:
        await again.receipt(mail)
        assert ([], [ObjectiveState.MET]) == (again.sent, [one.state for one in await again.objectives()])


async def test_a_message_without_a_plan_is_planned(tmp_path: Path) -> None:
    """Accepted, and then the crash, before the loop had seen it: it is planned at the start."""
    async with opened(tmp_path) as house:
        house.room.facts.put = lambda fact: None  # type: ignore[method-assign]  # the crash comes before the loop
        await house.order("wang")
        assert [] == await house.objectives()
    async with opened(tmp_path, clock=house.clock) as again:
        assert ["a"] == [mail.channel for mail in again.sent]


async def test_a_fan_out_is_resumed(tmp_path: Path) -> None:
    """Planned for some of its people only: the others get theirs, nobody is planned twice."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        await house.order("wang", "li", "huang")

        def forget(tx: Tx) -> None:
            (objective,) = tx.find(OBJECTIVE)
            tx.update(OBJECTIVE, msgspec.structs.replace(objective, planned=1))
            tx.delete(TARGET, objective.id, "huang")
            for one in tx.find(DELIVERY, "recipient = 'huang'"):
                tx.delete(DELIVERY, one.id)

        await house.store.run(forget)
    async with opened(tmp_path, clock=house.clock) as again:
        assert {"+8613800000001", "+8613800000002", "+8613800000003"} <= {mail.address for mail in again.sent}
        assert ["huang", "li", "wang"] == [one.recipient for one in await again.targets()]
        assert [(3, 3)] == [(one.planned, one.total) for one in await again.objectives()]


async def test_a_held_message_waits_on(tmp_path: Path) -> None:
    """What waited for signatures waits for them after the restart, and one given before still counts."""
    async with opened(tmp_path) as house:
        accepted = await house.order("wang")
        assert MessageState.ACTIVE == accepted.state
    async with opened(tmp_path, clock=house.clock) as again:
        entry = again.room.book.find_message(accepted.id)
        assert isinstance(entry, OpenMessage)
        assert entry.is_planned


async def test_what_expired_meanwhile_is_not_sent(tmp_path: Path) -> None:
    """The centre stood still past the end of an order: it is MISSED, and nothing leaves (I4)."""
    async with opened(tmp_path) as house:
        house.down("a")
        house.down("r")
        await house.settle()
        accepted = await house.order("wang", expires_s=60)
    house.clock.now += 3600
    async with opened(tmp_path, clock=house.clock) as again:
        assert ([], ["expired"]) == (again.sent, await again.states(accepted.id))
        assert [ObjectiveState.MISSED] == [one.state for one in await again.objectives()]


async def test_a_receipt_that_was_not_understood_before_the_crash_is_read_again(tmp_path: Path) -> None:
    """Committed and acked, and then the crash: the raw row is worked out at the start."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        (mail,) = house.sent
        house.room.facts.put = lambda fact: None  # type: ignore[method-assign]  # the crash comes before the loop
        await house.hear("a", InboundKind.RECEIPT, ref=mail.ref, level=4, address=mail.address)
    async with opened(tmp_path, clock=house.clock) as again:
        assert [ObjectiveState.MET] == [one.state for one in await again.objectives()]


async def test_numbers_go_on(tmp_path: Path) -> None:
    """No objective and no delivery gets a number twice."""
    async with opened(tmp_path) as house:
        await house.order("wang")
    async with opened(tmp_path, clock=house.clock) as again:
        await again.order("li")
        ids = [one.id for one in await again.deliveries()]
        assert (len(set(ids)), 2) == (len(ids), len(await again.objectives()))


def _never_ends(house: House) -> None:
    async def hang(emission: Emission) -> None:
        await asyncio.Event().wait()

    house.channel["a"].during = hang
