"""A file system for SQLite that passes every call on and writes what it asks of the disk into a journal.

Shared memory passes unrecorded: it is made anew at each start.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import cast

import apsw

from fenghuo.rig.powercut.journal import Deleted, Journal, Opened, Synced, Truncated, Written

__all__ = ["Recorder"]

_numbers = itertools.count()


class Recorder(apsw.VFS):
    """One file system, registered under a name of its own until close()."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.label = f"recorder-{next(_numbers)}"
        super().__init__(self.label, base="")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        """Open, and record it unless nothing outlives it."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE:
            return apsw.VFSFile("", cast(str, name), flags)
        created = not Path(path).exists()
        opened = _File(self.journal, name, flags)
        if flags[1] & apsw.SQLITE_OPEN_READWRITE:
            self.journal.append(Opened(Path(path).name, created))
        return opened

    def xDelete(self, name: str, syncdir: bool) -> None:
        super().xDelete(name, syncdir)
        self.journal.append(Deleted(Path(name).name, bool(syncdir)))

    def close(self) -> None:
        """Take the name away. Every connection must be closed."""
        self.unregister()


class _File(apsw.VFSFile):
    def __init__(self, journal: Journal, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._journal = journal
        self._name = os.path.basename(path)
        super().__init__("", cast(str, name), flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._journal.append(Written(self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._journal.append(Truncated(self._name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._journal.append(Synced(self._name))
