"""The store: everything that must outlive the process, behind one writer."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import RowDamaged, StoreError
from fenghuo.store.audit import Chain, acting
from fenghuo.store.backup import backup
from fenghuo.store.committer import Commit, Committer, Follow, Job
from fenghuo.store.database import UNREADABLE, Connect, Database, connect_writer, said_by
from fenghuo.store.disk import DATABASE, MARKER, FolderLock, Space, boot_id, free_octets, make_folder, sync_folder, write_file
from fenghuo.store.events import EventStream
from fenghuo.store.high_water import HighWater
from fenghuo.store.inspection import survey
from fenghuo.store.keyed import keyed
from fenghuo.store.mapping import Scalar, Table
from fenghuo.store.reader import InlineRows, Reader, Rows, ThreadRows
from fenghuo.store.records import MetaRow
from fenghuo.store.schema import migrate
from fenghuo.store.tables import EVENT, META, NAMES
from fenghuo.store.transaction import Damage, Tx, fetch
from fenghuo.store.writer import InlineWriter, ThreadWriter, Writer

__all__ = ["DATABASE", "PATIENCE_S", "Fill", "Store", "StoreSettings", "Table", "Tx"]

T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)

log = structlog.get_logger(__name__)


class Fill(Protocol):
    """Where jobs and reads run, in place of the two threads of the service; a simulation brings one of its own."""

    def writer(self, deliver: Callable[[Commit], None]) -> Writer: ...

    def rows(self, path: Path) -> Rows: ...

    def free(self, folder: Path) -> int: ...


class StoreSettings(msgspec.Struct, frozen=True):
    """Octets, frames, jobs and seconds; the defaults serve a small box.

    `min_free`: less free space than this and nothing new is accepted; `ballast`: given up when the disk is full, so that states
    and audit are still written; `batch_jobs`, `batch_s`: a commit takes no more than that, so that an urgent job never waits
    long; `log_frames`: working size of the write-ahead log (8 MB); `checkpoint_frames`: 1-2 ms of work at a time;
    `inline`: no threads, each job is settled when submit() returns; `fill`: no threads, settled when the simulation lets it be;
    `follow`: hears of every event in the transaction that makes it durable.
    """

    min_free: int = 64 * 1024 * 1024
    ballast: int = 16 * 1024 * 1024
    batch_jobs: int = 512
    batch_s: float = 0.02
    log_frames: int = 2_000
    checkpoint_frames: int = 1_500
    inline: bool = False
    fill: Fill | None = None
    follow: Follow | None = None


DEFAULTS = StoreSettings()
PATIENCE_S = 1.0
"""Longest wait of what is patient while power is saved: a routine message is that much later, and a row of them costs one sync in it."""
DAMAGED = "\0"
"""What no name is."""
DAMAGED_TOGETHER = 1_000
"""Newest events that may be damaged at once, as those on one bad block are, before nothing is known of the time."""
WAY_OUT = "`fenghuo db fsck` says what is wrong with it, and `fenghuo db restore BACKUP` puts a backup in its place"


def end_process(cause: BaseException) -> None:
    """A service whose writer died must not go on as if it kept promises: leave at once, and let the supervisor start anew."""
    log.critical("process ends: the store's writer died", cause=repr(cause))
    os._exit(70)


class Store:
    """One folder, one writer, many readers. Made by open(); all methods are called from the loop."""

    events: EventStream
    audited: HighWater
    """The number of the newest committed record of the audit."""
    chain: Chain

    def __init__(self, folder: Path, clock: Clock, settings: StoreSettings) -> None:
        self.folder = folder
        self._clock = clock
        self.newest_at: float | None = None
        """UTC seconds: when the last event before this start was written; None: there was none. Set by open()."""
        self._settings = settings
        self._lock: FolderLock | None = None
        self._writer: Writer
        self._reader: Reader
        self._reports: set[asyncio.Future[Any]] = set()
        self._epoch = ""

    @classmethod
    async def open(
        cls,
        folder: Path,
        *,
        clock: Clock,
        node: str,
        settings: StoreSettings = DEFAULTS,
        connect: Connect = connect_writer,
        on_fatal: Callable[[BaseException], None] = end_process,
    ) -> Store:
        """Open the store of `node` in `folder`, or make it; migrated, checked, ready to accept.

        Raises: StoreError: another process has it; it belongs to another node; it was written by a later version; it is empty
        though it once was not; the disk gives no guarantee of WAL with synchronous=FULL.
        """
        store = cls(folder, clock, settings)
        await store._start(node, connect, on_fatal)
        return store

    def save_power(self, wait_s: float) -> None:
        """From now on jobs that are patient wait so long for others to share a sync with, 0: not at all."""
        self._writer.patience_s = wait_s

    def submit(self, job: Callable[[Tx], T], *, accept: bool = False, is_patient: bool = False) -> asyncio.Future[T]:
        """Queue a job, first in, first out; the future is settled after the COMMIT and sync that cover it.

        A job that raises takes back itself alone, and its error is the future's. Cancelling the future cancels no job.
        `accept`: the job makes a new promise; `is_patient`: it may be settled a little later while power is saved, and never later
        than a job behind it that is not. Raises: StoreError: closed. The future: StoreFull, or what the job raised.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if (command := keyed.get()) is not None:
            job = command.marking(job)
        self._writer.submit(Job(job, future, accept=accept, by=acting.get(), is_patient=is_patient))
        return future

    async def run(
        self, job: Callable[[Tx], T], *, accept: bool = False, then: Callable[[T], object] | None = None, is_patient: bool = False
    ) -> T:
        """submit() and wait. A caller that is cancelled does not know the outcome: the job is carried out all the same.

        `then`: what must follow a commit, called in the loop with the job's result before the caller goes on, and also where the
        caller was cancelled. What only stands after `await run(…)` is never done for a caller that gave up.
        """
        future = self.submit(job, accept=accept, is_patient=is_patient)
        if then is not None and future.done():
            _follow(then, future)
        elif then is not None:
            future.add_done_callback(partial(_follow, then))
        return await asyncio.shield(future)

    async def find(self, table: Table[R], where: str = "", *params: Scalar, limit: int | None = None) -> list[R]:
        """Committed rows that fit `where` (with ORDER BY if it matters). A damaged one is left out, set aside and alarmed."""
        return await self._reader.find(table, where, params, limit)

    async def get(self, table: Table[R], *key: Scalar) -> R | None:
        """The committed row with this key. Raises: RowDamaged: it is set aside and alarmed."""
        return await self._reader.get(table, key)

    async def sound(self, table: Table[R], *key: Scalar) -> R | None:
        """As get(), and None for a damaged row: for whoever goes on without it. It is set aside and alarmed."""
        try:
            return await self._reader.get(table, key)
        except RowDamaged:
            return None

    async def scrub(self, table: Table[Any], after: tuple[Scalar, ...], limit: int) -> tuple[Scalar, ...]:
        """Check the `limit` rows behind the key `after` (empty: the first), and return the last key; empty at the end of the table."""
        return await self._reader.scrub(table, after, limit)

    async def scalar(self, sql: str, *params: Scalar) -> Scalar:
        """The first field of the first row of a SELECT; digests are not checked."""
        return await self._reader.scalar(sql, params)

    @property
    def progress(self) -> tuple[int, bool]:
        """(batches settled, whether jobs wait): the writer is stuck when it has work and the number stands still."""
        return self._writer.commits, self._writer.has_work

    async def has_space(self) -> bool:
        """Whether something new would be accepted; else StoreFull. Asks the disk off the loop."""
        fill = self._settings.fill
        free = fill.free(self.folder) if fill else await asyncio.to_thread(free_octets, self.folder)
        return free >= self._settings.min_free

    @property
    def least_free(self) -> int:
        """Octets of the disk with less than which nothing new is accepted."""
        return self._settings.min_free

    async def backup(self, target: Path) -> None:
        """Copy the store to the file `target` while writes go on; checked. Raises: StoreError."""
        await backup(self, target)

    async def close(self) -> None:
        """Settle what was submitted, then close. Idempotent."""
        # The reader first: the last connection to go moves the log into the database, and a reader cannot.
        await self._reader.close()
        await self._writer.stop()
        self._unlock()

    # Opening

    async def _start(self, node: str, connect: Connect, on_fatal: Callable[[BaseException], None]) -> None:
        settings = self._settings
        fill = settings.fill or (_Inline() if settings.inline else None)
        self._writer = (
            fill.writer(self._deliver)
            if fill is not None
            else ThreadWriter(self._deliver, batch_jobs=settings.batch_jobs, on_fatal=on_fatal)
        )
        committer = await self._writer.start(lambda: self._build(node, connect))
        try:
            path = self.folder / DATABASE
            self._reader = Reader(fill.rows(path) if fill is not None else await ThreadRows.open(path), self._damaged)
            self.events = EventStream(self._reader, epoch=self._epoch, head=committer.head)
            self.audited = HighWater(committer.chain.seq)
            self.chain = committer.chain
        except BaseException:
            await self._writer.stop()
            self._unlock()
            raise

    def _build(self, node: str, connect: Connect) -> Committer:
        """Runs where the jobs will run."""
        make_folder(self.folder)
        self._lock = FolderLock(self.folder)
        try:
            return self._found(node, connect)
        except BaseException as exc:
            self._unlock()
            if isinstance(exc, (sqlite3.Error, *UNREADABLE)):
                raise StoreError(f"the store in {self.folder} cannot be opened: {said_by(exc)}; {WAY_OUT}") from exc
            raise

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _found(self, node: str, connect: Connect) -> Committer:
        settings = self._settings
        path = self.folder / DATABASE
        marker = self.folder / MARKER
        was_there = path.exists()
        if marker.exists() and not (was_there and path.stat().st_size):
            raise StoreError(f"{path} is missing or empty, but {marker.name} says that there was a store: restore a backup")
        database = Database(path, connect=connect, grow_frames=settings.log_frames, checkpoint_frames=settings.checkpoint_frames)
        try:
            migrate(database.connection, self.folder)
            if not was_there:
                sync_folder(self.folder)
            findings = survey(database.connection)
            self.newest_at = _newest_at(database.connection)
            free = settings.fill.free if settings.fill else None
            space = Space(self.folder, min_free=settings.min_free, ballast=settings.ballast, free=free)
            chain = Chain(node, "" if settings.inline or settings.fill else boot_id())
            committer = Committer(database, self._clock, space=space, batch_s=settings.batch_s, chain=chain, follow=settings.follow)
            committer.report(findings)
            self._identify(committer, node, marker)
            database.grow_log()
        except BaseException:
            database.close()
            raise
        return committer

    def _identify(self, committer: Committer, node: str, marker: Path) -> None:
        known = marker.read_text() if marker.exists() else None
        name, self._epoch = committer.alone(lambda tx: _names(tx, node, marker=known))
        if known is None:
            write_file(marker, name.encode())
        elif known != name:
            raise StoreError(f"{marker.name} names another store than the database: it was replaced, or a restore was not finished")

    # From the writer

    def _deliver(self, commit: Commit) -> None:
        for outcome in commit.outcomes:
            future = outcome.job.future
            if future is None or future.done():
                continue
            if outcome.error is None:
                future.set_result(outcome.value)
            else:
                future.set_exception(outcome.error)
        self.events.advance(commit.events, commit.head)
        self.chain = commit.chain
        self.audited.rise(commit.chain.seq)

    def _damaged(self, damage: Sequence[Damage]) -> None:
        report = self.submit(lambda tx: tx.damage.extend(damage))
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)


