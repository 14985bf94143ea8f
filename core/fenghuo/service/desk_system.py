"""Verb of the desk about what is under the node: what it runs on, the room of the store, its last copy, the audit's last head."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.plugin.ports import Actor
from fenghuo.service.audit import LOCAL
from fenghuo.service.audit_heads import Head
from fenghuo.service.desk import Verb
from fenghuo.service.showing import rfc3339
from fenghuo.store.disk import DATABASE
from fenghuo.store.schema import SCHEMA_VERSION
from fenghuo.store.store import Store
from fenghuo.store.tables import META

__all__ = ["LAST_BACKUP", "Backup", "SystemVerbs"]

LAST_BACKUP = "backup.last"
"""Row of the newest copy that was made from here."""
TAIL_OCTETS = 4096
"""Enough of the file of heads to hold its last line whole."""


class Backup(msgspec.Struct, frozen=True):
    """`at`: UTC seconds."""

    at: float
    path: str
    bytes: int


class SystemVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def verbs(self) -> Mapping[str, Verb]:
        return {"system.show": self.show}

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Everything in octets and instants; null where nothing is known."""
        now = self._clock.time()
        folder, least = self._store.folder, self._store.least_free
        row = await self._store.sound(META, LAST_BACKUP)
        copy = _read(row.value if row is not None else "")
        room = await asyncio.to_thread(_room, folder)
        head = await asyncio.to_thread(_last_head, folder / LOCAL)
        records = self._store.audited.mark
        return {
            "at": rfc3339(now),
            "build": {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "schema": SCHEMA_VERSION},
            "storage": {**room, "folder": str(folder), "least_free": least},
            "backup": {"at": rfc3339(copy.at), "path": copy.path, "bytes": copy.bytes} if copy is not None else None,
            "audit": {
                "records": records,
                "head": rfc3339(head.at_ms / 1000) if head is not None else None,
                "behind": max(0, records - head.seq) if head is not None else records,
            },
        }


def _room(folder: Path) -> dict[str, int]:
    usage = shutil.disk_usage(folder)
    return {
        "database": _size(folder / DATABASE),
        "wal": _size(folder / f"{DATABASE}-wal"),
        "free": usage.free,
        "total": usage.total,
    }


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _last_head(file: Path) -> Head | None:
    """The newest head that was put away beside the store."""
    try:
        with file.open("rb") as content:
            content.seek(max(0, _size(file) - TAIL_OCTETS))
            lines = content.read().splitlines()
        return msgspec.json.decode(lines[-1], type=Head) if lines else None
    except (OSError, msgspec.MsgspecError):
        return None


def _read(text: str) -> Backup | None:
    try:
        return msgspec.json.decode(text, type=Backup) if text else None
    except msgspec.MsgspecError:
        return None
