"""An operator decides about what is open, by the command line, judged by what the SMS centre received."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.e2e.test_command_line import answer, fenghuo
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

SILENT = Person("silent", "+8613800000077")
RULES = orders("sms", deadline_s=3)
WHY = ("--reason", "telephoned")


async def doubt(node: Node) -> tuple[str, dict[str, Any]]:
    """An order to a number that never answers: the message's id, and its delivery in doubt."""
    await node.channels_up("sms")
    _, order = await node.order("silent", "立即到岗", priority="P2")
    rows = await node.until("queue.ls", lambda rows: ["IN_DOUBT"] == [row["state"] for row in rows])
    return order["id"], rows[0]


def ends(view: dict[str, Any]) -> tuple[str, list[str]]:
    """How the one objective of a message and its deliveries ended."""
    (objective,) = view["objectives"]
    return objective["state"], [one["state"] for one in objective["deliveries"]]


async def test_a_doubt_and_a_late_objective_end_by_a_persons_word(tmp_path: Path) -> None:
    """In doubt by a timeout: sent again, marked, by an operator's word; at risk when its time is over; waived, and then quiet."""
    async with Smsc() as smsc:
        channels = {"sms": sms(smsc.port, response_s=1.0)}
        async with Node(tmp_path, channels=channels, persons=[SILENT], rules=RULES) as node:
            message, row = await doubt(node)
            assert 1 == len(smsc.submits)
            assert "again" == (await answer(node, "queue", "resolve", str(row["id"]), "--as", "again", *WHY))["as"]
            await smsc.wait_for(lambda: len(smsc.submits) == 2)
            assert "重发" in smsc.submits[1].text
            await node.until("message.show", lambda view: "AT_RISK" == view["objectives"][0]["state"], id=message)
            assert "WAIVED" == (await answer(node, "queue", "waive", str(row["objective"]), *WHY))["state"]
            view = await node.ended(message)
            assert ("WAIVED", ["CANCELLED"]) == (
                view["objectives"][0]["state"],
                [one["state"] for one in view["objectives"][0]["deliveries"]],
            )
            assert (1, "") == await fenghuo(node, "queue", "resolve", str(row["id"]), "--as", "sent", *WHY)
            assert 2 == len(smsc.submits)


async def test_a_way_that_is_shed_is_not_taken(tmp_path: Path) -> None:
    """Nothing more leaves for it, after a restart neither; when the order's time is over it is missed, and a person sees that."""
    async with Smsc() as smsc:
        channels = {"sms": sms(smsc.port, response_s=1.0)}
        async with Node(tmp_path, channels=channels, persons=[SILENT], rules=RULES) as node:
            await node.channels_up("sms")
            _, order = await node.order("silent", "立即到岗", priority="P2", expires_s=10)
            rows = await node.until("queue.ls", lambda rows: ["IN_DOUBT"] == [row["state"] for row in rows])
            assert "SHED" == (await answer(node, "queue", "shed", str(rows[0]["id"]), *WHY))["state"]
            await node.restart()
            view = await node.ended(order["id"])
            log = await node.ask("log.read", after=0, limit=10_000)
        assert ("MISSED", ["SHED"]) == ends(view)
        assert 1 == len([event for event in log["events"] if event["type"] == "alarm.objective_missed"])
        assert 1 == len(smsc.submits)
