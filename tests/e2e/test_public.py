"""A whole public through the running daemon and a gateway over HTTP, killed on the way: judged by what the gateway was sent."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person
from tests.e2e.survey import survey, told
from tests.peers.bulk_gateway import BulkGateway
from tests.scale import PATIENCE_S, TIMEOUT_SCALE

pytestmark = [pytest.mark.e2e, pytest.mark.may_block]

RULES = """[ladders.bulk]
[[ladders.bulk.rungs]]
channels = ["bulk"]
[[rules]]
name = "the public"
match = { kind = ["Alert"] }
audience = { name = "everybody", split = "public", areas = "message" }
needed = "ACCEPTED"
ladder = "bulk"
signatures = 0
"""
TOWN = "mca:320585110"
KILLS = 2


def bulk(gateway: BulkGateway, **settings: Any) -> dict[str, Any]:
    """A channel to the gateway of the test."""
    return {"type": "http.bulk", "settings": {"url": gateway.url, **settings}}


def cap(name: str, action: str = "Alert", *, ends: str = "", severity: str = "Severe") -> bytes:
    """An alert of now to the public of the county."""
    now = datetime.now(UTC)
    reference = f"<references>met,{ends},{now.isoformat()}</references>" if ends else ""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
      <sent>{now.isoformat()}</sent><status>Actual</status><msgType>{action}</msgType><scope>Public</scope>{reference}
      <info><language>zh-CN</language><category>Met</category><event>台风</event><urgency>Immediate</urgency>
      <severity>{severity}</severity><certainty>Likely</certainty><expires>{(now + timedelta(hours=2)).isoformat()}</expires>
      <headline>{name}</headline><description>{name}：请立即转移。</description>
      <area><areaDesc>太仓市</areaDesc><geocode><valueName>mca</valueName><value>320585</value></geocode></area></info></alert>""".encode()


