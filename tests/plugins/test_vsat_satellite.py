"""HTTP over a link that has a satellite's delay, rate and outages: kernel TCP at both ends, judged by what the far end received."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fenghuo import (
    LinkError,
    NotReady,
    Permanent,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Transient,
    Unknown,
)
from fenghuo.model.evidence import Evidence
from fenghuo_vsat import HttpSettings
from fenghuo_vsat.http_channel import VsatHttp
from fenghuo_vsat.wire_cost import on_the_wire
from tests.peers.hook import Hook, Post
from tests.peers.tunlink import Places, TunLink, needs_tun
from tests.plugins.vsat_fakes import SECRETS, FakeContext, FakeJob
from tests.scale import PATIENCE_S, TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, needs_tun]

QUICK: dict[str, Any] = {"delay_ms": 60, "rate_kbit": 512}
"""A tenth of the way to a satellite, so that the tests are quick; the soak runs go all the way."""

SLACK_S = PATIENCE_S
"""What a busy machine may add to a limit; TCP would go on for a minute and more."""


class Far:
    """The far end of the link, and what was shown to people there."""

    def __init__(self, places: Places, link: TunLink) -> None:
        self.places, self.link = places, link
        self.posts: list[Post] = []
        self.url = ""

    @property
    def shown(self) -> Counter[str]:
        """Bodies, each counted once for each token that was new."""
        return Counter(post.body for post in self.posts if not post.again)

    async def until(self, holds: Callable[[], bool], *, timeout_s: float = 40.0) -> None:
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not holds():
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def satellite(**terms: Any) -> AsyncIterator[Far]:
    """A link with a web server at its far end; the test itself is at the near end."""
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(Places())
        link = await stack.enter_async_context(TunLink(places, **{**QUICK, **terms}))
        far = Far(places, link)
        under = places.command(places.far)
        hook = await stack.enter_async_context(Hook(SECRETS["site-secret"], far.posts.append, under=under, host=link.far_ip))
        far.url = f"http://{link.far_ip}:{hook.port}/to/1"
        stack.enter_context(places.inside(places.near))
        yield far


@contextlib.asynccontextmanager
async def channel(**settings: Any) -> AsyncIterator[tuple[VsatHttp, FakeContext]]:
    base: dict[str, Any] = {"interface": "sat0", "secret_file": "site-secret", "attempt_s": 1.0, "connect_s": 0.6}
    ctx = FakeContext(HttpSettings(**(base | settings)))
    made = VsatHttp(ctx)
    await made.start()
    try:
        yield made, ctx
    finally:
        await made.stop(time.monotonic() + 1)


async def repeated(vsat: VsatHttp, url: str, number: int) -> int:
    """As the core does with an idempotent channel: the same token until it is accepted; how many emissions that took."""
    for n in itertools.count(1):
        outcome = await vsat.send(FakeJob(url, token=f"t-{number}", text=f"报告{number}", n=n))
        if isinstance(outcome, Reached):
            return n
        await asyncio.sleep(0.1)
    raise AssertionError("there is no last try")


async def test_a_post_crosses_the_link_and_counts_as_accepted() -> None:
    """What arrives is the payload, under its token; a 200 is ACCEPTED and no more."""
    async with satellite() as far, channel() as (vsat, _):
        job = FakeJob(far.url, token="t-7")
        assert Reached(Evidence.ACCEPTED) == await vsat.send(job)
        assert [("t-7", "转移")] == [(post.token, post.body) for post in far.posts]
        assert 1 == job.begun


async def test_in_an_outage_nothing_is_committed_and_our_own_limit_ends_the_wait() -> None:
    """A connection that cannot be made costs connect_s and leaves no doubt; TCP itself would go on for two minutes."""
    async with satellite() as far, channel() as (vsat, _):
        await far.link.become(loss=100)
        job = FakeJob(far.url)
        began = time.monotonic()
        assert Transient(Scope.CHANNEL, "connect-timeout") == await vsat.send(job)
        assert 0.6 <= time.monotonic() - began < 0.6 + SLACK_S
        assert 0 == job.begun
        assert [] == far.posts


async def test_an_emission_caught_by_an_outage_is_given_up_after_our_own_limit() -> None:
    """The connection stood; attempt_s after the request it is reset, and whether it arrived is unknown."""
    async with satellite() as far, channel() as (vsat, _):
        await vsat.send(FakeJob(far.url, token="before"))
        await far.link.become(loss=100)
        began = time.monotonic()
        assert Unknown("timeout") == await vsat.send(FakeJob(far.url, token="caught"))
        assert 1.0 <= time.monotonic() - began < 1.0 + SLACK_S
        await far.link.become(loss=0)
        await asyncio.sleep(0.5)
        assert ["before"] == [post.token for post in far.posts], "what was given up left all the same"


@pytest.mark.soak
@pytest.mark.parametrize("outage_s", [5.0, 20.0, 300.0])
@pytest.mark.timeout(400)
async def test_after_an_outage_nothing_is_lost_and_nothing_is_shown_twice(outage_s: float) -> None:
    """Twelve reports, four of them before the link goes and the rest into the outage."""
    async with satellite() as far, channel() as (vsat, _):
        sending = [asyncio.create_task(repeated(vsat, far.url, number)) for number in range(4)]
        await far.until(lambda: len(far.posts) >= 2)
        await far.link.become(loss=100)
        sending += [asyncio.create_task(repeated(vsat, far.url, number)) for number in range(4, 12)]
        await asyncio.sleep(outage_s)
        await far.link.become(loss=0)
        back = time.monotonic()
        await asyncio.gather(*sending)
        assert time.monotonic() - back < 4.0 * TIMEOUT_SCALE, "a new connection is made at once, whatever TCP's back-off had become"
        assert Counter({f"报告{number}": 1 for number in range(12)}) == far.shown


async def test_a_late_copy_is_dropped_by_its_id() -> None:
    """The answer is lost and the request is not: the repetition arrives, under the token that the far end knows."""
    async with satellite(delay_ms=800) as far, channel(attempt_s=1.5, connect_s=PATIENCE_S) as (vsat, _):
        assert Unknown("timeout") == await vsat.send(FakeJob(far.url, token="t-1", text="撤离"))
        await far.until(lambda: len(far.posts) == 1)
        await far.link.become(delay_ms=50)
        assert Reached(Evidence.ACCEPTED) == await vsat.send(FakeJob(far.url, token="t-1", text="撤离", n=2))
        assert [False, True] == [post.again for post in far.posts]
        assert Counter({"撤离": 1}) == far.shown


async def test_the_rate_budget_is_kept_on_the_wire() -> None:
    """Octets of IP that the link was offered: never more than burst and rate allow, and within 2 % of what the channel counts."""
    rate_kbit, burst = 64.0, 4_000
    async with satellite(delay_ms=20) as far, channel(rate_kbit=rate_kbit, burst_octets=burst, attempt_s=10.0) as (vsat, _):
        began = time.monotonic()
        outcomes = await asyncio.gather(*(vsat.send(FakeJob(far.url, token=f"t-{n}", text="汛" * 700)) for n in range(4)))
        took_s = time.monotonic() - began
        up, _ = await far.link.count()
        assert [Reached(Evidence.ACCEPTED)] * 4 == outcomes
        slack = 4 * 2 * 52  # acknowledgements of answers, which are counted after they went
        assert up.offered_octets <= burst + took_s * rate_kbit * 125 + slack
        assert up.offered_octets == pytest.approx(vsat.spent_octets, rel=0.02)


async def test_what_is_sent_again_is_counted_too() -> None:
    """5 % loss, and then an outage in which a connection is asked for in vain: within 2 % of what the link was offered."""
    async with satellite(delay_ms=20) as far, channel(attempt_s=10.0) as (vsat, _):
        await far.link.become(loss=5)
        await asyncio.gather(*(vsat.send(FakeJob(far.url, token=f"t-{n}", text="汛" * 2000)) for n in range(4)))
        await far.link.become(loss=100)
        assert Transient(Scope.CHANNEL, "connect-timeout") == await vsat.send(FakeJob(f"http://{far.link.far_ip}:9/", token="in-vain"))
        up, _ = await far.link.count()
        assert up.offered_octets == pytest.approx(vsat.spent_octets, rel=0.02)


async def test_what_is_too_long_for_the_rate_is_its_own_failure() -> None:
    """Half a second at 64 kbit/s are 4,000 octets."""
    async with satellite() as far, channel(rate_kbit=64.0) as (vsat, _):
        job = FakeJob(far.url, text="汛" * 1400)
        assert Permanent(Scope.MESSAGE, "too-long") == await vsat.send(job)
        assert 0 == job.begun


async def test_an_estimate_is_what_the_link_was_offered() -> None:
    """Within 2 %, for one message on a connection that stands."""
    async with satellite(delay_ms=20) as far, channel(rate_kbit=512.0, attempt_s=10.0) as (vsat, _):
        await vsat.send(FakeJob(far.url, token="first"))
        before, _ = await far.link.count()
        text = "汛" * 2_000
        await vsat.send(FakeJob(far.url, token="second", text=text))
        await asyncio.sleep(0.1)
        after, _ = await far.link.count()
        octets = after.offered_octets - before.offered_octets
        assert octets == pytest.approx(vsat.estimate(Rendition("json", text, text.encode()), far.url).airtime_s * 512 * 125, rel=0.02)
        assert octets > on_the_wire(len(text.encode()))


async def test_it_leaves_by_its_interface_and_by_no_other() -> None:
    """With a second link to the same place that works, a dead satellite is dead: the routing table has no say."""
    async with satellite() as far, TunLink(far.places, name="fibre0", net="10.98.0", delay_ms=2, rate_kbit=10_000) as fibre:
        _route_by(fibre, far.link.far_ip)
        async with channel() as (vsat, _):
            await far.link.become(loss=100)
            assert isinstance(await vsat.send(FakeJob(far.url)), Transient)
        up, _ = await fibre.count()
        assert 0 == up.offered
        await _knocks(far.link.far_ip)
        up, _ = await fibre.count()
        assert up.offered > 0, "whoever is not bound goes by the fibre here: without that the test shows nothing"


async def test_a_terminal_that_is_absent_or_unplugged_is_told_at_once() -> None:
    """Absent: it cannot start yet. Unplugged: down within a moment, without traffic. Plugged in again: up, and it carries."""
    async with satellite() as far:
        await far.link.unplug()
        with pytest.raises(NotReady, match="interface sat0 is not there"):
            async with channel():
                pass
        await far.link.plug()
        async with channel() as (vsat, ctx):
            await far.link.unplug()
            await far.until(lambda: ctx.told == [(False, "interface sat0 is gone")])
            assert Transient(Scope.CHANNEL, "no-path") == await vsat.send(FakeJob(far.url))
            await far.link.plug()
            await far.until(lambda: ctx.told[1:] == [(True, "interface sat0 is back")])


async def test_a_probe_takes_the_path_of_the_traffic() -> None:
    """Any answer proves it; in an outage it says that there was none."""
    async with satellite() as far, channel(url=far.url) as (vsat, _):
        result = await vsat.probe(ProbeBudget(timeout_s=PATIENCE_S))
        assert result.answered
        assert result.round_trip_s is not None
        assert result.round_trip_s > 0.24
        await far.link.become(loss=100)
        with pytest.raises(LinkError):
            await vsat.probe(ProbeBudget(timeout_s=1.0))


async def _knocks(address: str) -> None:
    """A connection as anybody makes it; what comes of it is of no interest."""
    try:
        async with asyncio.timeout(0.2):
            _, writer = await asyncio.open_connection(address, 9)
            writer.close()
    except (OSError, TimeoutError):
        return


def _route_by(link: TunLink, address: str) -> None:
    """Whoever asks the routing table goes by this link."""
    subprocess.run(["ip", "route", "add", f"{address}/32", "dev", link.name, "table", "100"], check=True)
    subprocess.run(["ip", "rule", "add", "to", f"{address}/32", "lookup", "100", "priority", "100"], check=True)
