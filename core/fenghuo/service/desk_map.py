"""Verb of the desk for whoever draws a map: where each alert holds, holds no more or waits, and how the channels are at each place.

Nothing is drawn for what a message does not say: one with a name and neither code nor shape is told as placed nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from fenghuo.model.area import AreaRef
from fenghuo.model.message import AffectedArea, Info, Message, MessageState, Ring
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Action, Kind
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.layers import LayerKeeper
from fenghuo.service.matrix import Place, places_of
from fenghuo.service.showing import headline, rfc3339
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE

__all__ = ["GONE_S", "MapVerbs", "Stage"]

GONE_S = 3600.0
"""How long what has ended stays on the map: whoever looks up sees that it is over, and not only that it is no longer there."""
TOLD = ("name", "source", "date", "approval", "digest")
"""What a map says of a layer, and by which it knows that its lines are others."""
LOOKED_AT, SHOWN = 1_000, 120
"""Rows of a state that are read, newest first, and alerts that are shown; what is left out is counted."""
LASTS_S = 30.0
"""What nobody tells, such as that an end is an hour ago, is seen within this."""
SHOWN_SUBJECTS = frozenset({"message", "channel", "layer", "directory", "mode"})
"""Of what an event must be to change a map."""
MOST_POINTS, MOST_OF_RING, LEAST_OF_RING = 5_000, 300, 12
"""Corners in an answer, and the most and the least of one ring: a coast of 41,000 would not fit into a frame of a console."""
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor")
"""Gravest first; everything else is Unknown. Source: CAP 1.2 §3.2.2."""


class Stage(StrEnum):
    """What an alert is for whoever stands in its area."""

    HELD = "held"
    IN_FORCE = "in_force"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Found(msgspec.Struct, frozen=True):
    """What was found `at` (UTC seconds), as the stream stood at `head`."""

    head: int = -1
    at: float = float("-inf")
    view: dict[str, Any] = {}


class MapVerbs:
    """Carries out what the desk has allowed. Many consoles ask after the same change: what was found for it is given to all of them."""

    def __init__(self, room: EngineRoom, store: Store, layers: LayerKeeper) -> None:
        self._room = room
        self._office = room.office
        self._store = store
        self._layers = layers
        self._placed: tuple[str, tuple[Place, ...]] = ("", ())
        self._found = Found()
        self._turn = asyncio.Lock()

    def verbs(self) -> Mapping[str, Verb]:
        return {"map.show": self.show}

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Alerts with their areas, places with their channels, and the layers of boundaries without their lines, now."""
        async with self._turn:  # who asks meanwhile is given what is found now
            head, now = self._store.events.head, self._office.clock.time()
            if not await self._is_new(head, now):
                return self._found.view
            view = await self._view(now)
            self._found = Found(head, now, view)
            return view

    async def _is_new(self, head: int, now: float) -> bool:
        """Whether something that a map shows may have changed since it was found; most of what happens is none of it."""
        since = self._found.head
        if not 0 <= now - self._found.at < LASTS_S:
            return True
        happened = await self._store.events.read(since, LOOKED_AT)
        told = any(event.subject.partition("/")[0] in SHOWN_SUBJECTS for event in happened)
        if told or len(happened) == LOOKED_AT:
            return True
        self._found = msgspec.structs.replace(self._found, head=max(since, head))
        return False

    async def _view(self, now: float) -> dict[str, Any]:
        alerts = await self._alerts(now)
        shown = alerts[:SHOWN]
        corners = _corners([message for message, _, _ in shown])
        return {
            "at": rfc3339(now),
            "alerts": [_alert_view(message, stage, end, corners) for message, stage, end in shown],
            "left_out": len(alerts) - len(shown),
            "places": [self._place_view(place) for place in self._places()],
            "layers": [{name: getattr(layer, name) for name in TOLD} for layer in (await self._layers.layers()).values()],
        }

    async def _alerts(self, now: float) -> list[tuple[Message, Stage, float | None]]:
        """What holds or waits before what has ended, the newest first. The third: UTC seconds of its end."""
        rows: list[MessageRow] = []
        for state in (MessageState.ACTIVE, MessageState.HELD, MessageState.CANCELLED, MessageState.EXPIRED):
            rows += await self._store.find(
                MESSAGE, "state = ? AND expires_at >= ? ORDER BY rowid DESC", state.value, now - GONE_S, limit=LOOKED_AT
            )
        called_off = {row.id: row.accepted_at for row in rows if row.action is Action.CANCEL and row.state is not MessageState.HELD}
        stages = [(row, *_stage(row, now, called_off.get(row.id))) for row in rows if row.action in (Action.NEW, Action.UPDATE)]
        near = [one for one in stages if one[2] is None or one[2] > now - GONE_S]
        standing = {row.id for row, stage, _ in near if stage is Stage.IN_FORCE}
        read = [(msgspec.msgpack.decode(row.body, type=Message), stage, end) for row, stage, end in near]
        alerts = [one for one in read if one[0].kind is Kind.ALERT and (one[2] is None or one[0].id not in standing)]
        return sorted(alerts, key=lambda one: (one[2] is not None, -one[0].accepted_at))

    def _places(self) -> tuple[Place, ...]:
        directory = self._office.directory
        if self._placed[0] != directory.digest:
            self._placed = (directory.digest, places_of(directory))
        return self._placed[1]

    def _place_view(self, place: Place) -> dict[str, Any]:
        """How many of the channels that take an address there are well, doubtful, down, and switched off."""
        counts = dict.fromkeys(("up", "doubtful", "down", "off"), 0)
        for view in self._room.board.situation().channels:
            if place.takes(view):
                counts[_health(view.admin, view.health)] += 1
        return {"place": place.place, "name": place.name, **counts}


