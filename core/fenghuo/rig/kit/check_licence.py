"""Checks of the licence: what leaves, when, and how often, whenever the process dies. Bronze."""

from __future__ import annotations

import asyncio
from functools import partial

from fenghuo.errors import Denied, Withdrawn, WrongTraffic
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.traffic import Traffic
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.job import LoneJob
from fenghuo.rig.kit.watch import Boundary

__all__ = ["CHECKS"]

TEXT = "请沿江各村于18时前转移全部危险区群众"
QUIET_S = 1.0
"""How long nothing may be heard before it counts as silence."""
REACH_S = 10.0
DOUBT_S = 3.0
"""How long after a restart nobody reports: a core in doubt has sent its copy by then."""


async def arrives(bench: Bench) -> None:
    await bench.up()
    order = await bench.order(TEXT)
    await bench.ended(order)
    await bench.pause(QUIET_S)
    emissions = bench.emissions()
    is_said = bench.peer.is_wordless or all(TEXT in emission.text for emission in emissions)
    if len(emissions) != 1 or not is_said:
        raise Broken(f"one order was sent, and this arrived: {[arrival.text for arrival in emissions]}")


async def dies(bench: Bench, boundary: Boundary) -> None:
    await bench.up()
    bench.is_reporting = False  # so that nobody but the core can say whether it must be sent again
    bench.life.watch.stop_at = boundary
    order = await bench.order(TEXT)
    try:
        async with asyncio.timeout(REACH_S * bench.patience):
            await bench.life.watch.reached.wait()
    except TimeoutError:
        raise Broken(f"an order is given, and send() never stands {boundary}") from None
    if boundary is Boundary.BEFORE_BEGIN and bench.emissions():
        raise Broken("something left before the licence was asked for")
    await bench.kill()
    await bench.live()
    await bench.pause(DOUBT_S)
    await _arrived(bench, order)


async def dies_afterwards(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    watch = bench.life.watch
    await bench.until(lambda: bool(watch.sent), "send() returns")
    states = (DeliveryState.EMITTING, DeliveryState.READY)

    async def is_kept() -> bool:
        return (await bench.delivery(order)).state not in states

    await bench.until(is_kept, "the outcome is kept")
    await bench.kill()
    await bench.live()
    await _arrived(bench, order)


async def _arrived(bench: Bench, order: str) -> None:
    """The far end reports what it has kept, and the order ends well."""
    bench.is_reporting = True
    for arrival in bench.fragments():
        await bench.say_report(arrival)
    await bench.ended(order)
    await bench.pause(QUIET_S)
    bench.only_declared()


async def refused(bench: Bench, denied: Denied) -> None:
    """begin() refuses: the refusal comes out of send() as it is, and nothing leaves."""
    await bench.up()
    job = LoneJob(bench, TEXT, denied=denied)
    try:
        outcome = await bench.life.made[-1].send(job)
    except Denied as raised:
        if raised is not denied:
            raise Broken(f"begin() raised {denied!r} and send() another: {raised!r}") from raised
    else:
        raise Broken(f"begin() raised {denied!r}, and send() answered {outcome!r} instead of letting it pass")
    await bench.pause(QUIET_S)
    if bench.fragments():
        raise Broken("begin() refused, and it was sent all the same")


async def withdrawn(bench: Bench) -> None:
    await refused(bench, Withdrawn("met meanwhile"))


async def not_before(bench: Bench) -> None:
    await bench.up()
    job = LoneJob(bench, TEXT, ponders_s=QUIET_S)
    sending = asyncio.ensure_future(bench.life.made[-1].send(job))
    await bench.until(lambda: job.begun > 0, "begin() is entered", within_s=bench.capabilities.attempt_s)
    while not job.is_granted:
        if bench.fragments():
            sending.cancel()
            raise Broken("something arrived while begin() was still committing")
        await bench.pause(0.02)
    await sending
    await bench.until(lambda: bool(bench.fragments()), "it arrives once begin() has committed")
    if job.begun != 1:
        raise Broken(f"one send() asked for {job.begun} licences")


async def exercise(bench: Bench) -> None:
    bench.traffic = (Traffic.ACTUAL, Traffic.SYSTEM)
    await bench.kill()
    await bench.live()
    await refused(bench, WrongTraffic("this instance may not carry Exercise traffic"))
    await bench.order(TEXT, to=1, traffic=Traffic.EXERCISE)
    actual = await bench.order(TEXT, to=2)
    await bench.ended(actual)
    if bench.fragments(1):
        raise Broken("an exercise left over an instance that carries Actual traffic alone")


CHECKS = (
    Check("an order reaches the far end word for word, and once", Grade.BRONZE, arrives),
    Check("nothing leaves before begin() has committed", Grade.BRONZE, not_before),
    Check("a refusal by begin() passes through, and nothing leaves", Grade.BRONZE, withdrawn),
    Check("killed before begin(), it arrives after the restart", Grade.BRONZE, partial(dies, boundary=Boundary.BEFORE_BEGIN)),
    Check("killed after begin(), it arrives, and a copy says so", Grade.BRONZE, partial(dies, boundary=Boundary.AFTER_BEGIN)),
    Check("killed before the result is kept, it arrives, and a copy says so", Grade.BRONZE, partial(dies, boundary=Boundary.BEFORE_RESULT)),
    Check("killed after the result is kept, it arrives, and a copy says so", Grade.BRONZE, dies_afterwards),
    Check("an exercise is refused on an instance for Actual traffic alone", Grade.BRONZE, exercise),
)
