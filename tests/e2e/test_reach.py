"""Who can be reached, through the running daemon: a roll call over two bearers, the ledger after a restart, a dead channel nobody used."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.e2e.test_narrow import called
from tests.peers.direwolf import Duo
from tests.peers.ether import Ether
from tests.peers.hook import Hook
from tests.peers.smsc import Smsc
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG, LI = Person("wang", "+8613800000101", "BG4ABC"), Person("li", "+8613800000102", "BG4ABD")
SHOWN_S = 100.0
"""A dead channel is shown within this with no traffic at all. Source: failover.md, Health of a channel."""


async def test_a_roll_call_over_two_bearers_fills_the_ledger_and_the_ledger_outlives_a_restart(tmp_path: Path) -> None:
    """Each is called once over each; who answers by telephone is proven there and not on the radio."""
    async with Smsc(silent=True) as smsc, Duo(baud=38400) as duo:
        channels = {"sms": sms(smsc.port), "radio": radio(duo.near.port)}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI], rules=orders("sms", "radio")) as node:
            await node.channels_up("sms", "radio")
            call = await node.ask("rollcall.call", to=["wang", "li"], via=["sms", "radio"], wait_s=60)
            ids = [one["message"] for one in call["calls"]]
            await smsc.wait_for(lambda: len(smsc.submits) == 2)
            smsc.report(next(submit.id for submit in smsc.submits if submit.dst == WANG.msisdn[1:]))
            number = (await node.ask("message.show", id=ids[0]))["number"]  # without it, the answer is to what was said last
            smsc.mo(WANG.msisdn[1:], "1069000001", f"收到{number}")

            def answered(lines: list[dict[str, str]]) -> bool:
                return ("wang", "sms", "HUMAN", "sms") in {
                    (one["recipient"], one["channel"], one["evidence"], one["answered_by"]) for one in lines
                }

            lines = await node.until("rollcall.show", answered, messages=ids)
            assert {("wang", "sms"), ("wang", "radio"), ("li", "sms"), ("li", "radio")} == {
                (one["recipient"], one["channel"]) for one in lines
            }
            assert [WANG.msisdn[1:], LI.msisdn[1:]] == sorted(submit.dst for submit in smsc.submits)
            proven = await node.until("directory.proven", lambda rows: any(row["age"] == "green" for row in rows))
            assert [("wang", "sms")] == [(row["recipient"], row["channel"]) for row in proven if row["age"] == "green"]
            assert 0 == await node.kill(signal.SIGTERM)
            await node.start()
            assert proven == await node.ask("directory.proven")


@pytest.mark.soak
@pytest.mark.timeout(120)
async def test_a_roll_call_over_the_link_is_one_call_that_three_towns_answer_in_slots(tmp_path: Path) -> None:
    """Four daemons, four half-duplex TNCs: the centre is on the air once, nobody speaks while another does, each has a line of its own."""
    towns = [11, 12, 13]
    async with Ether(["CMD", *(f"T{code}" for code in towns)], baud=1200) as ether:
        centre, _, stack = await called(tmp_path, ether, towns, deadline_s=180)
        async with stack:
            since = ether.now()
            call = await centre.ask("rollcall.call", to=[f"p{code}" for code in towns], via=["link"], needed="DEVICE", wait_s=90)
            ids = [one["message"] for one in call["calls"]]
            lines = await centre.until(
                "rollcall.show",
                lambda rows: len(rows) == 3 and {row["evidence"] for row in rows} == {"DEVICE"},
                timeout_s=60,
                messages=ids,
            )
            spells = ether.spells(since)
            proven = await centre.ask("directory.proven")
    assert {("p11", "link"), ("p12", "link"), ("p13", "link")} == {(line["recipient"], line["answered_by"]) for line in lines}
    assert 0 == sum(spell.together_s for spell in spells)
    assert 1 == sum(spell.name == "CMD" for spell in spells), [(spell.name, spell.begin - since) for spell in spells]
    assert ["green"] * 3 == [row["age"] for row in proven]


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_webhook_that_dies_while_nobody_uses_it_is_shown_within_100_s(tmp_path: Path) -> None:
    """Its server is killed; nothing is sent; the daemon finds out by itself, and the invariant that hangs on it is told."""
    async with contextlib.AsyncExitStack() as server:
        hook = await server.enter_async_context(Hook("", lambda post: None))
        settings = {"url": f"http://127.0.0.1:{hook.port}/in"}
        channels = {"hook": {"type": "http.webhook", "settings": settings}}
        async with Node(tmp_path, channels=channels, persons=[Person("wang", url=settings["url"])], rules=orders("hook")) as node:
            await node.channels_up("hook")
            await asyncio.sleep(70.0)
            assert (await node.ask("channel.why", name="hook"))["probes"] >= 1
            await server.aclose()
            died = time.monotonic()
            await node.until("channel.ls", lambda rows: rows[0]["health"] == "down", timeout_s=SHOWN_S)
            print(f"shown after {time.monotonic() - died:.1f} s")
            assert time.monotonic() - died <= SHOWN_S * TIMEOUT_SCALE
