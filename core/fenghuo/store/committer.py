"""Runs jobs in transactions: what waits together is committed together, and a job that fails takes only itself back."""

from __future__ import annotations

import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import StoreError, StoreFull
from fenghuo.model.audit import SYSTEM, By
from fenghuo.model.event import Event
from fenghuo.store.audit import Chain
from fenghuo.store.database import Database, is_disk_fault, is_full
from fenghuo.store.disk import Space
from fenghuo.store.inspection import Finding, census_rows, survey
from fenghuo.store.mapping import Scalar
from fenghuo.store.records import CensusRow
from fenghuo.store.tables import AUDIT, CENSUS, EVENT, QUARANTINE
from fenghuo.store.transaction import Damage, Tx, fetch

__all__ = ["Commit", "Committer", "Follow", "Job", "Outcome"]

T = TypeVar("T")

Follow = Callable[[Tx, Sequence[Event]], None]
"""What follows from the events of a commit in the same transaction: it may change rows and tell more, of which it does not hear."""

log = structlog.get_logger(__name__)


class Job:
    """One transaction that somebody waits for. `accept`: it makes a new promise, so it is refused when the disk is short;
    `by`: who asked for it; `is_patient`: it may wait for others to share a sync with, where each sync costs joules."""

    __slots__ = ("accept", "by", "future", "is_patient", "run")

    def __init__(
        self, run: Callable[[Tx], Any], future: Future[Any] | None, *, accept: bool, by: By = SYSTEM, is_patient: bool = False
    ) -> None:
        self.run = run
        self.future = future
        self.accept = accept
        self.by = by
        self.is_patient = is_patient


class Outcome(msgspec.Struct, frozen=True):
    """What became of a job: its value, or the error its caller gets."""

    job: Job
    value: Any = None
    error: Exception | None = None


class Commit(msgspec.Struct, frozen=True):
    """Jobs that are settled, the events that their commit made durable, the seq of the newest durable event, and the audit."""

    head: int
    chain: Chain
    outcomes: tuple[Outcome, ...] = ()
    events: tuple[Event, ...] = ()


