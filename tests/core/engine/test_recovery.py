"""After a crash: nothing accepted is lost, nothing emitted is forgotten. Leaving a house without draining it is the crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from fenghuo.engine.book import OpenMessage
from fenghuo.engine.facts import ChannelSwitched
from fenghuo.engine.settling import QUERY_S
from fenghuo.model.delivery import OPEN_STATES, DeliveryState, ObjectiveState, Reached, Scope, TargetState, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Admin
from fenghuo.plugin.ports import Capabilities, Doubt, Emission, Inbound, InboundKind
from fenghuo.store import Tx
from fenghuo.store.tables import DELIVERY, OBJECTIVE, TARGET
from tests.core.engine.house import RULES, House, opened

S = DeliveryState
SIGNED = RULES.replace('match = { kind = ["Dispatch", "Report"] }', 'match = { kind = ["Dispatch", "Report"] }\nsignatures = 2')
QUERYABLE = Capabilities(form="sms", evidence_max=Evidence.DEVICE, doubt=Doubt.QUERYABLE)
WANG, LI, HUANG = "+8613800000001", "+8613800000002", "+8613800000003"


async def test_an_emission_without_its_outcome_is_in_doubt(tmp_path: Path) -> None:
    """EMITTING on the disk and no outcome: whether it left is unknown, and the start says how many there are."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("wang")
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, [S.IN_DOUBT, S.HELD]) == (again.room.recovery.doubts, [one.state for one in await again.deliveries()])
        await again.later(30)
        assert ["r"] == [mail.channel for mail in again.sent]


async def test_a_siren_cut_off_calls_a_person_at_the_start(tmp_path: Path) -> None:
    """It may have started, and only a person may start it again."""
    siren = Capabilities(form="sms", evidence_max=Evidence.AIRED, doubt=Doubt.ACTUATOR)
    async with opened(tmp_path, a=siren) as house:
        _never_ends(house)
        await house.order("wang", via=["a"], priority="P1")
    async with opened(tmp_path, clock=house.clock, a=siren) as again:
        await again.later(100)
        assert ([], ["crash"]) == (again.sent, [event["cause"] for event in await again.events("alarm.in_doubt")])


async def test_an_urgent_one_in_doubt_goes_again_marked(tmp_path: Path) -> None:
    """P0 and P1 after a crash: one marked copy with the same token."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("li", priority="P1")
    async with opened(tmp_path, clock=house.clock) as again:
        await again.later(3)
        (mail,) = again.sent
        assert (house.sent[0].token, 2, True) == (mail.token, mail.n, "重发" in mail.text)


async def test_a_far_end_that_remembers_is_asked_after_the_restart(tmp_path: Path) -> None:
    """As soon as its channel is up, and not before: the emission had arrived, so there is no copy and no doubt any more."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        _never_ends(house)
        await house.order("wang", priority="P1")
    token = house.sent[0].token

    def remember(again: House) -> None:
        again.channel["a"].answers[token] = Reached(Evidence.DEVICE)

    async with opened(tmp_path, clock=house.clock, up=False, before=remember, a=QUERYABLE) as again:
        assert [S.IN_DOUBT, S.HELD] == [one.state for one in await again.deliveries()]
        again.up()
        await again.settle()
        assert ([S.MET, S.CANCELLED], []) == ([one.state for one in await again.deliveries()], again.sent)


