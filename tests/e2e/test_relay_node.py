"""A base station of a trunked radio network is lost, and another node of ours on a vehicle passes on what it carried: two daemons, the DMR
gateway, and half-duplex TNCs in two ethers. Judged by what the gateway put on the air and by what the village's TNC hands over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders, radio
from tests.peers.direwolf import FarStation
from tests.peers.ether import Ether
from tests.peers.hrnp import HrnpGateway
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.soak, pytest.mark.may_block("the gateway is told over a pipe")]

US, WATCHER, RADIO, VEHICLE = 9000, 8004, 1002, 11
VILLAGE = town(21)
MODEM = {"mycall": town(VEHICLE), "full_duplex": False, "bitrate": 9600.0, "txdelay_ms": 50, "slot_ms": 50}
ON = """
[ladders.on]
[[ladders.on.rungs]]
channels = ["down"]
[[rules]]
name = "on"
audience = { name = "village", persons = ["v21"] }
needed = "DEVICE"
deadline_s = 600
ladder = "on"
"""


class Scene:
    """`gateway`: the trunked network; `far`: the village's packet radio, which hears the vehicle alone."""

    def __init__(self, upper: Ether, centre: Node, gateway: HrnpGateway, far: FarStation) -> None:
        self.upper = upper
        self.centre = centre
        self.gateway = gateway
        self.far = far
        self._reports = 0

    async def site(self, state: str, remark: str) -> None:
        """The watcher at the base station says how it is, and the centre knows."""
        self._reports += 1
        await self.gateway.say(f"SITE {state}", by=WATCHER, to=US, request=self._reports)
        await self.centre.until("channel.ls", lambda rows: remark == next(row for row in rows if row["name"] == "pdt")["remark"])

    async def met(self, text: str, priority: str) -> tuple[str, list[str]]:
        """Send an order to the village and wait until a device there has it: by which channel, with what outcomes of its emissions."""
        order = (await self.centre.order("person:v21", text, priority=priority))[1]["id"]
        (objective,) = (await self.centre.ended(order, timeout_s=90))["objectives"]
        assert "MET" == objective["state"], objective
        one = next(delivery for delivery in objective["deliveries"] if delivery["evidence"] == "DEVICE")
        return one["channel"], [attempt["outcome"] for attempt in one["attempts"]]


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Everybody on the air."""
    down, van = folder / "centre", folder / "van"
    for place in (down, van):
        place.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        upper = await stack.enter_async_context(Ether(["CMD", "T11"], baud=9600))
        lower = await stack.enter_async_context(Ether(["T11", "VIL"], baud=9600))
        gateway = await stack.enter_async_context(HrnpGateway())
        link = head(down, upper.tncs["CMD"].port, [VEHICLE], baud=9600)
        link["settings"]["posts"][town(VEHICLE)] |= {"relays": True, "behind": [VILLAGE]}
        sites = {"BS-4": {"reporter": WATCHER, "stations": [str(RADIO)]}, "BS-1": {"reporter": WATCHER + 1}}
        waits = {"answer_s": 1.0 * TIMEOUT_SCALE, "ack_s": 0.5 * TIMEOUT_SCALE, "reopen_max_s": 0.5}
        pdt = {"host": "127.0.0.1", "port": gateway.port, "radio_id": US, "sites": sites, **waits}
        persons = [Person("v21", callsign=VILLAGE)]
        channels = {"pdt": {"type": "radio.hrnp", "settings": pdt}, "link": link}
        centre = Node(down, channels=channels, persons=persons, rules=orders("pdt", "link", deadline_s=600))
        with (down / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
            contacts.write(f"v21,dmr,{RADIO},1,\n")
        up = endpoint(van, upper.tncs["T11"].port, VEHICLE, baud=9600)
        up["settings"]["posts"]["BJ1CMD"]["behind"] = [VILLAGE]
        on = radio(lower.tncs["T11"].port, receipt_q95_s=10.0 * TIMEOUT_SCALE, **MODEM)
        vehicle = Endpoint(van, up, rules=ON, persons=persons, more={"down": on})
        far = FarStation("VIL", lower.tncs["VIL"], device=1.0, answers_copies=True)
        await far.start()
        stack.push_async_callback(far.stop)
        await asyncio.gather(stack.enter_async_context(centre), stack.enter_async_context(vehicle))
        await asyncio.gather(centre.channels_up("pdt", "link", timeout_s=30), vehicle.channels_up("link", "down", timeout_s=30))
        yield Scene(upper, centre, gateway, far)


def is_called(row: dict[str, Any]) -> bool:
    """Whether the vehicle is being called for an order."""
    return bool(("link", "EMITTING") == (row["channel"], row["state"]))


@pytest.mark.timeout(400)
async def test_what_the_base_station_no_longer_carries_is_passed_on_by_the_vehicle(tmp_path: Path) -> None:
    """S5: with its core the site carries; without it nobody calls into the void, the vehicle has the order on its disk (RELAYED) and the
    village's own device is what meets it; the site comes back and carries what is new. Nothing twice, on either way."""
    async with scene(tmp_path) as place:
        await place.site("CORE", "")
        assert ("pdt", ["reached ACCEPTED"]) == await place.met("各村清点船只", "P1")
        await place.site("DIRECT", f"BS-4 direct_mode: out of reach {RADIO}")
        by_vehicle = [await place.met(text, priority) for text, priority in (("堤顶有渗水", "P1"), ("立即转移", "P0"), ("报人数", "P2"))]
        await place.site("CORE", "")
        assert ("pdt", ["reached ACCEPTED"]) == await place.met("水位回落", "P1")
        aired: list[dict[str, Any]] = place.gateway.aired
        heard = [frame.text for frame in place.far.received]
    assert [("link", ["reached RELAYED"])] * 3 == by_vehicle
    assert ["各村清点船只", "水位回落"] == [one["text"].split(" ")[0] for one in aired]
    unmarked = [text for text in heard if "【重发" not in text]
    assert [1, 1, 1] == [sum(text in said for said in unmarked) for text in ("堤顶有渗水", "立即转移", "报人数")]
    assert not [said for said in heard if "各村清点船只" in said or "水位回落" in said]


@pytest.mark.timeout(600)
async def test_orders_wait_for_a_vehicle_that_is_still_on_its_way(tmp_path: Path) -> None:
    """Neither the site nor the vehicle carries anything: all waits, and once the vehicle is on the air the village has each order once."""
    texts = {"报人数": "P3", "堤顶有渗水": "P1", "立即转移": "P0", "清点船只": "P2"}
    async with scene(tmp_path) as place:
        await place.site("DIRECT", f"BS-4 direct_mode: out of reach {RADIO}")
        await place.upper.tncs["T11"].kill()
        sent = [(await place.centre.order("person:v21", text, priority=priority))[1]["id"] for text, priority in texts.items()]
        await place.centre.until("queue.ls", lambda rows: len(texts) == sum(is_called(row) for row in rows))
        assert [] == place.far.received
        await place.upper.tncs["T11"].start()
        for order in sent:
            (objective,) = (await place.centre.ended(order, timeout_s=180))["objectives"]
            assert "MET" == objective["state"], objective
        heard = [frame.text for frame in place.far.received]
    assert [] == place.gateway.aired
    assert [1] * len(texts) == [sum(text in said and "【重发" not in said for said in heard) for text in texts]
