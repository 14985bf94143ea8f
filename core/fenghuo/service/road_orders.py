"""Orders that send units somewhere: refused where one cannot arrive, answered with when each can be there, watched while they are open.

When a road is cut afterwards, a person hears of each unit that cannot arrive any more, of what other way there is, and who else could go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from fenghuo.engine.road_names import layers_of, place_named
from fenghuo.engine.road_orders import Aim, Journey, Unit, judged, refusal, said, units_of
from fenghuo.engine.road_outlook import interval
from fenghuo.engine.roads import OVERLAND
from fenghuo.errors import FormatError
from fenghuo.model.delivery import Accepted, Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, META, OBJECTIVE, TARGET
from fenghuo.store.transaction import Tx

if TYPE_CHECKING:
    from fenghuo.service.road_watch import RoadWatch

__all__ = ["Ordered", "RoadOrders"]

ROW = "road.orders"
MOST = 200
"""Orders under watch; the oldest goes first."""


class Kept(msgspec.Struct, frozen=True):
    """An order under watch. `stuck`: organisations of which a person was told that they cannot arrive."""

    message: str
    revision: int
    aim: Aim
    units: tuple[Unit, ...]
    stuck: frozenset[str] = frozenset()


class News(msgspec.Struct, frozen=True):
    """What is to be told of an order and some of its units."""

    kind: str
    order: Kept
    body: dict[str, Any]
    units: tuple[Unit, ...]


class Ordered(msgspec.Struct, frozen=True):
    """An order that may go: to these, saying where, and when each can be there. `insisted`: why it would have been refused, where a person
    sends it all the same."""

    to: tuple[str, ...]
    aim: Aim
    place_name: str
    journeys: tuple[Journey, ...]
    left_out: tuple[Journey, ...]
    says: tuple[str, ...]
    insisted: str = ""

    def text(self, text: str) -> str:
        """What the units read."""
        return f"{text}\n报到地点：{self.place_name}"

    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each unit; not ok where it was left out, or where its arrival is not sure."""
        found: list[Verdict] = []
        for one, text in zip(self.journeys, self.says, strict=True):
            is_sure = one.arrival is not None and one.arrival.latest_min is not None
            found.append(Verdict("arrival", interval(one.arrival) if one.arrival is not None else "unknown", is_sure, text))
        return (
            *found,
            *(Verdict("arrival", "left out", False, f"{one.unit.name} cannot be there, and is not sent") for one in self.left_out),
        )


