"""What waits, and what ends the wait: each way out of HELD, READY and AWAITING through the running daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.e2e.standing import alarms, ended_as, sent, standing, stands
from tests.e2e.test_answers import alert, now
from tests.peers.direwolf import Duo
from tests.peers.pager import Pager
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG, LI = Person("wang", "+8613800000001"), Person("li", "+8613800000002")
SILENT = Person("silent", "+8613800000077")
TWO_WAYS = orders("first", "second")
AT_ONCE = TWO_WAYS.replace('["second"]', '["second"]\nmode = "parallel"')
ALERTS = """
[ladders.text]
[[ladders.text.rungs]]
channels = ["first"]
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"], areas = "message" }
ladder = "text"
signatures = 2
"""
FIRE = """
[tokens.fire]
file = "fire.token"
rights = ["source"]
senders = ["fire@example.org"]
"""


async def test_orders_are_held_when_their_bearer_goes_and_leave_when_it_returns(tmp_path: Path) -> None:
    """The centre is killed with one order on its way and two behind it: they are held for the channel, and each leaves once."""
    async with Smsc() as smsc:
        async with Node(tmp_path, channels={"sms": sms(smsc.port, window=1)}, persons=[WANG, LI, SILENT], rules=orders("sms")) as node:
            await node.channels_up("sms")
            ahead = await sent(node, "silent")
            await smsc.wait_for(lambda: bool(smsc.submits))
            behind = [await sent(node, name) for name in ("wang", "li")]
            for message in behind:
                await stands(node, message, "sms", "READY")
            await smsc.kill()
            for message in behind:
                await stands(node, message, "sms", "HELD", "channel")
            await stands(node, ahead, "sms", "IN_DOUBT")
            await smsc.start()
            for message in behind:
                await stands(node, message, "sms", "MET")
        assert ["8613800000001", "8613800000002", "8613800000077"] == sorted(submit.dst for submit in smsc.submits)


async def test_what_waits_its_turn_is_let_go_when_another_way_was_enough(tmp_path: Path) -> None:
    """Two ways at once, one of them busy with somebody else: what stood in its queue never leaves, and nobody is called for that."""
    async with Pager() as slow, Pager() as quick:
        slow.usual, quick.word = "", {LI.msisdn: "ACCEPTED"}
        channels = {"first": slow.channel(concurrency=1), "second": quick.channel()}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI], rules=AT_ONCE) as node:
            await node.channels_up("first", "second")
            ahead = await sent(node, "li")
            await stands(node, ahead, "first", "EMITTING")
            view = await node.ended(await sent(node, "wang"))
            assert {"first": ("CANCELLED", "met", "STORED"), "second": ("MET", "", "DEVICE")} == standing(view)
            slow.usual = "DEVICE"
            assert ([LI.msisdn], []) == ([page.to for page in slow.pages], await alarms(node))


async def test_a_busy_far_end_is_tried_again_and_at_last_given_up(tmp_path: Path) -> None:
    """Under one token, a little later each time; the sixth time is the last, and the next way is opened."""
    async with Pager("BUSY") as pager, Pager() as second:
        async with Node(
            tmp_path, channels={"first": pager.channel(), "second": second.channel()}, persons=[WANG, LI], rules=TWO_WAYS
        ) as node:
            await node.channels_up("first", "second")
            given_up = await sent(node, "wang")
            assert ("FAILED", "message busy", "STORED") == standing(await node.ended(given_up))["first"]
            told = await sent(node, "li")
            await pager.wait_for(lambda: len(pager.pages_to(LI.msisdn)) >= 2)
            pager.word[LI.msisdn] = "DEVICE"
            assert "MET" == standing(await node.ended(told))["first"][0]
        assert ([WANG.msisdn], [1, 2, 3, 4, 5, 6]) == ([page.to for page in second.pages], [page.n for page in pager.pages_to(WANG.msisdn)])
        assert 1 == len({page.token for page in pager.pages_to(LI.msisdn)})


async def test_a_failure_of_the_line_is_waited_out(tmp_path: Path) -> None:
    """Certainly not sent, and nobody's fault: held for the channel, and sent under the same token when its time has come."""
    async with Pager("BROKEN") as pager, Node(tmp_path, channels={"first": pager.channel()}, persons=[WANG], rules=orders("first")) as node:
        await node.channels_up("first")
        message = await sent(node, "wang")
        await stands(node, message, "first", "HELD", "channel")
        pager.usual = "DEVICE"
        await stands(node, message, "first", "MET")
        first, again = pager.pages
        assert ((first.token, 2), first.text) == ((again.token, again.n), again.text)