async def test_a_far_end_that_knows_of_nothing_gets_it_again(tmp_path: Path) -> None:
    """It says that nothing came: the next attempt is no copy, and is not marked as one."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        _never_ends(house)
        await house.order("wang", priority="P1")
    token = house.sent[0].token

    def forget(again: House) -> None:
        again.channel["a"].answers[token] = Transient(Scope.MESSAGE, "never-came", retry_after_s=0.0)

    async with opened(tmp_path, clock=house.clock, before=forget, a=QUERYABLE) as again:
        assert [(token, 2, False)] == [(mail.token, mail.n, "重发" in mail.text) for mail in again.sent]


async def test_a_far_end_that_does_not_answer_leaves_an_opaque_doubt(tmp_path: Path) -> None:
    """No answer in its time: a marked copy, and the next rung."""
    async with opened(tmp_path, a=QUERYABLE) as house:
        _never_ends(house)
        await house.order("wang", priority="P1")
    async with opened(tmp_path, clock=house.clock, a=QUERYABLE) as again:
        assert [] == again.sent
        await again.later(QUERY_S)
        assert [("a", True), ("r", False)] == sorted((mail.channel, "重发" in mail.text) for mail in again.sent)


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


async def test_the_ids_of_an_earlier_attempt_outlive_the_process_too(tmp_path: Path) -> None:
    """A frame was repeated, and after the restart the first one's parts are confirmed: they count as the whole of that attempt."""
    async with opened(tmp_path) as house:
        house.channel["r"].outcomes.extend([Reached(Evidence.AIRED, ("p1", "p2")), Reached(Evidence.AIRED, ("q1", "q2"))])
        await house.order("shuang")
        await house.later(30)
        assert [1, 2] == [mail.n for mail in house.sent]
    async with opened(tmp_path, clock=house.clock) as again:
        await again.hear("r", InboundKind.RECEIPT, ref="p1", level=Evidence.DEVICE)
        await again.hear("r", InboundKind.RECEIPT, ref="q2", level=Evidence.DEVICE)
        assert [(ObjectiveState.OPEN, 0)] == await _counts(again)
        await again.hear("r", InboundKind.RECEIPT, ref="p2", level=Evidence.DEVICE)
        assert [(ObjectiveState.MET, 1)] == await _counts(again)


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
        await _go_dark(house)
        await house.order("wang", "li", "huang")
        await house.store.run(_without("huang", objective=1))
    async with opened(tmp_path, clock=house.clock) as again:
        assert {"+8613800000001", "+8613800000002", "+8613800000003"} <= {mail.address for mail in again.sent}
        assert ["huang", "li", "wang"] == [one.recipient for one in await again.targets()]
        assert [(3, 3)] == [(one.planned, one.total) for one in await again.objectives()]


async def test_the_fan_out_of_a_cancel_is_resumed(tmp_path: Path) -> None:
    """Whoever got the order hears of its end, also when the crash came while they were being counted."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", "li", "huang")
        await _go_dark(house)
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        await house.store.run(_without("huang", objective=2))
    async with opened(tmp_path, clock=house.clock) as again:
        assert [WANG, LI, HUANG] == sorted(mail.address for mail in again.sent if "取消" in mail.text)
        assert (3, 3) == ((ended := (await again.objectives())[1]).planned, ended.total)


async def test_the_fan_out_of_an_update_is_resumed_without_telling_anybody_twice(tmp_path: Path) -> None:
    """Its own rules tell wang; of those who had the original only the others are left to be told."""
    async with opened(tmp_path) as house:
        first = await house.order("wang", "li", "huang")
        await _go_dark(house)
        await house.order("wang", text="新的", action="Update", reference=first.id)
        await house.store.run(_without("huang", objective=3))
    async with opened(tmp_path, clock=house.clock) as again:
        assert [WANG, LI, HUANG] == sorted(mail.address for mail in again.sent if "新的" in mail.text)


async def test_a_signed_update_reaches_those_whom_only_the_original_had(tmp_path: Path) -> None:
    """Released on the disk, and the crash before the loop heard of it: li got the first order and must know that it changed."""
    async with opened(tmp_path, rules=SIGNED) as house:
        first = await house.order("wang", "li", signers=("anna", "bert"))
        assert [WANG, LI] == sorted(mail.address for mail in house.sent)
        await house.order("wang", text="新的", action="Update", reference=first.id)
        await house.room.release.sign(first.id, "anna")
        house.room.facts.put = lambda fact: None  # type: ignore[method-assign]  # the crash comes before the loop
        assert MessageState.ACTIVE == (await house.room.release.sign(first.id, "bert")).state
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        assert [WANG, LI] == sorted(mail.address for mail in again.sent if "新的" in mail.text)


async def test_an_update_that_waited_over_a_restart_tells_nobody_twice(tmp_path: Path) -> None:
    """The second signature comes after it: wang is told by the update's own rules, and not once more as one who had the original."""
    async with opened(tmp_path, rules=SIGNED) as house:
        first = await house.order("wang", "li", signers=("anna", "bert"))
        await house.order("wang", text="新的", action="Update", reference=first.id, signers=("anna",))
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        await again.room.release.sign(first.id, "bert")
        await again.settle()
        assert [WANG, LI] == sorted(mail.address for mail in again.sent if "新的" in mail.text)


