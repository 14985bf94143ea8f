"""The daemon started by a clock that is wrong: nothing ends by it, nothing goes twice, what comes in goes out, and a person hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, sent, stands
from tests.peers.pager import Pager

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(90), pytest.mark.usefixtures("paging")]

WANG, LI = Person("wang", "+8613800000001"), Person("li", "+8613800000002")
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.fixture
async def pager() -> AsyncIterator[Pager]:
    """A far end that takes every page, and whose people have them a minute later or never."""
    async with Pager("ACCEPTED") as far:
        yield far


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("wall", ["@1970-01-01 08:00:01", "-1h", "+3650d"])
async def test_a_clock_that_is_wrong_at_the_start_ends_nothing(tmp_path: Path, pager: Pager, wall: str) -> None:
    """An order is under way; the machine comes back with another idea of the time, and then with the right one."""
    async with Node(tmp_path, channels={"pager": pager.channel()}, persons=[WANG, LI], rules=orders("pager")) as daemon:
        settings = tmp_path / "fenghuo.toml"
        settings.write_text(settings.read_text().replace("[node]", '[node]\nclock_quality = "freerun"', 1))
        await daemon.channels_up("pager")
        first = await sent(daemon, "wang", expires_s=3600)
        await stands(daemon, first, "pager", "AWAITING")
        await daemon.kill()
        await daemon.start(under=["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME={wall}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"])
        await daemon.channels_up("pager")
        await stands(daemon, first, "pager", "AWAITING")
        second = await sent(daemon, "li", expires_s=3600)
        await stands(daemon, second, "pager", "AWAITING")
        assert (["alarm.clock"], "freerun") == (await alarms(daemon), (await daemon.ask("status"))["clock_quality"])
        await daemon.restart()
        for message in (first, second):
            await stands(daemon, message, "pager", "AWAITING")
        assert (["alarm.clock"], 2) == (await alarms(daemon), len(pager.pages))
