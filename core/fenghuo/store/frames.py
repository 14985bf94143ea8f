"""What the narrow link must not forget: counters reserved ahead, windows of what was heard. Jobs for the writer.

A counter that is given is never given again: `next` is on the disk before the first of a reservation is used, and whatever makes
rows go back in time (a restore, a repair) makes their lanes stale. Source: security.md §4.
"""

from __future__ import annotations

import msgspec

from fenghuo.errors import RowDamaged
from fenghuo.store.records import CensusRow, FrameCounterRow, FrameWindowRow, MetaRow
from fenghuo.store.tables import CENSUS, FRAME_COUNTER, FRAME_WINDOW, META
from fenghuo.store.transaction import Tx

__all__ = ["Reserved", "Seen", "is_copied", "keep_window", "mark_stale", "read_windows", "reserve", "turned_back_at"]

# Counters of a lane are 32 bits; the last thousand are never given.
_END = 2**32 - 1024
_WINDOW = 8  # octets
_MARK = "frames.turned_back_at"
_PLACE = "frames.place"


class Reserved(msgspec.Struct, frozen=True):
    """Counters `first` up to, not including, `until` of a lane; none if it is stale or spent."""

    lane: str
    first: int
    until: int
    stale: bool = False


class Seen(msgspec.Struct, frozen=True):
    """The window of a lane: `highest`, and bit i of `seen` for counter `highest` - i."""

    lane: str
    highest: int
    seen: int
    stale: bool = False


def reserve(tx: Tx, lane: str, *, since: float, step: int) -> Reserved:
    """The next `step` counters of a lane. `since`: when its key was put in (UTC seconds, 0 if unknown).

    A lane without a row is new, unless the store was turned back after its key had come: then its row may be what was lost.
    """
    try:
        row = tx.get(FRAME_COUNTER, lane)
    except RowDamaged:
        return Reserved(lane, 0, 0, stale=True)
    if row is None:
        row = FrameCounterRow(lane, 0, stale=_may_have_been_lost(tx, since))
    first, until = row.next, min(row.next + step, _END)
    if row.stale or first >= until:
        tx.put(FRAME_COUNTER, row)
        return Reserved(lane, first, first, stale=row.stale)
    tx.put(FRAME_COUNTER, FrameCounterRow(lane, until))
    return Reserved(lane, first, until)


def keep_window(tx: Tx, seen: Seen) -> None:
    """Keep a window. It never goes back, whatever order jobs come in, and never loses its mark."""
    try:
        row = tx.get(FRAME_WINDOW, seen.lane)
    except RowDamaged:
        return
    if row is not None and row.highest > seen.highest:
        return
    is_stale = seen.stale or (row is not None and row.stale)
    tx.put(FRAME_WINDOW, FrameWindowRow(seen.lane, seen.highest, seen.seen.to_bytes(_WINDOW, "big"), is_stale))


def read_windows(tx: Tx, lanes: dict[str, float]) -> list[Seen]:
    """The windows of these lanes (name → since); damaged ones, and new ones that may have been lost, are stale."""
    return [window for lane, since in lanes.items() if (window := _window(tx, lane, since)) is not None]


def mark_stale(tx: Tx, at: float) -> None:
    """The rows were turned back: nothing is sealed or opened in any lane that was known by then, until it has a new key.

    For files at rest, of this or an earlier schema: it brings the census up by itself, which in service the writer does.
    """
    if tx.scalar("SELECT count(*) FROM sqlite_master WHERE name = ?", FRAME_COUNTER.name):
        _mark_rows(tx)
    is_new = tx.get(META, _MARK) is None
    tx.put(META, MetaRow(_MARK, repr(at)))
    census = tx.get(CENSUS, META.name)
    if census is not None:
        tx.update(CENSUS, CensusRow(META.name, census.rows + is_new))


def is_copied(tx: Tx, place: str) -> bool:
    """Whether the store lies in another place than when it was last asked: then it is a copy, the one it was copied from may be sending
    too, and every lane known by now is stale."""
    known = tx.get(META, _PLACE)
    if known is not None and known.value == place:
        return False
    tx.put(META, MetaRow(_PLACE, place))
    if known is None:
        return False
    _mark_rows(tx)
    tx.put(META, MetaRow(_MARK, repr(tx.now)))
    return True


def turned_back_at(tx: Tx) -> float:
    """UTC seconds when the rows last went back in time or to another place, 0 if they never did."""
    mark = tx.get(META, _MARK)
    return float(mark.value) if mark is not None else 0.0


def _mark_rows(tx: Tx) -> None:
    for counter in tx.find(FRAME_COUNTER):
        tx.update(FRAME_COUNTER, FrameCounterRow(counter.lane, counter.next, stale=True))
    for window in tx.find(FRAME_WINDOW):
        tx.update(FRAME_WINDOW, FrameWindowRow(window.lane, window.highest, window.seen, stale=True))


def _window(tx: Tx, lane: str, since: float) -> Seen | None:
    try:
        row = tx.get(FRAME_WINDOW, lane)
    except RowDamaged:
        return Seen(lane, -1, 0, stale=True)
    if row is None:
        return Seen(lane, -1, 0, stale=True) if _may_have_been_lost(tx, since) else None
    return Seen(lane, row.highest, int.from_bytes(row.seen, "big"), row.stale)


def _may_have_been_lost(tx: Tx, since: float) -> bool:
    return tx.get(META, _MARK) is not None and since <= turned_back_at(tx)
