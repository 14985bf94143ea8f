"""A feed says that a network is out: its channels give way and are asked, before anything of ours has failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import events, sent, standing
from tests.peers.pager import Pager

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG = Person("wang", "+8613800000001")
ALTERNATES = orders("first").replace('["first"]', '["first", "second"]')


async def test_what_an_operator_of_a_network_reports_gives_way_is_asked_and_comes_back_with_its_end(tmp_path: Path) -> None:
    """Over HTTP with the token of a source, for a risk group and a town; kept over kill -9; judged by what the two centres received."""
    async with Pager() as pager, Pager() as second:
        channels = {
            "first": {**pager.probed_channel(), "reach": 0.99, "risk_groups": ["cell:opA"]},
            "second": {**second.channel(), "reach": 0.5},
        }
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=ALTERNATES) as node:
            await node.channels_up("first", "second")
            word = {"what": "cell:opA", "area": "mca:320585110", "key": "nms-7", "reason": "3 sites without power"}
            status, told = await node.post("/api/v1/outages", word, who="source")
            assert (201, "source/nms-7", ["first"]) == (status, told["id"], told["channels"])
            await node.until(
                "channel.ls", lambda rows: {"first": "suspect"}.items() <= {row["name"]: row["health"] for row in rows}.items()
            )
            await node.until("channel.why", lambda why: pager.probes >= 1, name="first")
            assert ("MET", 0, 1) == (await _end(node, "second"), len(pager.pages), len(second.pages)), "it stays suspect, though it answers"
            await node.restart()
            await node.channels_up("second")
            await node.until("channel.why", lambda why: ("suspect", ["source/nms-7"]) == (why["health"], why["outages"]), name="first")
            assert (200, 403) == (
                (await node.post("/api/v1/outages", word, who="source"))[0],
                (await node.post("/api/v1/outages", word, who="anna"))[0],
            )
            assert 200 == (await node.post("/api/v1/outages/end", {"id": "nms-7"}, who="source"))[0]
            await node.channels_up("first", "second")
            assert ("MET", 1, 1) == (await _end(node, "first"), len(pager.pages), len(second.pages))
            assert ["outage.ended"] == [event["type"] for event in await events(node, "outage.ended")]
            assert [] == await events(node, "alarm.channel_down")


async def _end(node: Node, channel: str) -> str:
    """What the way of an order over this channel came to."""
    view = await node.ended(await sent(node, "wang"))
    return standing(view)[channel][0]
