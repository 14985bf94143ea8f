"""The view of the store that a job is given. Whoever changes a row changes it here: there is no other way to write."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import NotFound, RowDamaged, StoreError
from fenghuo.model.audit import SYSTEM, By
from fenghuo.model.event import Event
from fenghuo.store.audit import Chain, Deed
from fenghuo.store.mapping import Scalar, Table
from fenghuo.store.records import EventRow, QuarantineRow
from fenghuo.store.tables import AUDIT, EVENT

__all__ = ["Damage", "Tx", "fetch", "forgiving", "is_undecodable"]

R = TypeVar("R", bound=msgspec.Struct)


class Damage(msgspec.Struct, frozen=True):
    """A row as it was read, whose digest does not fit."""

    table: Table[Any]
    raw: tuple[Scalar, ...]
    reason: str = "digest"

    @property
    def key(self) -> tuple[Scalar, ...]:
        """Its key as it was read: that may be what is damaged."""
        return self.table.key_of(self.raw)

    def quarantined(self, at: float) -> QuarantineRow:
        """The copy that is set aside at `at` (UTC seconds)."""
        raw = msgspec.msgpack.encode([_encodable(value) for value in self.raw])
        key = msgspec.msgpack.encode([_encodable(value) for value in self.key])
        return QuarantineRow(self.table.name, key, hashlib.sha256(raw).digest()[:8], raw, self.reason, at)


class Tx:
    """One transaction: the changes of one job, all or none of them. Valid only inside the job, in the store's own thread.

    A job reads what it needs from here and has no other side effect: it may be run again when the disk was full.
    `by`: who asked for the job; `chain`: where the audit stands; `before`: what jobs of the same commit have told, which no table has yet.
    """

    def __init__(
        self, connection: sqlite3.Connection, clock: Clock, *, next_seq: int, chain: Chain, by: By = SYSTEM, before: Sequence[Event] = ()
    ) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._clock = clock
        self._next_seq = next_seq
        self._before = before
        self.by = by
        self.chain = chain
        self.audit_rows: list[tuple[Scalar, ...]] = []
        self.delta: dict[str, int] = {}
        self.events: list[Event] = []
        self.event_rows: list[tuple[Scalar, ...]] = []
        self.damage: list[Damage] = []
        self._written_before = connection.total_changes

    @property
    def has_written(self) -> bool:
        """Whether the job has changed anything so far: a row, an event, a record of the audit."""
        return bool(self.events or self.audit_rows) or self._open.total_changes != self._written_before

    def insert(self, table: Table[R], row: R) -> None:
        """Add a row. Raises: StoreError: the key exists."""
        self._execute(table, table.insert_sql, table.encode(row))
        self._count(table, 1)

    def insert_all(self, table: Table[R], rows: Iterable[R]) -> int:
        """Add many rows, all or none of them, and return their number. Raises: StoreError: a key exists."""
        encoded = [table.encode(row) for row in rows]
        connection = self._open
        if not encoded:  # most turns have nothing for most tables
            return 0
        connection.execute("SAVEPOINT rows")
        try:
            connection.executemany(table.insert_sql, encoded)
        except sqlite3.IntegrityError as exc:
            connection.execute("ROLLBACK TO rows")
            raise StoreError(f"table {table.name} cannot take one of these rows: {exc}") from exc
        connection.execute("RELEASE rows")
        self._count(table, len(encoded))
        return len(encoded)

    def put(self, table: Table[R], row: R) -> None:
        """Add a row, or replace the one that has its key."""
        encoded = table.encode(row)
        if not self._replace(table, encoded):
            self._execute(table, table.insert_sql, encoded)
            self._count(table, 1)

    def update(self, table: Table[R], row: R) -> None:
        """Replace the row that has this key. Raises: NotFound; StoreError: a column that may never change would."""
        encoded = table.encode(row)
        if self._replace(table, encoded):
            return
        key = table.key_of(encoded)
        if table.fixed and self._open.execute(table.exists_sql, key).fetchone():
            raise StoreError(f"row {key!r} of table {table.name}: {', '.join(table.fixed)} may never change")
        raise NotFound(f"table {table.name} has no row {key!r}")

    def update_all(self, table: Table[R], rows: Iterable[R]) -> None:
        """Replace many rows by their keys. Raises: as update()."""
        for row in rows:
            self.update(table, row)

    def delete(self, table: Table[R], *key: Scalar) -> None:
        """Take a row away, where that is lawful: counters, keys whose time is over. An absent row is no error."""
        gone = self._execute(table, table.delete_sql, key)
        if gone:
            self._count(table, -gone)

    def get(self, table: Table[R], *key: Scalar) -> R | None:
        """The row with this key. Raises: RowDamaged: its digest does not fit; it is set aside and alarmed."""
        rows = fetch(self._open, table.get_sql, key)
        if not rows:
            return None
        if not table.is_sound(rows[0]):
            self.damage.append(Damage(table, rows[0]))
            raise RowDamaged(table.name, key)
        return table.decode(rows[0])

    def sound(self, table: Table[R], *key: Scalar) -> R | None:
        """The row with this key, None also where it is damaged: for a job that does the rest of its work. It is set aside and alarmed."""
        try:
            return self.get(table, *key)
        except RowDamaged:
            return None

    def find(self, table: Table[R], where: str = "", *params: Scalar, limit: int | None = None) -> list[R]:
        """The rows that fit `where` (with ORDER BY if it matters). A damaged one is left out, set aside and alarmed."""
        found = []
        for raw in fetch(self._open, table.find_sql(where, limit), params):
            if table.is_sound(raw):
                found.append(table.decode(raw))
            else:
                self.damage.append(Damage(table, raw))
        return found

    def scalar(self, sql: str, *params: Scalar) -> Scalar:
        """The first field of the first row of a SELECT: counts and maxima. Digests are not checked here."""
        rows = fetch(self._open, sql, params)
        return rows[0][0] if rows else None

    @property
    def now(self) -> float:
        """UTC seconds."""
        return self._clock.time()

    @property
    def head(self) -> int:
        """The seq of the newest event that has been told so far, by this job too."""
        return self._next_seq - 1

    def newest(self, subject: str, after: int) -> EventRow | None:
        """The newest event about `subject` with seq > `after`."""
        for one in reversed((*self._before, *self.events)):
            if one.subject == subject and one.seq > after:
                return EventRow(one.seq, one.at, one.type, one.subject, msgspec.json.encode(one.body).decode())
        found = self.find(EVENT, "seq > ? AND subject = ? ORDER BY seq DESC", after, subject, limit=1)
        return found[0] if found else None

    def event(self, kind: str, subject: str, /, **body: object) -> None:
        """Append to the event stream, in this transaction. `subject`: the path of what changed, as in message/ID."""
        text = msgspec.json.encode(body).decode()
        # The body as a reader of the table will have it: lists for tuples, plain values for enumerations.
        event = Event(self._next_seq, self._clock.time(), kind, subject, msgspec.json.decode(text))
        self.event_rows.append(EVENT.encode(EventRow(event.seq, event.at, kind, subject, text)))
        self.events.append(event)
        self._next_seq += 1
        self._count(EVENT, 1)

    def audit(self, deed: Deed, *, by: By | None = None) -> None:
        """Append to the audit, in this transaction. `by`: somebody else than who asked for the job."""
        row = self.chain.link(deed, by or self.by, self._clock)
        self.audit_rows.append(AUDIT.encode(row))
        self.chain = self.chain.after(row)
        self._count(AUDIT, 1)

    def end(self) -> None:
        """From here on every use is an error."""
        self._connection = None

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError("a transaction was used after its job had ended")
        return self._connection

    def _replace(self, table: Table[R], encoded: tuple[Scalar, ...]) -> bool:
        return self._execute(table, table.update_sql, table.update_values(encoded)) > 0

    def _execute(self, table: Table[Any], sql: str, params: Sequence[Scalar]) -> int:
        connection = self._open
        try:
            return connection.execute(sql, params).rowcount
        except sqlite3.IntegrityError as exc:
            raise StoreError(f"table {table.name} cannot take this row: {exc}") from exc
        except sqlite3.Error:
            # A full or failing disk ends the whole transaction; a job that went on would write outside of any.
            if not connection.in_transaction:
                self.end()
            raise

    def _count(self, table: Table[Any], by: int) -> None:
        self.delta[table.name] = self.delta.get(table.name, 0) + by


def fetch(connection: sqlite3.Connection, sql: str, params: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
    """All rows of a SELECT, also those whose text is no longer UTF-8: these come back with surrogates, for their digest to fail."""
    try:
        return connection.execute(sql, params).fetchall()
    except sqlite3.OperationalError as exc:
        if not is_undecodable(exc):
            raise
    usual = connection.text_factory
    connection.text_factory = forgiving
    try:
        return connection.execute(sql, params).fetchall()
    finally:
        connection.text_factory = usual


def _encodable(value: Scalar) -> Scalar:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) and not value.isascii() and _is_broken(value) else value


def _is_broken(text: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def is_undecodable(exc: sqlite3.OperationalError) -> bool:
    """A text of the answer is no UTF-8: SQLite does not check, Python does."""
    return "could not decode" in str(exc).lower()


def forgiving(raw: bytes) -> str:
    """A text factory that takes any bytes."""
    return raw.decode("utf-8", "surrogateescape")
