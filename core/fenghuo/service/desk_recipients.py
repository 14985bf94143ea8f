"""The verb of the desk about whom orders went to: the evidence of each, what they answered, and the check-in clock (报平安) of each.

A check-in is a person's word: a device that confirms says that the radio is safe, not who carries it. So the clock runs from the newest
answer of a person, or from the order where there was none yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from fenghuo.engine.network import place_of
from fenghuo.engine.proven import age_of
from fenghuo.formats.sentences import one_spoken
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Delivery, Objective, ObjectiveState, Receipt, Target
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import headline, rfc3339
from fenghuo.service.why import delivery_sentence
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE, RECEIPT, TARGET

__all__ = ["RecipientVerbs"]

OPEN = (ObjectiveState.OPEN, ObjectiveState.AT_RISK)
MOST_OBJECTIVES = 200
Shown = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`recipient`: only whoever has this id; `checkin_s`: how long somebody who is out may be silent; `all`: those without an open order
    too; `ended`: orders that have ended too, for whoever is asked for by name; `limit`: orders of one recipient; `most`: recipients."""

    recipient: str = ""
    checkin_s: Annotated[float, msgspec.Meta(ge=60, le=86_400)] = 1800.0
    all: bool = True
    ended: bool = False
    limit: Shown = 50
    most: Shown = 1000


class Orders(msgspec.Struct, frozen=True):
    """What is open, as rows of the store: objectives by id, their targets, and by target the deliveries and what was received of each.
    `head`: the newest event when they were read."""

    objectives: Mapping[int, Objective]
    targets: Sequence[Target]
    deliveries: Mapping[tuple[int, RecipientId], Sequence[Delivery]]
    receipts: Mapping[int, Sequence[Receipt]]
    headlines: Mapping[str, tuple[int, str]]
    head: int


class RecipientVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store) -> None:
        self._room = room
        self._office = room.office
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"recipient.ls": self.ls}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Everybody in the directory, whoever is silent for too long first, then whoever has something open."""
        wanted = msgspec.convert(args, Wanted)
        orders = await self._orders(wanted)
        mine: dict[RecipientId, list[Target]] = {}
        for target in orders.targets:
            mine.setdefault(target.recipient, []).append(target)
        lines = [self._line(name, targets, orders, wanted) for name, targets in mine.items() if wanted.recipient in ("", name)]
        lines.sort(key=lambda line: (not line["checkin"]["overdue"], line["checkin"]["due"] or "", line["recipient"]))
        owners = self._office.directory.contacts_by_owner if wanted.all else ()
        rest = _once((name for name in sorted(owners) if name not in mine and wanted.recipient in ("", name)), mine, self._office.directory)
        room = max(0, wanted.most - len(lines))
        return [*lines[: wanted.most], *(self._line(name, [], orders, wanted) for name in rest[:room])]

    async def _orders(self, wanted: Wanted) -> Orders:
        head, where = self._store.events.head, "state IN (?, ?) ORDER BY id DESC"
        params: tuple[str, ...] = OPEN
        if wanted.recipient and wanted.ended:
            where, params = "id IN (SELECT objective FROM target WHERE recipient = ?) ORDER BY id DESC", (wanted.recipient,)
        objectives = {row.id: row for row in await self._store.find(OBJECTIVE, where, *params, limit=MOST_OBJECTIVES)}
        of_them = f"objective IN ({', '.join('?' * len(objectives))})"
        only, name = (" AND recipient = ?", (wanted.recipient,)) if wanted.recipient else ("", ())
        targets = await self._store.find(TARGET, of_them + only, *objectives, *name)
        rows = await self._store.find(DELIVERY, f"{of_them}{only} ORDER BY id", *objectives, *name)
        inner = f"delivery IN (SELECT id FROM delivery WHERE {of_them}{only}) ORDER BY id"
        receipts: dict[int, list[Receipt]] = {}
        for receipt in await self._store.find(RECEIPT, inner, *objectives, *name):
            receipts.setdefault(receipt.delivery, []).append(receipt)
        deliveries: dict[tuple[int, RecipientId], list[Delivery]] = {}
        for row in rows:
            deliveries.setdefault((row.objective, row.recipient), []).append(row)
        return Orders(objectives, targets, deliveries, receipts, await self._headlines(objectives.values()), head)

    async def _headlines(self, objectives: Any) -> dict[str, tuple[int, str]]:
        keys = {(one.message, one.revision) for one in objectives}
        rows = [row for key in keys if (row := await self._store.sound(MESSAGE, *key)) is not None]
        return {row.id: (row.number, headline(msgspec.msgpack.decode(row.body, type=Message))) for row in rows}

    def _line(self, name: RecipientId, targets: Sequence[Target], orders: Orders, wanted: Wanted) -> dict[str, Any]:
        directory, now = self._office.directory, self._office.clock.time()
        ways = self._ways(name, now)
        person, org = directory.person_by_id.get(name), _org_of(name, directory)
        return {
            "recipient": name,
            "name": directory.name_of(name),
            "org": directory.org_by_id[org].name if org in directory.org_by_id else "",
            "place": place_of(directory.org_by_id[org]) if org in directory.org_by_id else "",
            "roles": list(person.roles) if person is not None else [],
            "ways": ways,
            "checkin": self._checkin(name, targets, orders, wanted.checkin_s),
            "orders": [self._order(target, orders) for target in targets[: wanted.limit]],
        }

    def _ways(self, name: RecipientId, now: float) -> list[dict[str, Any]]:
        points = self._office.directory.contacts_by_owner.get(name, ())
        kinds = {point.kind for point in points}
        found: list[dict[str, Any]] = []
        for one in self._room.board:
            if kinds & set(one.address_kinds):
                row = self._room.proven.way(name, one.name)
                proven = rfc3339(row.proven_at) if row is not None and row.proven_at is not None else None
                found.append(
                    {
                        "channel": one.name,
                        "health": one.health.state.value,
                        "admin": one.admin.value,
                        "age": age_of(row, now).value,
                        "proven": proven,
                    }
                )
        return found

    def _checkin(self, name: RecipientId, targets: Sequence[Target], orders: Orders, checkin_s: float) -> dict[str, Any]:
        """`answered`: when a person last said something; `due`: until when they are to say it again, null for whoever is not out."""
        said = [one.at for target in targets for one in _receipts(target, orders) if one.level >= Evidence.HUMAN]
        ledger = (self._room.proven.way(name, one.name) for one in self._room.board)
        said += [row.proven_at for row in ledger if row is not None and row.proven_at is not None and row.level >= Evidence.HUMAN]
        answered = max(said, default=None)
        out = [
            _asked_at(target, orders.objectives[target.objective])
            for target in targets
            if orders.objectives[target.objective].state in OPEN
        ]
        due = max(*out, answered or 0.0) + checkin_s if out else None
        now = self._office.clock.time()
        return {"answered": rfc3339(answered), "due": rfc3339(due), "overdue": due is not None and due < now}

    def _order(self, target: Target, orders: Orders) -> dict[str, Any]:
        objective = orders.objectives[target.objective]
        number, text = orders.headlines.get(objective.message, (0, ""))
        answers = [one for one in _receipts(target, orders) if one.text or one.level >= Evidence.HUMAN]
        return {
            "objective": objective.id,
            "rev": orders.head,
            "message": objective.message,
            "number": number,
            "headline": text,
            "priority": objective.priority.name,
            "traffic": objective.traffic.value,
            "needed": objective.needed.name,
            "state": target.state.value,
            "evidence": target.evidence.name,
            "deadline": rfc3339(objective.deadline_at),
            "deliveries": [self._delivery(one, objective) for one in orders.deliveries.get((target.objective, target.recipient), ())],
            "answers": [{"at": rfc3339(one.at), "channel": one.channel, "level": one.level.name, "text": one.text} for one in answers],
        }

    def _delivery(self, one: Delivery, objective: Objective) -> dict[str, Any]:
        return {
            "id": one.id,
            "channel": one.channel,
            "state": one.state.value,
            "evidence": one.evidence.name,
            "reason": one.reason,
            **one_spoken(delivery_sentence(one, None, objective)),
        }


def _once(names: Iterable[RecipientId], listed: Iterable[RecipientId], directory: Directory) -> list[RecipientId]:
    """Each place once: an area that has a code in either list and is reached by the same under both is one line, not two of one name."""
    seen = {_place(name, directory) for name in listed}
    kept = []
    for name in names:
        place = _place(name, directory)
        if place not in seen:
            seen.add(place)
            kept.append(name)
    return kept


def _place(name: RecipientId, directory: Directory) -> object:
    """What a recipient is, whatever it is called: of an area all of its codes and how it is reached."""
    prefix, _, rest = name.partition(":")
    if prefix != "area":
        return name
    area = AreaRef.parse(rest)
    reached = frozenset((point.kind, point.address) for point in directory.contacts_by_owner.get(name, ()))
    return directory.codes_of.get(area, frozenset({area})), reached


def _receipts(target: Target, orders: Orders) -> list[Receipt]:
    rows = orders.deliveries.get((target.objective, target.recipient), ())
    return [receipt for row in rows for receipt in orders.receipts.get(row.id, ())]


def _asked_at(target: Target, objective: Objective) -> float:
    """Since when somebody is out by an order; who stands in for another was asked later than they were."""
    return max(objective.opened_at, target.rung_at) if target.covers else objective.opened_at


def _org_of(name: RecipientId, directory: Directory) -> str:
    person = directory.person_by_id.get(name)
    return person.org if person is not None else name.removeprefix("org:")
