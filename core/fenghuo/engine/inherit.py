"""Who got a revision, and over which channels: an Update or Cancel goes to exactly those."""

from __future__ import annotations

import msgspec

from fenghuo.engine.planning import Candidate
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.model.delivery import Delivery
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.store.tables import DELIVERY, OBJECTIVE
from fenghuo.store.transaction import Tx

__all__ = ["INHERITED", "Heir", "find_heirs", "inherited_rungs"]

INHERITED = "(inherited)"
"""The ladder name of an objective whose ways were taken over from the revision it replaces."""


class Heir(msgspec.Struct, frozen=True):
    """A recipient, with the ways it was reached by where those are taken over, and the evidence that was asked for."""

    recipient: RecipientId
    ways: tuple[Candidate, ...] = ()
    needed: Evidence = Evidence.DEVICE


def find_heirs(tx: Tx, message: MessageId, before: int) -> tuple[Heir, ...]:
    """Everyone to whom something of an earlier revision than `before` was emitted, or may have been."""
    sent = tx.find(DELIVERY, "message = ? AND revision < ? AND tries > 0 ORDER BY id", message, before)
    needed = {row.id: row.needed for row in tx.find(OBJECTIVE, "message = ? AND revision < ?", message, before)}
    return heirs_of(tuple(sent), needed)


def heirs_of(sent: tuple[Delivery, ...], needed: dict[int, Evidence]) -> tuple[Heir, ...]:
    """Deliveries by recipient; each channel used becomes a rung of its own, all open at once."""
    channels = tuple(dict.fromkeys(delivery.channel for delivery in sent))
    grouped: dict[RecipientId, dict[tuple[str, str], Candidate]] = {}
    level: dict[RecipientId, Evidence] = {}
    for delivery in sent:
        way = Candidate(channels.index(delivery.channel), delivery.channel, delivery.address, "", delivery.form)
        grouped.setdefault(delivery.recipient, {})[(delivery.channel, delivery.address)] = way
        level[delivery.recipient] = min(needed.get(delivery.objective, Evidence.DEVICE), Evidence.DEVICE)
    return tuple(Heir(recipient, tuple(ways.values()), level[recipient]) for recipient, ways in grouped.items())


def inherited_rungs(heirs: tuple[Heir, ...]) -> tuple[Rung, ...]:
    """One rung for each channel, all parallel: whoever was told over two channels is told over both again."""
    names: dict[int, str] = {way.rung: way.channel for heir in heirs for way in heir.ways}
    return tuple(Rung((names.get(index, ""),), RungMode.PARALLEL) for index in range(max(names, default=-1) + 1))
