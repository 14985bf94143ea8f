"""A base station is lost, a mobile one carries what waits, the base station comes back. Three half-duplex TNCs in one ether in which the
centre and the villages do not hear each other; judged by what the TNC of the villages hands over, and by the ether's own count."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, radio
from tests.e2e.test_narrow import NOISE
from tests.peers.direwolf import FarStation
from tests.peers.ether import Ether
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.e2e, pytest.mark.peer]

BASE, VAN, VILLAGES = "BS4", "MOB", "VIL"
GONE, BY_VAN = f"{BASE} is not heard (direct_mode), and no relay is", f"{BASE} is not heard (direct_mode): {VAN} relays"
CLASSES = ("P3", "P1", "P2", "P1", "P0")
AGAIN, ASKS = "【重发", " 收到请回复"
MODEM = {"full_duplex": False, "bitrate": 9600.0, "txdelay_ms": 50, "slot_ms": 50}
AIR = {**MODEM, "repeat_s": 1.5 * TIMEOUT_SCALE, "repeat_tries": 2, "steady_s": 60.0, "receipt_q95_s": 5.0 * TIMEOUT_SCALE}


class Valley:
    """The centre, its radio channel, and the villages behind the hill. `heard`: texts as they came out of the villages' TNC, with the
    digipeater that brought each, without the asking for an answer."""

    def __init__(self, ether: Ether, centre: Node, far: FarStation) -> None:
        self.ether = ether
        self.centre = centre
        self.far = far

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(frame.text.split(ASKS)[0], frame.via) for frame in self.far.received if ASKS in frame.text]

    async def tell(self, text: str, priority: str) -> str:
        """An order to a village; its id."""
        status, order = await self.centre.order("person:v1", text, priority=priority)
        assert 202 == status, order
        return str(order["id"])

    async def radio_says(self, remark: str, *states: str) -> None:
        """Until the channel says so of itself, in one of these states if any are named."""

        def is_so(rows: list[dict[str, Any]]) -> bool:
            return remark == rows[0]["remark"] and (not states or rows[0]["health"] in states)

        await self.centre.until("channel.ls", is_so, timeout_s=60)

    async def met(self, orders: Sequence[str], *, timeout_s: float = 60) -> None:
        """Until a device of each has said that it holds it."""
        for order in orders:
            (objective,) = (await self.centre.ended(order, timeout_s=timeout_s))["objectives"]
            assert "MET" == objective["state"], objective


@contextlib.asynccontextmanager
async def valley(folder: Path, *, noise: int = 60, gain: float = 1.0, **more: Any) -> AsyncIterator[Valley]:
    """With the base station on the air, and the van not yet. `noise`, `gain`: of the ether; `more`: settings of the channel."""
    names = ["CMD", BASE, VAN, VILLAGES]
    async with contextlib.AsyncExitStack() as stack:
        ether = Ether(names, baud=9600, noise=noise, gain=gain, deaf=[("CMD", VILLAGES)], digipeaters=[BASE, VAN], later=[VAN])
        await stack.enter_async_context(ether)
        station = radio(ether.tncs["CMD"].port, mycall="CMD", path=[BASE], relays=[VAN], **{**AIR, **more})
        persons = [Person("v1", callsign="V1")]
        centre = Node(folder, channels={"radio": station}, persons=persons, rules=orders("radio", deadline_s=600))
        far = FarStation(VILLAGES, ether.tncs[VILLAGES], device=1.0, answers_copies=True)
        await asyncio.gather(stack.enter_async_context(centre), far.start())
        stack.push_async_callback(far.stop)
        await centre.channels_up("radio")
        yield Valley(ether, centre, far)


def first_said(ether: Ether, texts: Sequence[str]) -> list[str]:
    """The texts in the order in which the centre's modem first put them on the air, marked or not."""
    frames = ether.said("CMD")
    return sorted(texts, key=lambda text: next(number for number, frame in enumerate(frames) if text in frame))


def shown_unmarked(heard: Sequence[tuple[str, str]], text: str) -> int:
    """How often the villages were shown a text without a mark; more than once is a thing shown twice."""
    return sum(text in said and AGAIN not in said for said, _ in heard)


