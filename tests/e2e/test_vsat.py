"""A command network by fibre and by satellite between two places (scenario S4), judged by what the far end received."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.vsat_site import BY_SATELLITE, CHUNK, TOWNS, Far, Site, site
from tests.peers.mosquitto import Mosquitto, Reader, write
from tests.peers.tunlink import Places, TunLink, needs_tun
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, needs_tun, pytest.mark.timeout(60)]

FORGETFUL = ("persistence true", "persistence_location {folder}/", "autosave_interval 1800")
"""As mosquitto comes: what an offline device has queued is in memory for half an hour."""


def switches(ways: list[str]) -> int:
    """How often the way changed from one message to the next."""
    return sum(one != other for one, other in itertools.pairwise(ways))


@pytest.mark.parametrize(
    ("flaps", "down_s"), [(1, 1.5), pytest.param(5, 8.0, marks=[pytest.mark.soak, pytest.mark.timeout(400)])], ids=["short", "as in S4"]
)
async def test_s4_a_fibre_that_is_cut_and_flaps(flaps: int, down_s: float, tmp_path: Path) -> None:
    """Detected, and within 3 s of that the first queued report is there by satellite; each time the fibre is back it is found, and not
    switched back to; an urgent order goes both ways at once, so that it waits for no detection; nothing is lost or shown twice."""
    async with site(tmp_path) as here:
        for number in range(3):
            await here.order(f"报告{number}")
        await here.far.until(lambda: len(here.far.came) == 3)
        assert {"net"} == {one.way for one in here.far.came}

        await here.fibre.become(loss=100)
        cut_at = time.monotonic()
        urgent = await here.order("立即转移", priority="P1")
        queued = [await here.order(f"雨情{number}") for number in range(TOWNS)]
        await here.becomes("net", "down")
        detected_at = time.monotonic()
        assert detected_at - cut_at < 15.0 * TIMEOUT_SCALE
        await here.far.until(lambda: any(one in here.far.first() for one in queued))
        assert min(here.far.first()[one].at for one in queued if one in here.far.first()) - detected_at <= 3.0 * TIMEOUT_SCALE
        await here.far.until(lambda: {urgent, *queued} <= set(here.far.first()))
        assert urgent == min((urgent, *queued), key=lambda one: here.far.first()[one].at), "it goes both ways and waits for no detection"

        flapping_from = len(here.accepted)
        for _ in range(flaps):
            await here.fibre.become(loss=0)
            await here.becomes("net", "probation", "up", timeout_s=60)
            await here.orders_for(1.5)
            await here.fibre.become(loss=100)
            await here.orders_for(down_s)
        await here.fibre.become(loss=0)
        await here.far.until(lambda: set(here.accepted) <= set(here.far.first()))
        ways = [here.far.first()[one].way for one in here.accepted[flapping_from:]]
        assert switches(["vsat", *ways]) <= 1, ways
        assert {} == {one: count for one, count in by_way(here.far).items() if count > 1}, "a way brought one message twice"


@pytest.mark.parametrize(
    ("octets", "outage_s"),
    [
        pytest.param(130_000, 0, marks=pytest.mark.timeout(300)),
        pytest.param(2_000_000, 60, marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
    ids=["short", "as in S4"],
)
async def test_s4_a_picture_is_resumed_after_an_outage_and_after_a_kill_of_either_end(octets: int, outage_s: float, tmp_path: Path) -> None:
    """The fibre is cut and the report of 沙溪 goes by satellite, its picture behind it. The link fails, the daemon is killed, the far end
    is killed: each time it goes on from the octet that the far end confirms. What it belongs to is there before it begins."""
    picture = b"\xff\xd8" + random.Random(4).randbytes(octets)
    async with site(tmp_path) as here:
        digest = (await here.node.ask("attachment.put", raw=picture))["digest"]
        assert hashlib.sha256(picture).hexdigest() == digest
        await here.fibre.become(loss=100)
        report = await here.order("沙溪镇险情", attachments=[{"digest": digest, "name": "堤.jpg", "media_type": "image/jpeg"}])
        await _begun(here, 0.2 * octets)
        assert {report} == {one.message for one in here.far.came}, "the text comes first"

        await here.satellite.become(loss=100)
        urgent = await here.order("立即转移", priority="P1")
        await here.pictures.until(lambda: "attachment waits" in here.node.log.read_text(), timeout_s=60)
        await asyncio.sleep(outage_s)
        await here.satellite.become(loss=0)
        await here.far.until(lambda: urgent in here.far.first(), timeout_s=60)
        await _begun(here, 0.4 * octets)
        await here.node.restart()
        await _begun(here, 0.7 * octets)
        await here.pictures.kill()
        await here.pictures.start()
        await here.order("继续上报")  # whatever crosses the path ends the wait

        await here.pictures.until(lambda: bool(here.pictures.whole()), timeout_s=120)
        (upload,) = here.pictures.whole()
        assert picture == upload.octets
        assert (digest, "堤.jpg", report) == tuple(upload.metadata[name] for name in ("sha256", "filename", "message"))
        asked = Counter(one.method for one in here.pictures.asked)
        repeated = sum(one.octets for one in here.pictures.asked) - len(picture)
        assert asked["HEAD"] >= 1
        assert repeated <= asked["HEAD"] * CHUNK, "more than a chunk was sent twice for an interruption"


async def test_s4_a_picture_begun_by_the_fibre_goes_on_by_satellite_within_its_budget(tmp_path: Path) -> None:
    """The fibre is cut with the picture partly there: the satellite goes on from the octet that the far end confirms, for as many octets
    as it may carry in a day; then the rest waits, said in words, until the fibre is back. One upload, whole."""
    picture, budget = b"\xff\xd8" + random.Random(5).randbytes(150_000), 60_000
    shares = {"net": {"rate_kbit": 400.0}, "vsat": {"attachments_mb_a_day": budget / 1e6}}
    async with site(tmp_path, shares=shares) as here:
        digest = (await here.node.ask("attachment.put", raw=picture))["digest"]
        await here.order("沙溪镇险情", attachments=[{"digest": digest, "name": "堤.jpg", "media_type": "image/jpeg"}])
        await _begun(here, 30_000)
        await here.fibre.become(loss=100)
        await here.node.until("channel.ls", lambda rows: any("budget for them is spent" in row["remark"] for row in rows), timeout_s=60)
        assert [] == here.pictures.whole()
        await here.fibre.become(loss=0)
        await here.pictures.until(lambda: bool(here.pictures.whole()), timeout_s=120)
        (upload,) = here.pictures.whole()
        asked = Counter(one.method for one in here.pictures.asked)
        assert (picture, 1) == (upload.octets, asked["POST"])
        by_satellite, _ = await here.satellite.count()
        assert budget < by_satellite.passed_octets < 1.5 * budget, "headers and probes are in it"
        assert sum(one.octets for one in here.pictures.asked) - len(picture) <= asked["HEAD"] * CHUNK


async def _begun(here: Site, octets: float) -> None:
    """Until the far end has been sent more than so much of the picture."""
    await here.pictures.until(lambda: any(one.offset > octets for one in here.pictures.asked), timeout_s=120)


def by_way(far: Far) -> Counter[tuple[str, str]]:
    """Message and way → how often it came under a token that was new."""
    return Counter((one.message, one.way) for one in far.came if not one.again)


@pytest.mark.parametrize("outage_s", [2.0, pytest.param(20.0, marks=[pytest.mark.soak, pytest.mark.timeout(120)])])
async def test_a_broker_and_a_daemon_killed_in_the_outage_cost_nothing(outage_s: float, tmp_path: Path) -> None:
    """A mosquitto at the far end that forgets, as it comes: four orders taken by it, four into the outage, and kill -9 of both within
    it. Each order ends by the receipt of the device, which shows each id once."""
    (tmp_path / "broker").mkdir()
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(Places())
        satellite = await stack.enter_async_context(TunLink(places, delay_ms=60, rate_kbit=512))
        prefix = places.command(places.far)
        broker = await stack.enter_async_context(Mosquitto(tmp_path / "broker", settings=FORGETFUL, host="0.0.0.0", prefix=prefix))
        device = Reader(broker, "fenghuo/hq/out/van1", name="van1", persistent=True)
        async with device:  # it is known there, and away
            pass
        stack.enter_context(places.inside(places.near))
        session = {"host": satellite.far_ip, "port": broker.port, "node": "hq", "plain": True, "interface": "sat0", "receipt_q95_s": 2.0}
        pace = {"attempt_s": 1.0, "connect_s": 0.5, "reconnect_most_s": 0.5, "probe_shortest_s": 1.0, "probe_longest_s": 3.0}
        channels = {"vsat": {"type": "vsat.mqtt", "settings": {**session, **pace}}}
        node = Node(tmp_path, channels=channels, persons=[Person("van")], rules=orders("vsat"))
        with (tmp_path / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
            contacts.write("van,mqtt,van1,1,\n")
        await stack.enter_async_context(node)
        await node.channels_up("vsat")
        sent = [(await node.order("van", f"第{number}批", priority="P1"))[1]["id"] for number in range(4)]
        await broker.wait_for(lambda: sum("Received PUBLISH from fenghuo-hq" in line for line in broker.log) >= 4, "four are taken")
        await satellite.become(loss=100)
        sent += [(await node.order("van", f"第{number}批", priority="P1"))[1]["id"] for number in range(4, 8)]
        await asyncio.sleep(outage_s / 2)
        await broker.kill()
        await node.kill()
        starting = asyncio.create_task(node.start())
        await broker.start()
        await starting
        await asyncio.sleep(outage_s / 2)
        await satellite.become(loss=0)
        await stack.enter_async_context(device)
        await stack.enter_async_context(_confirming(broker, device))
        ended = [await node.ended(message, timeout_s=40) for message in sent]
        assert ["MET"] * 8 == [view["objectives"][0]["state"] for view in ended]
        shown = {read.json["id"]: read.json["message"]["id"] for read in device.read}
        assert sorted(sent) == sorted(shown.values())


@contextlib.asynccontextmanager
async def _confirming(broker: Mosquitto, device: Reader) -> AsyncIterator[None]:
    """Until the end the device says of everything that it reads that it is here."""
    confirming = asyncio.create_task(_confirms(broker, device), name="device")
    try:
        yield
    finally:
        confirming.cancel()
        await asyncio.wait([confirming])


async def _confirms(broker: Mosquitto, device: Reader) -> None:
    for told in itertools.count():
        await device.until(partial(_has, device, told), "something is read", timeout_s=60)
        envelope = device.read[told].json
        await write(broker, envelope["receipt_to"], msgspec.json.encode({"id": envelope["id"], "level": "device"}))


def _has(device: Reader, count: int) -> bool:
    return len(device.read) > count


@pytest.mark.soak
@pytest.mark.parametrize("outage_s", [2.0, pytest.param(300.0, marks=pytest.mark.timeout(500))])
async def test_a_daemon_killed_in_the_outage_loses_nothing_and_shows_nothing_twice(outage_s: float, tmp_path: Path) -> None:
    """Reports before the outage, into it, and after a kill -9 within it; there is no other way than the satellite."""
    async with site(tmp_path, rules=BY_SATELLITE) as here:
        await here.order("出险前")
        await here.far.until(lambda: len(here.far.came) == 1)
        sending = [asyncio.create_task(here.order(f"险情{number}")) for number in range(4)]
        await here.satellite.become(loss=100)
        await asyncio.gather(*sending)
        await asyncio.sleep(outage_s / 2)
        await here.node.restart()
        for number in range(4):
            await here.order(f"灾情{number}")
        await asyncio.sleep(outage_s / 2)
        await here.satellite.become(loss=0)
        await here.far.until(lambda: set(here.accepted) <= set(here.far.first()), timeout_s=40)
        assert {} == {one: count for one, count in by_way(here.far).items() if count > 1}


async def test_a_sinking_link_makes_its_channel_suspect_before_anything_is_lost(tmp_path: Path) -> None:
    """12.0 dB: up. 6.1 dB: suspect, by the modem's word alone. The modem falls silent: not down, and what crosses speaks for it.
    The terminal is unplugged and plugged in again: told at once, without traffic."""
    async with site(tmp_path, rules=BY_SATELLITE) as here:
        assert "up" == await here.health("vsat")
        await here.modem.set(61)
        await here.becomes("vsat", "suspect")
        assert "the modem reads 6.1, below 7" == (await here.row("vsat"))["reason"]
        here.modem.be_silent()
        await asyncio.sleep(1.0)
        assert "suspect" == await here.health("vsat")
        for number in range(4):
            await here.order(f"照常报告{number}")
        await here.far.until(lambda: len(here.far.came) == 4)
        await here.becomes("vsat", "up")

        await here.satellite.unplug()
        await here.becomes("vsat", "down")
        assert "gone" in (await here.row("vsat"))["reason"], "by the interface's word, and not because something was not answered"
        await here.satellite.plug()
        await here.becomes("vsat", "probation", "up")
