"""Receipts under an id that nobody knows, and which of the emissions without one they are of."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.nameless import NAMELESS_S
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Reached, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Doubt, Emission, InboundKind
from fenghuo.store.tables import EVENT, INBOX
from tests.core.engine.house import CAPABILITIES, House, opened
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, alert, enrol

S = DeliveryState
WANG = "+8613800000001"


async def test_an_unknown_id_resolves_the_only_doubt(tmp_path: Path) -> None:
    """A receipt nobody can name, for a telephone with one emission in doubt, is of that one."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address="+8613800000001")
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_of_two_doubts_neither_is_guessed(tmp_path: Path) -> None:
    """Where it could be either, it is none."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 2)
        await house.order("wang")
        await house.order("wang")
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address="+8613800000001")
        assert [ObjectiveState.OPEN] * 2 == await _objectives(house)


async def test_a_doubt_that_was_given_up_may_still_get_its_report(tmp_path: Path) -> None:
    """An older emission without an id could be what this is about: the open doubt is not closed by a guess."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 2)
        await house.order("wang", via=["a"])
        await house.later(30)
        await house.order("wang", via=["a"])
        assert [S.FAILED, S.IN_DOUBT] == [one.state for one in await house.deliveries()]
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.OPEN, ObjectiveState.OPEN] == await _objectives(house)


async def test_a_known_id_is_never_that_of_a_doubt(tmp_path: Path) -> None:
    """The report of an older emission comes after all, while a newer one to the same telephone is in doubt: the doubt stays."""
    async with opened(tmp_path) as house:
        await house.order("wang", via=["a"])
        await house.answer("a", WANG)
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"])
        await house.receipt(house.sent[0])
        assert [S.MET, S.IN_DOUBT] == [one.state for one in await house.deliveries()]
        assert ["delivery/1"] == [row.subject for row in await house.store.find(EVENT, "type = 'receipt.late'")]


async def test_a_receipt_that_only_one_emission_can_own_is_that_ones(tmp_path: Path) -> None:
    """The emission ended in doubt long ago, and its objective with it: what its recipient has is known all the same."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"], expires_s=60)
        await house.later(61)
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [(S.EXPIRED, Evidence.DEVICE)] == [(one.state, one.evidence) for one in await house.deliveries()]
        assert ["matched"] == [row.state for row in await house.store.find(INBOX)]


async def test_a_given_up_emission_of_an_open_objective_meets_it_by_its_receipt(tmp_path: Path) -> None:
    """No doubt is open any more, the objective is: the report that comes after all is its evidence."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"])
        await house.later(31)
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_what_was_in_doubt_for_a_moment_only_is_nameless_too(tmp_path: Path) -> None:
    """Sent again at once where that does no harm: the report may be of either copy, and is not taken for an older message's."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 20)
        await house.order("wang", via=["a"], expires_s=10)
        await house.later(11)
        await house.hear("a", InboundKind.RECEIPT, ref="of-nobody", level=Evidence.DEVICE, address="+8613800000002")
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [Evidence.STORED] * 2 == [one.evidence for one in await house.deliveries()]


async def test_a_doubt_that_had_its_report_owns_no_other(tmp_path: Path) -> None:
    """Each order to one telephone is cut off, and each time the centre reports: the second report cannot be the first one's."""
    async with opened(tmp_path) as house:
        for ref in ("first", "second", "third"):
            house.channel["a"].outcomes.append(Unknown("timeout"))
            await house.order("wang", via=["a"])
            await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MET] * 3 == await _objectives(house)


async def test_a_doubt_that_had_its_report_owns_no_other_after_a_restart(tmp_path: Path) -> None:
    """What was taken for whose is on the disk; a report that comes twice, for its ack was lost in a crash, is the same one's again."""
    async with opened(tmp_path, before=_cut_off) as house:
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="first", level=Evidence.DEVICE, address=WANG)
    async with opened(tmp_path, before=_cut_off) as house:
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="first", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MET, ObjectiveState.OPEN] == await _objectives(house)
        await house.hear("a", InboundKind.RECEIPT, ref="second", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MET, ObjectiveState.MET] == await _objectives(house)


async def test_a_doubt_of_several_fragments_may_get_several_reports(tmp_path: Path) -> None:
    """The second report may be of the first order's other half: the second order is not closed by a guess, nor is the first by its half."""
    async with opened(tmp_path) as house:
        house.channel["a"].fragments = 2
        for ref in ("first", "second"):
            house.channel["a"].outcomes.append(Unknown("timeout"))
            await house.order("wang", via=["a"])
            await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.OPEN, ObjectiveState.OPEN] == await _objectives(house)


