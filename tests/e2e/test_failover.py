"""What must hold when a bearer dies and returns, judged by what the peers received."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(150)]

LADDER = orders("sms", "radio", needed="HUMAN", min_risk_groups=2)
ORDERS = 200
RECEIPT_Q95_S, RADIO_Q95_S = 8.0, 10.0


def people(count: int) -> list[Person]:
    """Invented persons with a telephone and a callsign each; no number ends as those that the centre treats specially."""
    return [Person(f"p{n}", f"+86138{n:06d}10", f"B{n // 26 % 10}{chr(65 + n % 26)}{n:03d}") for n in range(count)]


async def test_a_dead_sms_centre_costs_no_order_and_its_return_brings_no_second_copy(tmp_path: Path) -> None:
    """With 200 orders open the SMSC gets SIGKILL: each is on the radio, none is lost, and no number gets a second submit_sm."""
    persons = people(ORDERS)
    async with Smsc(store=tmp_path / "smsc.store", rate=40) as smsc, Duo(baud=38400) as duo:
        duo.far.answer = 0.5
        channels = {"sms": sms(smsc.port, window=8, receipt_q95_s=RECEIPT_Q95_S), "radio": radio(duo.near.port, receipt_q95_s=RADIO_Q95_S)}
        async with Node(tmp_path, channels=channels, persons=persons, rules=LADDER) as node:
            await node.channels_up("sms", "radio")
            answers = await asyncio.gather(*(node.order(person.id, f"命令{person.id}号：立即到岗", priority="P2") for person in persons))
            assert [202] * ORDERS == [status for status, _ in answers]
            await smsc.wait_for(lambda: len(smsc.submits) >= 20)
            await smsc.kill()
            submitted = {submit.dst for submit in smsc.submits}
            cut_off = {person.callsign for person in persons if person.msisdn[1:] not in submitted}
            await _until(lambda: cut_off <= {frame.dest.partition("-")[0] for frame in duo.far.received}, timeout_s=60)
            await smsc.restart()
            await smsc.wait_for(lambda: len(smsc.submits) > len(submitted), timeout_s=40)
            seen = len(smsc.submits)
            await asyncio.sleep(1.0)
            assert len(smsc.submits) - seen <= ORDERS // 5, "a returning bearer is met by a trickle, not by everything at once"
            await node.until("queue.ls", lambda rows: not _waiting(rows), timeout_s=60, limit=1000)
            copies = {number: count for number, count in Counter(submit.dst for submit in smsc.submits).items() if count > 1}
            assert {} == copies


async def _until(holds: Callable[[], bool], *, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
        while not holds():
            await asyncio.sleep(0.1)


def _waiting(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in rows if row["channel"] == "sms" and row["state"] in ("READY", "EMITTING")]
