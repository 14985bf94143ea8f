"""MQTT 5 over a satellite's link to a mosquitto at its far end: outages, a broker killed within one, judged by what its readers read."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fenghuo import (
    Evidence,
    Inbound,
    InboundKind,
    NotReady,
    Reached,
    Rendition,
    Scope,
    Transient,
    Unknown,
)
from fenghuo_vsat import MqttSettings
from fenghuo_vsat.mqtt_channel import VsatMqtt
from tests.peers.mosquitto import Mosquitto, Reader, write
from tests.peers.tunlink import Places, TunLink, needs_tun
from tests.plugins.vsat_fakes import FakeContext, FakeJob
from tests.scale import PATIENCE_S, TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, needs_tun, pytest.mark.timeout(60)]

SLACK_S = PATIENCE_S
"""What a busy machine may add to a limit; TCP would go on for a minute and more."""


@dataclass(frozen=True)
class Site:
    """The link, the broker at its far end, and a device that reads there."""

    link: TunLink
    broker: Mosquitto
    device: Reader

    def shown(self) -> Counter[str]:
        """Ids that came; whoever shows them to people does so once for each."""
        return Counter(read.json["id"] for read in self.device.read)


@contextlib.asynccontextmanager
async def site(folder: Path, **terms: Any) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(Places())
        link = await stack.enter_async_context(TunLink(places, **({"delay_ms": 60, "rate_kbit": 512} | terms)))
        broker = await stack.enter_async_context(Mosquitto(folder, host="0.0.0.0", prefix=places.command(places.far)))
        device = await stack.enter_async_context(Reader(broker, "fenghuo/hq/out/#", name="device", persistent=True))
        stack.enter_context(places.inside(places.near))
        yield Site(link, broker, device)


@contextlib.asynccontextmanager
async def channel(here: Site, **settings: Any) -> AsyncIterator[tuple[VsatMqtt, FakeContext]]:
    base: dict[str, Any] = {"host": here.link.far_ip, "port": here.broker.port, "node": "hq", "plain": True, "interface": "sat0"}
    pace: dict[str, Any] = {"attempt_s": 1.0, "connect_s": 1.0, "reconnect_most_s": 0.3}
    ctx = FakeContext(MqttSettings(**(base | pace | settings)))
    made = VsatMqtt(ctx)
    await made.start()
    try:
        yield made, ctx
    finally:
        await made.stop(time.monotonic() + 1)


async def until(holds: Callable[[], bool], *, timeout_s: float = 40.0) -> None:
    async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
        while not holds():
            await asyncio.sleep(0.02)


async def received(vsat: VsatMqtt, receipts: dict[str, Inbound]) -> None:
    """For ever, as the core does: keep it, then acknowledge it."""
    async for inbound in vsat.inbound():
        receipts[inbound.ref] = inbound
        await inbound.ack()


async def test_a_puback_is_accepted_and_only_the_recipient_s_own_word_is_more(tmp_path: Path) -> None:
    """The broker's answer is ACCEPTED; the device's receipt, by its own topic, is DEVICE."""
    async with site(tmp_path) as here, channel(here) as (vsat, ctx):
        assert Reached(Evidence.ACCEPTED, ("van1/t-1",)) == await vsat.send(FakeJob("van1", token="t-1", text='{"text":"转移"}'))
        await here.device.until(lambda: len(here.device.read) == 1, "it arrives")
        sent = here.device.read[0].json
        assert ("t-1", 1, {"text": "转移"}) == (sent["id"], sent["seq"], sent["message"])
        receipts: dict[str, Inbound] = {}
        ear = asyncio.create_task(received(vsat, receipts))
        # The site stands at the far end, and so does what speaks for its device.
        assert 0 == await write(here.broker, sent["receipt_to"], b'{"id":"t-1","level":"device"}')
        await until(lambda: "van1/t-1" in receipts)
        ear.cancel()
        assert (InboundKind.RECEIPT, Evidence.DEVICE) == (receipts["van1/t-1"].kind, receipts["van1/t-1"].level)
        assert [(True, "connected and subscribed")] == ctx.told


async def test_an_emission_caught_by_an_outage_is_given_up_and_the_session_is_made_anew(tmp_path: Path) -> None:
    """attempt_s without a PUBACK: unknown, and down; what follows is certain not to have left, and not committed."""
    async with site(tmp_path) as here, channel(here) as (vsat, ctx):
        await here.link.become(loss=100)
        began = time.monotonic()
        assert Unknown("no-puback") == await vsat.send(FakeJob("van1", token="t-1", text="{}"))
        assert 1.0 <= time.monotonic() - began < 1.0 + SLACK_S
        job = FakeJob("van1", token="t-2", text="{}")
        assert Transient(Scope.CHANNEL, "not-connected") == await vsat.send(job)
        assert 0 == job.begun
        await until(lambda: [True, False] == [up for up, _ in ctx.told])
        await here.link.become(loss=0)
        await until(lambda: ctx.told[-1][0])


async def test_an_interface_that_was_gone_for_a_moment_is_up_again_by_the_broker_s_word(tmp_path: Path) -> None:
    """A session that outlives it says nothing, so the broker is asked; where that answers, the channel is told to be up, and carries."""
    async with site(tmp_path) as here, channel(here, attempt_s=5.0) as (vsat, ctx):
        await here.link.switch("down")
        await until(lambda: (False, "interface sat0 is gone") in ctx.told)
        await here.link.switch("up")
        await until(lambda: ctx.told[-1][0])
        assert [(True, "connected and subscribed"), (False, "interface sat0 is gone")] == ctx.told[:2]
        assert [(True, "interface sat0 is back, and the broker answered")] == ctx.told[2:]
        assert isinstance(await vsat.send(FakeJob("van1", text="{}")), Reached)


async def test_a_broker_that_is_silent_once_the_interface_is_back_is_asked_until_it_answers(tmp_path: Path) -> None:
    """Nothing goes through yet: that the interface is back makes nothing up."""
    async with site(tmp_path) as here, channel(here, attempt_s=0.3, connect_s=5.0) as (_, ctx):
        await here.link.switch("down")
        await until(lambda: len(ctx.told) == 2)
        await here.link.become(loss=100)
        await here.link.switch("up")
        await asyncio.sleep(0.7)
        assert not any(up for up, _ in ctx.told[1:])
        await here.link.become(loss=0)
        await until(lambda: ctx.told[-1][0])


@pytest.mark.soak
@pytest.mark.parametrize("outage_s", [5.0, 20.0, 300.0])
@pytest.mark.timeout(400)
async def test_a_broker_killed_in_the_outage_costs_nothing(outage_s: float, tmp_path: Path) -> None:
    """Ten messages, some before the outage and some into it; kill -9 of the broker within it. Each is asked for by its receipt and sent
    again under its id until that comes: all are read, and by their ids nothing is shown twice."""
    async with site(tmp_path) as here, channel(here) as (vsat, _):
        receipts: dict[str, Inbound] = {}
        ear = asyncio.create_task(received(vsat, receipts))
        answering = asyncio.create_task(_answers(here))
        sending = [asyncio.create_task(_until_receipt(vsat, number, receipts)) for number in range(3)]
        await here.device.until(lambda: len(here.device.read) >= 1, "the first is there")
        await here.link.become(loss=100)
        sending += [asyncio.create_task(_until_receipt(vsat, number, receipts)) for number in range(3, 10)]
        await asyncio.sleep(outage_s / 2)
        await here.device.stop()
        await here.broker.restart()
        await here.device.start()
        await asyncio.sleep(outage_s / 2)
        await here.link.become(loss=0)
        await asyncio.gather(*sending)
        for task in (ear, answering):
            task.cancel()
        assert {f"t-{number}" for number in range(10)} == set(here.shown())


async def test_what_it_counts_and_foresees_is_what_the_link_was_offered(tmp_path: Path) -> None:
    """Octets of IP, connection and all, within 2 %; and the estimate of one message on a connection that stands."""
    async with site(tmp_path, delay_ms=20) as here, channel(here, rate_kbit=512.0) as (vsat, _):
        token, text = "0b1d5c2e-7a43-5b0e-9c1f-3d8e0a4b6c72", '{"text":"' + "汛" * 1500 + '"}'
        await vsat.send(FakeJob("van1", token=token, text=text))
        await asyncio.sleep(0.1)
        before, _ = await here.link.count()
        await vsat.send(FakeJob("van1", token=token, text=text))
        await asyncio.sleep(0.1)
        after, _ = await here.link.count()
        assert after.offered_octets == pytest.approx(vsat.spent_octets, rel=0.02)
        one = after.offered_octets - before.offered_octets
        assert one == pytest.approx(vsat.estimate(Rendition("json", text, text.encode()), "van1").airtime_s * 512 * 125, rel=0.02)


async def test_the_rate_budget_is_kept_on_the_wire(tmp_path: Path) -> None:
    """Four messages at once: never more than burst and rate allow. What cannot be covered in time is a matter of the message alone."""
    rate_kbit, burst, text = 64.0, 4_000, '{"text":"' + "汛" * 700 + '"}'
    async with site(tmp_path, delay_ms=20) as here, channel(here, rate_kbit=rate_kbit, burst_octets=burst) as (vsat, _):
        before, _ = await here.link.count()
        began = time.monotonic()
        outcomes = await asyncio.gather(*(vsat.send(FakeJob("van1", token=f"t-{number}", text=text)) for number in range(4)))
        took_s = time.monotonic() - began
        after, _ = await here.link.count()
        assert all(isinstance(outcome, Reached) for outcome in outcomes)
        assert after.offered_octets - before.offered_octets <= burst + took_s * rate_kbit * 125 + 4 * 52
        long = asyncio.create_task(vsat.send(FakeJob("van1", token="long", text='{"text":"' + "汛" * 2000 + '"}')))
        await asyncio.sleep(0)
        refused = await vsat.send(FakeJob("van1", text=text, left_s=1.01))
        assert isinstance(await long, Reached)
        assert isinstance(refused, Transient)
        assert (Scope.MESSAGE, "rate-budget") == (refused.scope, refused.code)


async def test_a_broker_that_cannot_be_reached_is_not_ready_within_our_own_limit(tmp_path: Path) -> None:
    """A terminal that starts in an outage tries again later."""
    async with site(tmp_path) as here:
        await here.link.become(loss=100)
        began = time.monotonic()
        with pytest.raises(NotReady):
            async with channel(here):
                pass
        assert time.monotonic() - began < 1.0 + SLACK_S


async def _until_receipt(vsat: VsatMqtt, number: int, receipts: dict[str, Inbound]) -> None:
    """As the core does with an idempotent channel whose order needs a receipt: the same token until that has come."""
    for n in range(1, 400):
        await vsat.send(FakeJob("van1", token=f"t-{number}", text="{}", n=n))
        for _ in range(10):
            if f"van1/t-{number}" in receipts:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no receipt ever came")


async def _answers(here: Site) -> None:
    """The device confirms each copy that it reads."""
    done = 0
    while True:
        while done < len(here.device.read):
            sent = here.device.read[done].json
            if await write(here.broker, sent["receipt_to"], b'{"id":"%b","level":"device"}' % sent["id"].encode()) == 0:
                done += 1
        await asyncio.sleep(0.02)
