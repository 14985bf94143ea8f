"""A centre that was away for more than a minute is back: what is new goes first, what waited goes behind it, and what is over does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo.engine.arrears import OUTAGE_S
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import events, sent
from tests.peers.pager import Pager

pytestmark = [
    pytest.mark.peer,
    pytest.mark.e2e,
    pytest.mark.soak,
    pytest.mark.may_block,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("paging"),
]

OLD, NEW = 6, 6
PEOPLE = [Person(f"p{number}", f"+86138000000{number:02}") for number in range(OLD + NEW + 2)]


async def test_what_is_new_goes_first_after_an_outage_and_what_waited_behind_it(tmp_path: Path) -> None:
    """Judged by the order in which the centre got its pages: the urgent one of before, then never one old before three new while new ones
    wait; each once; the one that is over not at all, and a person is told so."""
    async with Pager() as centre:
        channels = {"first": centre.channel(concurrency=1)}
        async with Node(tmp_path, channels=channels, persons=PEOPLE, rules=orders("first", deadline_s=3600)) as node:
            await node.channels_up("first")
            await centre.down()
            await node.until("channel.ls", lambda rows: {row["health"] for row in rows} == {"down"})
            await sent(node, PEOPLE[0].id, "过期", priority="P3", expires_s=20)
            for person in PEOPLE[1 : OLD + 1]:
                await sent(node, person.id, "旧", priority="P3")
            await sent(node, PEOPLE[OLD + 1].id, "急", priority="P1")
            await asyncio.sleep(OUTAGE_S + 2.0)  # the outage itself
            centre.usual = "MORE"  # the urgent one stays on the line until the new ones are there
            await centre.up()
            await centre.wait_for(lambda: bool(centre.pages))
            for person in PEOPLE[OLD + 2 :]:
                await sent(node, person.id, "新", priority="P3")
            centre.usual = "DEVICE"
            await node.until("queue.ls", lambda rows: not rows, timeout_s=60.0)
            assert ["alarm.objective_missed"] == [event["type"] for event in await events(node, "alarm.objective_missed")]
        heard = [page.text for page in centre.pages]
        assert all(text[:1] in "急旧新" for text in heard), heard
        order = "".join(text[0] for text in heard)
        assert ("急", OLD, NEW, 1 + OLD + NEW) == (order[0], order.count("旧"), order.count("新"), len(order)), order
        until_the_last_new = order[: order.rindex("新")]
        assert until_the_last_new.count("旧") <= NEW // 3 + 1, order
