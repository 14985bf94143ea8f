"""A daemon whose channel is dead tells a receiver outside of it, and of nothing twice over a restart that nobody needs to hear of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.peers.alarm_receiver import receiving

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(90)]


async def test_a_dead_channel_is_told_outside(tmp_path: Path) -> None:
    """Raised with its subject and signed; a daemon that begins anew tells what stands once more, under the same id."""
    (tmp_path / "hook.secret").write_text("a secret of some length")
    (tmp_path / "hook.secret").chmod(0o600)
    async with receiving() as receiver:
        extra = f'[alarms.webhook]\nurl = "{receiver.url}"\nsecret_file = "hook.secret"\n'
        channels = {"sms": sms(9)}
        async with Node(tmp_path, channels=channels, persons=[Person("wang", "+8613800000001")], rules=orders("sms"), extra=extra) as node:
            await receiver.until(lambda: any(kind == "alarm.channel_down" for kind, _, _ in receiver.told))
            assert all("Fenghuo-Signature" in headers for headers, _ in receiver.got)
            before = {(alarm["id"], alarm["subject"]) for alarm in receiver.alarms if alarm["kind"] == "alarm.channel_down"}
            receiver.got.clear()
            await node.restart()
            await receiver.until(lambda: any(kind == "alarm.channel_down" for kind, _, _ in receiver.told))
            assert before == {(alarm["id"], alarm["subject"]) for alarm in receiver.alarms if alarm["kind"] == "alarm.channel_down"}