async def test_the_report_of_a_part_confirms_no_long_order_that_a_crash_cut_off(tmp_path: Path) -> None:
    """We died after the first of three parts; its report is read at the start. How many others ever left nobody knows: never DEVICE,
    also once the order is over."""
    async with opened(tmp_path) as house:
        house.channel["a"].fragments = 3
        house.channel["a"].outcomes.append(Unknown("crash"))
        await house.order("wang", via=["a"], expires_s=120)
        for ref in ("first", "again"):
            await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG)
        await house.later(121)
        await house.hear("a", InboundKind.RECEIPT, ref="late", level=Evidence.DEVICE, address=WANG)
        assert [Evidence.STORED] == [one.evidence for one in await house.deliveries()]


@pytest.mark.parametrize(("ago_s", "evidence"), [(20 * 3600.0, Evidence.STORED), (1.0, Evidence.DEVICE)])
async def test_a_report_of_what_was_handed_in_before_an_order_is_not_its(tmp_path: Path, ago_s: float, evidence: Evidence) -> None:
    """Somebody else sent by this SIM yesterday: the report says when, and is none of the order in doubt of now."""
    async with opened(tmp_path) as house:
        _cut_off(house)
        await house.order("wang", via=["a"])
        moment = {"submitted_at": house.clock.now - ago_s, "submitted_within_s": 120.0}
        await house.hear("a", InboundKind.RECEIPT, ref="a-strangers", level=Evidence.DEVICE, address=WANG, **moment)
        assert [evidence] == [one.evidence for one in await house.deliveries()]


async def test_a_copy_that_is_nameless_too_may_get_a_report_of_its_own(tmp_path: Path) -> None:
    """An order that was cut off twice owns two reports: after the first one the next order's is still nobody's for certain."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 3)
        await house.order("wang", via=["a"], priority="P1")
        await house.later(2)
        assert [1, 2] == [mail.n for mail in house.sent]
        await house.hear("a", InboundKind.RECEIPT, ref="first", level=Evidence.DEVICE, address=WANG)
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="second", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MET, ObjectiveState.OPEN] == await _objectives(house)


async def _two_reported(folder: Path, text: str) -> House:
    """Two orders were cut off, and the report of each came before the next crash; how many it may get, nobody could say then."""
    async with opened(folder, before=_silent) as house:
        for ref in ("first", "second"):
            _cut_off(house)
            await house.order("wang", via=["a"], text=text)
            await house.hear("a", InboundKind.RECEIPT, ref=ref, level=Evidence.DEVICE, address=WANG)
    return house


async def test_what_a_restart_cannot_tell_apart_the_channel_can(tmp_path: Path) -> None:
    """Of how many fragments a long text was, its channel must say: what waits for that is looked at again when it is there."""
    house = await _two_reported(tmp_path, "立即到岗" * 20)
    async with opened(tmp_path, clock=house.clock, before=_silent) as house:
        assert [ObjectiveState.OPEN, ObjectiveState.OPEN] == await _objectives(house)
        house.channel["a"].fragments = 1
        await house.hear("a", InboundKind.RECEIPT, ref="of-nobody", level=Evidence.DEVICE, address="+8613800000002")
        assert [ObjectiveState.OPEN, ObjectiveState.MET] == await _objectives(house)  # the first one's was taken when nobody could say


async def test_a_short_text_is_one_short_message_whoever_is_there_to_say_so(tmp_path: Path) -> None:
    """A restart reads what was acknowledged before its channels have started, and a doubt does not wait for them."""
    house = await _two_reported(tmp_path, "立即到岗")
    async with opened(tmp_path, clock=house.clock, before=_silent) as house:
        assert [ObjectiveState.MET, ObjectiveState.MET] == await _objectives(house)


async def test_of_two_doubts_the_second_has_its_report_when_the_first_is_named(tmp_path: Path) -> None:
    """It could be of either, and waits; the centre's answer to the first comes after all, under another id."""
    async with opened(tmp_path) as house:
        for _ in range(2):
            _cut_off(house)
            await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="of-either", level=Evidence.DEVICE, address=WANG)
        first, _ = house.sent
        named = Reached(Evidence.ACCEPTED, ("of-the-first",))
        await house.hear("a", InboundKind.LATE_OUTCOME, token=first.token, n=first.n, outcome=named)
        await _all_understood(house)
        assert [ObjectiveState.OPEN, ObjectiveState.MET] == await _objectives(house)


async def test_a_report_that_came_while_another_order_was_on_the_air_is_the_doubts(tmp_path: Path) -> None:
    """It could be of the one on the air, and waits; then that one gets an id of its own."""
    async with opened(tmp_path) as house:

        async def meanwhile(emission: Emission) -> None:
            await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)

        _cut_off(house)
        await house.order("wang", via=["a"])
        house.channel["a"].during = meanwhile
        await house.order("wang", via=["a"])
        await _all_understood(house)
        assert [ObjectiveState.MET, ObjectiveState.OPEN] == await _objectives(house)


