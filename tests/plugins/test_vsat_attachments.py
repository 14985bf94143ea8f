"""Pictures behind the texts of a satellite channel, by the requests that the far end got."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fenghuo import NotFound, NotReady, Priority, Reached, Withdrawn
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.context import LoneNotes
from fenghuo.plugin.ports import Notes
from fenghuo_vsat import HttpSettings, courier
from fenghuo_vsat.http_channel import VsatHttp
from tests.plugins.tus_fakes import FakeBlobs, job_with, picture_of, upload_site
from tests.plugins.vsat_fakes import FakeContext
from tests.scale import PATIENCE_S

CHUNK = 1024
OCTETS = random.Random(1).randbytes(5_000)
PICTURE = picture_of(OCTETS)
ACCEPTED = Reached(Evidence.ACCEPTED)


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of two seconds is one of ten milliseconds."""
    monkeypatch.setattr(courier, "FIRST_WAIT_S", 0.01)


def context(notes: Notes | None = None, **settings: Any) -> FakeContext:
    """With both pictures at hand; `notes`: of an earlier life."""
    base: dict[str, Any] = {
        "source": "127.0.0.1",
        "attachments": "/files",
        "attachment_chunk_octets": CHUNK,
        "connect_s": 60,
        "attempt_s": 60,
    }
    ctx = FakeContext(HttpSettings(**(base | settings)))
    ctx.blobs = FakeBlobs({PICTURE.digest: OCTETS, picture_of(b"urgent").digest: b"urgent"})
    ctx.notes = notes or LoneNotes()
    return ctx


@contextlib.asynccontextmanager
async def running(ctx: FakeContext) -> AsyncIterator[VsatHttp]:
    vsat = VsatHttp(ctx)
    await vsat.start()
    try:
        yield vsat
    finally:
        await vsat.stop(time.monotonic() + 5)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.005)


async def test_a_picture_follows_its_text_in_chunks() -> None:
    """The text decides alone what was reached; then the upload is made, and each chunk is put where the last one ended."""
    async with upload_site() as site, running(context()) as vsat:
        assert ACCEPTED == await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert [OCTETS] == site.whole
        assert ["TEXT t-1", "POST files", *(f"PATCH 0 {at}" for at in range(0, 5_000, CHUNK))] == site.log


async def test_a_text_that_comes_meanwhile_goes_first() -> None:
    """It is asked to go while a chunk is under way: nothing more of the picture begins until it is through."""
    async with upload_site() as site, running(context()) as vsat:
        sending: list[asyncio.Task[object]] = []
        confirmed = asyncio.Event()

        async def comes_meanwhile() -> None:
            if not sending:
                sending.append(asyncio.create_task(vsat.send(job_with(f"{site.url}/to/1", token="t-2"))))
                await until(lambda: "TEXT t-2" in site.log)
                confirmed.set()

        async def lasts() -> None:
            if sending:
                await confirmed.wait()
                for _ in range(500):  # many more turns of the loop than a next chunk would need to come in
                    await asyncio.sleep(0)
                site.log.append("answered")

        site.during_patch, site.during_text = comes_meanwhile, lasts
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert [ACCEPTED] == list(await asyncio.gather(*sending))
        at = site.log.index("TEXT t-2")
        assert ["PATCH 0 0", "TEXT t-2", "answered", "PATCH 0 1024"] == site.log[at - 1 : at + 3]


async def test_the_next_life_goes_on_where_the_far_end_stands() -> None:
    """Ended with a chunk whose answer never came: the far end is asked, no second upload is made, and no octet goes twice."""
    ctx = context()
    async with upload_site() as site:
        async with running(ctx) as vsat:
            hangs = asyncio.Event()

            async def hang() -> None:
                if len(site.uploads[0].octets) > 2 * CHUNK:
                    await hangs.wait()

            site.during_patch = hang
            await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
            await until(lambda: "PATCH 0 2048" in site.log and site.received == 3 * CHUNK)
        hangs.set()
        async with running(context(ctx.notes)):
            await until(lambda: bool(site.whole))
        assert ([OCTETS], 5_000, 1) == (site.whole, site.received, site.log.count("POST files"))
        assert ["PATCH 0 2048", "HEAD 0", "PATCH 0 3072"] == site.log[-4:-1]


@pytest.mark.parametrize("refusal", [Withdrawn("the message is cancelled"), NotFound("it is not here")])
async def test_what_nobody_wants_any_more_is_left(refusal: Exception) -> None:
    """Nothing more is asked of the far end, now and in a next life."""
    ctx = context()
    async with upload_site() as site, running(ctx) as vsat:
        ctx.blobs.refusals.append(refusal)  # type: ignore[attr-defined]  # a FakeBlobs
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: "POST files" in site.log and not ctx.blobs.refusals)  # type: ignore[attr-defined]  # a FakeBlobs
        await _emptied(ctx)
        assert ["TEXT t-1", "POST files"] == site.log


async def test_what_the_far_end_declines_is_left() -> None:
    """413 where it is to be made: it will not get smaller."""
    ctx = context()
    async with upload_site() as site, running(ctx) as vsat:
        site.statuses = [413]
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: "POST files" in site.log)
        await _emptied(ctx)
        assert ["TEXT t-1", "POST files"] == site.log
        assert [PICTURE.digest] == [digest for digest, _ in ctx.blobs.told]  # type: ignore[attr-defined]  # a FakeBlobs


