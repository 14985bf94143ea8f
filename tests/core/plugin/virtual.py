"""An event loop whose time jumps to the next timer: hours of retries in milliseconds, in the order they would happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fenghuo.clock import ClockQuality


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps cost nothing; `time()` is what the sleeps add up to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        due = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # the loop's own heap
        if due and not self._ready:  # type: ignore[attr-defined]  # the loop's own queue
            self.now = max(self.now, min(due))
        super()._run_once()  # type: ignore[misc]  # not in the stubs


class LoopClock:
    """The running loop's time as a Clock."""

    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def quality(self) -> ClockQuality:
        return ClockQuality.NTP

    def jump_s(self) -> float:
        return 0.0


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run one test's story on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())
