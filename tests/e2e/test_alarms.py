"""Alarms of the running daemon, which is killed twice while they stand: none is lost, and none is gone that nobody has seen."""

from __future__ import annotations

from collections import Counter
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


Known = dict[tuple[str, str], dict[str, Any]]


async def acked_before_the_kill(node: Node) -> Known:
    """What each start finds and tells again, acknowledged: a message for which there is no rule, and a channel that is down."""
    await node.order("silent", "无规则可循", kind="Report")
    known: Known = {}
    for kind in ("alarm.no_rule", "alarm.channel_down"):
        rows = await node.until("alarm.ls", lambda rows, kind=kind: kind in {row["kind"] for row in rows})
        (seen,) = [row for row in rows if row["kind"] == kind]
        (known[kind, seen["subject"]],) = await node.ask("alarm.ack", id=seen["id"], if_rev=seen["rev"], comment="已知")
    return known


def told_again(events: list[dict[str, Any]], known: Known) -> Counter[tuple[str, str]]:
    """How often each of them was told."""
    return Counter((one["type"], one["subject"]) for one in events if (one["type"], one["subject"]) in known)


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
        known = await acked_before_the_kill(node)
        await node.restart()
        assert before == of(await node.ask("alarm.ls"))
        await node.until("log.read", lambda log: min(told_again(log["events"], known).values()) >= 2, after=0, limit=10_000)
        after = {(row["kind"], row["subject"]): row for row in await node.ask("alarm.ls")}
        assert {key: ("ACKED", row["acked_by"], 1, row["rev"]) for key, row in known.items()} == {
            key: tuple(after[key][field] for field in ("state", "acked_by", "count", "rev")) for key in known
        }
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