async def test_a_refused_number_opens_the_next_way(tmp_path: Path) -> None:
    """No second try at what will never work."""
    async with Pager("REFUSED") as pager, Pager() as second:
        channels = {"first": pager.channel(), "second": second.channel()}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=TWO_WAYS) as node:
            await node.channels_up("first", "second")
            view = await node.ended(await sent(node, "wang"))
        assert ("FAILED", "recipient refused", "STORED") == standing(view)["first"]
        assert (1, 1) == (len(pager.pages), len(second.pages))


async def test_silence_opens_the_next_way_and_a_late_receipt_still_counts(tmp_path: Path) -> None:
    """Half a second without its receipt and the next rung goes out; the receipt of the first one ends both."""
    async with Pager("ACCEPTED") as pager, Pager("ACCEPTED") as second:
        channels = {"first": pager.channel(receipt_q95_s=0.5), "second": second.channel()}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=TWO_WAYS) as node:
            await node.channels_up("first", "second")
            message = await sent(node, "wang")
            await second.wait_for(lambda: bool(second.pages))
            assert ("AWAITING", "", "ACCEPTED") == standing(await node.shown(message))["first"]
            await pager.receipt(pager.pages[0], "DEVICE")
            view = await node.ended(message)
        assert {"first": ("MET", "", "DEVICE"), "second": ("CANCELLED", "met", "ACCEPTED")} == standing(view)
        assert (1, 1) == (len(pager.pages), len(second.pages))


async def test_a_frame_that_nobody_confirms_is_repeated_marked_until_somebody_does(tmp_path: Path) -> None:
    """On the air a second copy does no harm: twice more, marked 重发, and the far station's word ends it."""
    async with Duo(baud=38400) as duo:
        channels = {"radio": radio(duo.near.port, receipt_q95_s=0.4)}
        async with Node(tmp_path, channels=channels, persons=[Person("li", callsign="BG4LI")], rules=orders("radio")) as node:
            await node.channels_up("radio")
            message = await sent(node, "li")
            await duo.far.heard(lambda frame: "重发2" in frame.text)
            await stands(node, message, "radio", "AWAITING")
            await duo.far.say(f"DEV {(await node.shown(message))['number']:04d}", "BJ1CMD", source="BG4LI")
            assert {"radio": ("MET", "", "DEVICE")} == standing(await node.ended(message))
        assert [False, True, True] == ["重发" in frame.text for frame in duo.far.received]


async def test_a_repeat_that_is_due_while_its_channel_is_away_goes_when_it_is_back(tmp_path: Path) -> None:
    """Nobody has confirmed it, and the line is down when it would go again: held, and sent once, marked, when the line is there."""
    async with Pager("ACCEPTED") as pager:
        channels = {"first": pager.channel(repeat_safe=True, receipt_q95_s=1.5)}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=orders("first")) as node:
            await node.channels_up("first")
            message = await sent(node, "wang")
            await stands(node, message, "first", "AWAITING")
            await pager.down()
            await stands(node, message, "first", "HELD", "channel")
            pager.usual = "DEVICE"
            await pager.up()
            assert {"first": ("MET", "", "DEVICE")} == standing(await node.ended(message))
        assert [(1, False), (2, True)] == [(page.n, "重发" in page.text) for page in pager.pages]


