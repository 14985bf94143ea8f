"""Two ways to one server of pictures: what one of them cannot go on with the other does, judged by what the far end was asked and got."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fenghuo import NotReady
from fenghuo.plugin.commons import Commons
from fenghuo.plugin.context import LoneNotes
from fenghuo_vsat import HttpSettings, courier, depot
from fenghuo_vsat.http_channel import VsatHttp
from tests.plugins.tus_fakes import FakeBlobs, UploadSite, job_with, picture_of, upload_site
from tests.plugins.vsat_fakes import FakeContext
from tests.scale import PATIENCE_S

CHUNK = 1024
OCTETS = random.Random(2).randbytes(5_000)
PICTURE = picture_of(OCTETS)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of two seconds is one of ten milliseconds, and so is one of fifteen."""
    monkeypatch.setattr(courier, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(depot, "ABSENT_S", 0.01)


class Ways:
    """A node with `net` and `lte`, each to an address of its own at the site. `notes`: what outlives the process."""

    def __init__(self, site: UploadSite) -> None:
        self.site = site
        self.notes: dict[str, LoneNotes] = {}
        self._next_process()

    def _next_process(self) -> None:
        self._commons = Commons(lambda name: self.notes.setdefault(name, LoneNotes()))

    def context(self, name: str, **settings: Any) -> FakeContext:
        url = self.site.url if name == "net" else self.site.url_2
        base: dict[str, Any] = {"source": "127.0.0.1", "url": f"{url}/to/1", "attachments": "/files", "attachment_chunk_octets": CHUNK}
        limits = {"attachments_share": "sz", "probe_longest_s": 0.05, "probe_shortest_s": 0.05, "connect_s": 60, "attempt_s": 60}
        ctx = FakeContext(HttpSettings(**(base | limits | settings)), name=name, commons=self._commons)
        ctx.blobs = FakeBlobs({PICTURE.digest: OCTETS, picture_of(b"own").digest: b"own"})
        ctx.notes = self.notes.setdefault(name, LoneNotes())
        return ctx

    @contextlib.asynccontextmanager
    async def running(self, ctx: FakeContext) -> AsyncIterator[VsatHttp]:
        way = VsatHttp(ctx)
        await way.start()
        try:
            yield way
        finally:
            await way.stop(time.monotonic() + 5)

    @contextlib.asynccontextmanager
    async def both(self, **of_lte: Any) -> AsyncIterator[tuple[VsatHttp, VsatHttp]]:
        self._next_process()
        async with self.running(self.context("net")) as net, self.running(self.context("lte", **of_lte)) as lte:
            yield net, lte

    def cut_net_at(self, octets: int) -> None:
        """As soon as the far end has so many, before it can say so."""

        async def cut() -> None:
            if self.site.received >= octets:
                self.site.during_patch = _nothing
                self.site.cut = {self.site.url}
                raise ConnectionResetError

        self.site.during_patch = cut


async def _nothing() -> None:
    """Nothing more happens."""


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


async def test_a_picture_goes_on_over_another_way_from_what_the_far_end_confirms() -> None:
    """`net` dies with a chunk that came and was not confirmed: one upload, and no octet twice, not by the next text either."""
    async with upload_site() as site:
        ways = Ways(site)
        async with ways.both() as (net, lte):
            ways.cut_net_at(2 * CHUNK)
            await net.send(job_with("", PICTURE))
            await until(lambda: bool(site.whole))
            assert (OCTETS, 1, {site.url: 2 * CHUNK, site.url_2: 5_000 - 2 * CHUNK}) == (site.whole[0], len(site.uploads), site.octets_at)
            assert ("", "") == (net.remark(), lte.remark())
            site.cut.clear()
            for token, way in (("t-2", lte), ("t-3", net)):
                await way.send(job_with("", PICTURE, token=token))
            await net.send(job_with("", picture_of(b"own", message="m-2"), token="t-4"))
            await until(lambda: len(site.whole) == 2)
            assert 5_003 == site.received


async def test_within_the_budget_of_the_other_way_and_the_rest_when_the_first_is_back() -> None:
    """1,500 octets a day by `lte`: then the picture waits, and says why, until a text has crossed `net`."""
    async with upload_site() as site:
        ways = Ways(site)
        async with ways.both(attachments_mb_a_day=0.0015) as (net, lte):
            ways.cut_net_at(CHUNK)
            await net.send(job_with("", PICTURE))
            await until(lambda: "budget for them is spent" in lte.remark() and site.octets_at[site.url_2] >= 1_500)
            assert {site.url: CHUNK, site.url_2: 1_500} == site.octets_at
            site.cut.clear()
            await until(lambda: bool(site.whole))
            assert ([OCTETS], {site.url: 3_500, site.url_2: 1_500}) == (site.whole, site.octets_at)
        site.cut = {site.url}
        async with ways.both(attachments_mb_a_day=0.0015) as (net, lte):
            await lte.send(job_with("", picture_of(b"own", message="m-2"), token="t-2"))
            await until(lambda: "budget for them is spent" in lte.remark())
            assert 5_000 == site.received, "a restart gives no budget twice"


async def test_what_a_way_left_that_is_not_there_any_more_falls_to_another() -> None:
    """The next process has no `net`; nothing is begun anew."""
    async with upload_site() as site:
        ways = Ways(site)
        hangs = asyncio.Event()
        site.during_patch = hangs.wait  # type: ignore[assignment]  # its True is nobody's business
        async with ways.running(ways.context("net")) as net:
            await net.send(job_with("", PICTURE))
            await until(lambda: site.received == CHUNK)
        hangs.set()
        ways._next_process()
        async with ways.running(ways.context("lte")):
            await until(lambda: bool(site.whole))
        assert ([OCTETS], 1, 5_000) == (site.whole, len(site.uploads), site.received)


async def test_a_way_that_an_operator_takes_out_leaves_its_picture_to_the_other() -> None:
    """The store gives `net` nothing any more."""
    async with upload_site() as site:
        ways = Ways(site)
        ctx = ways.context("net")
        async with ways.running(ctx) as net, ways.running(ways.context("lte")):
            ctx.blobs.refusals.append(NotReady("channel net is disabled", retry_after_s=3600))  # type: ignore[attr-defined]  # a FakeBlobs
            await net.send(job_with("", PICTURE))
            await until(lambda: bool(site.whole))
        assert {site.url_2: 5_000} == site.octets_at


async def test_a_way_that_may_not_carry_it_leaves_it_to_the_first_however_long_that_is_gone() -> None:
    """An exercise that is to go via `net`: the far end hears nothing of its picture by `lte`."""
    async with upload_site() as site:
        ways = Ways(site)
        ctx = ways.context("lte")
        barred = ctx.blobs.refusals = [NotReady("channel lte may not carry Exercise traffic", retry_after_s=0.01)] * 3  # type: ignore[attr-defined]
        async with ways.running(ways.context("net")) as net, ways.running(ctx):
            ways.cut_net_at(CHUNK)
            await net.send(job_with("", PICTURE))
            await until(lambda: len(barred) == 1)
            assert {site.url: CHUNK} == {url: octets for url, octets in site.octets_at.items() if octets}
            barred.extend([NotReady("channel lte may not carry Exercise traffic", retry_after_s=3600)] * 3)
            site.cut.clear()
            await until(lambda: bool(site.whole))
        assert {site.url: 5_000} == {url: octets for url, octets in site.octets_at.items() if octets}


async def test_what_waited_before_there_was_a_share_is_shared_too() -> None:
    """A picture from the way's own notes."""
    async with upload_site() as site:
        ways = Ways(site)
        ways.cut_net_at(CHUNK)
        async with ways.running(ways.context("net", attachments_share="")) as net:
            await net.send(job_with("", PICTURE))
            await until(lambda: bool(site.cut))
        async with ways.both():
            await until(lambda: bool(site.whole))
        assert {site.url: CHUNK, site.url_2: 5_000 - CHUNK} == site.octets_at