@pytest.mark.timeout(120)
async def test_what_a_lost_base_station_leaves_goes_by_the_van_in_order_and_once(tmp_path: Path) -> None:
    """S5: the base station carries an order, then dies. The order that finds that out comes again by the van, marked; what came after it
    waits, and goes by the van as soon as that is heard: by priority, then in the order of acceptance, none twice."""
    async with valley(tmp_path) as place:
        before = await place.tell("各村清点船只", "P1")
        await place.met([before])
        await place.ether.tncs[BASE].kill()
        found_out = await place.tell("堤顶有渗水", "P1")
        await place.radio_says(GONE, "down")
        waiting = {text: await place.tell(text, text[:2]) for text in ("P3甲", "P1乙", "P0丙", "P1丁", "P3戊")}
        await place.ether.tncs[VAN].start()
        await place.met([found_out, *waiting.values()])
        await place.radio_says(BY_VAN)
        heard, order = place.heard, first_said(place.ether, list(waiting))
    assert {BASE} == {via for text, via in heard if "各村清点船只" in text}
    assert {VAN} == {via for text, via in heard if "各村清点船只" not in text}
    assert 0 == shown_unmarked(heard, "堤顶有渗水")
    assert 1 >= max(shown_unmarked(heard, text) for text in waiting)
    assert ("P0丙", "P3戊") == (order[0], order[-1])
    assert order.index("P1乙") < order.index("P1丁")
    assert order.index("P3甲") < order.index("P3戊")


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_a_long_queue_goes_by_the_van_and_nothing_is_said_again_when_the_base_station_is_back(tmp_path: Path) -> None:
    """S5 whole, with noise: thirty orders wait, urgent ones among them. All arrive by the van, each class in its order; the base station
    that comes back carries what is new, and of what has gone before not a frame; the van drives off, and nobody misses it."""
    async with valley(tmp_path, noise=NOISE, gain=0.45, steady_s=20.0, repeat_tries=3, receipt_q95_s=20.0) as place:
        await place.met([await place.tell("各村清点船只", "P1")])
        await place.ether.tncs[BASE].kill()
        found_out = await place.tell("堤顶有渗水", "P1")
        await place.radio_says(GONE, "down")
        texts = [f"{CLASSES[number % len(CLASSES)]}第{number:02d}号" for number in range(30)]
        waiting = {text: await place.tell(text, text[:2]) for text in texts}
        assert 31 == len(await place.centre.ask("queue.ls", limit=100))
        await place.ether.tncs[VAN].start()
        await place.met([found_out, *waiting.values()], timeout_s=600)
        await place.radio_says(BY_VAN)
        await place.ether.tncs[BASE].start()
        await place.radio_says("")
        before = len(place.ether.said("CMD"))
        await place.met([await place.tell("水位回落", "P2")])
        await place.ether.tncs[VAN].kill()
        await place.met([await place.tell("解除警戒", "P1")])
        heard, frames, order = place.heard, place.ether.said("CMD"), first_said(place.ether, texts)
        print(f"{len(frames)} frames of the centre for {len(texts)} orders that waited and four others")
    assert {VAN} == {via for text, via in heard if "号" in text}
    assert {BASE} == {via for text, via in heard if "水位回落" in text or "解除警戒" in text}
    assert [] == [frame for frame in frames[before:] if "号" in frame or "堤顶有渗水" in frame]
    assert 1 >= max(shown_unmarked(heard, text) for text in texts)
    assert {"P0"} == {text[:2] for text in order[:6]}
    queued = order[1:]  # the first was in hand, asking who is there, when the van was heard
    for each in CLASSES:
        assert [text for text in texts if text[:2] == each and text in queued] == [text for text in queued if text[:2] == each]
    assert places(order, "P1") < places(order, "P2") < places(order, "P3")


def places(order: Sequence[str], priority: str) -> float:
    """At which place, on average, the texts of a class stand."""
    found = [number for number, text in enumerate(order) if text[:2] == priority]
    return sum(found) / len(found)