class Lost(Exception):
    """The transaction is gone with all the jobs in it."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(str(cause))


class Committer:
    """Owns the database while the service runs. Used by one thread only. `batch_s`: seconds after which a batch takes no more jobs;
    `chain`: whose audit this is; `follow`: what hears of every event before it is durable."""

    def __init__(
        self, database: Database, clock: Clock, *, space: Space, batch_s: float, chain: Chain, follow: Follow | None = None
    ) -> None:
        self._database = database
        self._follow = follow
        self._chain = chain
        self._clock = clock
        self._space = space
        self._batch_s = batch_s
        self._is_full = not space.keep_ballast()
        self._notices: list[tuple[str, str, dict[str, Any]]] = []
        self._changed: dict[str, int] = {}
        self._load()
        self._clear()

    @property
    def chain(self) -> Chain:
        """Where the committed audit stands."""
        return self._chain

    @property
    def head(self) -> int:
        """The seq of the newest committed event."""
        return self._head

    def execute(self, jobs: Sequence[Job]) -> Commit:
        """Settle as many jobs as fit one batch, at least one, and return after the sync that covers them.

        Raises: StoreError, sqlite3.Error: the disk fails and goes on failing.
        """
        refused: tuple[Outcome, ...] = ()
        if any(job.accept for job in jobs) and self._lacks_space():
            refused, jobs = _without_accepts(jobs)
        done = self._attempt(jobs) if jobs or self._notices else Commit(self._head, self._chain)
        return Commit(done.head, done.chain, (*refused, *done.outcomes), done.events)

    def rest(self, *, idle: bool) -> Commit:
        """What is done between two batches: the checkpoint, and making the ballast again. `idle`: nothing is waiting."""
        try:
            self._database.checkpoint_if_due(idle=idle)
        except sqlite3.Error as exc:
            self._blame(exc)
        if self._is_full and not self._space.is_short and self._space.keep_ballast():
            self._is_full = False
            self._notices.append(("store.has_space", "alarm/store-full", {}))
            log.info("store has space again")
        return self._attempt(()) if self._notices else Commit(self._head, self._chain)

    def report(self, findings: Sequence[Finding]) -> Commit:
        """Set aside and alarm what an inspection found; the counts are what was counted from now on."""
        for finding in findings:
            if finding.damage is not None:
                self._found.append(finding.damage)
            else:
                self._recount(finding)
        return self._attempt(()) if findings else Commit(self._head, self._chain)

    def alone(self, run: Callable[[Tx], T]) -> T:
        """Run one job at once, before anybody else has the store. Raises: what it raises."""
        try:
            outcome = self._transaction((Job(run, None, accept=False),)).outcomes[0]
        except Lost as lost:
            raise _unknown(lost.cause) from lost
        if outcome.error is not None:
            raise outcome.error
        result: T = outcome.value
        return result

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    # One batch

    def _attempt(self, jobs: Sequence[Job]) -> Commit:
        try:
            return self._transaction(jobs)
        except Lost as lost:
            self._blame(lost.cause)
            if not is_full(lost.cause):
                return Commit(self._head, self._chain, tuple(Outcome(job, error=_unknown(lost.cause)) for job in jobs))
        refused, rest = _without_accepts(jobs)
        try:
            done = self._transaction(rest)
        except Lost as lost:
            return Commit(self._head, self._chain, (*refused, *(Outcome(job, error=_unknown(lost.cause)) for job in rest)))
        return Commit(done.head, done.chain, (*refused, *done.outcomes), done.events)

    def _transaction(self, jobs: Sequence[Job]) -> Commit:
        connection = self._database.connection
        until = self._clock.monotonic() + self._batch_s
        outcomes: list[Outcome] = []
        self._clear()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                outcomes.append(self._run(job, alone=len(jobs) == 1))
                if self._clock.monotonic() >= until:
                    break
            self._finish()
            connection.execute("COMMIT")
        except BaseException as exc:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise Lost(exc.cause if isinstance(exc, Lost) else exc) from exc
        self._census.update(self._changed)
        self._head += len(self._events)
        self._chain = self._tip
        self._notices.clear()
        self._found.clear()
        self._recounted.clear()
        return Commit(self._head, self._chain, tuple(outcomes), tuple(self._events))

    def _run(self, job: Job, *, alone: bool) -> Outcome:
        connection = self._database.connection
        tx = self._tx(job.by)
        if not alone:
            connection.execute("SAVEPOINT job")
        try:
            value = job.run(tx)
        except BaseException as exc:  # noqa: BLE001  whatever it is, it is this job's own: the thread that all wait for goes on
            tx.end()
            self._damage += tx.damage
            self._take_back(exc, alone=alone)
            return Outcome(job, error=_contained(exc))
        tx.end()
        if not connection.in_transaction:
            raise Lost(StoreError("the transaction ended inside a job"))
        if not alone:
            connection.execute("RELEASE job")
        self._keep(tx)
        return Outcome(job, value)

    def _tx(self, by: By = SYSTEM) -> Tx:
        seq = self._head + len(self._events) + 1
        return Tx(self._database.connection, self._clock, next_seq=seq, chain=self._tip, by=by, before=self._events)

    def _take_back(self, exc: BaseException, *, alone: bool) -> None:
        connection = self._database.connection
        if is_full(exc) or is_disk_fault(exc) or not connection.in_transaction:
            raise Lost(exc) from exc
        if alone:
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")

    def _keep(self, tx: Tx) -> None:
        self._events += tx.events
        self._event_rows += tx.event_rows
        self._audit_rows += tx.audit_rows
        self._tip = tx.chain
        self._damage += tx.damage
        for name, by in tx.delta.items():
            self._delta[name] = self._delta.get(name, 0) + by

    def _finish(self) -> None:
        connection = self._database.connection
        self._note((*self._found, *self._damage), self._notices)
        if self._follow is not None and self._events:
            self._hear(self._follow)
        if self._event_rows:
            connection.executemany(EVENT.insert_sql, self._event_rows)
        if self._audit_rows:
            connection.executemany(AUDIT.insert_sql, self._audit_rows)
        self._changed = {name: self._census[name] + by for name, by in self._delta.items() if by}
        for name in self._changed.keys() | self._recounted:
            row = CensusRow(name, self._changed.get(name, self._census[name]))
            connection.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(row)))

    def _note(self, damage: Sequence[Damage], notices: Sequence[tuple[str, str, dict[str, Any]]] = ()) -> None:
        if not damage and not notices:
            return
        tx = self._tx()
        for one in damage:
            _set_aside(tx, one, self._clock.time())
        for name, subject, body in notices:
            tx.event(name, subject, **body)
        self._keep(tx)

    def _hear(self, follow: Follow) -> None:
        """A fault in what follows takes back that alone: what the jobs have promised is kept whatever becomes of it."""
        heard, known = tuple(self._events), len(self._damage)
        done = self._run(Job(lambda tx: follow(tx, heard), None, accept=False), alone=False)
        if done.error is not None:
            log.error("what follows from events was not written", events=len(heard), exc_info=done.error)
        self._note(self._damage[known:])

    # Space and faults

    def _lacks_space(self) -> bool:
        if not self._space.is_short:
            return False
        self._note_full()
        return True

    def _note_full(self) -> None:
        if not self._is_full:
            self._is_full = True
            self._notices.append(("alarm.store_full", "alarm/store-full", {}))
            log.error("store is full: nothing new is accepted")

    def _blame(self, cause: BaseException) -> None:
        if is_full(cause):
            self._space.drop_ballast()
            self._note_full()
        elif is_disk_fault(cause):
            log.error("disk failed: the store is opened anew", cause=str(cause))
            self._database.reopen()
            self._load()
            self._notices.append(("alarm.disk_failed", "alarm/disk-failed", {"cause": str(cause)}))
            self.report(survey(self._database.connection))
        else:
            log.error("transaction failed", cause=repr(cause))

    # Memory of what is committed

    def _load(self) -> None:
        connection = self._database.connection
        self._census = census_rows(connection)
        self._head = int(connection.execute('SELECT coalesce(max(seq), 0) FROM "event"').fetchone()[0])
        last = fetch(connection, AUDIT.find_sql("ORDER BY seq DESC", 1))  # damaged or not, it is followed: its number is given
        self._chain = self._chain.after(AUDIT.decode(last[0])) if last else self._chain
        self._recounted: set[str] = set()
        self._found: list[Damage] = []

    def _recount(self, finding: Finding) -> None:
        self._census[finding.table] = finding.counted
        self._recounted.add(finding.table)
        body = {"table": finding.table, "expected": finding.expected, "counted": finding.counted}
        self._notices.append(("alarm.census", f"alarm/census/{finding.table}", body))
        log.error("rows are missing or too many", **body)

    def _clear(self) -> None:
        self._events: list[Event] = []
        self._event_rows: list[tuple[Scalar, ...]] = []
        self._audit_rows: list[tuple[Scalar, ...]] = []
        self._tip = self._chain
        self._damage: list[Damage] = []
        self._delta: dict[str, int] = {}
        self._changed = {}


def _set_aside(tx: Tx, damage: Damage, at: float) -> None:
    row = damage.quarantined(at)
    if tx.scalar(QUARANTINE.exists_sql, row.origin, row.key, row.mark) is None:
        key = repr(damage.key)
        tx.insert(QUARANTINE, row)
        tx.event("alarm.row_damaged", f"alarm/row-damaged/{row.origin}", table=row.origin, key=key, reason=row.reason)
        log.error("row damaged", table=row.origin, key=key, reason=row.reason)


def _without_accepts(jobs: Sequence[Job]) -> tuple[tuple[Outcome, ...], list[Job]]:
    refused = tuple(Outcome(job, error=_refusal()) for job in jobs if job.accept)
    return refused, [job for job in jobs if not job.accept]


def _refusal() -> StoreFull:
    return StoreFull("the disk is full: nothing new is accepted until there is space")


def _contained(exc: BaseException) -> Exception:
    if isinstance(exc, Exception) and not isinstance(exc, (StopIteration, sqlite3.Error)):
        return exc
    # Futures refuse StopIteration, and SystemExit or KeyboardInterrupt would end the loop of whoever waits.
    error = StoreError(f"a job failed with {type(exc).__name__}: {exc}")
    error.__cause__ = exc
    return error


def _unknown(cause: BaseException) -> StoreError:
    error = StoreFull("the disk is full") if is_full(cause) else StoreError(f"the commit failed: {cause}")
    error.__cause__ = cause
    return error
