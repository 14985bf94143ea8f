"""Who got a revision, and over which channels: an Update or Cancel goes to exactly those."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec

from fenghuo.engine.departed import MAY_HAVE_LEFT
from fenghuo.engine.event_links import parts_of
from fenghuo.engine.marks import how_many_may
from fenghuo.engine.planning import Candidate
from fenghuo.engine.rules import INHERITED, Rung, RungMode
from fenghuo.model.delivery import Delivery, DeliveryState
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.model.roll import PUBLIC
from fenghuo.store.tables import DELIVERY, FAN_OUT, OBJECTIVE, PAGE
from fenghuo.store.transaction import Tx

__all__ = ["HEIRS", "INHERITED", "Heir", "Told", "channels_of", "find_heirs", "inherited_rungs", "without_devices"]

HEIRS = "recipients of what it replaces"
"""The audience of whoever got an earlier revision and is told nothing else of this one: over the channels by which they got it."""
_AREAS = "SELECT json_group_object(id, area) FROM roll WHERE id IN (SELECT roll_page FROM page WHERE objective = ?)"


class Told(msgspec.Struct, frozen=True):
    """The part of a public that a fan-out told, or may have told, before it ended: `counts`, by area, people; `channels`: over which."""

    objective: int
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


class Heir(msgspec.Struct, frozen=True):
    """A recipient, with the ways it was reached by where those are taken over, and the evidence that was asked for; or a `public`."""

    recipient: RecipientId
    ways: tuple[Candidate, ...] = ()
    needed: Evidence = Evidence.DEVICE
    public: Told | None = None


def without_devices(heirs: Iterable[Heir], told: Collection[RecipientId], devices: Collection[str]) -> tuple[Heir, ...]:
    """The same, each of those who were `told` without the devices it was told by: what is said once more starts none a second time."""
    found: list[Heir] = []
    for heir in heirs:
        ways = tuple(way for way in heir.ways if way.channel not in devices) if heir.recipient in told else heir.ways
        if ways or not heir.ways:
            found.append(msgspec.structs.replace(heir, ways=ways))
    return tuple(found)


def find_heirs(tx: Tx, message: MessageId, before: int) -> tuple[Heir, ...]:
    """Everyone to whom something of an earlier revision than `before` was emitted, or may have been, or of an event that joined it."""
    earlier, params = _earlier(tx, message, before)
    sent = tx.find(DELIVERY, f"{earlier} AND {MAY_HAVE_LEFT} ORDER BY id", *params)
    needed = {row.id: row.needed for row in tx.find(OBJECTIVE, earlier, *params)}
    return (*heirs_of(tuple(sent), needed), *_publics(tx, earlier, params, needed))


def _earlier(tx: Tx, message: MessageId, before: int) -> tuple[str, tuple[str | int, ...]]:
    """The condition on a row of a message that it is of one of these."""
    parts = parts_of(tx, message)
    if not parts:
        return "message = ? AND revision < ?", (message, before)
    return f"((message = ? AND revision < ?) OR message IN ({', '.join('?' * len(parts))}))", (message, before, *parts)


def _publics(tx: Tx, earlier: str, params: tuple[str | int, ...], needed: dict[int, Evidence]) -> Iterator[Heir]:
    for row in tx.find(FAN_OUT, f"{earlier} ORDER BY objective", *params):
        areas: Counter[str] = Counter()
        channels: dict[str, None] = {}
        area_of: dict[str, str] = json.loads(str(tx.scalar(_AREAS, row.objective)))
        for page in tx.find(PAGE, "objective = ? AND tries > 0 ORDER BY number", row.objective):
            people = how_many_may(page.marks, on_air=page.state is DeliveryState.EMITTING)
            area = area_of.get(str(page.roll_page))  # none: long over, and its roll forgotten
            if people and area is not None:
                areas[area] += people
                channels.setdefault(page.channel)
        if areas.total():
            told = Told(row.objective, row.kinds, tuple(channels), tuple(areas.items()))
            least = min(needed.get(row.objective, Evidence.DEVICE), Evidence.DEVICE)
            yield Heir(f"{PUBLIC}{row.objective}", needed=least, public=told)


def heirs_of(sent: tuple[Delivery, ...], needed: dict[int, Evidence]) -> tuple[Heir, ...]:
    """Deliveries by recipient; each channel used becomes a rung of its own, and so does each further address on it, all open at once."""
    used: dict[RecipientId, dict[tuple[str, str], Delivery]] = {}
    level: dict[RecipientId, Evidence] = {}
    for delivery in sent:
        used.setdefault(delivery.recipient, {})[(delivery.channel, delivery.address)] = delivery
        level[delivery.recipient] = min(needed.get(delivery.objective, Evidence.DEVICE), Evidence.DEVICE)
    ranked = {recipient: _ranked(ways.values()) for recipient, ways in used.items()}
    places = dict.fromkeys(sorted(((rank, way.channel) for ways in ranked.values() for rank, way in ways), key=lambda place: place[0]))
    rung = {place: index for index, place in enumerate(places)}
    return tuple(
        Heir(
            recipient,
            tuple(Candidate(rung[rank, way.channel], way.channel, way.address, "", way.form, rank) for rank, way in ways),
            level[recipient],
        )
        for recipient, ways in ranked.items()
    )


def _ranked(ways: Iterable[Delivery]) -> list[tuple[int, Delivery]]:
    """Each with its place among the addresses of one recipient on its channel, from 1."""
    count: Counter[str] = Counter()
    ranked = []
    for way in ways:
        count[way.channel] += 1
        ranked.append((count[way.channel], way))
    return ranked


def channels_of(heirs: Iterable[Heir]) -> dict[RecipientId, frozenset[str]]:
    """Over which channels each of them was told."""
    return {heir.recipient: frozenset(way.channel for way in heir.ways) for heir in heirs if heir.ways}


def inherited_rungs(heirs: tuple[Heir, ...]) -> tuple[Rung, ...]:
    """One rung for each channel and further address, all parallel: whoever was told over two channels is told over both again."""
    names: dict[int, str] = {way.rung: way.channel for heir in heirs for way in heir.ways}
    return tuple(Rung((names.get(index, ""),), RungMode.PARALLEL) for index in range(max(names, default=-1) + 1))
