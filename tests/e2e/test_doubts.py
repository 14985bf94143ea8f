"""What becomes of an emission of which nobody knows whether it left, judged by what the SMS centre received."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

MARK = "重发"
WINDOW_S = 4.0
"""How long a doubt may last at the shortest: twice the grace in which a centre that comes back may report by itself."""
NEVER_ANSWERED = "+8613800000077"


async def test_a_doubt_outlives_the_absence_of_its_centre(tmp_path: Path) -> None:
    """kill -9 in the middle of an urgent emission, and the centre away for longer than the doubt may last: the marked copy still comes."""
    async with Smsc() as smsc:
        channels = {"sms": sms(smsc.port, receipt_q95_s=1.0)}
        async with Node(tmp_path, channels=channels, persons=[Person("wang", NEVER_ANSWERED)], rules=orders("sms")) as node:
            await node.channels_up("sms")
            assert 202 == (await node.order("wang", "立即到岗", priority="P1"))[0]
            await smsc.wait_for(lambda: bool(smsc.submits))
            await node.kill()
            await smsc.kill()
            await node.start()
            assert "1 in doubt" in node.ready_line
            await asyncio.sleep(WINDOW_S + 1.0)
            await smsc.start()
            await smsc.wait_for(lambda: len(smsc.submits) > 1, 30)
            assert [False, True] == [MARK in submit.text for submit in smsc.submits]
