"""Verbs of the desk about alarms: what stands, and what people do about it. Each deed is one job: the row, its event and the audit.

Whoever acts says what was seen, by the rev of the row: what has changed meanwhile is refused with the name of whoever was first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fenghuo.clock import Clock
from fenghuo.engine.alarm_kinds import AlarmKind
from fenghuo.engine.alarm_stats import TARGETS, stats
from fenghuo.engine.alarms import SHELF_S, acked, out_of_service, returned_to_service, shelved, unshelved
from fenghuo.engine.alarms_kept import Annunciator, open_alarm, told
from fenghuo.errors import FormatError, NotAllowed, NotFound, Outdated
from fenghuo.model.alarm import Alarm, AlarmPriority
from fenghuo.plugin.ports import Actor
from fenghuo.service.alarm_view import OPEN, alarm_path, alarm_views, catalogue_view
from fenghuo.service.desk import CONSOLE, Desk, Verb
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed, acting
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM
from fenghuo.store.transaction import Tx

__all__ = ["SILENCE_S", "AlarmVerbs"]

SILENCE_S = 120.0
"""Longest silence of one console (console.md §4)."""
MOST = 1_000
Text = Annotated[str, Meta(max_length=500)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Number = int | Annotated[str, Meta(pattern="^[0-9]{1,18}$")]


class One(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alarm as it was seen; `if_rev`: the rev of it then."""

    id: Number
    if_rev: int | None = None


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alarm, or several with one comment. `revs`: the rev of each, by its id; `gone`: its condition is gone, as `comment` says."""

    id: Number | None = None
    ids: Annotated[tuple[Number, ...], Meta(max_length=MOST)] = ()
    if_rev: int | None = None
    revs: dict[str, int] = {}
    comment: Text = ""
    gone: bool = False


class Shelve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For so many seconds from now; the longest is two hours."""

    id: Number
    reason: Reason
    lasts_s: Annotated[float, Meta(gt=0, le=SHELF_S)]
    if_rev: int | None = None


class TakeOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`person`: who answers for it, where the token is no person's."""

    id: Number
    reason: Reason
    person: Text = ""
    if_rev: int | None = None


