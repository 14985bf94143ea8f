"""Two events that turn out to be one, since what links them came last: which one goes on, and what was the other. In the writer's job.

What came first under another name is over from then on; its recipients, and whoever names it later, are those of the one that goes on.
Source: wire-formats.md §1.6, "all resolve into one event chain"; delivery.md, Order.
"""

from __future__ import annotations

from fenghuo.model.message import MessageId
from fenghuo.store.records import TombstoneRow
from fenghuo.store.tables import TOMBSTONE
from fenghuo.store.transaction import Tx

__all__ = ["HOMES", "home_of", "join", "parts_of"]

_HAS_JOINED = "\x1b"
# Leads the key of a tombstone that is an event's own: under its id stands the one it has joined. No identifier begins so.
_PART = _HAS_JOINED + _HAS_JOINED
HOMES = (
    "SELECT json_group_array(DISTINCT substr(key, 3, instr(key, '\x1f') - 3)) FROM tombstone"
    f" WHERE key > '{_PART}' AND key < '{_HAS_JOINED}\x1c'"
)
"""The ids of all events that others have joined, as a JSON array."""


def join(tx: Tx, part: MessageId, home: MessageId, until: float) -> None:
    """From now on the event `part` is one with `home`, kept until `until` (UTC seconds)."""
    tx.put(TOMBSTONE, TombstoneRow(f"{_HAS_JOINED}{part}", home, until))
    tx.put(TOMBSTONE, TombstoneRow(f"{_PART}{home}\x1f{part}", part, until))


def home_of(tx: Tx, ident: MessageId) -> MessageId:
    """The event that goes on for this one: itself, where it has joined none."""
    seen = {ident}
    while (row := tx.get(TOMBSTONE, f"{_HAS_JOINED}{ident}")) is not None and row.message not in seen:
        ident = row.message
        seen.add(ident)
    return ident


def parts_of(tx: Tx, home: MessageId) -> tuple[MessageId, ...]:
    """Every event that has joined this one, directly or by way of another."""
    found: dict[MessageId, None] = {}
    left = [home]
    while left:
        at = f"{_PART}{left.pop()}"
        news = [row.message for row in tx.find(TOMBSTONE, "key > ? AND key < ?", at + "\x1f", at + "\x20") if row.message not in found]
        found.update(dict.fromkeys(news))
        left += news
    found.pop(home, None)
    return tuple(found)
