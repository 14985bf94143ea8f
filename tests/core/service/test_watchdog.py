"""The watchdog: fed by progress, starved by a part that has work and stands still, never by idleness."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.clock import ClockQuality
from fenghuo.service.notify import Notify
from fenghuo.service.watchdog import Progress, Watchdog
from tests.scale import PATIENCE_S


class VirtualClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def quality(self) -> ClockQuality:
        return ClockQuality.NTP

    def jump_s(self) -> float:
        return 0.0


class Bench:
    """A watchdog with one part, a manager that listens, and a note of each dump."""

    def __init__(self, folder: Path) -> None:
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.setblocking(False)
        self.clock = VirtualClock()
        self.dumps = 0
        self.counter, self.has_work = 0, True
        self.dog = Watchdog(Notify(str(folder / "notify")), self.clock, status=lambda: "就绪", dump=self._dump)
        self.dog.watch("writer", lambda: Progress(self.counter, self.has_work, 10.0))

    def heard(self) -> str:
        try:
            return self.manager.recv(512).decode()
        except BlockingIOError:
            return ""

    def _dump(self) -> None:
        self.dumps += 1


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    with capture_logs():
        yield bench
    bench.manager.close()


def test_progress_feeds(bench: Bench) -> None:
    """A part that moves is well however long the day, and each feed carries the status."""
    for _ in range(100):
        bench.clock.now += 864.0
        bench.counter += 1
        assert bench.dog.feed()
    assert bench.heard() == "WATCHDOG=1\nSTATUS=就绪"


def test_idleness_is_no_fault(bench: Bench) -> None:
    """A part without work may stand still for a day: all channels down is no reason for a restart."""
    bench.has_work = False
    bench.dog.feed()
    bench.clock.now += 86_400
    assert bench.dog.feed()


def test_standing_still_with_work_starves(bench: Bench) -> None:
    """Past its limit a part that has work and does not move starves the watchdog, with one dump and one line."""
    bench.dog.feed()
    bench.clock.now += 10.0
    assert bench.dog.feed()
    bench.clock.now += 0.1
    with capture_logs() as lines:
        assert (False, False) == (bench.dog.feed(), bench.dog.feed())
    assert [("stuck, so the watchdog is not fed", ["writer"])] == [(line["event"], line["parts"]) for line in lines]
    assert bench.dumps == 1


def test_work_that_comes_late_has_its_whole_time(bench: Bench) -> None:
    """The limit runs from when there was work, not from when the counter last moved."""
    bench.has_work = False
    bench.dog.feed()
    bench.clock.now += 3600.0
    bench.dog.feed()
    bench.has_work = True
    bench.clock.now += 9.0
    assert bench.dog.feed()


def test_moving_again_is_told_and_fed(bench: Bench) -> None:
    """A part that comes back is fed again, and told of once."""
    bench.dog.feed()
    bench.clock.now += 20.0
    bench.dog.feed()
    bench.counter += 1
    with capture_logs() as lines:
        assert bench.dog.feed()
    assert [line["event"] for line in lines] == ["moving again"]


def test_every_part_must_move(bench: Bench) -> None:
    """One stuck part starves the watchdog though the others move."""
    bench.dog.watch("loop", lambda: Progress(int(bench.clock.now), True, 10.0))
    bench.dog.feed()
    bench.clock.now += 20.0
    assert bench.dog.stuck() == frozenset({"writer"})


async def test_runs_at_a_quarter_of_the_period(bench: Bench) -> None:
    """The feed is sent at once and again at a quarter of the period."""
    feeding = asyncio.create_task(bench.dog.run(0.04))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):
            while not bench.heard():
                await asyncio.sleep(0.002)
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)


async def test_no_period_no_timer(bench: Bench) -> None:
    """Without a manager that watches, the task ends at once and nothing wakes up."""
    await bench.dog.run(None)
    assert bench.heard() == ""
