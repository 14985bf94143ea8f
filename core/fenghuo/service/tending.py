"""What lives as long as the daemon and is not the engine: its unexpected end is logged with its trace, alarmed, and it is begun again.

A task that dies unseen is a spool that takes nothing and a chain that nobody signs any more, behind a daemon that says that it is well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from fenghuo.errors import FenghuoError
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["Tending", "Work", "log_fault"]

Work = Callable[[], Awaitable[None]]

FIRST_REST_S = 1.0
LONGEST_REST_S = 60.0
"""Between an end and the next beginning; it doubles: what fails at once costs nothing, and is back within a minute of its cure."""
HEALTHY_S = 60.0
"""What lived this long was well: its next end is alarmed again, and rests from the first."""

log = structlog.stdlib.get_logger("fenghuo.tending")


class Tending:
    """Begins each work, and begins it again. `rest_s`: the first rest."""

    def __init__(self, store: Store, *, rest_s: float = FIRST_REST_S) -> None:
        self._store = store
        self._rest_s = rest_s

    def start(self, name: str, work: Work) -> asyncio.Task[None]:
        """A task that is over when `work` returns, for some have an end, or when it is cancelled; never by what `work` raises."""
        return asyncio.create_task(self._tend(name, work), name=name)

    async def _tend(self, name: str, work: Work) -> None:
        rest_s, is_told = self._rest_s, False
        while True:
            began = asyncio.get_running_loop().time()
            fault = await _fault_of(work)
            if fault is None:
                return
            if asyncio.get_running_loop().time() - began >= HEALTHY_S:
                rest_s, is_told = self._rest_s, False
            log.error("a task ended", task=name, again_in_s=rest_s, exc_info=fault)
            if not is_told:
                await self._alarm(name, fault)
                is_told = True
            await asyncio.sleep(rest_s)
            rest_s = min(rest_s * 2, LONGEST_REST_S)

    async def _alarm(self, name: str, fault: BaseException) -> None:
        sentence = f"{name} ended by a fault of ours ({type(fault).__name__}) and is begun again; the log has the trace"

        def tell(tx: Tx) -> None:
            tx.event("alarm.task_ended", f"task/{name}", message=sentence)

        try:
            await self._store.run(tell)
        except FenghuoError as error:  # a disk that is full has alarms of its own
            log.error("an alarm could not be raised", task=name, cause=str(error))


def log_fault(task: asyncio.Task[None]) -> None:
    """Of a task that is not begun again: what it raised, for the log."""
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        log.error("a task ended", task=task.get_name(), exc_info=fault)


async def _fault_of(work: Work) -> BaseException | None:
    """What `work` raised; None when it came to its end. Raises: CancelledError: we are cancelled, and not something inside it."""
    try:
        await work()
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return cancelled
    except Exception as fault:  # noqa: BLE001  whatever it is, the others go on and it is begun again
        return fault
    return None
