"""One alert to 20,000 people over two SMS centres of which one dies, and one number in a hundred never answers; judged by what the
centres received and reported."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.node import Node, Person, sms
from tests.peers.smsc import Smsc
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.alone, pytest.mark.may_block, pytest.mark.timeout(330)]

PEOPLE = 20_000
REACHED_WITHIN_S = 300.0
ORDER_LEAVES_WITHIN_S = 1.0
CHIEF = Person("chief", "+8613900000001")

RULES = """
[ladders.texts]
min_risk_groups = 2
[[ladders.texts.rungs]]
channels = ["sms-a", "sms-b"]
[[rules]]
name = "informants of the area"
match = { kind = ["Alert"] }
audience = { name = "responsible persons", split = "person", roles = ["informant"], areas = "message" }
needed = "DEVICE"
deadline_s = 300
priority = "P1"
ladder = "texts"
signatures = 2
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed", split = "person" }
needed = "DEVICE"
deadline_s = 300
ladder = "texts"
"""

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>many-1</identifier>
  <sender>met@example.org</sender>
  <sent>{sent}</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>zh-CN</language>
    <category>Met</category>
    <event>暴雨</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <expires>{expires}</expires>
    <senderName>太仓市气象台</senderName>
    <headline>太仓市气象台发布暴雨橙色预警</headline>
    <description>预计未来3小时降雨量将达50毫米以上。</description>
    <area>
      <areaDesc>太仓市</areaDesc>
      <geocode><valueName>mca</valueName><value>320585</value></geocode>
    </area>
  </info>
</alert>
"""


def people() -> list[Person]:
    """Invented persons. The centres take a text for one number in a hundred (77) and never answer it; none has a number that they
    refuse, throttle or report as undelivered (66, 88, 99)."""
    taken = (f"+86138{n:08d}" for n in itertools.count() if n % 100 not in (66, 88, 99))
    return [Person(f"p{n}", number) for n, number in enumerate(itertools.islice(taken, PEOPLE))]


def alert() -> bytes:
    """The alert, sent now and good for an hour."""
    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(microsecond=0)
    return ALERT.format(sent=now.isoformat(), expires=(now + timedelta(hours=1)).isoformat()).encode()


def reached(*centres: Smsc) -> set[str]:
    """Numbers of which a centre said that the telephone has the text, and heard that we know."""
    return {ack.dst for centre in centres for ack in centre.acks if ack.ok and ack.status == 0}


async def until_reached(numbers: set[str], *centres: Smsc) -> None:
    """Return when 95 % of the numbers are reached; the question is too dear to be asked at each line of the centres."""
    while len(reached(*centres) & numbers) < len(numbers) * 0.95:
        await asyncio.sleep(0.25)


async def order_leaves_s(node: Node, *centres: Smsc, priority: str, number: int) -> float:
    """Seconds from the 202 of an urgent order to one person until it is seen at a centre."""
    text = f"命令{number}：立即到岗"
    status, _ = await node.order(CHIEF.id, text, priority=priority)
    assert 202 == status
    told = time.time()
    async with asyncio.timeout(30 * TIMEOUT_SCALE):
        while not (seen := [submit.at for centre in centres for submit in centre.submits_to("13900000001") if text in submit.text]):
            await asyncio.sleep(0.005)
    return min(seen) - told


async def orders_meanwhile(node: Node, first: Smsc, second: Smsc) -> list[float]:
    """An urgent order early in the fan-out, one right after the first centre is killed, one late; seconds until each left."""
    await first.wait_for(lambda: len(first.submits) >= PEOPLE // 20, 60)
    waits = [await order_leaves_s(node, first, second, priority="P0", number=1)]
    await first.wait_for(lambda: len(first.submits) >= PEOPLE // 8, 60)
    await first.kill()
    waits.append(await order_leaves_s(node, second, priority="P0", number=2))
    await second.wait_for(lambda: len(second.submits) >= PEOPLE // 2, 200)
    return [*waits, await order_leaves_s(node, second, priority="P1", number=3)]


async def since_when_up(node: Node, channel: str) -> tuple[str, str]:
    """The health of a channel, and since when it has had it."""
    row = next(row for row in await node.ask("channel.ls") if row["name"] == channel)
    return row["health"], row["since"]


async def test_an_alert_reaches_20000_people_although_one_of_two_centres_dies(tmp_path: Path) -> None:
    """At least 95 % are at DEVICE within 300 s, urgent orders meanwhile leave within a second of their 202, and the two hundred numbers
    that never answer make no suspect of the centre that answers all the others."""
    persons = people()
    numbers = {person.msisdn[1:] for person in persons}
    async with Smsc(delay_ms=5) as first, Smsc(delay_ms=5) as second:
        channels = {"sms-a": sms(first.port), "sms-b": sms(second.port)}
        async with Node(tmp_path, channels=channels, persons=[CHIEF, *persons], rules=RULES) as node:
            await node.channels_up("sms-a", "sms-b")
            was_up = await since_when_up(node, "sms-b")
            signed, warning = {"Fenghuo-Sign": f"{node.token('anna')},{node.token('bert')}"}, alert()
            assert 200 == (await node.post("/api/v1/review", warning, who="source", **signed))[0]
            async with asyncio.timeout(REACHED_WITHIN_S * TIMEOUT_SCALE):
                status, answer = await node.post("/api/v1/alerts", warning, who="source", **signed)
                assert (202, "active") == (status, answer["state"]), answer
                waits = await orders_meanwhile(node, first, second)
                await until_reached(numbers, first, second)
            print("orders left after", *(f"{wait:.3f}" for wait in waits), "s")
            assert max(waits) <= ORDER_LEAVES_WITHIN_S * TIMEOUT_SCALE, waits
            assert was_up == await since_when_up(node, "sms-b"), "the centre that lives never changed its health"
