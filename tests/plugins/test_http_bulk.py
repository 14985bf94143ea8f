"""The bulk gateway channel against a real HTTP server: what is posted, and what its answers mean."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fenghuo import Doubt, Evidence, Outcome, Paged, Permanent, Reached, Scope, Transient
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedChannelContext
from fenghuo_http import BulkSettings, bulk_capabilities
from fenghuo_http.bulk import BulkChannel
from tests.peers.bulk_gateway import BulkGateway
from tests.plugins.page_fakes import OneLicence, OnePage

PEOPLE = ("+8613800000001", "+8613800000002", "+8613800000003")


class OneJob(OneLicence):
    """An order to one telephone."""

    address = PEOPLE[0]
    is_last = False


@asynccontextmanager
async def channel(gateway: BulkGateway) -> AsyncIterator[BulkChannel]:
    context = HostedChannelContext(
        name="bulk",
        settings=BulkSettings(url=gateway.url),
        clock=SystemClock(),
        secrets=lambda path: "",
        on_health=lambda up, reason: None,
        random=random.Random(1),
    )
    made = BulkChannel(context)
    await made.start()
    try:
        yield made
    finally:
        await made.stop(time.monotonic() + 1.0)


async def test_a_page_is_one_request_with_everybody_on_it() -> None:
    async with BulkGateway() as gateway, channel(gateway) as bulk:
        assert Reached(Evidence.ACCEPTED, ("page-1",)) == await bulk.send_page(OnePage(PEOPLE))
        (page,) = gateway.pages
    assert ("0b1d-token", 2, 2, 3, 60.0) == (page.token, page.attempt, page.page, page.pages, page.validity_s)
    assert PEOPLE == page.to
    assert {"id": "01J", "copy": 0} == page.message


async def test_those_the_gateway_names_are_refused_and_nobody_else() -> None:
    async with BulkGateway() as gateway, channel(gateway) as bulk:
        gateway.refused = {PEOPLE[1]: "unknown-number", "+8613900000000": "a stranger"}
        outcome = await bulk.send_page(OnePage(PEOPLE))
    assert Paged(Reached(Evidence.ACCEPTED, ("page-1",)), ((1, Permanent(Scope.RECIPIENT, "unknown-number")),)) == outcome


async def test_a_single_order_is_a_page_of_one_and_its_refusal_is_its_outcome() -> None:
    async with BulkGateway() as gateway, channel(gateway) as bulk:
        assert Reached(Evidence.ACCEPTED, ("page-1",)) == await bulk.send(OneJob())
        gateway.refused = {PEOPLE[0]: "unknown-number"}
        assert Permanent(Scope.RECIPIENT, "unknown-number") == await bulk.send(OneJob())
        assert (PEOPLE[0],) == gateway.pages[0].to


@pytest.mark.parametrize(("status", "outcome"), [(503, Transient(Scope.CHANNEL, "http-503")), (403, Permanent(Scope.CHANNEL, "http-403"))])
async def test_a_status_speaks_for_the_whole_page(status: int, outcome: Outcome) -> None:
    """There is one far end, so what it refuses is the channel's."""
    async with BulkGateway() as gateway, channel(gateway) as bulk:
        gateway.status = status
        assert outcome == await bulk.send_page(OnePage(PEOPLE))


async def test_without_time_nothing_is_begun() -> None:
    async with BulkGateway() as gateway, channel(gateway) as bulk:
        page = OnePage(PEOPLE, limit_s=0.0)
        assert Transient(Scope.CHANNEL, "no-time") == await bulk.send_page(page)
        assert (0, []) == (page.begun, gateway.pages)


def test_a_gateway_that_knows_telephones_again_may_be_sent_a_page_twice() -> None:
    assert Doubt.IDEMPOTENT is bulk_capabilities(BulkSettings(url="http://gateway.example/bulk")).doubt
    assert Doubt.OPAQUE is bulk_capabilities(BulkSettings(url="http://gateway.example/bulk", idempotent=False)).doubt
    assert bulk_capabilities(BulkSettings(url="http://gateway.example/bulk")).batch
