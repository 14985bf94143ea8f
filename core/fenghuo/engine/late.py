"""Evidence for deliveries that are closed: it may still raise what is known, never change a state."""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Delivery, Receipt
from fenghuo.model.evidence import Evidence
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, INBOX, RECEIPT, REF, TARGET
from fenghuo.store.transaction import Tx

__all__ = ["raise_late"]


async def raise_late(
    store: Store,
    channel: str,
    refs: tuple[str, ...],
    level: Evidence | None,
    *,
    inbox: int,
    at: float,
    owners: tuple[str, ...] = (),
    number: int | None = None,
    text: str = "",
) -> bool:
    """Find the closed delivery that a receipt (by `refs`) or an answer (by `owners` and `number`) is about; True if there is one."""

    def job(tx: Tx) -> bool:
        delivery = _by_refs(tx, channel, refs) if refs else _by_owner(tx, owners, number)
        if delivery is None:
            return False
        _note(tx, delivery, Receipt(_next(tx), delivery.id, channel, level or Evidence.STORED, at, refs[0] if refs else "", text, inbox))
        return True

    return await store.run(job)


def _by_refs(tx: Tx, channel: str, refs: tuple[str, ...]) -> Delivery | None:
    for ref in refs:
        row = tx.get(REF, channel, ref)
        attempt = tx.get(ATTEMPT, row.token, row.n) if row else None
        if attempt is not None:
            return tx.get(DELIVERY, attempt.delivery)
    return None


def _by_owner(tx: Tx, owners: tuple[str, ...], number: int | None) -> Delivery | None:
    for owner in owners:
        where = "recipient = ? AND tries > 0"
        if number is not None:
            where += " AND message IN (SELECT id FROM message WHERE number = ?)"
        found = tx.find(DELIVERY, f"{where} ORDER BY id DESC", owner, *(() if number is None else (number,)), limit=1)
        if found:
            return found[0]
    return None


def _note(tx: Tx, delivery: Delivery, receipt: Receipt) -> None:
    tx.insert(RECEIPT, receipt)
    raw = tx.get(INBOX, receipt.inbox)
    if raw is not None:
        tx.update(INBOX, msgspec.structs.replace(raw, state="matched"))
    tx.event("receipt.late", f"delivery/{delivery.id}", channel=receipt.channel, level=receipt.level.name, text=receipt.text)
    if receipt.level <= delivery.evidence:
        return
    tx.update(DELIVERY, msgspec.structs.replace(delivery, evidence=receipt.level))
    target = tx.get(TARGET, delivery.objective, delivery.recipient)
    if target is not None and target.evidence < receipt.level:
        tx.update(TARGET, msgspec.structs.replace(target, evidence=receipt.level))
    tx.event("objective.progress", f"objective/{delivery.objective}", message=delivery.message, recipient=delivery.recipient)


def _next(tx: Tx) -> int:
    return int(tx.scalar("SELECT COALESCE(MAX(id), 0) FROM receipt") or 0) + 1
