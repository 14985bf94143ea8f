"""Evidence for deliveries that are closed: it may still raise what is known, never change a state."""

from __future__ import annotations

import msgspec

from fenghuo.engine.departed import MAY_HAVE_LEFT
from fenghuo.engine.names import Part, is_the_last, named_by
from fenghuo.model.delivery import Delivery, Receipt
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, INBOX, RECEIPT, TARGET
from fenghuo.store.transaction import Tx

__all__ = ["Late", "note_late", "raise_late"]

NUMBERED_S = 7 * 86_400.0
"""An answer that names its message is taken for a week after the message ended; one that names none only while it holds."""


class Late(msgspec.Struct, frozen=True):
    """A receipt, by what came in as the provider names it, or an answer, by the sender's `owners` and the `number` it names. `at`: UTC
    seconds; `delivery`: whose it is, where that is known; `tells`: the alarm that its words are worth, if any."""

    channel: str
    inbox: int
    at: float
    level: Evidence | None
    inbound: Inbound | None = None
    owners: tuple[str, ...] = ()
    number: int | None = None
    text: str = ""
    delivery: int = 0
    tells: str = ""


async def raise_late(store: Store, late: Late) -> bool:
    """Find the closed delivery that this is about and note it there; True if there is one."""

    def job(tx: Tx) -> bool:
        part = named_by(tx, late.channel, late.inbound) if late.inbound is not None and not late.delivery else None
        delivery = _owner(tx, late, part)
        if delivery is None:
            return False
        level, ref = late.level or Evidence.STORED, part.ref if part is not None else late.inbound.ref if late.inbound is not None else ""
        is_whole = part is None or is_the_last(tx, part)
        receipt = Receipt(_next(tx), delivery.id, late.channel, level, late.at, ref, late.text, late.inbox)
        _note(tx, delivery, receipt, level if is_whole else Evidence.STORED)
        if late.tells:
            whose = {"message": delivery.message, "recipient": delivery.recipient}
            tx.event(late.tells, f"delivery/{delivery.id}", **whose, channel=late.channel, text=late.text, inbox=late.inbox)
        return True

    return await store.run(job)


def note_late(tx: Tx, receipt: Receipt) -> None:
    """A receipt, not numbered yet, for a delivery that was closed before it could be applied."""
    delivery = tx.sound(DELIVERY, receipt.delivery)
    if delivery is not None:
        _note(tx, delivery, msgspec.structs.replace(receipt, id=_next(tx)), receipt.level)


def _owner(tx: Tx, late: Late, part: Part | None) -> Delivery | None:
    if late.delivery:
        return tx.sound(DELIVERY, late.delivery)
    if late.inbound is not None:
        return tx.sound(DELIVERY, part.attempt.delivery) if part is not None else None
    return _by_owner(tx, late.owners, late.number, late.at)


def _by_owner(tx: Tx, owners: tuple[str, ...], number: int | None, at: float) -> Delivery | None:
    """The newest message that this person was sent and that still holds; by its number also one that ended within a week."""
    for owner in owners:
        where = f"recipient = ? AND {MAY_HAVE_LEFT} AND expires_at > ?"
        params: list[str | float] = [owner, at if number is None else at - NUMBERED_S]
        if number is not None:
            where, params = f"{where} AND message IN (SELECT id FROM message WHERE number = ?)", [*params, number]
        found = tx.find(DELIVERY, f"{where} ORDER BY id DESC", *params, limit=1)
        if found:
            return found[0]
    return None


def _note(tx: Tx, delivery: Delivery, receipt: Receipt, level: Evidence) -> None:
    """`level`: what it makes of the whole, of which it may be one part."""
    tx.insert(RECEIPT, receipt)
    raw = tx.sound(INBOX, receipt.inbox)
    if raw is not None:
        tx.update(INBOX, msgspec.structs.replace(raw, state="matched"))
    tx.event("receipt.late", f"delivery/{delivery.id}", channel=receipt.channel, level=level.name, text=receipt.text)
    if level <= delivery.evidence:
        return
    tx.update(DELIVERY, msgspec.structs.replace(delivery, evidence=level))
    target = tx.sound(TARGET, delivery.objective, delivery.recipient)
    if target is not None and target.evidence < level:
        tx.update(TARGET, msgspec.structs.replace(target, evidence=level))
    tx.event("objective.progress", f"objective/{delivery.objective}", message=delivery.message, recipient=delivery.recipient)


def _next(tx: Tx) -> int:
    return int(tx.scalar("SELECT COALESCE(MAX(id), 0) FROM receipt") or 0) + 1
