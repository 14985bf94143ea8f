"""P0 overrides breakers, judged by what the SMS centre received and by the event that calls a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG = Person("wang", "+8613800000001")
LI = Person("li", "+8613800000002")
SILENT = [Person(f"silent{n}", f"+86138000{n:03d}77") for n in range(4)]
RULES = orders("sms")


async def test_a_p0_leaves_over_a_channel_whose_breaker_is_open(tmp_path: Path) -> None:
    """Four numbers never answer and the channel is taken down, though its centre is well: P0 leaves at once, and frees the rest."""
    async with Smsc() as smsc:
        channels = {"sms": sms(smsc.port, response_s=1.0)}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI, *SILENT], rules=RULES) as node:
            await node.channels_up("sms")
            await node.order([person.id for person in SILENT], "请回复", priority="P2")
            await node.until("channel.ls", lambda rows: "down" == rows[0]["health"])
            assert 202 == (await node.order("li", "例行通知", priority="P2"))[0]
            assert 202 == (await node.order("wang", "堤坝决口，立即转移", priority="P0"))[0]
            await smsc.wait_for(lambda: bool(smsc.submits_to("13800000002")))
            assert ["8613800000001", "8613800000002"] == [submit.dst for submit in smsc.submits if not submit.dst.endswith("77")]
            assert 1 == len(await alarms(node))


async def test_a_p0_over_a_dead_centre_calls_a_person_and_leaves_when_it_returns(tmp_path: Path) -> None:
    """The last attempt finds nobody: an alarm at once, no circle, and one copy as soon as the centre is there again."""
    async with Smsc() as smsc, Node(tmp_path, channels={"sms": sms(smsc.port)}, persons=[WANG], rules=RULES) as node:
        await node.channels_up("sms")
        await smsc.kill()
        await node.until("channel.ls", lambda rows: "down" == rows[0]["health"])
        _, order = await node.order("wang", "堤坝决口，立即转移", priority="P0")
        rows = await node.until("queue.ls", lambda rows: ["spent"] == [row["reason"] for row in rows])
        assert (["HELD"], 1) == ([row["state"] for row in rows], len(await alarms(node)))
        await smsc.restart()
        await smsc.wait_for(lambda: bool(smsc.acks))
        view = await node.ended(order["id"])
        assert (["MET"], ["8613800000001"]) == ([one["state"] for one in view["objectives"]], [submit.dst for submit in smsc.submits])
        assert 1 == len(await alarms(node))


async def alarms(node: Node) -> list[dict[str, Any]]:
    """Every time a person was called because all channels were down."""
    log = await node.ask("log.read", after=0, limit=10_000)
    return [event for event in log["events"] if event["type"] == "alarm.all_channels_down"]
