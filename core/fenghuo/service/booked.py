"""What a message has cost: the sums of what was booked with each of its emissions, in all and by channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fenghuo.engine.costs import FIGURES
from fenghuo.model.delivery import Token
from fenghuo.service.past_events import SLACK_S, first_since
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import EVENT

__all__ = ["Booked", "booked_view", "bookings"]

_OF_IT = """seq >= ?1 AND type IN ('delivery.emitting', 'delivery.booked', 'page.emitting')
AND (subject IN (SELECT 'delivery/' || id FROM delivery WHERE message = ?2 AND revision = ?3)
OR subject IN (SELECT 'page/' || objective || '/' || number FROM page WHERE objective IN
(SELECT id FROM objective WHERE message = ?2 AND revision = ?3))) ORDER BY seq"""


class Booked(msgspec.Struct, frozen=True):
    """One emission: its channel and its figures."""

    channel: str
    figures: Mapping[str, float]


async def bookings(store: Store, row: MessageRow) -> dict[tuple[Token, int], Booked]:
    """By token and number of the attempt. What a channel has counted stands in the place of what was estimated."""
    first = await first_since(store, row.accepted_at - SLACK_S)
    found: dict[tuple[Token, int], Booked] = {}
    for event in await store.find(EVENT, _OF_IT, first, row.id, row.revision):
        body = msgspec.json.decode(event.body)
        found[Token(body["token"]), body["n"]] = Booked(body["channel"], body.get("booked", {}))
    return found


def booked_view(found: Iterable[Booked]) -> dict[str, Any]:
    """Seconds on the medium, octets on the wire, fen, joules and parts of so many emissions, and the same for each channel."""
    emissions = list(found)
    names = sorted({one.channel for one in emissions})
    return {**_sums(emissions), "channels": {name: _sums([one for one in emissions if one.channel == name]) for name in names}}


def _sums(emissions: list[Booked]) -> dict[str, float]:
    sums: dict[str, float] = {name: round(sum(one.figures.get(name, 0) for one in emissions), 6) for name in FIGURES}
    return {"emissions": len(emissions), **sums}
