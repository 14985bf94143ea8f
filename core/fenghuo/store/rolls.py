"""The roll of the public on the disk: written page by page beside the one in force, put in force by one row, swept when nobody needs it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from fenghuo.model.roll import Roll, RollCount
from fenghuo.store.records import MetaRow, RollRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META, ROLL
from fenghuo.store.transaction import Tx

__all__ = ["PAGE", "next_roll", "pages", "put_in_force", "roll_in_force", "sweep", "unused"]

PAGE = 1_000
"""Addresses on a page: 1-2 ms of work at a time, so that whatever is urgent never waits long (performance.md, Fan-out)."""
IN_FORCE = "roll"
# Whoever got an alert must be found again for its Update or Cancel: what has a message that is not known to be over keeps its pages.
_KEPT = """(f.done = 0 OR NOT EXISTS (SELECT 1 FROM message m WHERE m.id = f.message) OR EXISTS (
    SELECT 1 FROM message m WHERE m.id = f.message AND (m.state IN ('held', 'active') OR m.expires_at >= ?2)))"""
_USED = f"""(EXISTS (SELECT 1 FROM fan_out f WHERE f.roll = r.roll AND f.done = 0)
    OR EXISTS (SELECT 1 FROM page p JOIN fan_out f ON f.objective = p.objective WHERE p.roll_page = r.id AND {_KEPT}))"""
_UNUSED = f"SELECT json_group_array(id) FROM (SELECT r.id FROM roll r WHERE r.roll < ?1 AND NOT {_USED} ORDER BY r.id)"
_IS_USED = f"SELECT {_USED} FROM roll r WHERE r.id = ?1"


def pages(roll: int, entries: Iterable[tuple[str, str, str]]) -> Iterator[RollRow]:
    """Rows, not numbered yet, for entries (area, kind, address) that come sorted and without a second copy."""
    key, held = ("", ""), list[str]()
    for area, kind, address in entries:
        if held and (key != (area, kind) or len(held) == PAGE):
            yield _page(roll, key, held)
            held = []
        key = (area, kind)
        held.append(address)
    if held:
        yield _page(roll, key, held)


def _page(roll: int, key: tuple[str, str], addresses: list[str]) -> RollRow:
    return RollRow(0, roll, *key, len(addresses), "\n".join(addresses).encode())


def next_roll(tx: Tx) -> tuple[int, int]:
    """The number of the next roll and of its first page; what an interrupted import left behind keeps its numbers."""
    highest = tx.scalar("SELECT COALESCE(MAX(roll), 0) FROM roll")
    page = tx.scalar("SELECT COALESCE(MAX(id), 0) FROM roll")
    return int(highest or 0) + 1, int(page or 0) + 1


def put_in_force(tx: Tx, roll: Roll) -> Roll:
    """Make a roll the one that fan-outs are opened from; its counts are those of its pages."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in tx.find(ROLL, "roll = ?", roll.number):
        counts[(row.area, row.kind)] += row.count
    known = msgspec.structs.replace(roll, counts=tuple(RollCount(*key, count) for key, count in sorted(counts.items())))
    tx.put(META, MetaRow(IN_FORCE, msgspec.json.encode(known).decode()))
    return known


def roll_in_force(row: MetaRow | None) -> Roll:
    """The roll that a restart finds."""
    return msgspec.json.decode(row.value, type=Roll) if row is not None else Roll()


async def unused(store: Store, *, ended_before: float) -> list[int]:
    """Pages of rolls that are not in force and that no message names which is open, or ended at `ended_before` (UTC seconds) or later."""
    active = roll_in_force(await store.sound(META, IN_FORCE)).number
    return [int(key) for key in json.loads(str(await store.scalar(_UNUSED, active, ended_before)))]


def sweep(tx: Tx, ids: Iterable[int], *, ended_before: float) -> int:
    """Take away those of these pages that are still unused; how many."""
    gone = [key for key in ids if not tx.scalar(_IS_USED, key, ended_before)]
    for key in gone:
        tx.delete(ROLL, key)
    return len(gone)