async def test_a_report_that_came_before_an_order_is_not_its(tmp_path: Path) -> None:
    """A stranger's report, or of an emission that is forgotten: what begins only later, and is cut off, has no report yet."""
    async with opened(tmp_path, before=_cut_off) as house:
        await house.hear("a", InboundKind.RECEIPT, ref="of-nobody", level=Evidence.DEVICE, address=WANG)
        await house.later(1)
        await house.order("wang", via=["a"])
    async with opened(tmp_path, clock=house.clock) as house:
        await house.hear("a", InboundKind.RECEIPT, ref="of-another", level=Evidence.DEVICE, address="+8613800000002")
        assert [ObjectiveState.OPEN] == await _objectives(house)
        assert ["new", "new"] == [row.state for row in await house.store.find(INBOX)]


async def test_a_clock_that_was_set_back_makes_no_older_doubt_the_owner(tmp_path: Path) -> None:
    """The order of now seems to have begun after its own report: it may be of either, so that neither is shown as delivered by it."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend(Unknown("timeout") for _ in range(20))
        await house.order("wang", via=["a"])
        await house.later(3600)
        await house.order("wang", via=["a"])
        house.clock.now -= 5
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert ObjectiveState.MET not in await _objectives(house)
        assert Evidence.DEVICE not in [one.evidence for one in await house.deliveries()]


async def test_a_receipt_that_was_faster_than_a_doubt_ends_it(tmp_path: Path) -> None:
    """It comes while its emission is on the air and could be named; then it is certain that no outcome will name it."""
    async with opened(tmp_path) as house:

        async def fast(emission: Emission) -> None:
            await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)

        house.channel["a"].during = fast
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"])
        while house.room.dispatcher.in_flight:
            await house.settle()
        await house.settle()
        assert [ObjectiveState.MET] == await _objectives(house)


async def test_a_report_that_may_be_of_a_page_is_not_taken_for_the_order_in_doubt(tmp_path: Path) -> None:
    """wang is on a page of which nobody knows either: his order is not shown as delivered because the page was."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        house.down("b")
        await enrol(house, [WANG], [])
        house.channel["a"].page_outcomes.append(Unknown("timeout"))
        await alert(house, "one", NORTH_AREA, severity="Minor")
        _cut_off(house)
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        await _all_understood(house)
        assert [ObjectiveState.OPEN] * 2 == await _objectives(house)


async def test_a_report_that_came_while_a_page_was_on_the_air_is_the_doubts_when_the_page_has_another_name(tmp_path: Path) -> None:
    """It could be of either, and waits for as long as the page could be named by it."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK, b=BULK) as house:
        house.down("b")
        await enrol(house, [WANG], [])
        _cut_off(house)
        await house.order("wang", via=["a"])
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await alert(house, "one", NORTH_AREA)
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.OPEN] * 2 == await _objectives(house)
        gate.set()
        await house.settle()
        await _all_understood(house)
        assert [ObjectiveState.MET] * 2 == await _objectives(house)


async def test_a_doubt_of_last_week_gets_no_report_any_more(tmp_path: Path) -> None:
    """Providers keep a message three days at most: what is older forbids nothing."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 2)
        await house.order("wang", via=["a"], expires_s=60)
        await house.later(NAMELESS_S + 1)
        await house.order("wang", via=["a"])
        await house.hear("a", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=WANG)
        assert [ObjectiveState.MISSED, ObjectiveState.MET] == await _objectives(house)


@pytest.mark.parametrize(
    ("older", "frames", "evidence"), [(1, 3, Evidence.ACCEPTED), (0, 1, Evidence.DEVICE)], ids=["of either", "its own"]
)
async def test_a_radio_frame_whose_report_may_be_of_an_older_doubt_is_repeated(
    tmp_path: Path, older: int, frames: int, evidence: Evidence
) -> None:
    """It is cut off with its name, and its report comes before its copy goes. Without an older doubt there it is known whose it is, and
    nothing more is sent; with one it confirms nobody, so that the copy is sent and, being a frame that nobody confirmed, said again."""
    async with opened(tmp_path) as house:
        for _ in range(older):
            house.channel["r"].outcomes.append(Unknown("crash"))
            await house.order("wang", via=["r"], expires_s=60)
            await house.later(61)
        before = len(house.sent)
        house.channel["r"].outcomes.append(Unknown("crash"))
        await house.order("wang", via=["r"], priority="P1", expires_s=3600)
        await house.hear("r", InboundKind.RECEIPT, ref="unheard", level=Evidence.DEVICE, address=house.sent[-1].address)
        for _ in range(6):
            await house.later(61)
        assert list(range(1, frames + 1)) == [mail.n for mail in house.sent[before:]]
        assert evidence is (await house.deliveries())[-1].evidence


def _silent(house: House) -> None:
    """Nobody can say of how many fragments an emission is."""
    house.channel["a"].fragments = 0


def _cut_off(house: House) -> None:
    """Nobody hears what becomes of the next emission."""
    house.channel["a"].outcomes.append(Unknown("timeout"))


async def _all_understood(house: House) -> None:
    while house.room.dispatcher.in_flight or house.room.receipts.in_hand:
        await house.settle()
    await house.settle()


async def _objectives(house: House) -> list[ObjectiveState]:
    return [row.state for row in await house.objectives()]
