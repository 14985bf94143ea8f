"""What an alert is booked with, through the running daemon, held against what two bearers' own peers received."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

WANG, LI = Person("wang", msisdn="+8613800000101"), Person("li", callsign="BG4ABD")
FEN, WATTS = 8.0, 25.0
"""The tariff of a part, and what a radio draws while it sends (docs/reference/radio-text.md)."""
MODEM = {"bitrate": 9600.0, "txdelay_ms": 50, "txtail_ms": 30}
_NUMBER = re.compile(r"#(\d{4})")
TEXT = "沿江各村立即转移低洼地区群众，清点人数，安置在县第一中学，转移途中远离电线和河道，沙溪镇每小时报一次水位，双凤镇备好冲锋舟待命。"
"""Two short messages and one frame: direwolf keys two frames that meet in its queue only once."""


async def test_a_whole_alert_reconciles_with_what_the_centre_and_the_air_received(tmp_path: Path) -> None:
    """Money by the parts that the centre has, seconds by the samples that the modem keyed, joules by those seconds: within 2 %, in `alert
    show`, in `alert why` and in the metrics."""
    async with Smsc() as smsc, Duo(baud=9600, is_metered=True) as duo:
        channels = {"sms": sms(smsc.port, fee_fen=FEN), "radio": radio(duo.near.port, **MODEM)}
        async with Node(tmp_path, channels=channels, persons=[WANG, LI], rules=orders("sms", "radio")) as node:
            await node.channels_up("sms", "radio")
            keyed_s = duo.aired_s
            _, order = await node.order(["person:wang", "person:li"], TEXT)
            heard = await duo.far.heard(lambda one: one.dest == LI.callsign)
            await duo.far.say(f"DEV {_NUMBER.findall(heard.text)[-1]}", "BJ1CMD", source=LI.callsign)
            booked = (await node.ended(order["id"]))["booked"]
            keyed_s = await _keyed_s(duo) - keyed_s
            why = await node.ask("message.why", id=order["id"])
            metrics = await _metrics(node)
    parts = [one for one in smsc.submits if one.dst == WANG.msisdn[1:]]
    frames = [one for one in duo.far.received if one.dest == LI.callsign]
    assert (2, 1) == (len(parts), len(frames))
    assert booked == why["booked"]
    assert (2, len(parts), len(frames)) == (booked["emissions"], *(booked["channels"][name]["fragments"] for name in ("sms", "radio")))
    measured = {"fee_fen": FEN * len(parts), "airtime_s": keyed_s, "joules": WATTS * keyed_s}
    assert measured == {name: pytest.approx(booked[name], rel=0.02) for name in measured}
    summed = {name: sum(metrics[f"fenghuo_booked_{name}"]) for name in ("fen", "airtime_seconds", "joules")}
    assert list(summed.values()) == pytest.approx([booked[name] for name in measured], rel=0.001)


async def _keyed_s(duo: Duo) -> float:
    """Once the tail of the last frame is out."""
    before = -1.0
    while before != (now := duo.aired_s):
        before = now
        await asyncio.sleep(0.2)
    return now


async def _metrics(node: Node) -> dict[str, list[float]]:
    """By family, whatever the labels."""
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}/metrics") as answer:
        text = await answer.text()
    return {family.name: [sample.value for sample in family.samples] for family in text_string_to_metric_families(text)}
