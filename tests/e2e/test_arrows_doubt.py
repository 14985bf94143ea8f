"""Into doubt and out of it: each way through the running daemon, with a far end that takes a page and says nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, ended_as, events, sent, standing, stands
from tests.e2e.test_command_line import answer
from tests.peers.pager import Page, Pager
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG, LI = Person("wang", "+8613800000001"), Person("li", "+8613800000002")
ATTEMPT_S = 0.3
REFIRE_S = 20.0
"""The least that a device in doubt is waited for, whatever its policy says: the time in which it can be asked."""


@pytest.fixture
async def pager() -> AsyncIterator[Pager]:
    """A far end that takes every page and answers none."""
    async with Pager("") as far:
        yield far


def node(folder: Path, pager: Pager, second: Pager | None = None, *, policy: str = "", **settings: Any) -> Node:
    """A daemon with that far end, and with another way where there is one. `policy`: what becomes of a device in doubt."""
    channels = {"first": pager.channel(**{"attempt_s": ATTEMPT_S, **settings}) | ({"in_doubt": policy} if policy else {})}
    if second is not None:
        channels["second"] = second.channel()
    return Node(folder, channels=channels, persons=[WANG, LI], rules=orders(*channels))


async def doubted(node: Node, pager: Pager, **fields: Any) -> tuple[str, Page, int]:
    """An order whose page had no answer in time: the message, the page, and the delivery."""
    await node.channels_up("first")
    message = await sent(node, "wang", **fields)
    number = await stands(node, message, "first", "IN_DOUBT", "timeout")
    (page,) = pager.pages
    return message, page, number


async def test_a_doubt_that_nobody_resolves_fails_at_its_limit_and_the_next_way_goes(tmp_path: Path, pager: Pager) -> None:
    """No answer within the time for one: in doubt; no receipt within the time for those: given up, without a second copy."""
    async with Pager() as second, node(tmp_path, pager, second, receipt_q95_s=0.2) as daemon:
        message, _, _ = await doubted(daemon, pager)
        assert [] == second.pages
        view = await daemon.ended(message)
        assert {"first": ("FAILED", "channel in-doubt", "STORED"), "second": ("MET", "", "DEVICE")} == standing(view)
        assert (1, 1) == (len(pager.pages), len(second.pages))


async def test_an_urgent_doubt_opens_the_next_way_at_once(tmp_path: Path, pager: Pager) -> None:
    """A P1 does not wait for the limit; what the other way has taken needs no marked copy here, and a late receipt ends both."""
    async with Pager("ACCEPTED") as second, node(tmp_path, pager, second) as daemon:
        message, page, _ = await doubted(daemon, pager, priority="P1")
        await second.wait_for(lambda: bool(second.pages))
        await pager.receipt(page, "DEVICE", ref="its-own-name")
        assert {"first": ("MET", "", "DEVICE"), "second": ("CANCELLED", "met", "ACCEPTED")} == standing(await daemon.ended(message))
        assert (1, 1) == (len(pager.pages), len(second.pages))


async def test_a_radio_in_doubt_says_it_again_when_nobody_has_confirmed_the_other_way(tmp_path: Path, pager: Pager) -> None:
    """The other way took it and no word came back: after its window what may be repeated goes once more, marked."""
    async with Pager("ACCEPTED") as second, node(tmp_path, pager, second, repeat_safe=True, receipt_q95_s=0.2) as daemon:
        message, _, _ = await doubted(daemon, pager, priority="P1")
        await second.wait_for(lambda: bool(second.pages))
        pager.usual = "DEVICE"
        assert {"first": ("MET", "", "DEVICE"), "second": ("CANCELLED", "met", "ACCEPTED")} == standing(await daemon.ended(message))
        assert [(1, False), (2, True)] == [(page.n, "重发" in page.text) for page in pager.pages]
        assert 1 == len(second.pages)


async def test_a_receipt_under_an_unknown_name_ends_the_only_doubt_it_can_mean(tmp_path: Path, pager: Pager) -> None:
    """The far end never told the name of the page; its receipt is for that recipient, and only one page can be meant."""
    async with node(tmp_path, pager) as daemon:
        message, page, _ = await doubted(daemon, pager)
        await pager.receipt(page, "DEVICE", ref="its-own-name")
        assert {"first": ("MET", "", "DEVICE")} == standing(await daemon.ended(message))
        assert 1 == len(pager.pages)


async def test_a_doubt_that_had_its_receipt_owns_no_other_after_a_restart(tmp_path: Path, pager: Pager) -> None:
    """An earlier order to that telephone was cut off too, and has its receipt: the next one is of the next order, and the first one
    come twice, for its acknowledgement was lost, is not."""
    async with node(tmp_path, pager) as daemon:
        earlier, page, _ = await doubted(daemon, pager)
        await pager.receipt(page, "DEVICE", ref="of-the-first")
        await daemon.ended(earlier)
        await daemon.restart()
        await daemon.channels_up("first")
        message = await sent(daemon, "wang")
        await stands(daemon, message, "first", "IN_DOUBT", "timeout")
        await pager.receipt(page, "DEVICE", ref="of-the-first")
        await stands(daemon, message, "first", "IN_DOUBT", "timeout")
        await pager.receipt(pager.pages[1], "DEVICE", ref="of-the-second")
        assert {"first": ("MET", "", "DEVICE")} == standing(await daemon.ended(message))
        assert 2 == len(pager.pages)


async def test_a_doubt_ends_with_its_revision(tmp_path: Path, pager: Pager) -> None:
    """Its Cancel or its Update goes to whoever may have it, and of what was in doubt there is no copy."""
    async with node(tmp_path, pager) as daemon:
        await daemon.channels_up("first")
        cancelled, updated = [await sent(daemon, name, "去东门", priority="P3") for name in ("wang", "li")]
        numbers = [await stands(daemon, message, "first", "IN_DOUBT", "timeout") for message in (cancelled, updated)]
        pager.usual = "DEVICE"
        assert 202 == (await daemon.post(f"/api/v1/messages/{cancelled}/cancel", {"reason": "险情排除"}))[0]
        assert updated == await sent(daemon, "li", "去西门", action="Update", reference=updated)
        for number, state in zip(numbers, ("CANCELLED", "SUPERSEDED"), strict=True):
            assert "withdrawn" == (await ended_as(daemon, state, number))["body"]["reason"]
        for message in (cancelled, updated):
            await daemon.ended(message)
        for to, now in ((WANG, "解除"), (LI, "去西门")):
            first, second = pager.pages_to(to.msisdn)
            assert (False, True, False) == (now in first.text, now in second.text, "重发" in second.text)


@pytest.mark.parametrize(("word", "ended"), [("DEVICE", ("MET", "", "DEVICE")), ("REFUSED", ("FAILED", "recipient refused", "STORED"))])
async def test_an_answer_that_comes_late_ends_the_doubt(tmp_path: Path, pager: Pager, word: str, ended: tuple[str, str, str]) -> None:
    """Whatever it says."""
    async with node(tmp_path, pager) as daemon:
        message, page, _ = await doubted(daemon, pager)
        await pager.late(page, word)
        await stands(daemon, message, "first", ended[0])
        assert (ended, 1) == (standing(await daemon.shown(message))["first"], len(pager.pages))


RULINGS = [
    ("sent", ("AWAITING", "", "AIRED"), 1),
    ("failed", ("FAILED", "given up by console: telephoned", "STORED"), 1),
    ("not-sent", ("MET", "", "DEVICE"), 2),
]


@pytest.mark.parametrize(("ruling", "ended", "pages"), RULINGS)
async def test_an_operator_ends_the_doubt(tmp_path: Path, pager: Pager, ruling: str, ended: tuple[str, str, str], pages: int) -> None:
    """It left; it is given up; it certainly did not leave, and goes as if for the first time: under its token, and unmarked."""
    async with node(tmp_path, pager) as daemon:
        message, page, number = await doubted(daemon, pager)
        pager.usual = "DEVICE"
        assert ruling == (await answer(daemon, "queue", "resolve", str(number), "--as", ruling, "--reason", "telephoned"))["as"]
        await stands(daemon, message, "first", ended[0])
        assert ended == standing(await daemon.shown(message))["first"]
        assert (pages, {page.token}, {page.text}) == (
            len(pager.pages),
            {one.token for one in pager.pages},
            {one.text for one in pager.pages},
        )


async def test_what_does_no_harm_twice_is_sent_again_unmarked(tmp_path: Path, pager: Pager) -> None:
    """An idempotent far end drops the second copy by its token, so that nobody need read 重发."""
    async with node(tmp_path, pager, doubt="idempotent") as daemon:
        await daemon.channels_up("first")
        message = await sent(daemon, "wang")
        await pager.wait_for(lambda: bool(pager.broken))
        pager.usual = "DEVICE"
        await stands(daemon, message, "first", "MET")
        first, again = pager.pages
        assert ((first.token, 2), first.text) == ((again.token, again.n), again.text)


async def test_a_siren_in_doubt_is_started_again_by_nobody_but_a_person(tmp_path: Path, pager: Pager) -> None:
    """Life safety or not, restart or not, past every limit: a person hears of it, and the second start is that person's."""
    async with node(tmp_path, pager, doubt="actuator", receipt_q95_s=0.2) as daemon:
        message, page, number = await doubted(daemon, pager, priority="P0")
        assert ["alarm.in_doubt"] == [alarm for alarm in await alarms(daemon) if alarm == "alarm.in_doubt"]
        pager.usual = "DEVICE"
        await daemon.restart()
        await daemon.channels_up("first")
        await stands(daemon, message, "first", "IN_DOUBT", "timeout")
        assert [page] == pager.pages
        await answer(daemon, "queue", "resolve", str(number), "--as", "again", "--reason", "it is silent, I looked")
        await stands(daemon, message, "first", "MET")
        assert (2, page.token) == (len(pager.pages), pager.pages[1].token)


