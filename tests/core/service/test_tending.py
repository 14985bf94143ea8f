"""What lives as long as the daemon: begun again when it ends, told once, over when it is told to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.service.tending import Tending, log_fault
from tests.core.engine.house import House, opened
from tests.scale import PATIENCE_S


class Work:
    """Does what a test puts into `turns`, and then lives on."""

    def __init__(self, *turns: Callable[[], None]) -> None:
        self.turns = list(turns)
        self.begun = 0
        self.lives = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.turns:
            self.turns.pop(0)()
        self.lives.set()
        await asyncio.Event().wait()


def failing() -> None:
    raise TypeError("a fault of ours")


def cancelled() -> None:
    raise asyncio.CancelledError


async def stopped(task: asyncio.Task[None]) -> bool:
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_S)
    return task.cancelled()


async def told(house: House) -> list[str]:
    return [event["message"] for event in await house.events("alarm.task_ended")]


@pytest.mark.parametrize(("end", "name"), [(failing, "TypeError"), (cancelled, "CancelledError")])
async def test_what_ends_is_begun_again_and_told_once(tmp_path: Path, end: Callable[[], None], name: str) -> None:
    """By an error, or by a cancelling inside that nobody asked for: each end in the log with its trace, one alarm for a row of them."""
    async with opened(tmp_path) as house:
        work = Work(end, end, end)
        with capture_logs() as logs:
            task = Tending(house.store, rest_s=0.001).start("spool", work.run)
            await asyncio.wait_for(work.lives.wait(), PATIENCE_S)
        assert [("spool", 0.001, name), ("spool", 0.002, name), ("spool", 0.004, name)] == [
            (line["task"], line["again_in_s"], type(line["exc_info"]).__name__) for line in logs if line["event"] == "a task ended"
        ]
        assert (4, 1, True) == (work.begun, len(await told(house)), name in (await told(house))[0])
        assert await stopped(task)


async def test_work_that_is_done_is_over(tmp_path: Path) -> None:
    """A port that has been opened is not opened again, and nobody is told."""

    async def done() -> None:
        """There was nothing to do."""

    async with opened(tmp_path) as house:
        await asyncio.wait_for(Tending(house.store).start("web", done), PATIENCE_S)
        assert [] == await told(house)


async def test_an_alarm_that_cannot_be_raised_stops_nothing(tmp_path: Path) -> None:
    """The store is closed under it: it is begun again, and the log says both."""
    async with opened(tmp_path) as house:
        work, tending = Work(failing), Tending(house.store, rest_s=0.001)
    with capture_logs() as logs:
        task = tending.start("spool", work.run)
        await asyncio.wait_for(work.lives.wait(), PATIENCE_S)
        assert ["a task ended", "an alarm could not be raised"] == [line["event"] for line in logs if line["log_level"] == "error"]
        assert await stopped(task)


async def test_a_task_that_is_not_begun_again_is_in_the_log() -> None:
    """A reload that fails, with its trace; one that was cancelled is none."""
    with capture_logs() as logs:
        for end in (failing, cancelled):
            task = asyncio.create_task(Work(end).run(), name="reload")
            task.add_done_callback(log_fault)
            await asyncio.wait([task], timeout=PATIENCE_S)
            await asyncio.sleep(0)
    assert [("a task ended", "reload")] == [(line["event"], line["task"]) for line in logs]
