"""A restore as the audit tells it: a record that the node's own key signed, so that heads of what came after the backup are no alarm.

Whoever can only write to the database cannot sign one, so a cut-off tail stays a cut-off tail. Source: security.md §6.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from fenghuo.clock import Clock, SystemClock
from fenghuo.model.audit import By
from fenghuo.service.audit_heads import RESTORE, Restoration, open_signer
from fenghuo.store.audit import Chain, Deed
from fenghuo.store.database import connect_writer
from fenghuo.store.disk import boot_id, sync_file
from fenghuo.store.inspection import tables_made
from fenghuo.store.tables import AUDIT, CENSUS

__all__ = ["tell_restore"]


def tell_restore(database: Path, folder: Path, source: Path, *, node: str, clock: Clock | None = None) -> None:
    """Append the record to `database`, which is to take the place of the store in `folder`, with its key. Raises: StoreError, OSError."""
    now = clock or SystemClock()
    signer = open_signer(folder)
    with contextlib.closing(connect_writer(str(database))) as connection:
        if AUDIT not in tables_made(connection):  # a backup of a time before there was one: the daemon makes it at its start
            return
        connection.execute("BEGIN IMMEDIATE")
        chain = Chain(node, boot_id())
        for raw in connection.execute(AUDIT.find_sql("ORDER BY seq DESC", 1)).fetchall():
            chain = chain.after(AUDIT.decode(raw))
        told = Restoration(chain.node, chain.seq, chain.hash.hex(), str(source), int(now.time() * 1000), signer.public)
        deed = Deed.of(RESTORE, "store", **signer.signed(told).detail())
        row = chain.link(deed, By(f"uid {os.getuid()}", "administrator", "command"), now)
        connection.execute(AUDIT.insert_sql, AUDIT.encode(row))
        for raw in connection.execute(CENSUS.find_sql("name = ?", None), (AUDIT.name,)).fetchall():
            count = CENSUS.decode(raw)
            connection.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(type(count)(count.name, count.rows + 1))))
        connection.execute("COMMIT")
    sync_file(database)