async def test_a_siren_cut_off_by_a_kill_stays_in_doubt_until_its_message_ends(tmp_path: Path, pager: Pager) -> None:
    """It may be sounding: nothing more leaves for it, and what ends the doubt is the end of the message, which a person sees."""
    async with node(tmp_path, pager, doubt="actuator", attempt_s=20.0) as daemon:
        await daemon.channels_up("first")
        message = await sent(daemon, "wang", priority="P0", expires_s=10 * TIMEOUT_SCALE)
        await pager.wait_for(lambda: bool(pager.pages))
        pager.usual = "DEVICE"
        await daemon.restart()
        assert "1 in doubt" in daemon.ready_line
        await stands(daemon, message, "first", "IN_DOUBT", "crash")
        view = await daemon.ended(message)
        assert ({"first": ("EXPIRED", "missed", "STORED")}, 1) == (standing(view), len(pager.pages))
        assert ["alarm.in_doubt", "alarm.objective_missed"] == [
            alarm for alarm in await alarms(daemon) if alarm in ("alarm.in_doubt", "alarm.objective_missed")
        ]


async def test_a_device_that_can_be_asked_says_itself_whether_it_has_started(tmp_path: Path, pager: Pager) -> None:
    """It sounds: the doubt is over before its policy counts, nothing starts twice, and its receipt is waited for as any other."""
    pager.known = "AIRED"
    async with node(tmp_path, pager, policy="refire", doubt="actuator", is_asked=True) as daemon:
        await daemon.channels_up("first")
        message = await sent(daemon, "wang", priority="P0")
        number = await stands(daemon, message, "first", "AWAITING")
        assert [f"delivery/{number}"] == [event["subject"] for event in await events(daemon, "alarm.in_doubt")]
        (page,) = pager.pages
        assert (("AWAITING", "", "AIRED"), [page.token]) == (standing(await daemon.shown(message))["first"], pager.asked)
        await pager.receipt(page, "DEVICE")
        await daemon.ended(message)
        assert [page] == pager.pages


async def test_a_device_that_says_nothing_starts_once_more_by_its_policy(tmp_path: Path, pager: Pager) -> None:
    """After the time that it or a person has to say so: marked, under the same token. A person was called at both doubts."""
    async with node(tmp_path, pager, policy="refire", doubt="actuator") as daemon:
        message, page, number = await doubted(daemon, pager, priority="P1")
        await pager.wait_for(lambda: len(pager.broken) == 2, REFIRE_S + 10)
        await stands(daemon, message, "first", "IN_DOUBT", "timeout")
        assert [(page.token, 1, False), (page.token, 2, True)] == [(one.token, one.n, "重发" in one.text) for one in pager.pages]
        assert [f"delivery/{number}"] * 2 == [event["subject"] for event in await events(daemon, "alarm.in_doubt")]