class _Inline:
    """Everything at once, in the caller."""

    def writer(self, deliver: Callable[[Commit], None]) -> Writer:
        return InlineWriter(deliver)

    def rows(self, path: Path) -> Rows:
        return InlineRows(path)

    def free(self, folder: Path) -> int:
        return free_octets(folder)


def _follow(then: Callable[[T], object], future: asyncio.Future[T]) -> None:
    if not future.cancelled() and future.exception() is None:
        then(future.result())


def _newest_at(connection: sqlite3.Connection) -> float | None:
    """When the last sound event was written: an instant that the disk altered would end everything that is open."""
    newest = fetch(connection, EVENT.find_sql("ORDER BY seq DESC", DAMAGED_TOGETHER))
    return next((EVENT.decode(raw).at for raw in newest if EVENT.is_sound(raw)), None)


def _names(tx: Tx, node: str, *, marker: str | None) -> tuple[str, str]:
    """The store's own name and that of its event stream; made at the first start (`marker` None).

    One that the disk damaged is known elsewhere: the marker has the store's, and the settings have the node's; a stream of another
    name only makes its readers begin anew.
    """
    owner, name, epoch = (_kept(tx, key) for key in NAMES)
    if owner is None and marker is None:
        for key, value in zip(NAMES, (node, os.urandom(8).hex(), os.urandom(8).hex()), strict=True):
            tx.put(META, MetaRow(key, value))
        return _names(tx, node, marker="")
    for key, found, otherwise in (("node", owner, node), ("store", name, marker), ("events.epoch", epoch, os.urandom(8).hex())):
        if found == DAMAGED and not marker:
            raise StoreError(f"row {key!r} of table meta does not fit its digest, and there is no {MARKER} to go by; {WAY_OUT}")
        if found == DAMAGED and otherwise is not None:
            tx.put(META, MetaRow(key, otherwise))
            return _names(tx, node, marker=marker)
    if owner != node:
        raise StoreError(f"this store belongs to node {owner or 'nobody'}, and the settings say {node}")
    if name is None or epoch is None:
        raise StoreError(f"the store has lost its name; {WAY_OUT}")
    return name, epoch


def _kept(tx: Tx, key: str) -> str | None:
    try:
        row = tx.get(META, key)
    except RowDamaged:
        return DAMAGED
    return row.value if row is not None else None
