"""Commands with keys against the real daemon and a real kill -9: each press has one effect, however often it is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(180)]

HOOK = {"type": "http.webhook", "settings": {"url": "http://127.0.0.1:9/nobody"}}
PRESSES = 40


async def press(node: Node, number: int, **more: Any) -> tuple[int, Any]:
    """One press of somebody who switches a channel off and on."""
    verb = "channel.disable" if number % 2 else "channel.enable"
    args = {"name": "hook", "reason": f"press {number}", **more}
    return await node.post("/api/v1/cmd", {"do": verb, "key": f"press-{number}", "args": args})


async def test_a_press_has_one_effect_over_a_kill(tmp_path: Path) -> None:
    """Forty at once, the node killed among them: sent again each is answered, the known ones as before, and each was carried out once."""
    async with Node(
        tmp_path, channels={"hook": HOOK}, persons=[Person("wang", url="http://127.0.0.1:9/wang")], rules=orders("hook")
    ) as node:
        status, first = await press(node, 0)
        assert (200, "enabled") == (status, first["data"]["admin"])
        under_way = [asyncio.create_task(press(node, number)) for number in range(1, PRESSES)]
        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        await node.kill()
        before = [await task for task in under_way]
        await node.start()
        after = await asyncio.gather(*(press(node, number) for number in range(PRESSES)))
        assert [(200, True)] * PRESSES == [(status, body["ok"]) for status, body in after]
        assert first == after[0][1]
        assert [] == [number for number, (status, body) in enumerate(before, 1) if status == 200 and body != after[number][1]]
        told = [event for event in (await node.ask("log.read", after=0, limit=1000))["events"] if event["type"] == "channel.admin"]
        assert sorted(f"press {number}" for number in range(PRESSES)) == sorted(event["body"]["reason"] for event in told)
        status, body = await press(node, 0, reason="another")
        assert (409, "conflict", "key") == (status, body["err"]["code"], body["err"]["args"]["reason"])
