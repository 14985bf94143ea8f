"""Reads from the store how far a message got with the public: what was told to areas, and to the public by pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fenghuo.engine import marks
from fenghuo.engine.covered import LEVELS, Kind, Seen
from fenghuo.model.area import AreaRef
from fenghuo.store.records import FanOutRow, MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT, PAGE

__all__ = ["seen_of"]

AREA = "area:"
_AREAS = """SELECT json_group_array(json_array(recipient, channel, evidence)) FROM delivery
    WHERE message = ? AND revision = ? AND recipient LIKE 'area:%'"""
_PLACES = "SELECT json_group_array(json_array(id, area)) FROM roll WHERE id IN (SELECT roll_page FROM page WHERE objective = ?)"
_TOTALS = """SELECT json_group_array(json_array(area, total)) FROM (SELECT area, SUM(count) AS total FROM roll
    WHERE roll = ? AND kind IN (SELECT value FROM json_each(?)) AND area IN (SELECT value FROM json_each(?)) GROUP BY area)"""


async def seen_of(store: Store, row: MessageRow, channel_of: Mapping[str, Sequence[str]]) -> tuple[Seen, ...]:
    """What evidence there is for a revision. `channel_of`: the public channels that each instance carries; what goes over others is not
    told to the public. A person who is told by name is no public either."""
    return (*await _by_area(store, row, channel_of), *await _by_page(store, row, channel_of))


async def _by_area(store: Store, row: MessageRow, channel_of: Mapping[str, Sequence[str]]) -> list[Seen]:
    """A terminal, a loudspeaker or a siren of an area is one recipient, over whichever instance it has heard it."""
    best: dict[tuple[str, str], int] = {}
    for recipient, instance, evidence in json.loads(str(await store.scalar(_AREAS, row.id, row.revision))):
        for channel in channel_of.get(instance, ()):
            best[recipient, channel] = max(best.get((recipient, channel), 0), evidence)
    return [
        Seen(AreaRef.parse(recipient.removeprefix(AREA)), channel, 1, {kind: int(evidence >= level) for kind, level in LEVELS.items()})
        for (recipient, channel), evidence in best.items()
    ]


async def _by_page(store: Store, row: MessageRow, channel_of: Mapping[str, Sequence[str]]) -> list[Seen]:
    intents = await store.find(FAN_OUT, "message = ? AND revision = ?", row.id, row.revision)
    return [one for intent in intents for one in await _of_intent(store, intent, channel_of)]


async def _of_intent(store: Store, intent: FanOutRow, channel_of: Mapping[str, Sequence[str]]) -> list[Seen]:
    """A page that has not begun has no row: its people are in the total, and nothing is known of them."""
    places = dict(json.loads(str(await store.scalar(_PLACES, intent.objective))))
    totals = dict(json.loads(str(await store.scalar(_TOTALS, intent.roll, json.dumps(intent.kinds), json.dumps(intent.areas)))))
    carry = {channel for instance in intent.channels for channel in channel_of.get(instance, ())}
    reached = {(area, channel): dict.fromkeys(LEVELS, 0) for area in totals for channel in carry}
    for page in await store.find(PAGE, "objective = ?", intent.objective):
        found = {kind: marks.count(page.marks, level)[1] for kind, level in LEVELS.items()}
        for channel in channel_of.get(page.channel, ()):
            _add(reached[places[page.roll_page], channel], found)
    return [Seen(AreaRef.parse(area), channel, totals[area], counts) for (area, channel), counts in reached.items()]


def _add(counts: dict[Kind, int], found: Mapping[Kind, int]) -> None:
    for kind, many in found.items():
        counts[kind] += many
