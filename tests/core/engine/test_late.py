"""What comes after the end: it raises what is known, changes no state, and is not taken for what it cannot be about."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.late import NUMBERED_S
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Permanent, Scope, TargetState
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.store.tables import INBOX, MESSAGE, RECEIPT
from tests.core.engine.house import House, Mail, opened

WANG = "+8613800000001"
DAY_S = 86_400.0


async def test_a_late_report_raises_delivery_and_target_alike(tmp_path: Path) -> None:
    """The order was missed and is now known to have been on the telephone: missed it stays."""
    async with opened(tmp_path) as house:
        mail = await _missed(house)
        await house.receipt(mail)
        (target,) = await house.targets()
        assert (DeliveryState.EXPIRED, Evidence.DEVICE) == await _first(house)
        assert (TargetState.MISSED, Evidence.DEVICE) == (target.state, target.evidence)
        assert [ObjectiveState.MISSED] == [one.state for one in await house.objectives()]


async def test_a_late_report_of_less_than_is_known_is_kept_and_changes_nothing(tmp_path: Path) -> None:
    """Evidence never falls (I3), and no receipt is thrown away."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        await house.receipt(house.sent[0], Evidence.RELAYED)
        assert (DeliveryState.MET, Evidence.DEVICE) == await _first(house)
        assert [Evidence.DEVICE, Evidence.RELAYED] == [row.level for row in await house.store.find(RECEIPT, "1 = 1 ORDER BY id")]
        assert 1 == len(await house.events("receipt.late"))


async def test_a_late_refusal_is_noted_without_a_level(tmp_path: Path) -> None:
    """UNDELIV after the end says nothing good and unsays nothing."""
    async with opened(tmp_path) as house:
        mail = await _missed(house)
        await house.receipt(mail, None)
        assert (DeliveryState.EXPIRED, Evidence.ACCEPTED) == await _first(house)
        assert [Evidence.STORED] == [row.level for row in await house.store.find(RECEIPT)]


async def test_a_late_report_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    """A centre that writes the same id in decimal and in hexadecimal is understood after the end as before it."""
    async with opened(tmp_path) as house:
        mail = await _missed(house)
        await house.hear("a", InboundKind.RECEIPT, ref="9f", alternate_refs=(mail.ref,), level=Evidence.DEVICE, address=WANG)
        assert (DeliveryState.EXPIRED, Evidence.DEVICE) == await _first(house)
        assert ["matched"] == [row.state for row in await house.store.find(INBOX)]


async def test_the_same_name_on_another_channel_is_another_message(tmp_path: Path) -> None:
    """Two centres may count alike."""
    async with opened(tmp_path) as house:
        mail = await _missed(house)
        await house.hear("r", InboundKind.RECEIPT, ref=mail.ref, level=Evidence.DEVICE)
        assert (DeliveryState.EXPIRED, Evidence.ACCEPTED) == await _first(house)


async def test_an_answer_without_a_number_is_taken_while_the_message_holds(tmp_path: Path) -> None:
    """Told, confirmed by the telephone, closed; 收到 comes an hour later and is a person's word for it."""
    async with opened(tmp_path) as house:
        await house.order("wang", expires_s=7200)
        await house.receipt(house.sent[0])
        await house.later(3600)
        await house.answer("a", WANG)
        assert (DeliveryState.MET, Evidence.HUMAN) == await _first(house)
        assert [] == await house.events("alarm.answer_unmatched")


async def test_an_answer_without_a_number_is_not_for_what_is_over(tmp_path: Path) -> None:
    """收到 two hours after the end answers something else: a person looks at it, the record says nothing it does not know."""
    async with opened(tmp_path) as house:
        await _missed(house)
        await house.answer("a", WANG)
        assert (DeliveryState.EXPIRED, Evidence.ACCEPTED) == await _first(house)
        assert 1 == len(await house.events("alarm.answer_unmatched"))


@pytest.mark.parametrize(("after_s", "known"), [(NUMBERED_S - DAY_S, Evidence.HUMAN), (NUMBERED_S + DAY_S, Evidence.ACCEPTED)])
async def test_an_answer_that_names_its_number_is_taken_for_a_week(tmp_path: Path, after_s: float, known: Evidence) -> None:
    """Numbers come round again: one of last month must not confirm the order that had it then."""
    async with opened(tmp_path) as house:
        await _missed(house)
        await house.later(after_s)
        (row,) = await house.store.find(MESSAGE)
        await house.answer("a", WANG, f"收到#{row.number:04}")
        assert (DeliveryState.EXPIRED, known) == await _first(house)
        assert (known is Evidence.ACCEPTED) == bool(await house.events("alarm.answer_unmatched"))


async def test_the_number_chooses_among_what_is_closed(tmp_path: Path) -> None:
    """Without one it would be the newest; with one it is the named."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[0])
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[1])
        first, _ = await house.store.find(MESSAGE, "1 = 1 ORDER BY accepted_at, number")
        await house.answer("a", WANG, f"收到#{first.number:04}")
        assert [Evidence.HUMAN, Evidence.DEVICE] == [one.evidence for one in await house.deliveries()]


async def test_a_late_done_is_more_than_a_late_received(tmp_path: Path) -> None:
    """完成 after the end is the highest that can be known."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        await house.answer("a", WANG, "完成")
        assert (DeliveryState.MET, Evidence.DONE) == await _first(house)


async def test_only_who_was_told_can_answer_late(tmp_path: Path) -> None:
    """huang never got it: her word is about something else."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        await house.receipt(house.sent[0])
        await house.answer("a", "+8613800000003")
        assert (DeliveryState.MET, Evidence.DEVICE) == await _first(house)
        assert ["huang"] == (await house.events("alarm.answer_unmatched"))[0]["owners"]


async def test_a_late_answer_is_not_for_an_order_that_never_left(tmp_path: Path) -> None:
    """The newer order was refused by the channel: 收到 is for the older one."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[0])
        house.channel["a"].outcomes.append(Permanent(Scope.RECIPIENT, "barred"))
        await house.order("wang", via=["a"])
        await house.later(301)
        await house.answer("a", WANG)
        assert [Evidence.HUMAN, Evidence.STORED] == [one.evidence for one in await house.deliveries("wang")]


async def _missed(house: House) -> Mail:
    """An order that went over `a` and expired without a receipt, two hours ago."""
    await house.order("wang", via=["a"], expires_s=60)
    await house.later(60 + 7200)
    (mail,) = house.sent
    return mail


async def _first(house: House) -> tuple[DeliveryState, Evidence]:
    first, *_ = await house.deliveries()
    return first.state, first.evidence