async def test_a_released_update_is_inherited_once(tmp_path: Path) -> None:
    """A restart after everybody was told tells nobody again."""
    async with opened(tmp_path, rules=SIGNED) as house:
        first = await house.order("wang", "li", signers=("anna", "bert"))
        await house.order("wang", text="新的", action="Update", reference=first.id, signers=("anna", "bert"))
        assert [WANG, LI] == sorted(mail.address for mail in house.sent if "新的" in mail.text)
    async with opened(tmp_path, rules=SIGNED, clock=house.clock) as again:
        assert ([], 3) == (again.sent, len(await again.objectives()))


async def test_a_target_that_was_met_before_the_crash_is_counted_after_it(tmp_path: Path) -> None:
    """The answer came while a copy was on the air: MET is on the disk, its count is not, and the objective must not wait for ever."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("wang", needed="HUMAN")
        await house.answer("r", "BJ1WANG")
        assert ([TargetState.MET], [(ObjectiveState.OPEN, 0)]) == (await _targets(house), await _counts(house))
    async with opened(tmp_path, clock=house.clock) as again:
        assert [(ObjectiveState.MET, 1)] == await _counts(again)
        assert ({}, {}) == (again.room.book.objectives, again.room.book.by_delivery)


async def test_a_count_that_the_crash_cut_short_goes_on_from_the_truth(tmp_path: Path) -> None:
    """One of two was met and not counted: the other one's receipt makes two, not one."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        await house.order("wang", "shuang", needed="HUMAN")
        await house.answer("r", "BJ1WANG")
    async with opened(tmp_path, clock=house.clock) as again:
        assert [(ObjectiveState.OPEN, 1)] == await _counts(again)
        await again.answer("r", "BJ1SHUA")
        assert [(ObjectiveState.MET, 2)] == await _counts(again)


async def test_an_objective_withdrawn_before_the_crash_is_waived_after_it(tmp_path: Path) -> None:
    """Cancelled while its only copy was on the air: the end of the target was committed, that of the objective was not."""
    async with opened(tmp_path) as house:
        _never_ends(house)
        first = await house.order("wang")
        await house.order("everyone", text="取消", action="Cancel", reference=first.id)
        assert ObjectiveState.OPEN is (await house.objectives())[0].state
    async with opened(tmp_path, clock=house.clock) as again:
        assert ObjectiveState.WAIVED is (await again.objectives())[0].state


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


async def test_what_was_acked_is_read_again_however_long_nobody_was_there(tmp_path: Path) -> None:
    """Two hours between the crash and the start: a report that the provider will not send again is not forgotten for that."""
    async with opened(tmp_path) as house:
        await house.order("wang", expires_s=86_400)
        (mail,) = house.sent
        house.room.facts.put = lambda fact: None  # type: ignore[method-assign]  # the crash comes before the loop
        await house.hear("a", InboundKind.RECEIPT, ref=mail.ref, level=4, address=mail.address)
    house.clock.now += 7200
    async with opened(tmp_path, clock=house.clock) as again:
        assert Evidence.DEVICE is max(one.evidence for one in await again.deliveries())


async def test_a_start_that_was_cut_off_is_in_doubt_although_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    """A person answered while the siren was being started, and then the crash: whether it started is unknown, and is said. It ends as met,
    by the answer, as it would have without the crash."""
    siren = Capabilities(form="sms", evidence_max=Evidence.DEVICE, doubt=Doubt.ACTUATOR)
    async with opened(tmp_path, a=siren) as house:
        _never_ends(house)
        await house.order("wang", via=["a"])
        await house.answer("r", "BJ1WANG")
        assert [S.EMITTING] == [one.state for one in await house.deliveries()]
    async with opened(tmp_path, clock=house.clock, a=siren) as again:
        assert [S.MET] == [one.state for one in await again.deliveries()]
        assert (1, 1) == (len(await again.events("delivery.in_doubt")), len(await again.events("alarm.in_doubt")))


