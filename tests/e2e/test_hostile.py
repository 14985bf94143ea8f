"""Seven plugins that do what none may, each in a process of its own: the node goes on, and what they did not deliver goes another way."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, sms
from tests.peers.hostile import CHANNEL, NAME, PLUGIN, WAYS
from tests.peers.site import give_record, install
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(120)]

WANG = Person("wang", "+8613800000001")
RULES = f"""
[ladders.hostile]
{chr(10).join(f'[[ladders.hostile.rungs]]{chr(10)}channels = ["{how}"]' for how in (*WAYS, "sms"))}
[ladders.plain]
[[ladders.plain.rungs]]
channels = ["sms"]
[[rules]]
name = "all of them, one after the other"
match = {{ kind = ["Dispatch"], priority = ["P1"] }}
audience = {{ name = "as addressed" }}
needed = "DEVICE"
deadline_s = 300
signatures = 0
ladder = "hostile"
[[rules]]
name = "the others"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
needed = "DEVICE"
deadline_s = 300
signatures = 0
ladder = "plain"
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The plugin is installed, and each way of being hostile is a channel in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", install(tmp_path / "site", NAME, PLUGIN), prepend=":")
    give_record(tmp_path / "state", tmp_path / "site", NAME, CHANNEL)
    return {how: {"type": CHANNEL, "settings": {"how": how}} for how in WAYS}


async def test_an_order_comes_through_seven_hostile_plugins_and_the_others_notice_nothing(
    tmp_path: Path, hostile: dict[str, dict[str, Any]]
) -> None:
    """It climbs past each of them and is delivered at the end; in the meantime orders by the channel that is well go as ever."""
    async with Smsc() as smsc, Node(tmp_path, channels={**hostile, "sms": sms(smsc.port)}, persons=[WANG], rules=RULES) as node:
        await node.channels_up("sms", *WAYS)
        first = node.pid
        status, urgent = await node.order("wang", "立即转移", priority="P1")
        assert 202 == status
        for number in range(20):
            assert 202 == (await node.order("wang", f"平安{number:02d}", priority="P2"))[0]
        await smsc.wait_for(lambda: sum("平安" in one.text for one in smsc.submits) >= 20)
        ended = await node.ended(urgent["id"], timeout_s=3 * PATIENCE_S)
        assert "MET" == ended["objectives"][0]["state"]
        await smsc.wait_for(lambda: any("立即转移" in one.text for one in smsc.submits))
        print({one["channel"]: (one["state"], one["reason"]) for one in ended["objectives"][0]["deliveries"]})
        assert (first, True) == (node.pid, node.is_alive)


async def test_a_channel_that_behaves_does_its_work_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The bundled SMS channel, receipts and answers and all, and silence when the daemon stops."""
    async with Smsc() as smsc:
        cell = {**sms(smsc.port), "isolation": "process"}
        async with Node(tmp_path, channels={"sms": cell}, persons=[WANG], rules=RULES) as node:
            await node.channels_up("sms")
            status, sent = await node.order("wang", "立即到岗", priority="P2")
            assert 202 == status
            ended = await node.ended(sent["id"])
            assert ("MET", "DEVICE") == (ended["objectives"][0]["state"], ended["objectives"][0]["deliveries"][0]["evidence"])
            smsc.mo("+8613800000001", "1069000001", "收到")
            await node.until("message.show", lambda view: view["objectives"][0]["deliveries"][0]["evidence"] == "HUMAN", id=sent["id"])
            assert 0 == await node.kill(signal.SIGTERM)
