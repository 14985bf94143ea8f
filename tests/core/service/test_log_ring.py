"""While nobody takes log lines they wait, in bounds, and what is missing is said once there is room."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import msgspec
import pytest

from fenghuo.clock import SystemClock
from fenghuo.service.log_ring import LOOK_AGAIN_S, LogRing, descriptor_of
from fenghuo.service.log_watch import LogWatch
from fenghuo.store import Store
from tests.scale import PATIENCE_S


class Volume:
    """Takes `most` octets at a time, until it is full."""

    def __init__(self, *, most: int = 1_000) -> None:
        self.is_full = False
        self.now = 0.0
        self.most = most
        self.asked = 0
        self.written = b""
        self.ring = LogRing(self.put, wall=lambda: 1_780_000_000.0, monotonic=lambda: self.now, most=3)

    def put(self, octets: bytes) -> int:
        self.asked += 1
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += octets[: self.most]
        return len(octets[: self.most])


def test_lines_wait_for_room_the_oldest_goes_and_the_gap_stands_before_the_rest() -> None:
    """Five lines at a full volume of which three may wait; it is asked once a second, and what was torn is put whole."""
    volume = Volume(most=7)
    volume.ring.write("before\n")
    volume.is_full = True
    for number in range(5):
        volume.ring.write(f"line {number}\n")
    assert (2, "No space left on device") == (volume.asked, volume.ring.waits)
    volume.is_full = False
    volume.ring.look()
    assert b"before\n" == volume.written
    volume.now += LOOK_AGAIN_S
    volume.ring.look()
    before, gap, *rest = volume.written.decode().splitlines()
    said = msgspec.json.decode(gap)
    assert ("before", ["line 2", "line 3", "line 4"]) == (before, rest)
    assert ("error", 3, 2, "2026-05-28T20:26:40+00:00") == (said["level"], said["waited"], said["dropped"], said["since"])
    volume.ring.write("after\n")
    assert ("", True) == (volume.ring.waits, volume.written.endswith(b"line 4\nafter\n"))


def test_a_full_device_costs_nobody_their_line() -> None:
    """As the kernel says it: /dev/full takes nothing, and whoever logs goes on."""
    with Path("/dev/full").open("w") as full:
        ring = LogRing(descriptor_of(full), wall=float, monotonic=float)
        assert len("a line\n") == ring.write("a line\n")
    assert "No space left on device" == ring.waits


@pytest.mark.timeout(30 + 2 * PATIENCE_S)
async def test_a_person_is_told_when_lines_wait_and_what_is_missing_when_they_do_not(tmp_path: Path) -> None:
    """From another thread too: the store has one alarm, and one record of the gap after it."""
    store = await Store.open(tmp_path, clock=SystemClock(), node="n")
    volume = Volume()
    watch = asyncio.create_task(LogWatch(volume.ring, store).run())
    try:
        await asyncio.sleep(0)
        volume.is_full = True
        await asyncio.to_thread(volume.ring.write, "a line\n")
        async with asyncio.timeout(PATIENCE_S):
            told = await store.events.wait(0)
            volume.is_full, volume.now = False, 2 * LOOK_AGAIN_S
            await store.events.wait(told)
        alarm, gap = [event for event in await store.events.read(0, 10) if event.subject == "node/log"]
    finally:
        watch.cancel()
        await asyncio.wait({watch})
        await store.close()
    assert ("alarm.log_full", "log.gap", 1, 0) == (alarm.type, gap.type, gap.body["waited"], gap.body["dropped"])
