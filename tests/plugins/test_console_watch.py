"""What the channel of the consoles hears of who is on watch: a page that is loaded anew is not away, and whoever ends the watch is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fenghuo.rig.simloop import SimLoop, run
from fenghuo_console.watch import Order, Watch


async def reloaded(watch: Watch) -> None:
    """It is back after 19 s: unarmed at first, then armed."""
    watch.stands(0, is_cut=True)
    await asyncio.sleep(10)
    watch.stands(0)
    await asyncio.sleep(9)
    watch.stands(1)
    await asyncio.sleep(60)


async def gone(watch: Watch) -> None:
    """It does not come back; or comes back too late."""
    watch.stands(0, is_cut=True)
    await asyncio.sleep(19.9)
    assert "" == watch.why_nobody
    await asyncio.sleep(0.2)


async def ended(watch: Watch) -> None:
    """Somebody ends the watch: at once."""
    watch.stands(0)


async def closed(watch: Watch) -> None:
    """The front stops while it waits for somebody to come back."""
    watch.stands(0, is_cut=True)
    watch.serve(None)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (reloaded, [""]),
        (gone, ["", "no console is armed"]),
        (ended, ["", "no console is armed"]),
        (
            closed,
            ["", "no front of type console serves the consoles of this node", "no front of type console serves the consoles of this node"],
        ),
    ],
)
def test_a_line_that_is_gone_has_its_grace_and_nothing_else(what: Callable[[Watch], Awaitable[None]], why: list[str]) -> None:
    """What the channel is told, in its order."""
    told: list[str] = []

    async def life(loop: SimLoop) -> None:
        watch = Watch()
        watch.serve(lay, reload_s=20.0)
        watch.listen("desk", lambda: told.append(watch.why_nobody))
        watch.stands(1)
        await what(watch)

    run(life)
    assert why == told


async def lay(order: Order) -> None:
    """Nothing is laid here."""
