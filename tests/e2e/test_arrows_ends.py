"""The ends of what is open: expired, shed, withdrawn in mid-emission, and what may still be learnt after an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, ended_as, events, sent, standing, stands
from tests.e2e.test_command_line import answer
from tests.peers.pager import Pager

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG, LI, ZHAO = Person("wang", "+8613800000001"), Person("li", "+8613800000002"), Person("zhao", "+8613800000003")
LATE = "alarm.objective_at_risk"
NOBODY_ELSE = Person("deaf", callsign="BG4DF")


@pytest.fixture
async def pager() -> AsyncIterator[Pager]:
    """A far end that takes every page and says no more of it."""
    async with Pager("ACCEPTED") as far:
        yield far


@pytest.fixture
async def narrow() -> AsyncIterator[Pager]:
    """A far end that takes one page at a time, in many pieces."""
    async with Pager("MORE") as far:
        yield far


@pytest.fixture
async def node(tmp_path: Path, pager: Pager, narrow: Pager) -> AsyncIterator[Node]:
    """A daemon with those far ends, up, and with a channel to nowhere."""
    away = {"type": "pager.pages", "settings": {"port": 9}}
    channels = {"first": pager.channel(attempt_s=0.3), "away": away, "narrow": narrow.channel(concurrency=1)}
    persons, rules = [WANG, LI, ZHAO, NOBODY_ELSE], orders("first", "away", "narrow", deadline_s=60)
    async with Node(tmp_path, channels=channels, persons=persons, rules=rules) as daemon:
        await daemon.channels_up("first", "narrow")
        yield daemon


async def test_whatever_is_open_expires_with_its_message(node: Node, pager: Pager, narrow: Pager) -> None:
    """Held for a channel that is down, in mid-emission, queued behind it, waiting for a receipt, in doubt: EXPIRED, the objective
    missed, each an alarm; what was going out stops at its next piece."""
    pager.word[LI.msisdn] = ""
    orders_by_way = [("zhao", "away"), ("zhao", "narrow"), ("wang", "narrow"), ("wang", "first"), ("li", "first")]
    states = ["HELD", "EMITTING", "READY", "AWAITING", "IN_DOUBT"]
    # What is in emission ends last, or what is queued behind it would have its turn a moment before its own end.
    lasts_s = [3.5 if state == "EMITTING" else 3.0 for state in states]
    messages = [await sent(node, to, expires_s=s, via=[way]) for (to, way), s in zip(orders_by_way, lasts_s, strict=True)]
    for message, (_, way), state in zip(messages, orders_by_way, states, strict=True):
        await stands(node, message, way, state)
    ended = [await node.ended(message) for message in messages]
    assert ["EXPIRED"] * 5 == [standing(view)[way][0] for view, (_, way) in zip(ended, orders_by_way, strict=True)]
    assert ["MISSED"] * 5 == [objective["state"] for view in ended for objective in view["objectives"]]
    assert ["alarm.objective_missed"] * 5 == [alarm for alarm in await alarms(node) if alarm.startswith("alarm.objective")]
    assert [ZHAO.msisdn] == [page.to for page in narrow.pages] == [page.to for page in narrow.broken]


@pytest.mark.parametrize("what", ["Cancel", "Update"])
async def test_what_is_called_off_in_mid_emission_stops_at_its_next_piece(node: Node, pager: Pager, what: str) -> None:
    """The far end gets no further piece of it, and then what took its place; the delivery ends as that says."""
    pager.word[WANG.msisdn] = "MORE"
    message = await sent(node, "wang", "去东门")
    await pager.wait_for(lambda: len(pager.pieces) >= 3)
    number = await stands(node, message, "first", "EMITTING")
    if what == "Cancel":
        assert 202 == (await node.post(f"/api/v1/messages/{message}/cancel", {"reason": "险情排除"}))[0]
    else:
        assert message == await sent(node, "wang", "去西门", action="Update", reference=message)
    await pager.wait_for(lambda: bool(pager.broken))
    pager.word[WANG.msisdn] = "DEVICE"
    await ended_as(node, "CANCELLED" if what == "Cancel" else "SUPERSEDED", number)
    await node.ended(message)
    assert [("去东门" in page.text, "解除" in page.text, "去西门" in page.text) for page in pager.pages] == [
        (True, False, False),
        (what == "Cancel" and "去东门" in pager.pages[1].text, what == "Cancel", what == "Update"),
    ]
    assert pager.broken == [pager.pages[0]]


@pytest.mark.parametrize(("what", "state"), [("Cancel", "CANCELLED"), ("Update", "SUPERSEDED")])
async def test_what_has_left_and_waits_ends_with_its_revision(node: Node, pager: Pager, what: str, state: str) -> None:
    """Without a further word of the far end; its receipt, come late, is told and brings nothing back."""
    message = await sent(node, "wang", "去东门")
    number = await stands(node, message, "first", "AWAITING")
    if what == "Cancel":
        assert 202 == (await node.post(f"/api/v1/messages/{message}/cancel", {"reason": "险情排除"}))[0]
    else:
        await sent(node, "wang", "去西门", action="Update", reference=message)
    await ended_as(node, state, number)
    (waived,) = await events(node, "objective.waived")
    await pager.wait_for(lambda: len(pager.pages) == 2)
    await pager.receipt(pager.pages[0], "DEVICE")
    late = await node.until("log.read", lambda log: "receipt.late" in {event["type"] for event in log["events"]}, after=0, limit=10_000)
    told = [(event["subject"], event["body"]["level"]) for event in late["events"] if event["type"] == "receipt.late"]
    assert ([(f"delivery/{number}", "DEVICE")], 1, "WAIVED") == (told, waived["body"]["revision"], waived["body"]["state"])
    assert 1 == len([event for event in await events(node, f"delivery.{state.lower()}") if f"delivery/{number}" == event["subject"]])


async def test_a_late_receipt_raises_what_is_known_and_changes_no_end(node: Node, pager: Pager) -> None:
    """Shed, met, failed: each stays what it was, and shows what came afterwards; nothing is sent again."""
    pager.word |= {LI.msisdn: "DEVICE", ZHAO.msisdn: "REFUSED"}
    shed, met, failed = [await sent(node, name, via=["first"]) for name in ("wang", "li", "zhao")]
    number = await stands(node, shed, "first", "AWAITING")
    await answer(node, "queue", "shed", str(number), "--reason", "telephoned")
    await stands(node, failed, "first", "FAILED", "recipient refused")
    await node.ended(met)
    await pager.receipt(pager.pages_to(WANG.msisdn)[0], "DEVICE")
    await pager.said(LI.msisdn, "收到")
    await node.until("message.show", lambda view: "HUMAN" == standing(view)["first"][2], id=met)
    await node.until("message.show", lambda view: "DEVICE" == standing(view)["first"][2], id=shed)
    assert ("SHED", "MET") == (standing(await node.shown(shed))["first"][0], standing(await node.shown(met))["first"][0])
    assert ["FAILED", 3] == [standing(await node.shown(failed))["first"][0], len(pager.pages)]


async def test_an_objective_that_is_late_may_still_be_met(node: Node, pager: Pager) -> None:
    """A person sees that its time is over, and then that it was reached after all."""
    message = await sent(node, "wang", deadline_s=1, via=["first"])
    await node.until("message.show", lambda view: ["AT_RISK"] == [one["state"] for one in view["objectives"]], id=message)
    await pager.said(WANG.msisdn, "收到")
    view = await node.ended(message)
    assert ("MET", {"first": ("MET", "", "HUMAN")}) == (view["objectives"][0]["state"], standing(view))
    assert (["alarm.objective_at_risk"], 1) == (
        [alarm for alarm in await alarms(node) if alarm.startswith("alarm.objective")],
        len(await events(node, "objective.met")),
    )


async def test_what_is_late_because_nobody_signed_begins_its_time_with_the_release(tmp_path: Path, pager: Pager) -> None:
    """A second passes without a signature, and a person hears so; released it is open, and late again only a second after that."""
    rules = orders("first").replace("signatures = 0", "signatures = 2")
    async with Node(tmp_path, channels={"first": pager.channel()}, persons=[WANG], rules=rules) as node:
        await node.channels_up("first")
        message = await sent(node, "wang", deadline_s=1)
        await node.until("message.show", lambda view: ["AT_RISK"] == [one["state"] for one in view["objectives"]], id=message)
        assert [] == pager.pages
        for signer in ("anna", "bert"):
            assert 200 == (await node.sign(message, signer))[0]
        told = await node.until("log.read", lambda log: 2 == _of_risk(log).count(LATE), after=0, limit=10_000)
        assert [LATE, "OPEN", LATE] == _of_risk(told)
        assert [WANG.msisdn] == [page.to for page in pager.pages]


async def test_an_open_objective_is_waived_by_a_person(node: Node, pager: Pager) -> None:
    """Before its time is over too: everything under it ends, who did it is told, and it is no alarm."""
    message = await sent(node, "wang")
    await stands(node, message, "first", "AWAITING")
    objective = (await node.shown(message))["objectives"][0]["id"]
    await answer(node, "queue", "waive", str(objective), "--reason", "telephoned")
    view = await node.ended(message)
    (waived,) = await events(node, "objective.waived")
    assert ("WAIVED", {"CANCELLED"}) == (view["objectives"][0]["state"], {state for state, _, _ in standing(view).values()})
    assert ("console", "telephoned") == (waived["body"]["by"], waived["body"]["reason"])


async def test_whoever_is_stood_in_for_is_let_go(tmp_path: Path, pager: Pager) -> None:
    """No receipt in a second, so the deputy is asked as well; the deputy's receipt ends the wait for the first one. Who has no deputy
    is an alarm."""
    persons = [Person("wang", WANG.msisdn, deputy="li"), LI, ZHAO]
    pager.word[LI.msisdn] = "DEVICE"
    rules = orders("first") + "escalate = [ { after_s = 1.0 } ]\n"
    async with Node(tmp_path, channels={"first": pager.channel()}, persons=persons, rules=rules) as node:
        await node.channels_up("first")
        alone = await sent(node, "zhao")
        view = await node.ended(await sent(node, "wang"))
        (objective,) = view["objectives"]
        assert ("MET", {"wang": "CANCELLED", "li": "MET"}) == (
            objective["state"],
            {one["recipient"]: one["state"] for one in objective["deliveries"]},
        )
        (unheard,) = await events(node, "alarm.nobody_to_escalate_to")
        assert ("zhao", "AWAITING") == (unheard["body"]["recipient"], standing(await node.shown(alone))["first"][0])


async def test_an_audience_of_nobody_is_seen_by_a_person(node: Node, pager: Pager) -> None:
    """Nobody of that name, no rule that says whom, nobody who can be reached: each is told at once, and nothing leaves."""
    nobody = await sent(node, "nobody-of-that-name")
    assert ["MISSED"] == [objective["state"] for objective in (await node.ended(nobody))["objectives"]]
    await sent(node, "wang", kind="Report")
    unreachable = await sent(node, "deaf")
    no_way = await node.until(
        "log.read", lambda log: any("target.no_way" == event["type"] for event in log["events"]), after=0, limit=10_000
    )
    told = {event["type"]: event["body"]["message"] for event in no_way["events"] if event["type"] in ("alarm.nobody", "target.no_way")}
    assert {"alarm.nobody": nobody, "target.no_way": unreachable} == told
    assert {"alarm.nobody", "alarm.no_rule"} <= set(await alarms(node))
    assert [] == pager.pages


def _of_risk(log: dict[str, Any]) -> list[str]:
    """What was told of an objective before its end: that it is late, or how it stands."""
    told = [event for event in log["events"] if event["type"] in (LATE, "objective.progress")]
    return [LATE if event["type"] == LATE else event["body"]["state"] for event in told]
