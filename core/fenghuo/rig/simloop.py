"""An event loop for simulation: virtual time, one seed, no selector and no threads. The same seed gives the same run, step by step.

What is ready at one moment runs in an order that the seed shuffles, so that races show which a real loop hides for years; `fifo`
keeps the order of a real loop beside it. Time stands still while anything is ready and then jumps to the next timer.
Source: reliability.md §4.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import heapq
import random
import struct
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

__all__ = ["Deadlock", "EscapedSimulation", "SimLoop", "run"]

T = TypeVar("T")

CLEARED_TIMERS = 100
"""Cancelled timers that may lie in the heap before it is cleared of them, if they are more than half of it."""
_AT = struct.Struct("<d")


class Deadlock(RuntimeError):
    """Nothing is ready and no timer is set: whoever still waits would wait for ever. Names them."""


class EscapedSimulation(RuntimeError):
    """Something wanted a thread: it would run in real time, and no seed could bring it back."""


class SimLoop(asyncio.BaseEventLoop):
    """`seed` shuffles what is ready; `fifo`: no shuffle. `steps`: callbacks run so far; `escapes`: whoever wanted a thread.

    An escape raises where it happens and is kept as well, since code under test contains errors of its parts.
    """

    def __init__(self, seed: int = 0, *, fifo: bool = False) -> None:
        super().__init__()
        self.seed = seed
        self.fifo = fifo
        self.steps = 0
        self.escapes: list[str] = []
        self._now = 0.0
        self._chance = random.Random(f"order {seed}")
        self._trace = hashlib.blake2b(digest_size=8)
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = self._cancelled = 0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    @property
    def trace(self) -> str:
        """A hash over what ran, when and in which order, and over what was noted: equal for equal runs."""
        return self._trace.hexdigest()

    def hold(self, seconds: float) -> None:
        """Time passes and nothing else runs, as in a turn that takes long: whatever fell due meanwhile is ready at once, in any order."""
        self._now += seconds

    def note(self, text: str) -> None:
        """Make something that happened in the simulated world a part of the trace."""
        self._trace.update(text.encode())

    # What BaseEventLoop leaves to its heirs, and what must not be.

    def _run_once(self) -> None:
        timers = self._timers
        ready: Any = self._ready  # type: ignore[attr-defined]  # the loop's own queue
        if self._cancelled:
            self._clear_cancelled()
        if not ready and not self._stopping:  # type: ignore[attr-defined]  # set by stop()
            if not timers:
                raise Deadlock(self._who_waits())
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False  # type: ignore[attr-defined]  # its cancel() comes too late to be counted
            ready.append(timer)
        batch = list(ready)
        ready.clear()
        if len(batch) > 1 and not self.fifo:
            self._chance.shuffle(batch)
        now, update = _AT.pack(self._now), self._trace.update
        for handle in batch:
            if not handle._cancelled:
                callback = handle._callback
                name = getattr(callback, "__qualname__", None) or type(callback).__name__
                update(now + name.encode())
                self.steps += 1
                handle._run()

    # Half of a simulated day was spent in what BaseEventLoop checks at each of these, for loops that have threads and a debug mode.

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]  # the loop's own queue
        return handle

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        self._order += 1
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]  # what its cancel() goes by
        heapq.heappush(self._timers, (when, self._order, timer))
        return timer

    def _timer_handle_cancelled(self, handle: Any) -> None:
        self._cancelled += handle._scheduled

    def _clear_cancelled(self) -> None:
        timers = self._timers
        if self._cancelled > CLEARED_TIMERS and self._cancelled * 2 > len(timers):
            timers[:] = [entry for entry in timers if not entry[2].cancelled()]
            heapq.heapify(timers)
            self._cancelled = 0
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
            self._cancelled -= 1

    def _who_waits(self) -> str:
        waiting = sorted(f"{task.get_name()} in {_place(task)}" for task in asyncio.all_tasks(self))
        return f"at {self._now:.3f} s nothing can happen any more; waiting: {'; '.join(waiting) or 'nobody'}"

    def call_soon_threadsafe(  # type: ignore[override]  # never returns
        self, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> NoReturn:
        self._escape(f"call_soon_threadsafe({getattr(callback, '__qualname__', callback)})")

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override]
        self._escape(f"run_in_executor({getattr(func, '__qualname__', func)})")

    def _escape(self, what: str) -> NoReturn:
        self.escapes.append(what)
        raise EscapedSimulation(f"{what}: a simulation has no threads")

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """As in a real loop, which goes the way of threads here."""
        self._asyncgens.discard(agen)  # type: ignore[attr-defined]  # the loop's own set
        if not self.is_closed():
            self.call_soon(self.create_task, agen.aclose())

    def _process_events(self, event_list: Any) -> None:
        """There is no selector."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""


def run(work: Callable[[SimLoop], Coroutine[Any, Any, T]], seed: int = 0, *, fifo: bool = False) -> tuple[T, str]:
    """Run `work` to its end on a loop of its own; what it returned, and the trace. Raises: Deadlock, and what `work` raises."""
    gc.disable()  # it finalises what it finds at moments that depend on what ran before
    try:
        with asyncio.Runner(loop_factory=lambda: SimLoop(seed, fifo=fifo)) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, SimLoop)
            result = runner.run(work(loop))
            return result, loop.trace
    finally:
        gc.enable()


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "nothing yet"
