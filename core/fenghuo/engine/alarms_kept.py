"""Keeps the alarms in the store: what the events of a commit make of them is written in the transaction of those events.

So there is one order, that of the stream, and after a crash an alarm is there with its event or neither is. Each change is told as an
event about `alarm/ID`; the id is the number of the event that raised it. Called in the writer's thread, and holds nothing between calls
but where this start began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fenghuo.engine.alarm_floods import WINDOW_S, flood_of
from fenghuo.engine.alarm_kinds import AlarmKind, Catalogue
from fenghuo.engine.alarms import ended, lapsed, raised, raised_again, restated
from fenghuo.errors import NotFound
from fenghuo.model.alarm import Alarm, AlarmState, Held
from fenghuo.model.audit import SYSTEM, By
from fenghuo.model.delivery import ObjectiveState
from fenghuo.model.event import Event
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Traffic
from fenghuo.store.tables import ALARM, DELIVERY, EVENT, MESSAGE, OBJECTIVE
from fenghuo.store.transaction import Tx

__all__ = ["FLOODED", "RECURRED", "Annunciator", "open_alarm", "told"]

RECURRED = "alarms.recurred"
FLOODED = "alarms.flooded"
_UNMET = frozenset({"delivery.failed", "delivery.expired", "page.failed", "page.expired"})
_OVER = frozenset({"objective.met", "objective.waived", "alarm.objective_missed"})
_ANY_OPEN = "SELECT 1 FROM alarm WHERE is_over = 0 LIMIT 1"
_ABOUT = "is_over = 0 AND subject IN (SELECT value FROM json_each(?))"
_LAST = "subject = ? AND kind = ? ORDER BY id DESC"
_CALLED_SINCE = "raised_at >= ? AND raised_at <= ? AND held != ? ORDER BY raised_at"

Key = tuple[str, str]
"""Subject and kind: of those one alarm is open at most."""


class Annunciator:
    """Hears the events of each commit. A kind that the catalogue does not have is none of its business."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._began_after = 0

    def began(self, head: int) -> None:
        """A start: whatever comes after the event of this number is told by this process. Before anything is heard."""
        self._began_after = head

    def kind_of(self, alarm: Alarm) -> AlarmKind:
        """Its entry. Raises: NotFound: a later version raised it, and this one does not know it."""
        kind = self.catalogue.kinds.get(alarm.kind)
        if kind is None:
            raise NotFound(f"the catalogue of alarms has no kind {alarm.kind!r}; a later version of Fenghuo raised it")
        return kind

    def hear(self, tx: Tx, events: Sequence[Event]) -> None:
        """What these events end, and what they raise, in their order; an alarm may be about another alarm, and end with it."""
        known = len(tx.events)
        _tell_ended(tx, events)
        self._follow(tx, events)
        if len(tx.events) > known:
            self.hear(tx, tx.events[known:])

    def _follow(self, tx: Tx, events: Sequence[Event]) -> None:
        kinds, types = self.catalogue.kinds, self.catalogue.types
        news = [event for event in events if event.type in types]
        if not news or (not any(event.type in kinds for event in news) and tx.scalar(_ANY_OPEN) is None):
            return
        opened = self._about(tx, {event.subject for event in news})
        for event in news:
            for name in self.catalogue.ended_by(event):
                before = opened.get((event.subject, name))
                if before is not None:
                    after = ended(before, event.at, kinds[name])
                    opened[event.subject, name] = told(tx, before, after)
            for name in self.catalogue.held_by(event):
                before = opened.get((event.subject, name))
                if before is not None and not before.is_over and (before.delayed_until or not before.stands):
                    opened[event.subject, name] = told(tx, before, raised_again(before, event, kinds[name]))
            if event.type in kinds:
                self._raise(tx, event, opened)

    def lapse(self, tx: Tx) -> None:
        """What time alone has changed by now."""
        for before in tx.find(ALARM, "is_over = 0 AND (delayed_until > 0 OR held_until > 0)"):
            kind = self.catalogue.kinds.get(before.kind)
            if kind is not None:
                after = lapsed(before, tx.now, kind)
                told(tx, before, after)
                if after.has_called and not before.has_called:
                    self._flood(tx, after)

    def over(self, tx: Tx, ids: Iterable[int]) -> None:
        """These conditions were looked at, and do not hold any more."""
        for number in ids:
            before = tx.sound(ALARM, number)
            if before is not None and not before.is_over:
                told(tx, before, ended(before, tx.now, msgspec.structs.replace(self.kind_of(before), off_delay_s=0.0)))

    def _about(self, tx: Tx, subjects: set[str]) -> dict[Key, Alarm]:
        found = tx.find(ALARM, _ABOUT, msgspec.json.encode(sorted(subjects)).decode())
        return {(alarm.subject, alarm.kind): alarm for alarm in found}

    def _raise(self, tx: Tx, event: Event, opened: dict[Key, Alarm]) -> None:
        kind, key = self.catalogue.kinds[event.type], (event.subject, event.type)
        before = opened.get(key)
        if before is not None and not before.is_over:
            is_known = before.stands and not before.delayed_until and self._is_told_again(tx, before, event, kind)
            opened[key] = told(tx, before, restated(before, event) if is_known else raised_again(before, event, kind))
            return
        if kind.is_for_a_person and self._was_seen(tx, event, kind):
            return
        alarm = raised(event, kind, traffic_of(tx, event.subject))
        opened[key] = told(tx, None, alarm)
        if alarm.has_called and alarm.held is Held.NOT:
            opened[key] = self._flood(tx, opened[key])

    def _was_seen(self, tx: Tx, event: Event, kind: AlarmKind) -> bool:
        """Whether a start tells again what a person has acknowledged, which was the end of it."""
        if kind.same is None or not 0 < self._began_after < event.seq:
            return False
        last = tx.find(ALARM, _LAST, event.subject, event.type, limit=1)
        return any(alarm.acked_by and self._is_told_again(tx, alarm, event, kind) for alarm in last)

    def _is_told_again(self, tx: Tx, before: Alarm, event: Event, kind: AlarmKind) -> bool:
        """Whether this is the first that a start tells of what was so before it, and it says the same."""
        if kind.same is None or not before.event <= self._began_after < event.seq:
            return False
        row = tx.sound(EVENT, before.event)
        return row is not None and _says(msgspec.json.decode(row.body), kind.same) == _says(event.body, kind.same)

    @staticmethod
    def _flood(tx: Tx, newest: Alarm) -> Alarm:
        """Mark what came in a flood: when one begins, all of it so far."""
        recent = tx.find(ALARM, _CALLED_SINCE, newest.raised_at - WINDOW_S, newest.raised_at, str(Held.BY_DESIGN))
        first, marked = flood_of(recent)
        for alarm in marked:
            after = _change(tx, msgspec.structs.replace(alarm, flood=first), FLOODED, SYSTEM, first_out=first)
            tx.update(ALARM, after)
            newest = after if after.id == newest.id else newest
        return newest


