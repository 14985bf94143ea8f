"""The roll of the public on the disk: written page by page beside the one in force, put in force by one row, swept when nobody needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from fenghuo.model.roll import Roll, RollCount
from fenghuo.store.records import MetaRow, RollRow
from fenghuo.store.tables import META, ROLL
from fenghuo.store.transaction import Tx

__all__ = ["PAGE", "next_roll", "pages", "put_in_force", "roll_in_force", "sweep"]

PAGE = 1_000
"""Addresses on a page: 1-2 ms of work at a time, so that whatever is urgent never waits long (performance.md, Fan-out)."""
SWEPT = 200
IN_FORCE = "roll"


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


def sweep(tx: Tx) -> bool:
    """Take away pages of rolls that are neither in force nor named by any fan-out, some at a time; whether there may be more."""
    active = roll_in_force(tx.get(META, IN_FORCE)).number
    unused = "roll < ? AND roll NOT IN (SELECT roll FROM fan_out) AND id NOT IN (SELECT roll_page FROM page)"
    old = tx.find(ROLL, unused, active, limit=SWEPT)
    for row in old:
        tx.delete(ROLL, row.id)
    return len(old) == SWEPT