def enrol(node: Node, count: int) -> set[str]:
    """Invented telephones in the town, in the file that the daemon reads at its start."""
    numbers = [f"+86138{number:08d}" for number in range(count)]
    lines = ["kind,address,area", *(f"msisdn,{number},{TOWN}" for number in reversed(numbers))]
    (node.folder / "people" / "subscribers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return set(numbers)


def node_of(folder: Path, gateway: BulkGateway, **settings: Any) -> Node:
    return Node(folder, channels={"bulk": bulk(gateway, **settings)}, persons=[Person("wang")], rules=RULES)


async def told_through_kills(folder: Path, *, people: int, answer_s: float, within_s: float) -> None:
    """An alert to so many, the daemon killed twice on the way by -9."""
    async with BulkGateway(answer_s=answer_s) as gateway:
        node = node_of(folder, gateway, idempotent=False)
        node.ready_within_s = within_s  # the first start reads the roll
        everybody = enrol(node, people)
        survey(node)
        in_flight: list[int] = []
        async with node:
            status, answer = await node.post("/api/v1/alerts", cap("one"))
            assert 202 == status
            for kill in range(1, KILLS + 1):
                await gateway.until(kill * people // 1000 // (KILLS + 2), within_s=within_s)
                await node.restart()
                in_flight.append(int(node.ready_line.rsplit(", ", 1)[1].split()[0]))
            shown = await node.ended(answer["id"], timeout_s=within_s)
            assert {"emitted": 92.0, "device": 0.0, "human": 0.0} == await told(node, answer["id"]), "a gateway took it, and no more"
        copies = gateway.copies()
        assert set() == everybody - copies.keys(), "nobody is missing"
        assert set() == copies.keys() - everybody
        extra = sum(copies.values()) - people
        assert extra <= 1000 * sum(in_flight), f"{extra} copies for {in_flight} pages in doubt"
        assert max(copies.values()) <= 1 + KILLS
        seen: set[str] = set()
        for page in gateway.pages:
            again = seen.intersection(page.to)
            assert not again or page.message["copy"] >= 1, "a copy says that it is one"
            seen.update(page.to)
        (objective,) = shown["objectives"]
        assert ("MET", people, people) == (objective["state"], objective["total"], objective["met"])


@pytest.mark.timeout(150)
async def test_a_kill_in_the_middle_of_a_fan_out_misses_nobody_and_every_copy_has_its_doubt(tmp_path: Path) -> None:
    """30,000 people, two kills; the gateway does not know a telephone again."""
    await told_through_kills(tmp_path, people=30_000, answer_s=0.1, within_s=45.0 * TIMEOUT_SCALE)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_million_people_through_two_kills(tmp_path: Path) -> None:
    await told_through_kills(tmp_path, people=1_000_000, answer_s=0.01, within_s=200.0 * TIMEOUT_SCALE)


async def test_a_cancel_in_the_middle_reaches_exactly_who_was_told(tmp_path: Path) -> None:
    """What has not left stays; those the gateway refused hear no Cancel either, unless it had not said so when the Cancel came."""
    async with BulkGateway(answer_s=0.2) as gateway, node_of(tmp_path, gateway) as first:
        await first.kill()
        enrol(first, 30_000)
        gateway.refused = {f"+86138{number:08d}": "unknown-number" for number in range(0, 30_000, 100)}
        await first.start()
        status, _ = await first.post("/api/v1/alerts", cap("one"))
        assert 202 == status
        await gateway.until(6, within_s=PATIENCE_S)
        gateway.answer_s = 0.0
        known = list(gateway.answered)
        status, answer = await first.post("/api/v1/alerts", cap("two", "Cancel", ends="one"))
        assert 202 == status
        shown = await first.ended(answer["id"])
        await asyncio.sleep(0.2)
    alerts = [page for page in gateway.pages if "one" in page.message["text"] and "two" not in page.message["text"]]
    cancels = [page for page in gateway.pages if page not in alerts]
    assert len(alerts) < 30
    told = {address for page in alerts for address in page.to} - gateway.refused.keys()
    unknown = {address for page in alerts if page not in known for address in page.to} & gateway.refused.keys()
    heard = Counter(address for page in cancels for address in page.to)
    assert {1} == set(heard.values())
    assert set() == told - set(heard)
    assert set() == set(heard) - told - unknown
    assert len(unknown) < len({address for page in alerts for address in page.to} & gateway.refused.keys())
    assert ["MISSED" if set(heard) & unknown else "MET"] == [one["state"] for one in shown["objectives"]]


async def test_a_gateway_that_is_away_and_then_busy_gets_the_page_when_it_asked_for_it(tmp_path: Path) -> None:
    """No connection, then 503 with Retry-After, then 200: one page under one token, queued meanwhile, and everybody is told."""
    async with BulkGateway() as gateway, node_of(tmp_path, gateway) as node:
        await node.kill()
        everybody = enrol(node, 400)
        await gateway.go()
        await node.start()
        status, answer = await node.post("/api/v1/alerts", cap("one"))
        assert 202 == status
        await node.until("log.read", lambda page: any(event["body"].get("reason") == "channel connect" for event in page["events"]))
        (line,) = await node.until("queue.ls", lambda lines: [one["state"] for one in lines] == ["READY"])
        assert ("everybody: 1 pages", "bulk", "channel connect") == tuple(line[key] for key in ("recipient", "channel", "reason"))
        await node.until("channel.ls", lambda channels: [one["queued"] for one in channels] == [1])
        gateway.status, gateway.retry_after = 503, "1"
        await gateway.come()
        await gateway.until(2, within_s=PATIENCE_S)
        gateway.status = 200
        shown = await node.ended(answer["id"])
    assert [("MET", 400)] == [(one["state"], one["met"]) for one in shown["objectives"]]
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(gateway.came_at)), gateway.came_at
    assert [everybody] * 2 == [set(page.to) for page in gateway.pages]
    assert 1 == len({page.token for page in gateway.pages})
