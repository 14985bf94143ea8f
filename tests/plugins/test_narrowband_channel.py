"""The radio channel over a TNC that only takes octets: what goes out, what comes in, and what it says of failures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fenghuo import (
    Aired,
    Evidence,
    Inbound,
    InboundKind,
    LinkError,
    NotReady,
    Permanent,
    PowerLevel,
    ProbeBudget,
    Reached,
    Scope,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_adapters.kiss_framing import Command, KissDecoder, KissFrame
from fenghuo_narrowband import RadioSettings
from fenghuo_narrowband.channel import RadioChannel
from tests.peers.tcp_end import FarEnd
from tests.plugins.narrowband_fakes import FakeClock, FakeContext, FakeJob, settings_for
from tests.scale import TIMEOUT_SCALE

SOON_S = 40.0 * TIMEOUT_SCALE
LONG = "请沿江各村于18时前转移全部危险区群众，完成后报数。" * 8


class Station:
    """A channel that runs, its context and its TNC."""

    def __init__(self, settings: RadioSettings, far: FarEnd) -> None:
        self.clock = FakeClock()
        self.ctx = FakeContext(settings, clock=self.clock)
        self.far = far
        self.channel = RadioChannel(self.ctx)
        self.inbound = self.channel.inbound()

    def sent(self) -> list[UiFrame]:
        """Every AX.25 frame that the TNC was given to send."""
        return [UiFrame.decode(frame.data) for frame in self.given() if frame.command == Command.DATA]

    def given(self) -> list[KissFrame]:
        return KissDecoder().feed(bytes(self.far.taken))

    async def hear(self, text: str | bytes, *, source: str = "BJ1VAN", to: str = "BJ1CMD", port: int = 0) -> None:
        info = text if isinstance(text, bytes) else text.encode()
        await self.until(lambda: self.far.writer is not None)
        assert self.far.writer is not None
        self.far.writer.write(KissFrame(UiFrame(Address.parse(to), Address.parse(source), info).encode(), port=port).encode())

    async def next(self) -> Inbound:
        async with asyncio.timeout(SOON_S):
            return await anext(self.inbound)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not holds():
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def station(**more: object) -> AsyncIterator[Station]:
    far = FarEnd()
    await far.start()
    running = Station(settings_for(far.port, **more), far)
    try:
        await running.channel.start()
        yield running
    finally:
        await running.channel.stop(0.0)
        await far.stop()


async def test_an_order_goes_to_its_station_as_it_was_rendered() -> None:
    """The destination of the frame is the recipient's callsign; AIRED, named by callsign and number."""
    async with station() as running:
        outcome = await running.channel.send(FakeJob("BJ1VAN-7", "请转移 #0123"))
        assert Aired(("BJ1VAN-7/0123",)) == outcome
        await running.until(lambda: len(running.sent()) == 1)
        assert [UiFrame(Address("BJ1VAN", 7), Address("BJ1CMD"), "请转移 #0123".encode())] == running.sent()


async def test_a_group_is_one_emission() -> None:
    """The group's callsign is a destination like any other."""
    async with station() as running:
        assert Aired(("BJ1GRP/0123",)) == await running.channel.send(FakeJob("BJ1GRP"))
        await running.until(lambda: len(running.sent()) == 1)
        assert Address("BJ1GRP") == running.sent()[0].destination


async def test_a_long_text_goes_in_several_frames_with_a_turn_before_each() -> None:
    """Others pass between two frames."""
    async with station() as running:
        job = FakeJob("BJ1VAN", LONG)
        await running.channel.send(job)
        await running.until(lambda: len(running.sent()) == 3)
        assert ["(1/3)", "(2/3)", "(3/3)"] == [frame.info.decode()[:5] for frame in running.sent()]
        assert 3 == job.emission.turns


async def test_a_delivery_cancelled_between_two_frames_stops_there() -> None:
    """Withdrawn passes through the channel, and the rest stays unsent."""
    async with station() as running:
        job = FakeJob("BJ1VAN", LONG)
        job.emission.withdrawn_at = 2
        with pytest.raises(Withdrawn):
            await running.channel.send(job)
        await running.until(lambda: len(running.sent()) == 1)


