"""The script played once over a recorded disk: what was there before, and the journal of everything since."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fenghuo.rig.powercut.bugs import Bug
from fenghuo.rig.powercut.house import Life, live
from fenghuo.rig.powercut.journal import DiskOp, Journal, Seen
from fenghuo.rig.powercut.platter import Image
from fenghuo.rig.powercut.recorder import Recorder
from fenghuo.rig.powercut.script import END_S, START, STEPS
from fenghuo.rig.powercut.world import World
from fenghuo.store.disk import DATABASE, MARKER
from fenghuo.store.migrations import MIGRATIONS
from fenghuo.store.schema import migrate

__all__ = ["FILES", "Recording", "desk_space", "put_down", "record"]

FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-journal")
"""The files of a store that the disk may hold after a cut; the marker is there from the first start, and the rest is made anew."""
MEMORY = Path("/dev/shm")  # noqa: S108  a folder with a random name is made in it


class Recording(msgspec.Struct, frozen=True):
    """`image`: the platter before the first entry; `past`: the world before it; `marker`: the file that says that there is a store."""

    image: Image
    marker: bytes
    past: tuple[Seen, ...]
    entries: tuple[DiskOp | Seen, ...]
    faults: tuple[str, ...] = ()


@contextlib.contextmanager
def desk_space() -> Iterator[Path]:
    """A folder in memory, where there is such a thing: a sync is free there."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-powercut-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def record(*, seed: int = 1, bug: Bug | None = None, grouped: bool = False, lasts_s: float = END_S) -> Recording:
    """Play the script, or its beginning. The same seed gives the same operations in the same order; salts and names of stores are new."""
    with desk_space() as space:
        state, journal = space / "state", Journal()
        world = World(journal)
        old, new = tuple(step for step in STEPS if step.old), tuple(step for step in STEPS if not step.old)
        faults = live(Life(state, START - 10.0, 10.0, old, seed=seed), world)
        _step_back(state)
        past = tuple(entry for entry in journal.entries if isinstance(entry, Seen))
        image = {DATABASE: (state / DATABASE).read_bytes()}
        first = len(journal)
        recorder = Recorder(journal)
        faults += live(Life(state, START, lasts_s, new, recorder=recorder, bug=bug, seed=seed, grouped=grouped), world)
        recorder.close()
        return Recording(image, (state / MARKER).read_bytes(), past, tuple(journal.entries[first:]), tuple(faults))


def put_down(image: Image, marker: bytes, state: Path) -> None:
    """Make `state` what the platter holds."""
    state.mkdir(exist_ok=True)
    (state / MARKER).write_bytes(marker)
    for name in (*FILES, f"{DATABASE}-shm"):
        if name in image:
            (state / name).write_bytes(image[name])
        else:
            (state / name).unlink(missing_ok=True)


def _step_back(state: Path) -> None:
    """Take the newest migration back, so that the recording begins with it. It must be one that only adds tables."""
    before = MIGRATIONS[:-1]
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as older:
        migrate(older, state, before)
        known = {name for (name,) in older.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        counted = {name for (name,) in older.execute("SELECT name FROM census")}
    with contextlib.closing(sqlite3.connect(state / DATABASE, isolation_level=None)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for name in sorted(tables - known):
            connection.execute(f'DROP TABLE "{name}"')
        for (name,) in connection.execute("SELECT name FROM census").fetchall():
            if name not in counted:
                connection.execute("DELETE FROM census WHERE name = ?", (name,))
        connection.execute(f"PRAGMA user_version = {before[-1].number}")