async def test_a_way_that_is_shed_while_it_waits_is_never_taken(tmp_path: Path) -> None:
    """Held for its rung, and given up by an operator: the first way fails, and the second is not there any more."""
    async with Pager("ACCEPTED") as pager, Pager() as second:
        channels = {"first": pager.channel(), "second": second.channel()}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=TWO_WAYS) as node:
            await node.channels_up("first", "second")
            message = await sent(node, "wang")
            await stands(node, message, "first", "AWAITING")
            number = await stands(node, message, "second", "HELD", "rung")
            assert "SHED" == (await node.ask("queue.shed", id=number, reason="telephoned"))["state"]
            first = await stands(node, message, "first", "AWAITING")
            await node.ask("queue.shed", id=first, reason="telephoned")
            assert {"SHED"} == {state for state, _, _ in standing(await node.shown(message)).values()}
        assert [] == second.pages


async def test_what_is_shed_in_its_queue_never_leaves_it(tmp_path: Path) -> None:
    """It waited its turn behind somebody else's; when that has gone, the next in the queue is the one after it."""
    zhao = Person("zhao", "+8613800000003")
    async with Pager("") as pager:
        channels = {"first": pager.channel(concurrency=1)}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI, zhao], rules=orders("first")) as node:
            await node.channels_up("first")
            ahead, shed, behind = [await sent(node, name) for name in ("li", "wang", "zhao")]
            await stands(node, ahead, "first", "EMITTING")
            number = await stands(node, shed, "first", "READY")
            await node.ask("queue.shed", id=number, reason="telephoned")
            await stands(node, shed, "first", "SHED")
            pager.usual = "DEVICE"
            await pager.down()
            await pager.up()
            await stands(node, behind, "first", "MET")
        assert [] == pager.pages_to(WANG.msisdn)


async def test_an_alert_that_nobody_signs_ends_unsent(tmp_path: Path) -> None:
    """Held for its release until it expires, which a person sees; another one until its Cancel, which is no alarm."""
    async with Pager() as pager, Node(tmp_path, channels={"first": pager.channel()}, persons=[WANG], rules=ALERTS) as node:
        await node.channels_up("first")
        sources = {"short": 3.0, "long": 3600.0}
        answers = {
            name: (await node.post("/api/v1/alerts", alert(name, sent=now(), lasts_s=s), who="source"))[1] for name, s in sources.items()
        }
        numbers = {name: await stands(node, one["id"], "first", "HELD", "release") for name, one in answers.items()}
        status, _ = await node.post(f"/api/v1/messages/{answers['long']['id']}/cancel", {"reason": "误报"})
        cancelled = await ended_as(node, "CANCELLED", numbers["long"])
        await ended_as(node, "EXPIRED", numbers["short"])
        assert (202, "withdrawn") == (status, cancelled["body"]["reason"])
        assert ["alarm.objective_missed"] == await alarms(node)
        assert [] == pager.pages


async def test_a_cancel_in_anothers_name_waits_and_finds_its_alert_when_it_is_signed(tmp_path: Path) -> None:
    """It came first, from a source that may not speak as that sender: the alert goes out, and the signed Cancel to whoever got it."""
    (tmp_path / "fire.token").write_text("fire-0123456789abcdef0123456789abcdef")
    (tmp_path / "fire.token").chmod(0o600)
    rules, sent_at = ALERTS.replace("signatures = 2", "signatures = 0"), now()
    async with Pager() as pager, Node(tmp_path, channels={"first": pager.channel()}, persons=[WANG], rules=rules, extra=FIRE) as node:
        await node.channels_up("first")
        _, cancel = await node.post("/api/v1/alerts", alert("c", sent=sent_at, action="Cancel", ends="late"), who="fire")
        assert ("held", ["sender"]) == (cancel["state"], [verdict["value"] for verdict in cancel["verdicts"] if not verdict["ok"]])
        _, answer = await node.post("/api/v1/alerts", alert("late", sent=sent_at), who="source")
        assert "active" == answer["state"]
        assert "MET" == standing(await node.ended(answer["id"]))["first"][0]
        status, signature = await node.sign(cancel["id"], "anna")
        assert (200, answer["id"], 2) == (status, signature["id"], signature["revision"])
        await pager.wait_for(lambda: len(pager.pages) == 2)
        assert [(WANG.msisdn, False), (WANG.msisdn, True)] == [(page.to, "解除" in page.text) for page in pager.pages]
