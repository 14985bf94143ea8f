"""Names the place where a store lies, so that a copy of it elsewhere is known as one: two that count on from one state use a nonce twice.

Not known as copies are machines that share machine-id and disk layout, as images of a running virtual machine do. Source: machine-id(5);
security.md §4.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import structlog

from fenghuo.store import Store, Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.frames import is_copied

__all__ = ["MACHINE_ID", "note_place", "place_of"]

_COPIED = (
    "this store was copied from another machine or folder, which may be sending under the same keys; "
    "nothing is sent or taken with any of them until new ones are put in at both ends"
)
log = structlog.stdlib.get_logger("fenghuo.link")

MACHINE_ID = Path("/etc/machine-id")


def place_of(folder: Path, *, machine_id: Path = MACHINE_ID) -> str:
    """The machine and the database file itself, as a digest; a machine without an id counts by its file alone. Raises: OSError: no such
    store."""
    machine = machine_id.read_text(encoding="ascii", errors="replace").strip() if machine_id.is_file() else ""
    file = (folder / DATABASE).stat().st_ino
    return hashlib.sha256(f"fenghuo link {machine} {file}".encode()).hexdigest()[:32]


async def note_place(store: Store, place: str = "") -> None:
    """Look where the store lies, and tell a person if that is elsewhere than last time. Raises: StoreError."""
    found = place or await asyncio.to_thread(place_of, store.folder)

    def job(tx: Tx) -> bool:
        if is_copied(tx, found):
            tx.event("alarm.keys_stale", "store", message=_COPIED)
            return True
        return False

    if await store.run(job):
        log.error("keys are stale", cause=_COPIED)