async def test_a_licence_that_the_crash_kept_from_the_disk_is_no_delivery_left_open(tmp_path: Path) -> None:
    """The book says EMITTING while the commit waits for its turn, and the turn that ends the target leaves it to its outcome. After a crash
    between the two it is READY on the disk under a target that is over: nothing would ever send it or end it."""
    async with opened(tmp_path) as house:
        house.room.dispatcher.offer = lambda ready: None  # type: ignore[method-assign]  # the dispatcher takes it in the next lines
        order = await house.order("wang", via=["a"])
        assert house.room.book.licence((await house.deliveries())[0].id) is not None
        await house.order("everyone", text="取消", action="Cancel", reference=order.id)
        assert ([S.READY], [TargetState.WITHDRAWN]) == ([one.state for one in await house.deliveries()], await _targets(house))
    async with opened(tmp_path, clock=house.clock) as again:
        assert ([], [S.CANCELLED]) == (again.sent, [one.state for one in await again.deliveries()])
        assert (["withdrawn"], [ObjectiveState.WAIVED]) == (
            [event["reason"] for event in await again.events("delivery.cancelled")],
            [one.state for one in await again.objectives()],
        )
        assert ({}, {}) == (again.room.book.objectives, again.room.book.by_delivery)


async def test_whoever_is_stood_in_for_stays_so_over_a_crash(tmp_path: Path) -> None:
    """The deputy took it, and the crash came before the turn in which the first one is let go: he is told nothing more."""
    async with opened(tmp_path) as house:
        await house.order("wang", needed="HUMAN")
        await house.later(130)
        await house.room.receipts.take("a", Inbound(InboundKind.ANSWER, b"raw", _acked, address_kind="msisdn", address=LI, text="收到"))
        house.room.loop.turn()
        await house.store.run(lambda tx: None)
    async with opened(tmp_path, clock=house.clock) as again:
        await again.later(130)
        assert ([], [(ObjectiveState.MET, 1)]) == (again.sent, await _counts(again))
        assert not any(one.state in OPEN_STATES for one in await again.deliveries())


async def test_numbers_go_on(tmp_path: Path) -> None:
    """No objective and no delivery gets a number twice."""
    async with opened(tmp_path) as house:
        await house.order("wang")
    async with opened(tmp_path, clock=house.clock) as again:
        await again.order("li")
        ids = [one.id for one in await again.deliveries()]
        assert (len(set(ids)), 2) == (len(ids), len(await again.objectives()))


async def _acked() -> None:
    """A peer that wants no ack."""


def _never_ends(house: House) -> None:
    async def hang(emission: Emission) -> None:
        await asyncio.Event().wait()

    house.channel["a"].during = hang


def _without(recipient: str, *, objective: int) -> Callable[[Tx], None]:
    """The disk as it was in the middle of a fan-out: this recipient had not come yet."""

    def forget(tx: Tx) -> None:
        tx.delete(TARGET, objective, recipient)
        for one in tx.find(DELIVERY, "objective = ? AND recipient = ?", objective, recipient):
            tx.delete(DELIVERY, one.id)
        row = tx.get(OBJECTIVE, objective)
        assert row is not None
        tx.update(OBJECTIVE, msgspec.structs.replace(row, planned=row.planned - 1))

    return forget


async def _go_dark(house: House) -> None:
    """No channel may be used, not even for a last attempt: what comes now is planned and stays."""
    for name in ("a", "r"):
        house.room.board.switch(name, Admin.INHIBITED, "dark")
        house.room.facts.put(ChannelSwitched(name))
    await house.settle()


async def _counts(house: House) -> list[tuple[ObjectiveState, int]]:
    return [(one.state, one.met) for one in await house.objectives()]


async def _targets(house: House) -> list[TargetState]:
    return [one.state for one in await house.targets()]