async def test_a_refusal_of_the_licence_is_never_caught() -> None:
    """Denied goes back to the core; no octet of the order left."""
    async with station() as running:
        with pytest.raises(Withdrawn):
            await running.channel.send(FakeJob("BJ1VAN", denied=Withdrawn("expired")))
        assert [] == running.sent()


async def test_the_tnc_is_set_up_at_each_opening() -> None:
    """TXDELAY, persistence, slot time, tail and duplex, in the TNC's units."""
    async with station(txdelay_ms=300, txtail_ms=100) as running:
        await running.until(lambda: len(running.given()) == 5)
        assert [(1, 30), (2, 63), (3, 10), (4, 10), (5, 0)] == [(frame.command, frame.data[0]) for frame in running.given()]


async def test_without_pacing_only_accepted_is_claimed() -> None:
    """The TNC took it; whether it is on the air nobody knows."""
    async with station(pace=False) as running:
        assert Reached(Evidence.ACCEPTED, ("BJ1VAN/0123",)) == await running.channel.send(FakeJob("BJ1VAN"))


async def test_the_airtime_is_waited_out() -> None:
    """AIRED is not said before the TNC can have sent it."""
    async with station(txdelay_ms=200) as running:
        began = asyncio.get_running_loop().time()
        await running.channel.send(FakeJob("BJ1VAN"))
        assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_tnc_lost_while_it_sends_leaves_the_emission_unknown() -> None:
    """Nobody can say whether the frame left."""
    async with station(txdelay_ms=2000, bitrate=5.0) as running:  # on the air for longer than is waited
        sending = asyncio.create_task(running.channel.send(FakeJob("BJ1VAN")))
        await running.until(lambda: len(running.sent()) == 1)
        running.far.hang_up()
        async with asyncio.timeout(20.0 * TIMEOUT_SCALE):
            assert isinstance(await sending, Unknown)


async def test_with_the_line_down_nothing_begins() -> None:
    """Transient, channel scope, and no attempt is spent."""
    async with station(reopen_max_s=30.0) as running:
        await running.far.stop()
        await running.until(lambda: len(running.ctx.told) == 2)
        job = FakeJob("BJ1VAN")
        assert Transient(Scope.CHANNEL, "line-down") == await running.channel.send(job)
        assert 0 == job.begun
        await running.far.start()


async def test_a_bad_callsign_is_the_recipients_fault() -> None:
    """It never blocks the radio."""
    async with station() as running:
        job = FakeJob("不是台")
        assert Permanent(Scope.RECIPIENT, "bad-callsign") == await running.channel.send(job)
        assert 0 == job.begun


async def test_a_text_too_long_is_the_messages_fault() -> None:
    """Nine frames are the most."""
    async with station() as running:
        assert Permanent(Scope.MESSAGE, "too-long") == await running.channel.send(FakeJob("BJ1VAN", "汛" * 500))


async def test_listening_only_sends_nothing() -> None:
    """Radio silence, or a battery to save."""
    async with station() as running:
        await running.channel.set_power(PowerLevel.LISTEN)
        assert Transient(Scope.CHANNEL, "listening-only") == await running.channel.send(FakeJob("BJ1VAN"))
        assert [] == running.sent()


async def test_an_answer_is_handed_up_with_its_sender() -> None:
    """First that somebody was heard, then what they said."""
    async with station() as running:
        await running.hear("收到#0123", source="BJ1VAN-7")
        heard, answer = await running.next(), await running.next()
        assert (InboundKind.HEARD, "callsign", "BJ1VAN-7") == (heard.kind, heard.address_kind, heard.address)
        assert (InboundKind.ANSWER, "callsign", "BJ1VAN-7", "收到#0123") == (answer.kind, answer.address_kind, answer.address, answer.text)
        await answer.ack()


