"""Pages over a simulated bearer: a real socket, everybody accepted under one licence, and receipts that name page and telephone."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

from fenghuo.clock import SystemClock
from fenghuo.model.delivery import Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.ports import InboundKind
from fenghuo.rig.sim_bulk import SimBulkChannel
from fenghuo.rig.sim_settings import SimSettings, bulk_capabilities
from fenghuo.rig.sites import Sites, SitesSettings
from tests.plugins.page_fakes import OnePage
from tests.scale import PATIENCE_S

PEOPLE = tuple(f"+86138{number:08d}" for number in range(300))


@contextlib.asynccontextmanager
async def bulk(folder: Path, *, is_there: bool = True) -> AsyncIterator[SimBulkChannel]:
    """A channel; over a bearer at which everybody confirms at once, where there is one."""
    settings = SimSettings(socket=str(folder / "bearer.sock"), retry_s=0.25)
    context = HostedChannelContext(
        name="sim", settings=settings, clock=SystemClock(), secrets=str, on_health=lambda up, reason: None, random=random.Random(1)
    )
    channel = SimBulkChannel(context)
    bearer = asyncio.create_task(Sites(SitesSettings(latency_s=0.001)).serve(folder / "bearer.sock")) if is_there else None
    async with asyncio.timeout(PATIENCE_S):
        while is_there and not (folder / "bearer.sock").exists():
            await asyncio.sleep(0.005)
    if is_there:
        await channel.start()
    try:
        yield channel
    finally:
        await channel.stop(0.0)
        if bearer is not None:
            bearer.cancel()
            await asyncio.gather(bearer, return_exceptions=True)


async def test_a_page_is_accepted_whole_and_each_telephone_confirms_by_itself(tmp_path: Path) -> None:
    async with bulk(tmp_path) as channel:
        page = OnePage(PEOPLE)
        assert Reached(Evidence.ACCEPTED) == await channel.send_page(page)
        assert 1 == page.begun
        coming = channel.inbound()
        async with asyncio.timeout(PATIENCE_S):
            heard = [await anext(coming) for _ in PEOPLE]
    assert {(InboundKind.RECEIPT, "0b1d-token", 2, "")} == {(one.kind, one.token, one.n, one.ref) for one in heard}
    assert set(PEOPLE) == {one.address for one in heard}


async def test_without_its_bearer_no_page_is_begun(tmp_path: Path) -> None:
    async with bulk(tmp_path, is_there=False) as channel:
        page = OnePage(PEOPLE)
        assert Transient(Scope.CHANNEL, "bearer-gone") == await channel.send_page(page)
        assert 0 == page.begun


def test_it_takes_pages() -> None:
    assert bulk_capabilities(SimSettings(socket="b.sock")).batch
