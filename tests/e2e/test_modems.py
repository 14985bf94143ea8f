"""Orders by modem through the running daemon, judged by what the modem sent, stored and was told to forget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders
from tests.peers.atmodem import AtModem

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG = Person("wang", "+8613800000001")
LI = Person("li", "+8613800000002")


def modems(*links: Path) -> dict[str, Any]:
    settings = {"devices": [str(link) for link in links], "poll_s": 1.0, "reopen_most_s": 0.5, "command_s": 1.0, "receipt_q95_s": 30.0}
    return {"type": "sms.at", "settings": settings}


async def sent_order(node: Node, to: str, text: str, **fields: Any) -> str:
    status, answer = await node.order(to, text, **fields)
    assert 202 == status, answer
    ident: str = answer["id"]
    return ident


async def test_an_order_by_modem_outlives_the_daemon_and_the_cable(tmp_path: Path) -> None:
    """Killed after the modem had sent it: the report that came meanwhile makes it DEVICE, once. Started without its device, it waits
    for that. The answer of the telephone makes it DONE, and nothing is left in the storage of the modem."""
    link = tmp_path / "modem"
    text = "青龙河水位已超警戒线，请红旗镇群众立即转移。" * 5
    async with (
        AtModem(link) as modem,
        Node(tmp_path, channels={"modems": modems(link)}, persons=[WANG, LI], rules=orders("modems")) as node,
    ):
        await node.channels_up("modems")
        await modem.behave(silent=True)
        ident = await sent_order(node, "wang", text, needed="DONE")
        await modem.wait_for(lambda: 2 == len(modem.submits))
        await node.until("message.show", lambda view: "ACCEPTED" == view["objectives"][0]["evidence"], id=ident)
        await node.kill()
        for sent in modem.submits:
            await modem.report(sent.to, sent.reference)
        await modem.unplug()
        await node.start()
        await modem.plug()
        await node.until("message.show", lambda view: "DEVICE" == view["objectives"][0]["evidence"], id=ident)
        number = (await node.shown(ident))["number"]
        await modem.message(WANG.msisdn, f"完成#{number:04d}")
        shown = await node.ended(ident)
        assert ("MET", "DONE") == (shown["objectives"][0]["state"], shown["objectives"][0]["evidence"])
        assert text in "".join(modem.texts())
        assert 2 == len(modem.submits)
        await modem.wait_for(lambda: 3 == len(modem.deleted))


async def test_a_bad_number_holds_nobody_up(tmp_path: Path) -> None:
    """Refused for good, and the next person has the order; the channel never went down."""
    link = tmp_path / "modem"
    bad = Person("bad", "+8613800000066")
    async with (
        AtModem(link) as modem,
        Node(tmp_path, channels={"modems": modems(link)}, persons=[bad, LI], rules=orders("modems")) as node,
    ):
        await node.channels_up("modems")
        refused = await sent_order(node, "bad", "立即到岗")
        await modem.wait_for(lambda: [bad.msisdn] == modem.refused)
        ident = await sent_order(node, "li", "立即到岗")
        shown = await node.ended(ident)
        assert ("MET", "DEVICE") == (shown["objectives"][0]["state"], shown["objectives"][0]["evidence"])
        states = {delivery["state"] for objective in (await node.shown(refused))["objectives"] for delivery in objective["deliveries"]}
        assert {"FAILED"} == states
        log = await node.ask("log.read", after=0, limit=1000)
        told = [event["type"] for event in log["events"] if event["type"] in ("channel.health", "alarm.channel_down")]
        assert ["channel.health"] == told  # that it came up
