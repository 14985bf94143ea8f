"""One failure demotes a channel, and where there is another way no order would ever clear it: it is asked, by the path of its orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import sent, standing
from tests.peers.pager import Pager

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG = Person("wang", "+8613800000001")
ALTERNATES = orders("first").replace('["first"]', '["first", "second"]')


async def test_a_suspect_whose_orders_go_another_way_is_asked_and_is_the_first_choice_again(tmp_path: Path) -> None:
    """Its type asks nothing while it works, so that nothing is asked before the failure; then the centre is, until the way is clear."""
    async with Pager("BROKEN") as pager, Pager() as second:
        channels = {"first": {**pager.probed_channel(), "reach": 0.99}, "second": {**second.channel(), "reach": 0.5}}
        async with Node(tmp_path, channels=channels, persons=[WANG], rules=ALTERNATES) as node:
            await node.channels_up("first", "second")
            assert 0 == pager.probes
            assert {"second": "MET", "first": "CANCELLED"} == await _ends(node)
            pager.usual = "DEVICE"
            await node.until("log.read", lambda log: ["suspect", "up"] == _turns(log), after=0, limit=10_000)
            assert (1, True) == (len(pager.pages), pager.probes >= 1), "no order of its own cleared it"
            assert "MET" == (await _ends(node))["first"]
        assert (2, 1) == (len(pager.pages), len(second.pages))


async def _ends(node: Node) -> dict[str, str]:
    """Send an order, and what each of its ways has come to when it is over."""
    view = await node.ended(await sent(node, "wang"))
    return {channel: state for channel, (state, *_) in standing(view).items()}


def _turns(log: dict[str, Any]) -> list[str]:
    """What the first channel has been since it came up."""
    told = [event for event in log["events"] if event["type"] == "channel.health" and event["subject"] == "channel/first"]
    return [event["body"]["after"] for event in told[1:]]
