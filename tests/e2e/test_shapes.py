"""The shapes that scripts rely on, as the running daemon answers them: docs/reference/messages.md is the promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fenghuo.formats.check import check_report
from fenghuo.model.evidence import Evidence
from tests.e2e.node import Node, Person, sms
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

PAGE = Path(__file__).parents[2] / "docs/reference/messages.md"
RULES = """
[ladders.texts]
rungs = [{ channels = ["sms"] }]
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "texts"
"""

ACCEPTED = {"id", "revision", "state", "verdicts", "repairs"}
VERDICT = {"check", "value", "ok", "detail"}
MESSAGE = {"id", "kind", "traffic", "priority", "state", "objectives"}
OBJECTIVE = {"audience", "needed", "evidence", "state", "deadline", "deliveries"}
DELIVERY = {"recipient", "channel", "state", "evidence", "attempts"}
ATTEMPT = {"token", "at", "outcome"}
CHANNEL = {"name", "type", "admin", "health", "evidence_max", "risk_groups", "medium", "queued"}
STATUS = {"version", "since", "ready", "channels", "queued", "open_objectives", "clock_quality"}
CHECK = {"verdict", "verdicts", "repairs", "error"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_the_answers_have_their_shapes(tmp_path: Path) -> None:
    """Submit, show, channel ls and status hold every key that scripts were promised, and the words and instants are as promised."""
    async with Smsc() as smsc:
        persons = [Person("p1", "+8613812345610")]
        async with Node(tmp_path, channels={"sms": sms(smsc.port)}, persons=persons, rules=RULES) as node:
            await node.channels_up("sms")
            status, accepted = await node.order("p1", "立即到岗", needed="DEVICE")
            assert (202, ACCEPTED, "active", 1) == (status, set(accepted), accepted["state"], accepted["revision"])
            assert all(set(verdict) == VERDICT for verdict in accepted["verdicts"])
            check_message(await node.ended(accepted["id"]))
            (channel,) = await node.ask("channel.ls")
            assert set() == CHANNEL - set(channel)
            assert ("sms", "sms.smpp", "enabled", "up", "DEVICE") == tuple(
                channel[key] for key in ("name", "type", "admin", "health", "evidence_max")
            )
            answer = await node.ask("status")
            assert set() == STATUS - set(answer)
            assert (True, 0) == (answer["ready"], answer["open_objectives"])


def check_message(view: dict[str, Any]) -> None:
    """One order to one person, met by a delivery report."""
    assert set() == MESSAGE - set(view)
    (objective,) = view["objectives"]
    assert set() == OBJECTIVE - set(objective)
    assert ("DEVICE", "DEVICE", "MET") == (objective["needed"], objective["evidence"], objective["state"])
    assert INSTANT.fullmatch(objective["deadline"])
    (delivery,) = objective["deliveries"]
    assert set() == DELIVERY - set(delivery)
    assert ("p1", "sms", "MET", "DEVICE") == tuple(delivery[key] for key in ("recipient", "channel", "state", "evidence"))
    (attempt,) = delivery["attempts"]
    assert set() == ATTEMPT - set(attempt)
    assert ("reached ACCEPTED", True) == (attempt["outcome"], bool(INSTANT.fullmatch(attempt["at"])))


def test_a_check_has_its_shape() -> None:
    """`alert check` says the same four things of a good file and of a bad one."""
    report = check_report(b"<nothing/>")
    assert (set(), "refused", {"code", "message", "where"}) == (CHECK - set(report), report["verdict"], set(report["error"] or ()))


@pytest.mark.parametrize("key", sorted(ACCEPTED | VERDICT | MESSAGE | OBJECTIVE | DELIVERY | ATTEMPT | CHANNEL | STATUS | CHECK))
def test_each_key_is_on_the_page(key: str) -> None:
    """No promised key is undocumented."""
    assert f"`{key}`" in PAGE.read_text(encoding="utf-8")


def test_evidence_is_said_by_name() -> None:
    """The names of evidence are part of the promise."""
    assert ["STORED", "ACCEPTED", "AIRED", "RELAYED", "DEVICE", "HUMAN", "DONE"] == [level.name for level in Evidence]