async def test_a_terminals_receipt_is_device_evidence_for_that_emission() -> None:
    """Its ref is what send() named."""
    async with station() as running:
        outcome = await running.channel.send(FakeJob("BJ1VAN"))
        await running.hear("DEV 0123")
        await running.next()
        receipt = await running.next()
        assert (InboundKind.RECEIPT, Evidence.DEVICE) == (receipt.kind, receipt.level)
        assert isinstance(outcome, Reached)
        assert (receipt.ref,) == outcome.refs


async def test_the_same_answer_twice_is_handed_up_twice() -> None:
    """The core knows duplicates; a channel that guesses could lose a second answer."""
    async with station() as running:
        await running.hear("收到#0123")
        await running.hear("收到#0123")
        assert ["", "收到#0123", "收到#0123"] == [(await running.next()).text for _ in range(3)]


async def test_a_station_is_reported_as_heard_at_most_once_a_minute() -> None:
    """And again when the minute is over."""
    async with station() as running:
        for text in ("beacon", "beacon", "beacon"):
            await running.hear(text, to="APRS")
        assert InboundKind.HEARD == (await running.next()).kind
        await running.hear("收到#0001")
        assert InboundKind.ANSWER == (await running.next()).kind
        running.clock.now += 60.0
        await running.hear("beacon", to="APRS")
        assert InboundKind.HEARD == (await running.next()).kind


async def test_what_is_not_for_us_is_no_answer() -> None:
    """Another post's answers, our own frame repeated, another radio port, noise and orders of others."""
    async with station() as running:
        await running.hear("收到#0123", to="BJ9XYZ")
        await running.hear("收到#0123", source="BJ1CMD")
        await running.hear("收到#0123", port=3)
        await running.hear(b"\xff\x00")
        await running.hear("请转移 收到请回复 收到#0042")
        assert running.far.writer is not None
        running.far.writer.write(KissFrame(b"no frame at all").encode())
        await running.hear("收到#0007")
        heard, answer = await running.next(), await running.next()
        assert (InboundKind.HEARD, InboundKind.ANSWER, "收到#0007") == (heard.kind, answer.kind, answer.text)


async def test_start_with_the_tnc_absent_is_not_ready() -> None:
    """With the reason, and when to try again."""
    async with station() as running:
        await running.far.stop()
        with pytest.raises(NotReady, match="cannot be opened") as caught:
            await RadioChannel(running.ctx).start()
        assert 0 < caught.value.retry_after_s <= 5
        await running.far.start()


async def test_a_serial_device_that_is_absent_is_not_ready(tmp_path: Path) -> None:
    """The daemon starts all the same."""
    settings = settings_for(8001, driver="serial", device=str(tmp_path / "tnc"))
    with pytest.raises(NotReady, match="no such device"):
        await RadioChannel(FakeContext(settings)).start()


async def test_health_is_told_when_the_line_goes_and_comes() -> None:
    """At once, with the reason, and once each."""
    async with station() as running:
        await running.until(lambda: running.far.writer is not None)
        running.far.hang_up()
        await running.until(lambda: [up for up, _ in running.ctx.told] == [True, False, True])
        assert "closed" in running.ctx.told[1][1] or "broke" in running.ctx.told[1][1]


async def test_a_probe_does_not_take_an_open_line_for_the_air() -> None:
    """Only a station heard lately proves the receiver."""
    async with station() as running:
        before = await running.channel.probe(ProbeBudget())
        assert not before.answered
        assert "proves the TNC and not the air; nobody was heard yet" in before.detail
        await running.hear("beacon", to="APRS")
        await running.next()
        assert (await running.channel.probe(ProbeBudget())).answered
        running.clock.now += 601
        assert not (await running.channel.probe(ProbeBudget())).answered


async def test_a_probe_of_a_dead_line_raises() -> None:
    """It is certainly down."""
    async with station() as running:
        await running.channel.stop(0.0)
        with pytest.raises(LinkError):
            await running.channel.probe(ProbeBudget())


async def test_stop_means_silence() -> None:
    """No octet afterwards, and inbound() ends."""
    async with station() as running:
        await running.channel.stop(0.0)
        assert [] == [thing async for thing in running.inbound]
        assert Transient(Scope.CHANNEL, "line-down") == await running.channel.send(FakeJob("BJ1VAN"))
