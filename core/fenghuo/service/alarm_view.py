"""An alarm as people and programs see it: codes, figures and instants; the words for it are the catalogue's, in each language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fenghuo.engine.alarm_kinds import Catalogue
from fenghuo.model.alarm import Alarm, AlarmPriority, Held
from fenghuo.service.alarm_subjects import names_of
from fenghuo.service.showing import rfc3339
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM, EVENT

__all__ = ["OPEN", "alarm_path", "alarm_view", "alarm_views", "catalogue_view"]

OPEN = "is_over = 0 AND state != 'NORMAL'"
"""What has called and is not over; one within its on-delay is nobody's business yet."""
_EVENTS = "seq IN (SELECT value FROM json_each(?))"


def alarm_path(alarm: Alarm) -> str:
    """Where it is in the state of the node, and what its events are about."""
    return f"alarm/{alarm.id}"


def alarm_view(alarm: Alarm, args: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """One alarm; `args`: the body of the newest event that raised it; `name`: how people call its subject, "" where that is its name."""
    is_asked = alarm.held is Held.NOT and bool(alarm.held_by)
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "subject": alarm.subject,
        "name": name,
        "priority": alarm.priority.value,
        "state": alarm.state.value,
        "traffic": alarm.traffic.value,
        "raised": rfc3339(alarm.raised_at),
        "called": _at(alarm.called_at),
        "count": alarm.count,
        "last": rfc3339(alarm.last_at),
        "respond_by": _at(alarm.respond_by),
        "stands": alarm.stands,
        "returned": _at(alarm.returned_at),
        "acked_by": alarm.acked_by if alarm.is_acked else None,
        "acked": _at(alarm.acked_at) if alarm.is_acked else None,
        "comment": alarm.comment if alarm.is_acked else "",
        "held": _held(alarm) if alarm.held is not Held.NOT else None,
        "shelf_asked": _held(alarm) if is_asked else None,
        "flood": alarm.flood or None,
        "first_out": bool(alarm.flood) and alarm.flood == alarm.id,
        "fold": f"{alarm.flood}/{alarm.kind}" if alarm.flood and alarm.priority is AlarmPriority.LOW else None,
        "rev": alarm.rev,
        "changed_by": alarm.changed_by,
        "changed": rfc3339(alarm.changed_at),
        "args": dict(args),
    }


async def alarm_views(store: Store, where: str = OPEN, *params: Any, limit: int | None = None) -> list[dict[str, Any]]:
    """Every alarm that fits, with what its newest event says; the event is not kept twice."""
    alarms = await store.find(ALARM, f"{where} ORDER BY id", *params, limit=limit)
    bodies = await _bodies(store, (alarm.event for alarm in alarms))
    names = await names_of(store, {alarm.subject for alarm in alarms})
    return [alarm_view(alarm, bodies.get(alarm.event, {}), names.get(alarm.subject, "")) for alarm in alarms]


def catalogue_view(catalogue: Catalogue) -> dict[str, Any]:
    """What each kind means for a person, in both languages."""
    return {name: msgspec.to_builtins(kind) for name, kind in sorted(catalogue.kinds.items())}


async def _bodies(store: Store, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    rows = await store.find(EVENT, _EVENTS, msgspec.json.encode(sorted(set(numbers))).decode())
    return {row.seq: msgspec.json.decode(row.body) for row in rows}


def _held(alarm: Alarm) -> dict[str, Any]:
    return {
        "by": alarm.held_by,
        "why": alarm.held_why,
        "second": alarm.held_second or None,
        "since": _at(alarm.held_at),
        "until": _at(alarm.held_until),
    }


def _at(at: float) -> str | None:
    return rfc3339(at) if at else None
