"""The store's fill for simulation: commits and reads take virtual time, and a crash falls between any two of them.

A job waits in the queue, then its batch is committed, and only some time later do its callers hear of it: the three moments
between which a process can die.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from fenghuo.errors import StoreError
from fenghuo.rig.virtual_store_disk import VirtualDisk
from fenghuo.store.committer import Commit, Committer, Job
from fenghuo.store.mapping import Scalar
from fenghuo.store.reader import InlineRows, Pages
from fenghuo.store.writer import Writer

__all__ = ["VirtualFill", "VirtualRows", "VirtualWriter"]

COMMIT_S = 0.002
"""Middle length of a commit with its sync, seconds; drawn anew for each."""
READ_S = 0.0005
BATCH_JOBS = 64


class VirtualWriter:
    """Commits what waits together, first in, first out. `crash()` forgets what was not committed, as a power cut does."""

    def __init__(
        self, deliver: Callable[[Commit], None], chance: random.Random, disk: VirtualDisk, on_fatal: Callable[[BaseException], None]
    ) -> None:
        self._deliver = deliver
        self._disk = disk
        self._on_fatal = on_fatal
        self._chance = chance
        self._committer: Committer | None = None
        self._waiting: list[Job] = []
        self._timer: asyncio.TimerHandle | None = None
        self._settled: asyncio.Future[None] | None = None
        self.commits = 0
        self.patience_s = 0.0

    @property
    def has_work(self) -> bool:
        return bool(self._waiting)

    async def start(self, build: Callable[[], Committer]) -> Committer:
        self._committer = build()
        return self._committer

    def submit(self, job: Job) -> None:
        if self._committer is None:
            raise StoreError("the store is closed")
        self._waiting.append(job)
        if self._timer is None:
            self._later(self._commit)

    async def stop(self) -> None:
        if self._committer is not None and (self._waiting or self._timer is not None):
            self._settled = asyncio.get_running_loop().create_future()
            await self._settled
        self.crash()

    def crash(self) -> None:
        """The process is gone: only what was committed remains."""
        committer, self._committer = self._committer, None
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        if committer is not None:
            committer.close()

    def _commit(self) -> None:
        assert self._committer is not None
        try:
            commit = self._committer.execute(self._waiting[:BATCH_JOBS])
            settled = {id(outcome.job) for outcome in commit.outcomes}
            self._waiting = [job for job in self._waiting if id(job) not in settled]
            rested = self._committer.rest(idle=not self._waiting)
        except (StoreError, sqlite3.Error) as cause:  # the disk goes on failing: in service the writer's thread ends, and the process
            self._on_fatal(cause)
            return
        self._later(lambda: self._tell(commit, rested))

    def _tell(self, commit: Commit, rested: Commit) -> None:
        self.commits += 1
        self._timer = None
        if self._waiting:
            self._later(self._commit)
        self._deliver(commit)
        if rested.events:
            self._deliver(rested)
        if self._settled is not None and not self._waiting:
            self._settled.set_result(None)

    def _later(self, step: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._chance.expovariate(2 / max(COMMIT_S, self._disk.slow_s)), step)


class VirtualRows:
    """Answers with what is committed at a moment between the question and the answer."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self._rows = InlineRows(path)
        self._chance = chance

    async def pages(self, sql: str, params: Sequence[Scalar]) -> Pages:
        takes_s, is_late = self._chance.expovariate(1 / READ_S), self._chance.random() < 0.5
        if is_late:
            await asyncio.sleep(takes_s)
        async for page in self._rows.pages(sql, params):
            if not is_late:
                await asyncio.sleep(takes_s)
            yield page

    def forgive(self) -> None:
        self._rows.forgive()

    async def close(self) -> None:
        await self._rows.close()


class VirtualFill:
    """One for each life of a process: `writer` is there once the store is open. `on_fatal`: the process ends; by default it raises."""

    def __init__(self, chance: random.Random, disk: VirtualDisk | None = None) -> None:
        self._chance = chance
        self.disk = disk or VirtualDisk(chance)
        self.written: VirtualWriter | None = None
        self.on_fatal: Callable[[BaseException], None] = _raised

    def writer(self, deliver: Callable[[Commit], None]) -> Writer:
        self.written = VirtualWriter(deliver, self._chance, self.disk, lambda cause: self.on_fatal(cause))
        return self.written

    def free(self, folder: Path) -> int:
        return self.disk.free(folder)

    def rows(self, path: Path) -> VirtualRows:
        return VirtualRows(path, self._chance)

    def crash(self) -> None:
        """Nothing more is written from now on."""
        if self.written is not None:
            self.written.crash()


def _raised(cause: BaseException) -> None:
    raise cause
