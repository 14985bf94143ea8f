"""Alarms of the running daemon, which is killed twice while they stand: none is lost, and none is gone that nobody has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.e2e.test_command_line import answer, fenghuo

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(120)]

SILENT = Person("silent", "+8613800000077")
KINDS = ("alarm.objective_at_risk", "alarm.message_refused")


def of(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By kind, of the two that this is about: a daemon may have others, its channel is down."""
    return {row["kind"]: row for row in rows if row["kind"] in KINDS and row["traffic"] == "Actual"}


async def test_an_alarm_outlives_kill_9_and_is_over_when_it_has_returned_and_was_acknowledged(tmp_path: Path) -> None:
    """Raised, killed, returned by what ends it, acknowledged at the command line, killed again; what an exercise raised calls nobody."""
    node = Node(tmp_path, channels={"sms": sms(9)}, persons=[SILENT], rules=orders("sms", deadline_s=1))  # nobody listens at port 9
    async with node:
        await node.post("/api/v1/alerts", b"no alert", who="source")
        await node.order("silent", "立即到岗", priority="P2")
        await node.order("silent", "演练集合", priority="P2", traffic="Exercise")
        before = of(await node.until("alarm.ls", lambda rows: set(KINDS) == set(of(rows))))
        played = await node.until("alarm.ls", lambda rows: [row for row in rows if row["traffic"] == "Exercise"])
        assert {"SUPPRESSED"} == {row["state"] for row in played if row["traffic"] == "Exercise"}
        await node.restart()
        assert before == of(await node.ask("alarm.ls"))
        risk, refused = (before[kind] for kind in KINDS)
        await node.ask("queue.waive", id=int(risk["subject"].partition("/")[2]), reason="已电话通知")
        await node.until("alarm.show", lambda row: row["state"] == "RETURNED_UNACKED", id=risk["id"])
        done = await answer(node, "alarms", "ack", str(risk["id"]), str(refused["id"]), "--comment", "已核实")
        assert ["NORMAL", "NORMAL"] == [row["state"] for row in done]
        await node.restart()
        assert {} == of(await node.ask("alarm.ls"))
        state = (await node.ask("state", topics=["alarm"]))["data"]
        assert {f"alarm/{row['id']}" for row in await node.ask("alarm.ls")} == set(state)
        row = await node.ask("alarm.show", id=refused["id"])
        assert ("NORMAL", "console", "已核实") == (row["state"], row["acked_by"], row["comment"])
        assert 1 == (await fenghuo(node, "alarms", "ack", str(refused["id"])))[0]
