"""Which rows a fan-out is about: its pages, the people on them, and the attempt that a receipt names. Read inside the writer's jobs."""

from __future__ import annotations

import bisect
import json

import msgspec

from fenghuo.engine import marks
from fenghuo.engine.fan_out import Span
from fenghuo.errors import RowDamaged
from fenghuo.model.delivery import DeliveryState, Outcome, Token
from fenghuo.model.evidence import Evidence
from fenghuo.store.records import FanOutRow, PageAttemptRow, PageRow, RollRow
from fenghuo.store.tables import PAGE, PAGE_ATTEMPT, REF, ROLL
from fenghuo.store.transaction import Tx

__all__ = ["Told", "again_for", "attempt_of", "is_on", "listed", "parts_of", "places_of", "roll_of"]

_OTHERS = "SELECT objective FROM fan_out WHERE message = ? AND revision < ? AND objective > ?"


class Told(msgspec.Struct, frozen=True):
    """A receipt about people on a page, which it names by our token or by the provider's `refs`. `inbox`: its raw row;
    `is_seen`: what it shows of its channel was told when it came."""

    channel: str
    addresses: tuple[str, ...]
    level: Evidence | None
    failure: Outcome | None
    inbox: int
    token: Token | None = None
    refs: tuple[str, ...] = ()
    is_seen: bool = False


def roll_of(tx: Tx, number: int) -> RollRow:
    """Its people. Raises: RowDamaged: its row is damaged, or gone."""
    row = tx.get(ROLL, number)
    if row is None:
        raise RowDamaged("roll", (number,))
    return row


def again_for(tx: Tx, row: FanOutRow, source: PageRow) -> bytes:
    """Marks for those who got an earlier page, or may have, unless a later one over the same channel stands for it."""
    places = set(_reached(source))
    where = f"roll_page = ? AND channel = ? AND objective IN ({_OTHERS})"
    for later in tx.find(PAGE, where, source.roll_page, source.channel, row.message, row.revision, source.objective):
        places.difference_update(_reached(later))
    return marks.meant(len(source.marks), places)


def _reached(page: PageRow) -> list[int]:
    return marks.may_have(page.marks, on_air=page.state is DeliveryState.EMITTING)


def parts_of(tx: Tx, row: FanOutRow) -> list[tuple[Span, list[int]]]:
    """The pages of a fan-out, in an order that is the same after every restart."""
    areas = json.dumps(row.areas)
    in_areas = "area IN (SELECT value FROM json_each(?))"
    if not row.source:
        ids = f"SELECT json_group_array(id) FROM (SELECT id FROM roll WHERE roll = ? AND kind = ? AND {in_areas} ORDER BY id)"
        return [(Span(kind=kind), listed(tx, ids, row.roll, kind, areas)) for kind in row.kinds]
    of_areas = f"roll_page IN (SELECT id FROM roll WHERE {in_areas})"
    told = f"SELECT number FROM page WHERE objective = ? AND tries > 0 AND channel = ? AND {of_areas} ORDER BY number"
    numbers = f"SELECT json_group_array(number) FROM ({told})"
    return [(Span(channel=channel), listed(tx, numbers, row.source, channel, areas)) for channel in row.channels]


def listed(tx: Tx, sql: str, *params: str | int) -> list[int]:
    """The numbers that this SELECT gives as one list."""
    found: list[int] = json.loads(str(tx.scalar(sql, *params)))
    return found


def attempt_of(tx: Tx, told: Told) -> PageAttemptRow | None:
    """Which emission a receipt is of."""
    if told.token is not None:
        found = tx.find(PAGE_ATTEMPT, "token = ? ORDER BY n DESC", told.token, limit=1)
        if found:
            return found[0]
    for ref in told.refs:
        found = tx.find(PAGE_ATTEMPT, "channel = ? AND ref = ? AND ref != ''", told.channel, ref, limit=1) if ref else []
        if found:
            return found[0]
        part = tx.sound(REF, told.channel, ref) if ref else None
        attempt: PageAttemptRow | None = tx.sound(PAGE_ATTEMPT, part.token, part.n) if part is not None else None
        if attempt is not None:
            return attempt
    return None


def is_on(tx: Tx, attempt: PageAttemptRow, address: str) -> bool:
    """Whether an attempt of a page was for an address; one of a damaged page may have been."""
    page = tx.sound(PAGE, attempt.objective, attempt.number)
    roll = tx.sound(ROLL, page.roll_page) if page is not None else None
    return page is None or roll is None or any(not page.marks[place] & marks.NOT_MEANT for place in places_of(roll, (address,)))


def places_of(roll: RollRow, addresses: tuple[str, ...]) -> list[int]:
    """Where these addresses stand on a page; it is sorted. Those that do not are nobody's."""
    everybody = roll.addresses.split(b"\n")
    found: list[int] = []
    for address in addresses:
        wanted = address.encode()
        place = bisect.bisect_left(everybody, wanted)
        if place < len(everybody) and everybody[place] == wanted:
            found.append(place)
    return found
