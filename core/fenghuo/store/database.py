"""The one read-write connection: opened with every guarantee asserted, checkpointed by itself, reopened after a disk fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import structlog

from fenghuo.errors import StoreError

__all__ = ["UNREADABLE", "Connect", "Database", "connect_writer", "is_disk_fault", "is_full", "open_reader", "said_by"]

Connect = Callable[[str], sqlite3.Connection]
"""Makes a connection to a database file; the power-cut recorder brings its own."""

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a broken file raises: where its schema is no text any more, SQLite quotes it, and Python fails at the quotation."""

# Milliseconds that a lock of a stray process is waited for. We hold the folder's lock, so this is never needed in service.
BUSY_MS = 5_000

# Octets of a page, and so of nearly every frame in the WAL. SQLite's default; fixed here because the gauge below counts in it.
PAGE = 4_096

log = structlog.get_logger(__name__)


def connect_writer(path: str, make: Callable[..., sqlite3.Connection] = sqlite3.connect) -> sqlite3.Connection:
    """The connection of the service: explicit transactions only, prepared statements kept. `make`: a simulated disk brings its own."""
    return make(path, isolation_level=None, cached_statements=512, timeout=BUSY_MS / 1000)


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
    connection.execute("PRAGMA query_only = ON")
    return connection


def said_by(exc: Exception) -> str:
    """What SQLite says is wrong with the file, also where its words quote octets that are no text."""
    return exc.object.decode(errors="backslashreplace") if isinstance(exc, UnicodeDecodeError) else str(exc)


def is_full(exc: BaseException) -> bool:
    """The disk had no room."""
    return isinstance(exc, sqlite3.Error) and _primary(exc) == sqlite3.SQLITE_FULL


def is_disk_fault(exc: BaseException) -> bool:
    """The disk failed or gave back nonsense: this connection is over."""
    broken = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN)
    return isinstance(exc, sqlite3.Error) and _primary(exc) in broken


def _primary(exc: sqlite3.Error) -> int:
    # Errors that the Python layer raises itself carry no code.
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF


class Database:
    """Owns the connection and its write-ahead log. Used by one thread only.

    The log is grown once and then overwritten from its start after each checkpoint, since writing into blocks that exist costs
    about half of growing the file (0.120 against 0.213 ms a commit). SQLite does not tell how many frames the log has without
    a checkpoint, so they are estimated from the rows changed, at the rate that the last checkpoint found.
    """

    def __init__(self, path: Path, *, connect: Connect, grow_frames: int, checkpoint_frames: int) -> None:
        self.path = path
        self._connect = connect
        self._grow_frames = grow_frames
        self._checkpoint_frames = checkpoint_frames
        self._frames_per_change = 2.0
        self._changes_seen = 0
        self._held_back = 0
        self.checkpoints = 0
        self.connection = self._open()

    def grow_log(self) -> None:
        """Write the log to its working size once, in commits that change nothing and need no sync of their own.

        A disk that is full leaves it as long as it came: slower commits, and a start all the same.
        """
        if self._grow_frames <= 0 or self._log_size() >= self._grow_frames * PAGE:
            return
        (mark,) = self.connection.execute("PRAGMA application_id").fetchone()
        self.connection.execute("PRAGMA synchronous = OFF")
        try:
            for _ in range(self._grow_frames):
                self.connection.execute(f"PRAGMA application_id = {mark}")
        except sqlite3.Error as exc:
            if not is_full(exc):
                raise
            log.warning("log not grown to its working size", cause=str(exc))
            return
        finally:
            self._assert_full()
        self.connection.execute(f"PRAGMA application_id = {mark}")
        self.checkpoint()

    def checkpoint_if_due(self, *, idle: bool) -> None:
        """Move the log into the database when it is long enough; later when there is work to do, as it takes 1-2 ms."""
        due = self._checkpoint_frames + self._held_back
        frames = (self.connection.total_changes - self._changes_seen) * self._frames_per_change
        if frames >= (due if idle else 2 * due) or (self._grow_frames and self._log_size() > 2 * (due + self._grow_frames) * PAGE):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Move into the database whatever no reader needs in the log. Never waits for a reader."""
        _, frames, moved = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        changes = self.connection.total_changes - self._changes_seen
        self._changes_seen = self.connection.total_changes
        self.checkpoints += 1
        if changes > 0 and frames > 0:
            self._frames_per_change = min(max(frames / changes, 0.05), 20.0)
        # A reader that holds an old snapshot (a backup) keeps the log from starting anew: try again only after as much again.
        self._held_back = frames if moved < frames else 0

    def reopen(self) -> None:
        """After a failed write or sync: a new connection, and every page written again.

        The kernel forgets a failed page after it reported it once, so a second sync of the same file proves nothing. Moving the
        whole log into the database writes all of it anew and syncs that; the log then starts as an empty file.
        Raises: sqlite3.Error, StoreError: the disk still fails.
        """
        self.close()
        self.connection = self._open()
        busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError("a reader keeps the log from being written anew after a disk fault")
        self._changes_seen = self.connection.total_changes

    def close(self) -> None:
        """Close the connection; SQLite then moves the log into the database."""
        self.connection.close()

    def _open(self) -> sqlite3.Connection:
        self.connection = self._connect(str(self.path))
        try:
            self._settle()
        except BaseException:
            self.connection.close()
            raise
        return self.connection

    def _settle(self) -> None:
        connection = self.connection
        connection.execute(f"PRAGMA page_size = {PAGE}")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"the disk under {self.path.parent} allows journal mode {mode} only, and the store needs wal")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA journal_size_limit = -1")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        self._assert_full()

    def _assert_full(self) -> None:
        self.connection.execute("PRAGMA synchronous = FULL")
        (level,) = self.connection.execute("PRAGMA synchronous").fetchone()
        mapped = self.connection.execute("PRAGMA mmap_size").fetchone()
        if level != 2 or (mapped and mapped[0] != 0):
            raise StoreError(f"SQLite refuses synchronous=FULL or mmap_size=0 (it has {level} and {mapped})")

    def _log_size(self) -> int:
        log_file = self.path.with_name(self.path.name + "-wal")
        return log_file.stat().st_size if log_file.exists() else 0
