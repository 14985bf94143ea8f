"""How the checks of an examination are run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import ConformanceFixture, ConformancePeer, Renderer
from fenghuo.formats.renditions import sms_text
from fenghuo.rig.kit.bench import Bench, Subject
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Grade, Went
from fenghuo.rig.kit.suite import Stand
from tests.conformance.gateway import gateway
from tests.conformance.seeded import kind

GUESTS = 2


@contextlib.asynccontextmanager
async def narrow() -> AsyncIterator[ConformancePeer]:
    async with gateway() as peer:
        peer.guests = GUESTS
        yield peer


def test_a_real_far_end_has_no_more_guests_at_once_than_it_serves() -> None:
    """A modem that serves three leaves the fourth unread, and the check of a healthy channel fails."""
    here: set[Bench] = set()
    seen: list[int] = []

    async def visit(bench: Bench) -> None:
        here.add(bench)
        seen.append(len(here))
        await bench.up()
        here.remove(bench)

    checks = [Check(f"check {number}", Grade.BRONZE, visit) for number in range(GUESTS + 1)]
    stand = Stand(Subject("seeded", kind(None), {"sms": Renderer("sms", sms_text)}), ConformanceFixture("seeded", "gateway", narrow))
    stand.run(checks)
    assert [Went.PASSED] * len(checks) == [verdict.went for verdict in stand.verdicts.values()]
    assert GUESTS == max(seen)


def test_a_check_that_is_alone_has_no_other_beside_it() -> None:
    """It comes after all others, one by one."""
    here: list[str] = []

    async def visit(bench: Bench) -> None:
        here.append("in")
        await asyncio.sleep(0)
        await bench.up()
        here.append("out")

    checks = [Check(f"check {number}", Grade.BRONZE, visit, is_alone=True) for number in range(2)]
    stand = Stand(Subject("seeded", kind(None), {"sms": Renderer("sms", sms_text)}), ConformanceFixture("seeded", "gateway", narrow))
    stand.run(checks)
    assert ["in", "out", "in", "out"] == here
