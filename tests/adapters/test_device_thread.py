"""A call on a device that does not come back: what it costs everybody else."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fenghuo.errors import LinkTimeout
from fenghuo_adapters.device_thread import at_device, is_at_work
from fenghuo_adapters.serial_line import SerialLine
from tests.scale import TIMEOUT_SCALE

PATIENCE_S = 40.0 * TIMEOUT_SCALE
SHORT_S = 0.02


class Driver:
    """Hangs until it is let go, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        self.free.wait(PATIENCE_S)
        return self.calls


def threads_at(device: str) -> int:
    return sum(thread.name == f"device {device}" for thread in threading.enumerate())


async def settled(device: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while is_at_work(device) or threads_at(device):
            await asyncio.sleep(0.005)


async def test_a_driver_that_hangs_costs_one_thread_and_the_loop_none() -> None:
    """However often it is tried; and a thread that the process need not wait for."""
    driver = Driver()
    for _ in range(40):
        with pytest.raises(TimeoutError):
            await at_device("/dev/hung", driver, within_s=SHORT_S)
    assert (1, 1, True) == (driver.calls, threads_at("/dev/hung"), is_at_work("/dev/hung"))
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "device /dev/hung")
    async with asyncio.timeout(PATIENCE_S):
        assert 7 == await asyncio.to_thread(int, "7")
        assert 8 == await at_device("/dev/well", lambda: 8, within_s=PATIENCE_S)
    driver.free.set()
    await settled("/dev/hung")


async def test_the_next_call_waits_for_the_one_before_it() -> None:
    """And goes as soon as that is back."""
    driver = Driver()
    first = asyncio.create_task(at_device("/dev/slow", driver, within_s=PATIENCE_S))
    second = asyncio.create_task(at_device("/dev/slow", driver, within_s=PATIENCE_S))
    async with asyncio.timeout(PATIENCE_S):
        while not driver.calls:
            await asyncio.sleep(0.005)
    assert 1 == driver.calls
    driver.free.set()
    assert [1, 2] == [await first, await second]


async def test_what_comes_back_too_late_is_put_away() -> None:
    """It must not stay open behind nobody's back."""
    driver, late = Driver(), list[int]()
    with pytest.raises(TimeoutError):
        await at_device("/dev/late", driver, within_s=SHORT_S, too_late=late.append)
    driver.free.set()
    await settled("/dev/late")
    assert [1] == late


async def test_a_fault_of_the_call_is_its_callers() -> None:
    """As it was raised; the device is free again."""
    with pytest.raises(ZeroDivisionError):
        await at_device("/dev/bad", lambda: 1 // 0, within_s=PATIENCE_S)
    assert not is_at_work("/dev/bad")


async def test_a_serial_device_that_hangs_while_it_opens_leaves_threads_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty openings, each by a line of its own as after forty starts of a channel."""
    driver, device = Driver(), str(tmp_path / "ttyUSB0")
    monkeypatch.setattr("serial.Serial.__init__", lambda *_, **__: driver() and None)
    for _ in range(40):
        with pytest.raises(LinkTimeout, match=f"serial {device} did not open within 0.02 s"):
            await SerialLine(device, 9600, open_s=SHORT_S).open()
    async with asyncio.timeout(PATIENCE_S):
        assert 7 == await asyncio.to_thread(int, "7")
    assert 1 == driver.calls
    monkeypatch.setattr("serial.Serial.close", lambda _: None)
    driver.free.set()
    await settled(device)