class Silence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the console where it is asked for."""

    lasts_s: Annotated[float, Meta(gt=0, le=SILENCE_S)] = SILENCE_S


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`over`: the newest so many, those that are over as well."""

    over: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST)] = MOST


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last so many hours."""

    hours: Annotated[float, Meta(gt=0, le=24 * 366)] = 24.0


Change = Callable[[Alarm, AlarmKind], Alarm]


class AlarmVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, store: Store, clock: Clock, annunciator: Annunciator) -> None:
        self._desk = desk
        self._store = store
        self._clock = clock
        self._annunciator = annunciator

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "alarm.ls": self.ls,
            "alarm.show": self.show,
            "alarm.catalogue": self.catalogue,
            "alarm.stats": self.stats,
            "alarm.ack": self.ack,
            "alarm.shelve": self.shelve,
            "alarm.unshelve": self.unshelve,
            "alarm.out_of_service": self.take_out,
            "alarm.return_to_service": self.put_back,
            "alarm.silence": self.silence,
        }

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every alarm that is not over, by the order in which they were raised."""
        wanted = msgspec.convert(args, Asked)
        if not wanted.over:
            return await alarm_views(self._store, limit=wanted.limit)
        newest = "id IN (SELECT id FROM alarm WHERE raised_at > 0 ORDER BY id DESC LIMIT ?)"
        return await alarm_views(self._store, newest, wanted.limit)

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """One alarm, over or not. Raises: NotFound."""
        number = int(msgspec.convert(args, One).id)
        found = await alarm_views(self._store, "id = ?", number)
        if not found:
            raise NotFound(f"no alarm {number} was ever raised here")
        return found[0]

    async def catalogue(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What each kind means."""
        return catalogue_view(self._annunciator.catalogue)

    async def stats(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The figures of a window, beside what they should be."""
        wanted, now = msgspec.convert(args, Window), self._clock.time()
        since = now - wanted.hours * 3600.0
        rows = await self._store.find(ALARM, f"raised_at >= ? OR ({OPEN}) ORDER BY raised_at", since)
        found = stats(rows, since=since, now=now)
        return {"since": rfc3339(since), "until": rfc3339(now), "targets": TARGETS, **msgspec.to_builtins(found)}

    async def ack(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Seen by this person; all of them, or none. Raises: NotFound, Outdated, FormatError, WrongTraffic."""
        wanted = msgspec.convert(args, Ack)
        one = () if wanted.id is None else (int(wanted.id),)
        numbers = tuple(dict.fromkeys((*one, *map(int, wanted.ids))))
        if not numbers:
            raise FormatError("id: say which alarm is acknowledged", code="bad-argument", where="id")
        revs = {int(name): rev for name, rev in wanted.revs.items() if name.isdigit()}
        if wanted.if_rev is not None and len(numbers) == 1:
            revs[numbers[0]] = wanted.if_rev
        person, now = self._desk.person_of(actor), self._clock.time()

        def sight(alarm: Alarm) -> None:
            """No HIGH one is acknowledged in a heap, or by somebody who has not seen it as it is (console.md §4)."""
            if alarm.priority is AlarmPriority.HIGH and (len(numbers) > 1 or alarm.id not in revs):
                says = f"alarm {alarm.id} is HIGH: it is acknowledged alone, by the rev of the row as it was seen (if_rev)"
                raise FormatError(says, code="not-seen", where="if_rev")

        def change(alarm: Alarm, kind: AlarmKind) -> Alarm:
            sight(alarm)
            return acked(alarm, person, now, wanted.comment, kind=kind, is_gone=wanted.gone)

        deed = {"comment": wanted.comment, **({"gone": True} if wanted.gone else {})}
        return await self._do(actor, numbers, change, action="alarm-ack", revs=revs, **deed)

    async def shelve(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Quiet for a while. A HIGH one waits, as before, until a second person asks for the same (`shelf_asked`)."""
        wanted = msgspec.convert(args, Shelve)
        person, now = self._desk.person_of(actor), self._clock.time()

        def change(alarm: Alarm, kind: AlarmKind) -> Alarm:
            if alarm.priority is AlarmPriority.HIGH and person == CONSOLE:
                raise NotAllowed("a HIGH alarm is shelved by two persons, and the token of the console is nobody's; log in")
            return shelved(alarm, person, now, until=now + wanted.lasts_s, why=wanted.reason)

        told = {"reason": wanted.reason, "lasts_s": wanted.lasts_s}
        return await self._one(actor, wanted.id, wanted.if_rev, change, action="alarm-shelve", **told)

    async def unshelve(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Back before its time."""
        wanted, now = msgspec.convert(args, One), self._clock.time()
        return await self._one(actor, wanted.id, wanted.if_rev, lambda one, kind: unshelved(one, now, kind), action="alarm-unshelve")

    async def take_out(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Out of service until a person says otherwise, by somebody with a name."""
        wanted, now = msgspec.convert(args, TakeOut), self._clock.time()
        person = wanted.person or self._desk.person_of(actor)
        if person == CONSOLE:
            raise FormatError("person: the token of the console is nobody's; say who answers for it", code="bad-argument", where="person")
        told = {"reason": wanted.reason, "person": person}

        def change(alarm: Alarm, kind: AlarmKind) -> Alarm:
            return out_of_service(alarm, person, now, wanted.reason)

        return await self._one(actor, wanted.id, wanted.if_rev, change, action="alarm-out-of-service", **told)

    async def put_back(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """In service again: what holds calls."""
        wanted, now = msgspec.convert(args, One), self._clock.time()

        def change(alarm: Alarm, kind: AlarmKind) -> Alarm:
            return returned_to_service(alarm, now, kind)

        return await self._one(actor, wanted.id, wanted.if_rev, change, action="alarm-return-to-service")

    async def silence(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """A console is quiet for a moment; nothing is acknowledged by it, and the next alarm sounds. It stands in the audit."""
        wanted = msgspec.convert(args, Silence)
        until = self._clock.time() + wanted.lasts_s
        await self._store.run(lambda tx: tx.audit(Deed.of("alarm-silence", "alarm", lasts_s=wanted.lasts_s)))
        return {"until": rfc3339(until), "by": self._desk.person_of(actor)}

    async def _one(self, actor: Actor, number: Number, rev: int | None, change: Change, *, action: str, **detail: Any) -> dict[str, Any]:
        revs = {} if rev is None else {int(number): rev}
        return (await self._do(actor, (int(number),), change, action=action, revs=revs, **detail))[0]

    async def _do(
        self, actor: Actor, numbers: tuple[int, ...], change: Change, *, action: str, revs: Mapping[int, int], **detail: Any
    ) -> list[dict[str, Any]]:
        by = acting.get()

        def deed(tx: Tx) -> None:
            for number in numbers:
                alarm = open_alarm(tx, number)
                self._desk.check_traffic(actor, alarm.traffic)
                if revs.get(number, alarm.rev) != alarm.rev:
                    raise Outdated(alarm_path(alarm), by=alarm.changed_by, at=alarm.changed_at, what=f"it is {alarm.state.value}")
                told(tx, alarm, change(alarm, self._annunciator.kind_of(alarm)), by=by)
                about = {"kind": alarm.kind, "about": alarm.subject, "was": alarm.state.value}
                tx.audit(Deed.of(action, alarm_path(alarm), traffic=alarm.traffic.value, **about, **detail))

        await self._store.run(deed)
        return await alarm_views(self._store, "id IN (SELECT value FROM json_each(?))", msgspec.json.encode(numbers).decode())