class RoadOrders:
    """Of one watch. `directory`: who is who, now."""

    def __init__(self, watch: RoadWatch, store: Store, directory: Callable[[], Directory]) -> None:
        self._watch = watch
        self._store = store
        self._directory = directory
        self._orders: tuple[Kept, ...] = ()

    async def load(self) -> None:
        """Take back what was under watch before the start. What cannot be read stops no start: a person is told. Raises: StoreError."""
        row = await self._store.sound(META, ROW)
        try:
            self._orders = msgspec.json.decode(row.value, type=tuple[Kept, ...]) if row is not None else ()
        except msgspec.MsgspecError as fault:
            says = (
                f"the orders to a place whose roads were watched cannot be read; nobody is told if a unit cannot arrive any more: {fault}"
            )
            await self._store.run(lambda tx: tx.event("alarm.roads_lost", "node", message=says))

    def plan(self, to: Collection[str], go_to: str, by: Collection[str], *, leave_out: bool, anyway: bool = False) -> Ordered:
        """Whether an order may go. `by`: layers that its units can use beside the road. `leave_out`: send only those that can arrive.
        `anyway`: a person sends all of them all the same, and insist() keeps why. Raises: FormatError: a unit cannot arrive, or
        the place is none; the refusal is told and in the audit."""
        roads, directory = self._watch.roads, self._directory()
        place = place_named(roads.map, go_to, "go_to")
        aim = Aim(place.id, OVERLAND | (layers_of(by) if by else frozenset()))
        journeys = judged(units_of(to, directory, roads.map), aim, roads)
        stuck = [one for one in journeys if one.is_impossible]
        able = tuple(one for one in journeys if not one.is_impossible)
        if stuck and anyway:
            insisted = refusal(journeys, aim, roads, directory)
            return Ordered(tuple(to), aim, place.name, journeys, (), tuple(said(one, roads.map) for one in journeys), insisted)
        if stuck and not (leave_out and able):
            says = refusal(journeys, aim, roads, directory)
            self._refuse(place.id, says, [one.unit.org for one in stuck])
            raise FormatError(f"go_to: {says}", code="no-way", where="go_to")
        names = tuple(to) if not stuck else tuple(_expression(one, directory) for journey in able for one in journey.unit.recipients)
        return Ordered(names, aim, place.name, able, tuple(stuck), tuple(said(one, roads.map) for one in able))

    async def accepted(self, ordered: Ordered, answer: Accepted) -> Accepted:
        """Watch it while it is open; the answer with when each unit can be there. Raises: StoreError."""
        if answer.state != "duplicate" and any(one.arrival is not None for one in ordered.journeys):
            units = tuple(one.unit for one in ordered.journeys if one.arrival is not None)
            stuck = frozenset(one.unit.org for one in ordered.journeys if one.is_impossible)
            self._orders = (*self._orders, Kept(answer.id, answer.revision, ordered.aim, units, stuck))[-MOST:]
            verdicts, subject = [msgspec.to_builtins(one) for one in ordered.verdicts()], f"message/{answer.id}"
            orders = self._orders

            def keep(tx: Tx) -> None:
                _put(tx, orders)
                tx.event("order.arrival", subject, place=ordered.aim.place, units=verdicts)

            await self._store.run(keep)
        return msgspec.structs.replace(answer, verdicts=(*answer.verdicts, *ordered.verdicts()))

    async def insist(self, ordered: Ordered, reason: str) -> None:
        """A person knows better than the map, and answers for it; on the disk before anything is sent. Raises: StoreError."""
        place, says = f"road/{ordered.aim.place}", ordered.insisted
        units = [one.unit.org for one in ordered.journeys if one.is_impossible]

        def keep(tx: Tx) -> None:
            tx.event("order.despite", place, reason=reason, message=says, units=units)
            tx.audit(Deed.of("despite", place, reason=reason, says=says, units=units))

        await self._store.run(keep)

    def look(self) -> None:
        """The roads are others: tell of every unit of an open order that cannot arrive any more, or can again."""
        changes = [self._change(order) for order in self._orders]
        news = [one for _, told in changes for one in told]
        if news:
            self._orders = tuple(order for order, _ in changes)
            self._store.submit(lambda tx: _tell(tx, self._orders, news))

    def _change(self, order: Kept) -> tuple[Kept, list[News]]:
        """An order as it stands by now, and what of that a person has not been told."""
        roads, place = self._watch.roads, self._watch.roads.map.place_by_id.get(order.aim.place)
        if place is None:  # another map
            return order, []
        journeys = judged(order.units, order.aim, roads)
        stuck = frozenset(one.unit.org for one in journeys if one.is_impossible)
        newly = [one for one in journeys if one.unit.org in stuck - order.stuck]
        again = [one for one in journeys if one.unit.org in order.stuck - stuck]
        news: list[News] = []
        if newly:
            news.append(_news("alarm.order_cut_off", order, newly, refusal(newly, order.aim, roads, self._directory())))
        if again:
            text = "; ".join(said(one, roads.map) for one in again)
            news.append(_news("order.reachable", order, again, f"{place.name} can be reached again: {text}"))
        return msgspec.structs.replace(order, stuck=stuck), news

    def _refuse(self, place: str, says: str, units: list[str]) -> None:
        def keep(tx: Tx) -> None:
            tx.event("order.refused", f"road/{place}", message=says, units=units)
            tx.audit(Deed.of("refuse", f"road/{place}", says=says, units=units))

        self._store.submit(keep)


def _put(tx: Tx, orders: tuple[Kept, ...]) -> None:
    """Keep what is still open."""
    still = [one for one in orders if _is_open(tx, one)]
    tx.put(META, MetaRow(ROW, msgspec.json.encode(still).decode()))


def _news(kind: str, order: Kept, journeys: list[Journey], says: str) -> News:
    units = tuple(one.unit for one in journeys)
    return News(kind, order, {"message": says, "place": order.aim.place, "units": [unit.org for unit in units]}, units)


def _tell(tx: Tx, orders: tuple[Kept, ...], news: list[News]) -> None:
    _put(tx, orders)
    for one in news:
        if _is_open(tx, one.order) and not all(_is_done(tx, one.order.message, unit) for unit in one.units):
            tx.event(one.kind, f"message/{one.order.message}", **one.body)
            tx.audit(Deed.of("arrival", f"message/{one.order.message}", event=one.kind, **one.body))


def _is_open(tx: Tx, order: Kept) -> bool:
    row = tx.get(MESSAGE, order.message, order.revision)
    return row is not None and row.state in (MessageState.ACTIVE, MessageState.HELD)


def _is_done(tx: Tx, message: str, unit: Unit) -> bool:
    """Whether everybody of a unit has said that it is done: then no road matters to it any more."""
    of_it = [one.id for one in tx.find(OBJECTIVE, "message = ?", message)]
    found: Mapping[str, Evidence] = {
        one.recipient: one.evidence
        for objective in of_it
        for one in tx.find(TARGET, "objective = ?", objective)
        if one.recipient in unit.recipients
    }
    return bool(found) and all(level >= Evidence.DONE for level in found.values())


def _expression(recipient: str, directory: Directory) -> str:
    return f"person:{recipient}" if recipient in directory.person_by_id else recipient
