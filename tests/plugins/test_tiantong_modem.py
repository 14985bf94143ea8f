"""The satellite's channel at the pty modem, a twentieth of its times: libgammu and smspdudecoder read what it sends. It is no terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenghuo import AuthFailed, Evidence, Inbound, InboundKind, NotReady, Reached, Transient, Unknown
from fenghuo.errors import StoreFull
from fenghuo_tiantong import TiantongSettings
from fenghuo_tiantong.channel import TiantongChannel
from tests.peers.atmodem import AtModem
from tests.plugins.sms_fakes import FakeContext, FakeJob, FakeNotes
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer

ORDER = "【烽火】请立即转移至县一中 17"
NUMBER = "+8617401234567"
SENDS_S, LIMIT_S = 1.0, 3.0


@contextlib.asynccontextmanager
async def started(modem: AtModem) -> AsyncIterator[tuple[TiantongChannel, FakeContext, list[Inbound]]]:
    """A channel, and what it hears."""
    settings = TiantongSettings(
        device=str(modem.link), command_s=1.0, prompt_s=1.0, send_s=LIMIT_S, poll_s=0.2, part_s=SENDS_S, reopen_most_s=0.5, reset_s=0.5
    )
    ctx, heard = FakeContext(settings), []
    channel = TiantongChannel(ctx)
    await channel.start()

    async def listen() -> None:
        async for inbound in channel.inbound():
            heard.append(inbound)
            await inbound.ack()

    ear = asyncio.create_task(listen())
    try:
        yield channel, ctx, heard
    finally:
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear


async def until_up(ctx: FakeContext, *, up: bool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not (ctx.told and ctx.told[-1][0] is up):
            await asyncio.sleep(0.01)


async def test_a_text_by_satellite_takes_its_time_and_is_reported(tmp_path: Path) -> None:
    """One part, sent once; DEVICE by its report."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(delay_s=SENDS_S)
        async with started(modem) as (channel, _, heard):
            outcome = await channel.send(FakeJob(NUMBER, ORDER))
            assert isinstance(outcome, Reached)
            assert [(NUMBER, ORDER)] == [(sent.to, sent.text) for sent in modem.submits]
            await modem.wait_for(lambda: len(modem.deleted) == 1)
            (report,) = heard
            assert (InboundKind.RECEIPT, Evidence.DEVICE) == (report.kind, report.level)
            assert set(outcome.refs) <= {report.ref, *report.alternate_refs}


async def test_registration_flaps_and_nothing_is_sent_into_the_gaps(tmp_path: Path) -> None:
    """Down without a begin(), up again by itself, three times; what was sent was sent under a satellite."""
    async with AtModem(tmp_path / "modem") as modem, started(modem) as (channel, ctx, _):
        for flap in range(3):
            await modem.register(2)
            await until_up(ctx, up=False)
            job = FakeJob(NUMBER, ORDER)
            assert isinstance(await channel.send(job), Transient)
            assert (0, flap) == (job.begun, len(modem.submits))
            await modem.register(1)
            await until_up(ctx, up=True)
            assert isinstance(await channel.send(FakeJob(NUMBER, ORDER)), Reached)


async def test_what_is_not_answered_in_time_is_in_doubt_and_on_the_air_once(tmp_path: Path) -> None:
    """The late answer still counts."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(delay_s=LIMIT_S + 0.3, silent=True)
        async with started(modem) as (channel, ctx, heard):
            assert Unknown("no-response") == await channel.send(FakeJob(NUMBER, ORDER))
            await until_up(ctx, up=True)
            assert [InboundKind.LATE_OUTCOME] == [one.kind for one in heard]
            assert [ORDER] == modem.texts()


async def test_a_refused_pin_is_noted_at_once_so_that_sudden_deaths_lock_no_sim(tmp_path: Path) -> None:
    """A terminal is given a PIN that is wrong once, however often the process dies before it stops."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        notes = FakeNotes()
        notes.full_for = "given"
        settings = TiantongSettings(device=str(modem.link), pin_file="pin")
        with pytest.raises(StoreFull):
            await TiantongChannel(FakeContext(settings, password="0000", notes=notes)).start()
        for _ in range(3):
            ctx = FakeContext(settings, password="0000", notes=notes.as_it_stands())
            with pytest.raises(AuthFailed):
                await TiantongChannel(ctx).start()
            notes = ctx.notes
        assert 1 == sum(command.startswith("AT+CPIN=") for command in modem.commands)


async def test_a_refusal_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    """It is said, and the start is tried again."""
    async with AtModem(tmp_path / "modem") as modem:
        await modem.behave(pin="1234")
        await modem.unplug()
        await modem.plug()
        notes = FakeNotes()
        notes.full_for = str(modem.link)
        ctx = FakeContext(TiantongSettings(device=str(modem.link), pin_file="pin"), password="0000", notes=notes)
        with pytest.raises(NotReady, match="the SIM refused the PIN, and that cannot be noted: the disk is full"):
            await TiantongChannel(ctx).start()