def _stage(row: MessageRow, now: float, called_off_at: float | None) -> tuple[Stage, float | None]:
    """What it is now, and since when it is over. A Cancel ends it at once, though the Cancel itself is still on its way."""
    if row.state is MessageState.CANCELLED or (called_off_at is not None and row.state is MessageState.ACTIVE):
        return Stage.CANCELLED, called_off_at or row.accepted_at
    if row.state is MessageState.EXPIRED or now >= row.expires_at:
        return Stage.EXPIRED, row.expires_at
    return (Stage.HELD if row.state is MessageState.HELD else Stage.IN_FORCE), None


def _health(admin: Admin, health: Health) -> str:
    if admin is not Admin.ENABLED:
        return "off"
    return {Health.UP: "up", Health.DOWN: "down"}.get(health, "doubtful")


def _corners(messages: Iterable[Message]) -> int:
    """How many corners each ring may have, so that all of them fit."""
    rings = sum(len(area.polygons) for message in messages for info in message.content.infos for area in info.areas)
    return max(LEAST_OF_RING, min(MOST_OF_RING, MOST_POINTS // max(1, rings)))


def _alert_view(message: Message, stage: Stage, end: float | None, corners: int) -> dict[str, Any]:
    infos = message.content.infos
    return {
        "id": message.id,
        "revision": message.revision,
        "number": message.number,
        "action": message.action.value,
        "traffic": message.traffic.value,
        "priority": message.priority.name,
        "stage": stage.value,
        "severity": _gravest(infos),
        "colour": next((info.colour for info in infos if info.colour), ""),
        "event": next((info.event for info in infos if info.event), ""),
        "headline": headline(message),
        "accepted": rfc3339(message.accepted_at),
        "expires": rfc3339(message.expires_at),
        "ended": rfc3339(end),
        "areas": [_area_view(area, corners) for area in _areas(infos)],
    }


def _gravest(infos: Iterable[Info]) -> str:
    said = {info.severity for info in infos}
    return next((severity for severity in SEVERITIES if severity in said), "Unknown")


def _areas(infos: Iterable[Info]) -> list[AffectedArea]:
    """Of all its languages, each once."""
    found: dict[object, AffectedArea] = {}
    for info in infos:
        for area in info.areas:
            found.setdefault((area.polygons, area.circles, area.geocodes) if _is_placed(area) else area.description, area)
    return list(found.values())


def _is_placed(area: AffectedArea) -> bool:
    return bool(area.polygons or area.circles or area.geocodes)


def _area_view(area: AffectedArea, corners: int) -> dict[str, Any]:
    """Codes with their system; polygons and circles by longitude and latitude, as GeoJSON has them, the radius in kilometres. `thinned`:
    a ring has more corners than are shown."""
    return {
        "name": area.description,
        "codes": [str(ref) for code in area.geocodes if (ref := _ref(code.system, code.value)) is not None],
        "polygons": [[[round(lon, 5), round(lat, 5)] for lat, lon in _thin(ring, corners)] for ring in area.polygons],
        "circles": [[one.centre[1], one.centre[0], one.radius_km] for one in area.circles],
        "thinned": any(len(ring) > corners for ring in area.polygons),
    }


def _thin(ring: Ring, corners: int) -> Ring:
    """Every n-th corner, closed as it was."""
    step = -(-len(ring) // corners)
    return ring if step == 1 else (*ring[:-1:step], ring[-1])


def _ref(system: str, code: str) -> AreaRef | None:
    try:
        return AreaRef.parse(f"{system}:{code}")
    except ValueError:
        return None
