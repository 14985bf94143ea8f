"""The two ways to run jobs: a thread that the store owns (the service), and at once in the caller (simulation).

Whoever submits a job from the loop gets a future. It is settled only after the COMMIT that covers the job returned.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from fenghuo.errors import StoreError
from fenghuo.store.committer import Commit, Committer, Job

__all__ = ["InlineWriter", "ThreadWriter", "Writer"]

log = structlog.get_logger(__name__)


class Writer(Protocol):
    """Runs jobs first in, first out. All methods are called from the loop's thread."""

    @property
    def commits(self) -> int:
        """How many batches were settled: progress, for the watchdog."""

    patience_s: float
    """How long jobs that are patient wait for others to share their sync with."""

    @property
    def has_work(self) -> bool:
        """Jobs are waiting."""

    async def start(self, build: Callable[[], Committer]) -> Committer:
        """Build the committer where the jobs will run. Raises: whatever building it raises."""

    def submit(self, job: Job) -> None:
        """Queue a job. Raises: StoreError: the writer has ended."""

    async def stop(self) -> None:
        """Take no more jobs, settle those that wait, close the database."""


class ThreadWriter:
    """One thread, from start() to a sentinel. It sleeps in the queue: no wake-up without a job.

    Patient jobs wait for `patience_s`, and no longer than for the next one that is not: it takes along what came before it.
    """

    def __init__(self, deliver: Callable[[Commit], None], *, batch_jobs: int, on_fatal: Callable[[BaseException], None]) -> None:
        self._deliver = deliver
        self._batch_jobs = batch_jobs
        self._on_fatal = on_fatal
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._is_open = False
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[Committer] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self.commits = 0
        self.patience_s = 0.0

    @property
    def has_work(self) -> bool:
        return self._waiting > 0

    async def start(self, build: Callable[[], Committer]) -> Committer:
        # A daemon thread, so that a process whose loop died without stop() can still end; stop() is what drains it.
        threading.Thread(target=self._main, args=(build,), name="fenghuo-store", daemon=True).start()
        committer = await self._ready
        self._is_open = True
        return committer

    def submit(self, job: Job) -> None:
        if not self._is_open:
            raise StoreError("the store is closed")
        self._waiting += 1
        self._queue.put(job)

    async def stop(self) -> None:
        if self._is_open:
            self._is_open = False
            self._queue.put(None)
        await asyncio.shield(self._ended)

    # In the thread

    def _main(self, build: Callable[[], Committer]) -> None:
        try:
            committer = build()
        except BaseException as exc:  # noqa: BLE001  handed to whoever awaits start()
            self._call(_settle, self._ready, None, exc)
            self._call(_settle, self._ended, None, None)
            return
        self._call(_settle, self._ready, committer, None)
        pending: list[Job] = []
        try:
            self._serve(committer, pending)
            committer.close()
        except BaseException as exc:  # noqa: BLE001  handed to on_fatal: a dead writer must never pass unseen
            log.critical("store thread died", cause=repr(exc))
            self._call(self._fail, pending, exc)
            self._on_fatal(exc)
        self._call(_settle, self._ended, None, None)

    def _serve(self, committer: Committer, pending: list[Job]) -> None:
        is_open = True
        while is_open or pending:
            is_open = self._take(pending) and is_open
            if pending:
                commit = committer.execute(pending)
                self._call(self._settled, commit)
                settled = {id(outcome.job) for outcome in commit.outcomes}
                pending[:] = [job for job in pending if id(job) not in settled]
            rested = committer.rest(idle=not pending and self._queue.empty())
            if rested.events:
                self._call(self._settled, rested)

    def _take(self, pending: list[Job]) -> bool:
        """Move what waits into `pending`, sleeping if both are empty; False at the sentinel, after which nothing comes."""
        try:
            if not pending:
                first = self._queue.get()
                if first is None:
                    return False
                pending.append(first)
            until = time.monotonic() + self.patience_s
            is_patient = all(job.is_patient for job in pending)
            while len(pending) < self._batch_jobs:
                job = self._next(until) if is_patient else self._queue.get_nowait()
                if job is None:
                    return False
                pending.append(job)
                is_patient &= job.is_patient
        except queue.Empty:
            pass
        return True

    def _next(self, until: float) -> Job | None:
        """The next job or the sentinel, waiting until then (monotonic seconds). Raises: queue.Empty: none came."""
        wait_s = until - time.monotonic()
        return self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()

    def _call(self, function: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            log.warning("store settled jobs after the loop had closed")

    # In the loop

    def _settled(self, commit: Commit) -> None:
        self.commits += 1
        self._waiting -= len(commit.outcomes)
        self._deliver(commit)

    def _fail(self, pending: list[Job], cause: BaseException) -> None:
        self._is_open = False
        while not self._queue.empty():
            job = self._queue.get_nowait()
            if job is not None:
                pending.append(job)
        for job in pending:
            _settle(job.future, None, StoreError(f"the store has ended: {cause}"))
        self._waiting = 0


class InlineWriter:
    """Runs each job at once in the caller, in a transaction of its own. For simulation: no thread, no waiting."""

    def __init__(self, deliver: Callable[[Commit], None]) -> None:
        self._deliver = deliver
        self._committer: Committer | None = None
        self.commits = 0
        self.patience_s = 0.0

    @property
    def has_work(self) -> bool:
        return False

    async def start(self, build: Callable[[], Committer]) -> Committer:
        self._committer = build()
        return self._committer

    def submit(self, job: Job) -> None:
        if self._committer is None:
            raise StoreError("the store is closed")
        self._deliver(self._committer.execute([job]))
        self.commits += 1
        rested = self._committer.rest(idle=True)
        if rested.events:
            self._deliver(rested)

    async def stop(self) -> None:
        if self._committer is not None:
            self._committer.close()
            self._committer = None


def _settle(future: asyncio.Future[Any] | None, value: object, error: BaseException | None) -> None:
    if future is None or future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
