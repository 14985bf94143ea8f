"""Blocking calls on devices, each in a thread of its own and one at a time for each device: a driver that hangs costs one thread.

The loop's own threads are few, and everybody's; and a daemon that is told to end waits for them, never for these.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["at_device", "at_rest", "is_at_work"]

T = TypeVar("T")

_at_work: dict[str, Future[None]] = {}
"""By device, whoever opened it: a channel that is started anew meets the driver that still hangs. Done when the call is back."""


def is_at_work(device: str) -> bool:
    """Whether a call on this device has not come back yet."""
    return device in _at_work


async def at_rest(device: str) -> None:
    """Until no call is at work on this device; the deadline is the caller's."""
    while (back := _at_work.get(device)) is not None:
        await asyncio.wait([asyncio.wrap_future(back)])


async def at_device(device: str, call: Callable[[], T], *, within_s: float, too_late: Callable[[T], None] | None = None) -> T:
    """What `call` returns. It begins when the one before it on this device has come back, and not at all after `within_s`.

    `too_late` gets, in the thread, the result of a call that nobody waits for any more.
    Raises: TimeoutError: it has not come back, or not begun; whatever `call` raises.
    """
    async with asyncio.timeout(within_s):
        await at_rest(device)
        done, back = _begin(device, call)
        try:
            await asyncio.wait([asyncio.wrap_future(back)])
        except asyncio.CancelledError:
            if too_late is not None:
                done.add_done_callback(lambda late: _hand_over(late, too_late))
            raise
    return done.result()


def _begin(device: str, call: Callable[[], T]) -> tuple[Future[T], Future[None]]:
    done, back = Future[T](), Future[None]()
    _at_work[device] = back

    def work() -> None:
        try:
            found = call()
        except BaseException as fault:  # noqa: BLE001  it goes on in the loop, to whoever waits
            done.set_exception(fault)
        else:
            done.set_result(found)
        finally:
            _at_work.pop(device, None)
            back.set_result(None)

    threading.Thread(target=work, name=f"device {device}", daemon=True).start()
    return done, back


def _hand_over(done: Future[T], too_late: Callable[[T], None]) -> None:
    if done.exception() is None:
        too_late(done.result())
