"""Blocking calls on devices, each in a thread of its own and one at a time for each device: a driver that hangs costs one thread.

The loop's own threads are few, and everybody's; and a daemon that is told to end waits for them, never for these.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["at_device", "is_at_work"]

T = TypeVar("T")

_at_work: dict[str, Future[Any]] = {}
"""By device, whoever opened it: a channel that is started anew meets the driver that still hangs."""


def is_at_work(device: str) -> bool:
    """Whether a call on this device has not come back yet."""
    return device in _at_work


async def at_device(device: str, call: Callable[[], T], *, within_s: float, too_late: Callable[[T], None] | None = None) -> T:
    """What `call` returns. It begins when the one before it on this device has come back, and not at all after `within_s`.

    `too_late` gets, in the thread, the result of a call that nobody waits for any more.
    Raises: TimeoutError: it has not come back, or not begun; whatever `call` raises.
    """
    async with asyncio.timeout(within_s):
        while (earlier := _at_work.get(device)) is not None:
            await asyncio.wait([asyncio.wrap_future(earlier)])
        done = _begin(device, call)
        try:
            return await asyncio.shield(asyncio.wrap_future(done))
        except asyncio.CancelledError:
            if too_late is not None:
                done.add_done_callback(lambda late: _hand_over(late, too_late))
            raise


def _begin(device: str, call: Callable[[], T]) -> Future[T]:
    done = _at_work[device] = Future[T]()

    def work() -> None:
        try:
            found = call()
        except BaseException as fault:  # noqa: BLE001  it goes on in the loop, to whoever waits
            _at_work.pop(device, None)
            done.set_exception(fault)
        else:
            _at_work.pop(device, None)
            done.set_result(found)

    threading.Thread(target=work, name=f"device {device}", daemon=True).start()
    return done


def _hand_over(done: Future[T], too_late: Callable[[T], None]) -> None:
    if done.exception() is None:
        too_late(done.result())