@pytest.mark.parametrize(
    ("statuses", "log"),
    [
        ([503, 503], ["POST files", "POST files", "POST files", "PATCH 0 0"]),
        ([201], ["POST files", "POST files", "PATCH 0 0"]),
    ],
)
async def test_a_far_end_in_trouble_is_asked_again(statuses: list[int], log: list[str]) -> None:
    """503, and an upload made nowhere: until it works."""
    async with upload_site() as site, running(context()) as vsat:
        site.statuses = statuses
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert log == site.log[1 : 1 + len(log)]


async def test_an_upload_that_the_far_end_has_lost_is_made_anew() -> None:
    """404 for a chunk: from the first octet, under another place."""
    async with upload_site() as site, running(context()) as vsat:

        async def loses() -> None:
            site.during_patch = _nothing
            site.statuses = [404]

        site.during_patch = loses
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert ["TEXT t-1", "POST files", "PATCH 0 0", "PATCH 0 1024", "POST files", "PATCH 1 0"] == site.log[:6]


async def test_a_chunk_that_was_not_confirmed_is_asked_about() -> None:
    """500 for a chunk says nothing of what was kept."""
    async with upload_site() as site, running(context()) as vsat:

        async def fails() -> None:
            site.during_patch = _nothing
            site.statuses = [500]

        site.during_patch = fails
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert ["PATCH 0 1024", "HEAD 0", "PATCH 0 1024"] == site.log[3:6]


async def test_while_an_operator_has_the_channel_out_the_rest_waits() -> None:
    """The store says no for a while; then it goes on where it stood."""
    ctx = context()
    async with upload_site() as site, running(ctx) as vsat:
        ctx.blobs.refusals += [NotReady("channel vsat is disabled", retry_after_s=0.01)] * 2  # type: ignore[attr-defined]  # a FakeBlobs
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        assert ["POST files", "HEAD 0", "HEAD 0", "PATCH 0 0"] == site.log[1:5]


async def test_an_operator_sees_how_far_it_is() -> None:
    """While it is on its way, by what the far end has confirmed; then nothing is said any more."""
    async with upload_site() as site, running(context()) as vsat:
        said: list[str] = []

        async def looks() -> None:
            said.append(vsat.remark())

        site.during_patch = looks
        assert vsat.remark() == ""
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: not vsat.remark())
        assert [f"an attachment is on its way, {part} % there" for part in (0, 20, 41, 61, 82)] == [one.replace("%", " %") for one in said]


async def test_a_more_urgent_picture_overtakes_between_two_chunks() -> None:
    """And the other one goes on after it."""
    async with upload_site() as site, running(context()) as vsat:
        urgent = picture_of(b"urgent", message="m-2")

        async def comes_meanwhile() -> None:
            site.during_patch = _nothing
            assert ACCEPTED == await vsat.send(job_with(f"{site.url}/to/1", urgent, token="t-2", priority=Priority.P1))

        site.during_patch = comes_meanwhile
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: len(site.whole) == 2)
        assert ["PATCH 0 0", "TEXT t-2", "POST files", "PATCH 1 0", "HEAD 0", "PATCH 0 1024"] == site.log[2:8]


async def test_two_people_at_one_far_end_get_one_picture() -> None:
    """Both texts name it by its digest; its octets cross once."""
    async with upload_site() as site, running(context()) as vsat:
        for number in range(2):
            await vsat.send(job_with(f"{site.url}/to/{number}", PICTURE, token=f"t-{number}"))
        await until(lambda: bool(site.whole))
        await vsat.send(job_with(f"{site.url}/to/3", PICTURE, token="t-3"))
        assert (1, 5_000) == (site.log.count("POST files"), site.received)


async def test_the_rate_budget_holds_for_pictures_too() -> None:
    """What was spent is never more than burst and rate allow, whatever the chunks want."""
    rate_kbit, burst = 64.0, 2_000
    async with upload_site() as site, running(context(rate_kbit=rate_kbit, burst_octets=burst)) as vsat:
        began = time.monotonic()
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE))
        await until(lambda: bool(site.whole))
        took_s = time.monotonic() - began
        assert [OCTETS] == site.whole
        assert vsat.spent_octets <= burst + took_s * rate_kbit * 125 + 3_000


async def _emptied(ctx: FakeContext) -> None:
    """Until nothing is noted any more."""
    async with asyncio.timeout(PATIENCE_S):
        while (await ctx.notes.recall()).values:
            await asyncio.sleep(0.005)


async def _nothing() -> None:
    """Nothing more happens."""


async def test_the_thumbnail_goes_first_and_the_picture_is_routine() -> None:
    """With the message's own priority, and named for what it is; a picture of another message, though less urgent, goes before the rest."""
    ctx, other = context(), picture_of(b"urgent", "m-2")
    ctx.blobs.small[PICTURE.digest] = b"small"  # type: ignore[attr-defined]  # a FakeBlobs
    async with upload_site() as site, running(ctx) as vsat:
        sending: list[asyncio.Task[object]] = []

        async def comes_meanwhile() -> None:
            if not sending and len(site.uploads) == 2:  # the rest has begun
                job = job_with(f"{site.url}/to/1", other, token="t-2", priority=Priority.P3)
                sending.append(asyncio.create_task(vsat.send(job)))
                await until(sending[0].done)

        site.during_patch = comes_meanwhile
        await vsat.send(job_with(f"{site.url}/to/1", PICTURE, priority=Priority.P2))
        await until(lambda: 3 == len(site.whole))
        assert [b"small", OCTETS, b"urgent"] == site.whole
        assert [PICTURE.digest, None, None] == [upload.about.get("thumbnail_of") for upload in site.uploads]
        last = [line for line in site.log if line.startswith("PATCH")][-1]
        assert f"PATCH 1 {CHUNK * 4}" == last, "the rest was interrupted, and went on"
