"""The loop of the simulation: time that jumps, an order that the seed decides, and nothing that escapes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fenghuo.rig.simloop import Deadlock, EscapedSimulation, SimLoop, run

SEEDS = range(20)


async def _racing(loop: SimLoop, pause_s: float = 1.0) -> list[str]:
    """Five tasks that are ready at the same moments."""
    seen: list[str] = []

    async def racer(name: str) -> None:
        for _ in range(3):
            await asyncio.sleep(pause_s)
            seen.append(name)

    await asyncio.gather(*(racer(name) for name in "abcde"))
    return seen


def test_a_day_passes_without_waiting() -> None:
    """Time jumps from timer to timer, and asyncio's own timeouts run on it."""

    async def day(loop: SimLoop) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return loop.time()

    assert 86_400.0 == run(day)[0]


def test_the_same_seed_is_the_same_run() -> None:
    """Order and trace come back bit for bit."""
    assert [run(_racing, seed) for seed in SEEDS] == [run(_racing, seed) for seed in SEEDS]


def test_seeds_differ_in_the_order_of_what_is_ready_at_once() -> None:
    """Among twenty seeds nearly as many orders."""
    assert 10 < len({"".join(run(_racing, seed)[0]) for seed in SEEDS})


def test_fifo_keeps_the_order_of_a_real_loop() -> None:
    """First ready, first run, whatever the seed."""
    assert {"abcde" * 3} == {"".join(run(lambda loop: _racing(loop, 0.0), seed, fifo=True)[0]) for seed in SEEDS}


def test_every_step_is_in_the_trace() -> None:
    """One more step at the end gives another trace, and so does a note."""

    async def twice(loop: SimLoop, note: str = "") -> None:
        await asyncio.sleep(1.0)
        loop.note(note)

    async def thrice(loop: SimLoop) -> None:
        await twice(loop)
        await asyncio.sleep(0.0)

    traces = [run(work)[1] for work in (twice, thrice, lambda loop: twice(loop, "noted"))]
    assert 3 == len(set(traces))


def test_an_empty_loop_names_who_waits_for_ever() -> None:
    """Nothing ready and no timer: the deadlock says which tasks wait, and where."""

    async def stuck(loop: SimLoop) -> None:
        async def reader() -> None:
            await asyncio.Event().wait()

        task = asyncio.create_task(reader(), name="the reader")
        await asyncio.sleep(5.0)
        await task

    with pytest.raises(Deadlock, match=r"^at 5\.000 s .*the reader in .*reader:"):
        run(stuck)


@pytest.mark.parametrize("way", ["to_thread", "executor", "threadsafe", "resolver"])
def test_whatever_wants_a_thread_is_refused_and_kept(way: str) -> None:
    """A thread runs in real time; even code that contains the error cannot hide it."""

    async def escape(loop: SimLoop) -> list[str]:
        ways: dict[str, Callable[[], Any]] = {
            "to_thread": lambda: asyncio.to_thread(print),
            "executor": lambda: loop.run_in_executor(None, print),
            "threadsafe": lambda: loop.call_soon_threadsafe(print),
            "resolver": lambda: loop.getaddrinfo("localhost", 1),
        }
        try:
            await ways[way]()
        except EscapedSimulation:
            return loop.escapes
        return []

    assert 1 == len(run(escape)[0])


def test_a_turn_that_takes_long_makes_every_timer_of_it_late() -> None:
    """What fell due meanwhile is ready at once afterwards, and what is due later is not."""

    async def day(loop: SimLoop) -> list[tuple[float, str]]:
        rung: list[tuple[float, str]] = []
        for after_s in (1.0, 2.0, 9.0):
            loop.call_later(after_s, lambda after_s=after_s: rung.append((loop.time(), f"of {after_s} s")))
        loop.hold(5.0)
        await asyncio.sleep(10.0)
        return rung

    rung, _ = run(day)
    assert ([(5.0, "of 1.0 s"), (5.0, "of 2.0 s")], (9.0, "of 9.0 s")) == (sorted(rung[:2]), rung[2])


def test_cancelled_timers_do_not_pile_up() -> None:
    """A day of timeouts that were not needed leaves an empty heap, in the right order."""

    async def timeouts(loop: SimLoop) -> tuple[int, float]:
        for _ in range(1000):
            async with asyncio.timeout(1e6):
                await asyncio.sleep(1.0)
        return len(loop._scheduled), loop.time()  # type: ignore[attr-defined]  # of the stock loop, which typeshed leaves out

    left, now = run(timeouts)[0]
    assert 1000.0 == now
    assert 250 > left
