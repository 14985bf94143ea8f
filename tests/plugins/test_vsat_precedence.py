"""Texts before pictures on one path, and room in the budget for the next text."""

from __future__ import annotations

import asyncio

from fenghuo.clock import SystemClock
from fenghuo_adapters.bound_http import PIECE_OCTETS
from fenghuo_adapters.rate_bucket import RateBucket
from fenghuo_vsat.precedence import Precedence

BURST = 20_000


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_piece_waits_for_every_text_that_is_under_way() -> None:
    """Two at once: the piece goes when the last of them is through, however it ends."""
    precedence = Precedence(RateBucket(0.0, BURST, SystemClock().monotonic), BURST)
    first, second = precedence.text(), precedence.text()
    first.__enter__()
    second.__enter__()
    piece = asyncio.create_task(precedence.clear())
    await _turns()
    first.__exit__(None, None, None)
    await _turns()
    assert not piece.done()
    second.__exit__(None, None, None)
    await asyncio.wait_for(piece, 5)


async def test_a_piece_leaves_half_of_the_burst_for_the_next_text() -> None:
    """With less than that behind it, it waits until there is; the text then waits for nothing."""
    now = [0.0]
    bucket = RateBucket(1_000_000.0, BURST, lambda: now[0])
    precedence = Precedence(bucket, BURST)
    await asyncio.wait_for(precedence.clear(), 5)
    bucket.take(BURST - PIECE_OCTETS)
    piece = asyncio.create_task(precedence.clear())
    await _turns()
    assert not piece.done(), "what is left would cover the piece, and nothing behind it"
    now[0] += 1.0
    await asyncio.wait_for(piece, 5)
    bucket.take(PIECE_OCTETS)
    assert 0.0 == bucket.wait_s(BURST // 2)
