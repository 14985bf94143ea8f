"""Doubts about a platform: what it is asked, and what waits for nobody."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from fenghuo import (
    AttemptRef,
    Evidence,
    InboundKind,
    LinkError,
    Reached,
    Unknown,
)
from fenghuo.model.traffic import Action
from fenghuo_adapters.ebd_framing import unpack
from tests.peers.platform_simulator import PlatformSimulator
from tests.plugins.broadcast_fakes import TOWN, FakeContext, FakeJob, FullNotes, Listening, settings_for
from tests.plugins.broadcast_values import alert
from tests.plugins.test_broadcast_platform import door, level_of, platform
from tests.scale import PATIENCE_S

__all__ = ["door", "platform"]

pytestmark = pytest.mark.peer


async def test_a_stop_that_overtakes_its_start_is_said_again() -> None:
    """The platform hears the stop while it still thinks about the start: what sounds in the end is nothing."""
    async with PlatformSimulator("--slow-s", "0.5") as platform, Listening(FakeContext(settings_for(platform.port))) as it:
        starting = asyncio.create_task(it.channel.send(FakeJob(alert())))
        number = (await platform.wait("slow")).ebmid
        assert isinstance(await it.channel.send(FakeJob(alert(action=Action.CANCEL))), Reached)
        assert Evidence.ACCEPTED == level_of(await starting)
        await platform.wait("silent", ebmid=number)
        assert ["stop", "start", "sounds", "stop", "silent"] == [line.what for line in platform.lines if line.what not in ("up", "slow")]
        assert 1 == len({line.ebmid for line in platform.of("stop")})


async def test_a_state_that_comes_by_itself_answers_the_question(door: int) -> None:
    """Some platforms say of a state request only that they have it, and post the state."""
    async with PlatformSimulator("--states-later") as platform, Listening(FakeContext(settings_for(platform.port, door))) as it:
        job = FakeJob(alert())
        await it.channel.send(job)
        asking = asyncio.create_task(it.channel.query(AttemptRef(job.token, 1, TOWN)))
        await platform.wait("asked")
        await platform.report(f"http://127.0.0.1:{door}/", platform.of("start")[0], 3)
        assert Evidence.AIRED == level_of(await asking)


async def test_a_state_that_never_comes_holds_up_no_heartbeat(door: int) -> None:
    """A platform that only says that it has the question leaves the doubt; that it is gone is found out all the same."""
    async with PlatformSimulator("--states-later") as platform:
        settings = settings_for(platform.port, door, heartbeat_s=0.1, query_s=0.2, timeout_s=60.0, connect_s=0.5)
        it, job = Listening(FakeContext(settings)), FakeJob(alert())
        await it.channel.start()
        await it.channel.send(job)
        with pytest.raises(LinkError):
            await it.channel.query(AttemptRef(job.token, 1, TOWN))
        await platform.wait("asked", after=platform.lines.index(platform.of("asked")[0]) + 1)
    async with asyncio.timeout(PATIENCE_S):
        while not it.context.told:
            await asyncio.sleep(0.02)
    assert it.context.told[0][0] is False
    await it.channel.stop(0.0)


async def test_a_question_that_is_refused_is_not_waited_for(door: int) -> None:
    """No state follows a refusal: what nobody knows is said at once, as a doubt for a person."""
    job, notes = FakeJob(alert()), FullNotes()
    async with PlatformSimulator() as platform, Listening(FakeContext(settings_for(platform.port), notes=notes)) as it:
        await it.channel.send(job)
    async with PlatformSimulator() as other:
        settings = settings_for(other.port, door, timeout_s=60.0)
        async with Listening(FakeContext(settings, notes=notes)) as it:
            assert Unknown("no-state") == await it.channel.query(AttemptRef(job.token, 1, TOWN))


async def test_a_door_that_is_flooded_says_so(platform: PlatformSimulator, door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is no packet is answered as unreadable."""
    async with Listening(FakeContext(settings_for(platform.port, door))), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{door}/"
        async with session.get(url) as refused:
            assert 405 == refused.status
        async with session.post(url, data=b"garbage") as answer:
            assert b"<ResultCode>2</ResultCode>" in unpack(await answer.read()).envelope
        monkeypatch.setattr("fenghuo_adapters.ebd_post.AT_ONCE", 0)
        async with session.post(url, data=b"garbage") as busy:
            assert 503 == busy.status


async def test_a_doubt_is_asked_about_again_when_the_platform_is_back(platform: PlatformSimulator, door: int) -> None:
    """The core asks once; what nobody answered then comes in as a late outcome, and once."""
    settings = settings_for(platform.port, door, heartbeat_s=0.1, query_s=0.2, timeout_s=0.5, connect_s=0.5)
    async with Listening(FakeContext(settings)) as it:
        job = FakeJob(alert())
        await it.channel.send(job)
        await platform.pause()
        with pytest.raises(LinkError):
            await it.channel.query(AttemptRef(job.token, 3, TOWN))
        await platform.go_on()
        async with asyncio.timeout(PATIENCE_S):
            while not it.inbound:
                await asyncio.sleep(0.02)
        (late,) = it.inbound
        assert (InboundKind.LATE_OUTCOME, job.token, 3) == (late.kind, late.token, late.n)
        assert isinstance(late.outcome, Reached)
