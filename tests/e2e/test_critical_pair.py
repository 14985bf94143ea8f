"""SMS and 4G on one tower are not two ways: judged by what the centre, the web server and the station received."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.e2e.standing import sent, stands
from tests.e2e.survey import covers, survey, told
from tests.peers.direwolf import Duo
from tests.peers.hook import Hook, Post
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

SECRET = "a-secret-of-the-app-server-0123"
SILENT = Person("wang", "+8613800000077", "BH4WNG", url="http://app/wang")
"""The centre takes what is for his number and never answers."""
TOWER = ["cell:opA"]
AVAILABILITY = '[risk_groups."cell:opA"]\navailability = 0.9\n'
AT_ONCE = orders("sms", needed="HUMAN").replace('["sms"]', '["sms", "lte", "radio"]')


def bearers(folder: Path, smsc: Smsc, hook: Hook, duo: Duo, *, app: str = "to/app") -> dict[str, Any]:
    """SMS and an app over 4G by the same tower, and a radio that shares nothing with them."""
    (folder / "app.secret").write_text(SECRET)
    (folder / "app.secret").chmod(0o600)
    server = {"url": f"http://127.0.0.1:{hook.port}/{app}", "secret_file": "app.secret"}
    return {
        "sms": {**sms(smsc.port, receipt_q95_s=1.0, response_s=30.0), "risk_groups": TOWER, "reach": 0.95},
        "lte": {"type": "http.webhook", "settings": server, "risk_groups": TOWER, "reach": 0.90},
        "radio": {**radio(duo.near.port), "risk_groups": ["roof:hq"], "reach": 0.80},
    }


def is_fall(event: dict[str, Any]) -> bool:
    """Whether it says that the public is not covered any more."""
    return bool(event["type"] == "alarm.coverage")


async def until(holds: Callable[[], bool]) -> None:
    """Until the peers have it."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


async def test_the_hedge_of_an_urgent_order_is_not_on_the_tower_of_the_first(tmp_path: Path) -> None:
    """The centre is slower than ever: the radio carries it and the app on the same tower hears nothing; the plan and the reasons say so."""
    posts: list[Post] = []
    async with Smsc() as smsc, Hook(SECRET, posts.append) as hook, Duo(baud=38400) as duo:
        there = Node(
            tmp_path,
            channels=bearers(tmp_path, smsc, hook, duo),
            persons=[SILENT],
            rules=orders("sms", "lte", "radio", needed="HUMAN"),
            extra=AVAILABILITY,
        )
        survey(there)
        async with there as node:
            await node.channels_up("sms", "lte", "radio")
            assert [(96.0, True), (50.0, False)] == [await covers(node), await covers(node, lose=["cell:opA"])]
            plan = await node.ask("route.explain", raw='{"to":["wang"],"text":"撤离","priority":"P1"}'.encode())
            (counted,) = plan["objectives"][0]["coverage"]["plans"]
            assert 0.95 < counted["reached"] < 0.98, "of three that share nothing it would be .999"
            assert {"single_points": [], "already": [], "says": [], "said": []} == await node.ask("whatif")
            assert ["wang"] == [one["recipient"] for one in (await node.ask("whatif", lose=["cell:opA"]))["alone"]]
            lost = await node.ask("whatif", lose=["cell:opA", "roof:hq"])
            assert ["wang (orders) has sms, radio; only together"] == [one["says"] for one in lost["lost"]]
            ident = await sent(node, "wang", "立即撤离", priority="P1")
            await smsc.wait_for(lambda: bool(smsc.submits))
            await until(lambda: bool(duo.far.received))
            await stands(node, ident, "lte", "HELD")
            why = await node.ask("message.why", id=ident)
            says = {way["channel"]: way["says"] for way in why["objectives"][0]["targets"][0]["chosen"]}
            assert "stands back: it shares cell:opA with sms, and radio does not, never tried" in says["lte"]
            assert {"emitted": 0.0, "device": 0.0, "human": 0.0} == await told(node, ident), "wang is a person, and no public"
            head = (await node.ask("log.read", after=0, limit=1))["head"]
            await node.ask("channel.disable", name="radio")
            assert (92.0, False) == await covers(node)
            page = await node.until("log.read", lambda page: any(map(is_fall, page["events"])), after=head, limit=1000)
            assert [92.0] == [event["body"]["grouped_pct"] for event in page["events"] if is_fall(event)]
        assert ([], 1) == (posts, len(smsc.submits))


@pytest.mark.parametrize(("app", "attempts"), [("to/app", {"lte": 1, "radio": 1, "sms": 0}), ("moved", {"lte": 1, "radio": 1, "sms": 1})])
async def test_life_safety_takes_one_way_of_every_risk_group(app: str, attempts: dict[str, int], tmp_path: Path) -> None:
    """Of three alternates two hang on one tower: one of them carries it, and at once the radio too. Where the app's server refuses
    everything, the centre takes its place although the radio carries it."""
    posts: list[Post] = []
    async with Smsc() as smsc, Hook(SECRET, posts.append) as hook, Duo(baud=38400) as duo:
        channels = bearers(tmp_path, smsc, hook, duo, app=app)
        async with Node(tmp_path, channels=channels, persons=[SILENT], rules=AT_ONCE, extra=AVAILABILITY) as node:
            await node.channels_up("sms", "lte", "radio")
            ident = await sent(node, "wang", "堤坝决口，立即转移", priority="P0")
            await until(lambda: bool(duo.far.received and (smsc.submits or posts)))
            view = await node.shown(ident)
            ways = {one["channel"]: len(one["attempts"]) for one in view["objectives"][0]["deliveries"]}
        assert 1 == len(smsc.submits) + len(posts), "the tower carries it once"
        assert attempts == ways
