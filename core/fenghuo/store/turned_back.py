"""What a restore leaves in the store for the next start: which messages were in force in the backup, and when it was made.

What became of them since nobody here can know: they may have been delivered, answered, cancelled. Jobs for the writer.
"""

from __future__ import annotations

import json

import msgspec

from fenghuo.store.records import CensusRow, MetaRow
from fenghuo.store.tables import CENSUS, META
from fenghuo.store.transaction import Tx

__all__ = ["RESTORED", "Restoration", "mark_restored", "read_restored"]

RESTORED = "restored"
"""The row of `meta` that says so."""
_IN_FORCE = "SELECT json_group_array(id || '/' || revision) FROM message WHERE state = 'active'"
_LAST = "SELECT at FROM event ORDER BY seq DESC LIMIT 1"


class Restoration(msgspec.Struct, frozen=True):
    """`at`: UTC seconds of the restore; `backup_at`: of the last thing that the backup knows, 0: of nothing; `messages`: in force in it,
    as `ID/REVISION`; `freed`: those of them of which a person has said since that they may go; `is_told`: a start has told of it."""

    at: float
    backup_at: float
    messages: tuple[str, ...] = ()
    freed: tuple[str, ...] = ()
    is_told: bool = False

    def row(self) -> MetaRow:
        """As it is kept."""
        return MetaRow(RESTORED, msgspec.json.encode(self).decode())


def mark_restored(tx: Tx, at: float) -> None:
    """Say in a copy at rest, before it takes the place of a store, that it was restored. An earlier restore is over with that: what it
    held back is in force in this backup as well. Brings the census up by itself, as files of an earlier schema need."""
    messages = json.loads(str(tx.scalar(_IN_FORCE)))
    is_new = tx.get(META, RESTORED) is None
    tx.put(META, Restoration(at, float(tx.scalar(_LAST) or 0.0), tuple(sorted(messages))).row())
    census = tx.get(CENSUS, META.name)
    if census is not None:
        tx.update(CENSUS, CensusRow(META.name, census.rows + is_new))


def read_restored(tx: Tx) -> Restoration | None:
    """The last restore of this store; None: it was never restored."""
    row = tx.get(META, RESTORED)
    return None if row is None else msgspec.json.decode(row.value.encode(), type=Restoration)
