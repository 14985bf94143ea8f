"""By which names, and by which moment, a receipt finds the one part of the one emission that it is of.

A provider names each part that it takes. Some names come round again: a modem counts to 255, or begins anew when it was restarted. So one
name may have been given twice, and then it is nobody's; and a receipt that says when its text was handed in is not of what began later.
"""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Attempt, Outcome, Reached, Token, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound
from fenghuo.store.records import RefRow
from fenghuo.store.tables import ATTEMPT, RECEIPT, REF
from fenghuo.store.transaction import Tx

__all__ = [
    "LIFE_S",
    "Part",
    "is_in_time",
    "is_shared",
    "is_the_last",
    "may_be_anothers",
    "named_by",
    "part_of",
    "parts_of",
    "put_name",
    "rows_of",
]

LATE_S = 300.0
"""How long after we gave an emission up its provider may still take it: a modem that hangs has the text, and a network that comes back."""
LIFE_S = 3 * 86_400.0
"""How long a receipt may take: the longest validity that providers are asked for. A name that is given again later is a new one."""
_PARTS = 1 << 16
_OF_ANOTHER = "\x1f"
"""Stands in a name that was given before: no receipt carries it, so that its part is never confirmed."""


class Part(msgspec.Struct, frozen=True):
    """One part of an attempt: the name of it that was heard, and how many parts there are; 0: nobody knows."""

    attempt: Attempt
    ref: str
    parts: int


def parts_of(outcome: Outcome) -> tuple[tuple[str, ...], int]:
    """The names that an outcome gives, and how many parts must be confirmed before the whole is."""
    match outcome:
        case Reached(refs=refs):
            return refs, len(refs)
        case Unknown(refs=refs, parts=parts):
            return refs, max(parts, len(refs) + 1)
        case _:
            return (), 0


def rows_of(channel: str, token: Token, n: int, outcome: Outcome) -> list[RefRow]:
    """What is committed of them."""
    refs, parts = parts_of(outcome)
    return [RefRow(channel, ref, token, n, parts * _PARTS + part) for part, ref in enumerate(refs)]


def put_name(tx: Tx, row: RefRow) -> None:
    """Keep a name. One that another emission has still is from now on nobody's, until a receipt can no longer come for either."""
    earlier = tx.sound(REF, row.channel, row.ref)
    if earlier is None or (earlier.token, earlier.n) == (row.token, row.n):
        tx.put(REF, row)
        return
    before, now = tx.sound(ATTEMPT, earlier.token, earlier.n), tx.sound(ATTEMPT, row.token, row.n)
    if before is None or now is None or now.at - before.at > LIFE_S or _is_its_copy(before, now, earlier, row):
        tx.put(REF, row)
        return
    if earlier.part >= 0:
        tx.put(REF, msgspec.structs.replace(earlier, part=-1 - earlier.part))
    tx.put(REF, msgspec.structs.replace(row, ref=f"{row.ref}{_OF_ANOTHER}{row.token}/{row.n}"))


def _is_its_copy(before: Attempt, now: Attempt, earlier: RefRow, row: RefRow) -> bool:
    """Whether a name is that of the same part of the same text, said once more: some far ends are told the same number each time."""
    return before.delivery == now.delivery and earlier.part == row.part and before.outcome.startswith("reached")


def is_shared(row: RefRow) -> bool:
    """Whether its name was given to another emission too."""
    return row.part < 0


def part_of(row: RefRow) -> int:
    """How many parts its emission has; 0: written by an earlier version, which did not say."""
    return (row.part if row.part >= 0 else -1 - row.part) // _PARTS


def named_by(tx: Tx, channel: str, inbound: Inbound) -> Part | None:
    """The one part that this receipt can be of, by its names and its moment; None where there is none, or it could be either of two."""
    found: dict[tuple[Token, int], Part] = {}
    for ref in dict.fromkeys((inbound.ref, *inbound.alternate_refs)):
        row = tx.sound(REF, channel, ref) if ref else None
        attempt = tx.sound(ATTEMPT, row.token, row.n) if row is not None else None
        if row is None or attempt is None or not is_in_time(attempt, inbound):
            continue
        if is_shared(row):
            return None
        found.setdefault((row.token, row.n), Part(attempt, ref, part_of(row)))
    exact = next((part for part in found.values() if part.ref == inbound.ref), None)
    return exact or (next(iter(found.values())) if len(found) == 1 else None)


def may_be_anothers(inbound: Inbound) -> bool:
    """Whether its first name alone does not say whose it is: it has several, or a moment that may contradict them."""
    return bool(inbound.alternate_refs) or inbound.submitted_at is not None


def is_in_time(attempt: Attempt, inbound: Inbound) -> bool:
    """Whether the text of this receipt may have been handed in by that attempt: not before it began, and not after it ended."""
    at, apart_s = inbound.submitted_at, inbound.submitted_within_s
    if at is None:
        return True
    if attempt.outcome_at is None:
        return attempt.at - apart_s <= at
    ended = attempt.outcome_at + (0.0 if attempt.outcome.startswith("reached") else LATE_S)
    return attempt.at - apart_s <= at <= ended + apart_s


def is_the_last(tx: Tx, part: Part) -> bool:
    """Whether with this one every part of its emission is confirmed."""
    heard = {part.ref}
    for receipt in tx.find(RECEIPT, "delivery = ? AND level > ? AND ref != ''", part.attempt.delivery, int(Evidence.STORED)):
        row = tx.sound(REF, part.attempt.channel, receipt.ref)
        if row is not None and (row.token, row.n) == (part.attempt.token, part.attempt.n) and not is_shared(row):
            heard.add(receipt.ref)
    return len(heard) == part.parts