def told(tx: Tx, before: Alarm | None, after: Alarm, *, by: By = SYSTEM) -> Alarm:
    """Write what has changed and tell it: the state that is entered, or that it came again. `by`: whose deed it is."""
    if before == after:
        return after
    if _is_news(before, after):
        came_again = before is not None and before.state is after.state and before.count != after.count
        was = before.state if before is not None else AlarmState.NORMAL
        after = _change(tx, after, RECURRED if came_again else f"alarms.{after.state.lower()}", by, was=was.value, count=after.count)
    if before is None:
        tx.insert(ALARM, after)
    else:
        tx.update(ALARM, after)
    return after


def _change(tx: Tx, alarm: Alarm, event: str, by: By, **body: Any) -> Alarm:
    """Tell of a change; the alarm with the number of that event."""
    about = {"kind": alarm.kind, "subject": alarm.subject, "priority": alarm.priority.value, "traffic": alarm.traffic.value}
    tx.event(event, f"alarm/{alarm.id}", **about, by=by.actor, **body)
    return msgspec.structs.replace(alarm, rev=tx.events[-1].seq, changed_by=by.actor, changed_at=tx.now)


def open_alarm(tx: Tx, number: int) -> Alarm:
    """One that is not over. Raises: NotFound."""
    alarm = tx.get(ALARM, number)
    if alarm is None or alarm.is_over:
        raise NotFound(f"no alarm {number} is open" + ("" if alarm is None else f"; it was over at rev {alarm.rev}"))
    return alarm


def _says(body: Mapping[str, Any], fields: Sequence[str]) -> bytes:
    return msgspec.json.encode([body.get(name) for name in fields])


def _is_news(before: Alarm | None, after: Alarm) -> bool:
    """What nobody sees, a delay that begins or ends or a call that has not come, is written and not told."""
    if before is None:
        return after.state is not AlarmState.NORMAL
    seen = ("state", "count", "acked_at", "held_by", "held_second", "held_until", "called_at", "priority")
    if not after.has_called or (after.is_over and not before.has_called):
        return False
    return any(getattr(before, name) != getattr(after, name) for name in seen)


def _tell_ended(tx: Tx, events: Sequence[Event]) -> None:
    """Ways that have ended without success under an objective that was over before: once for each commit. While it is open they are counted
    in it (console.md §4, rule 6)."""
    ended = Counter(
        event.subject.split("/")[1] if event.type.startswith("page.") else str(event.body.get("objective"))
        for event in events
        if event.type in _UNMET
    )
    over_now = {event.subject for event in events if event.type in _OVER}
    for number, count in ended.items():
        row = tx.sound(OBJECTIVE, int(number)) if number.isdigit() and f"objective/{number}" not in over_now else None
        if row is not None and row.rule != SELF_PROBE and row.state not in (ObjectiveState.OPEN, ObjectiveState.AT_RISK):
            tx.event("alarm.delivery_ended", f"objective/{number}", message=row.message, state=row.state.value, ended=count)


# Whose traffic it is.


def traffic_of(tx: Tx, subject: str) -> Traffic:
    """Of the message that an event is about; what is about none is of the real world."""
    topic, _, rest = subject.partition("/")
    find = _FINDERS.get(topic)
    found = find(tx, rest.partition("/")[0]) if find is not None else None
    return found if found is not None else Traffic.ACTUAL


def _by_message(tx: Tx, ident: str) -> Traffic | None:
    rows = tx.find(MESSAGE, "id = ? ORDER BY revision DESC", ident, limit=1)
    return rows[0].traffic if rows else None


def _by_objective(tx: Tx, number: str) -> Traffic | None:
    row = tx.sound(OBJECTIVE, int(number)) if number.isdigit() else None
    return row.traffic if row is not None else None


def _by_delivery(tx: Tx, number: str) -> Traffic | None:
    row = tx.sound(DELIVERY, int(number)) if number.isdigit() else None
    return _by_objective(tx, str(row.objective)) if row is not None else None


_FINDERS: dict[str, Callable[[Tx, str], Traffic | None]] = {
    "message": _by_message,
    "objective": _by_objective,
    "page": _by_objective,
    "delivery": _by_delivery,
}
