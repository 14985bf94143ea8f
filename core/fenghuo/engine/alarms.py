"""The life of an alarm: what each event, each person and each timer makes of it. Pure; who keeps it is `alarms_kept`.

The state is never set: it follows from what is so (does the condition hold, was the call acknowledged, who keeps it silent), so that no
alarm can be in one that does not fit. An alarm is over when its condition is gone and its call was acknowledged, and not before.
Source: ANSI/ISA-18.2-2016 §5.4 and figure 4; console.md §4.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fenghuo.engine.alarm_kinds import AlarmKind
from fenghuo.errors import FormatError
from fenghuo.model.alarm import Alarm, AlarmPriority, AlarmState, Held
from fenghuo.model.event import Event
from fenghuo.model.traffic import Traffic

__all__ = [
    "ASKED_S",
    "DESIGNED_S",
    "SHELF_S",
    "acked",
    "due_at",
    "ended",
    "lapsed",
    "out_of_service",
    "raised",
    "raised_again",
    "restated",
    "returned_to_service",
    "shelved",
    "state_of",
    "unshelved",
]

SHELF_S = 2 * 3600.0
"""Longest time on the shelf (console.md §4)."""
ASKED_S = 600.0
"""How long a request to shelve what is HIGH waits for the second person: both are at hand, or it is asked for again."""
DESIGNED_S = 12 * 3600.0
"""What an exercise has raised and nothing but a person ends is gone with the longest session (security.md §2)."""
REAL = (Traffic.ACTUAL, Traffic.SYSTEM)
"""Traffic whose alarms call; what an exercise or a test raises is suppressed by design."""
_FREE: dict[str, Any] = {"held_by": "", "held_why": "", "held_second": "", "held_for_s": 0.0, "held_at": 0.0, "held_until": 0.0}
LIVE = (AlarmState.UNACKED, AlarmState.ACKED, AlarmState.RETURNED_UNACKED)


def state_of(alarm: Alarm) -> AlarmState:
    """What is so, as one word."""
    match alarm.held:
        case Held.OUT_OF_SERVICE:
            return AlarmState.OUT_OF_SERVICE
        case Held.SHELVED:
            return AlarmState.SHELVED
        case Held.BY_DESIGN:
            return AlarmState.SUPPRESSED if alarm.stands else AlarmState.NORMAL
    if not alarm.has_called:
        return AlarmState.NORMAL
    if alarm.stands:
        return AlarmState.ACKED if alarm.is_acked else AlarmState.UNACKED
    return AlarmState.NORMAL if alarm.is_acked else AlarmState.RETURNED_UNACKED


def due_at(alarm: Alarm) -> float | None:
    """When time alone changes it, UTC seconds."""
    return min((at for at in (alarm.delayed_until, alarm.held_until) if at > 0.0), default=None) if not alarm.is_over else None


# What happens.


def raised(event: Event, kind: AlarmKind, traffic: Traffic) -> Alarm:
    """The first time, or again after it was over."""
    alarm = Alarm(event.seq, event.type, event.subject, traffic, kind.priority, event.at, event.at, event.seq)
    if traffic not in REAL:
        until = event.at + DESIGNED_S if kind.is_for_a_person else 0.0
        return _settled(alarm, held=Held.BY_DESIGN, held_at=event.at, held_until=until, raised_at=event.at)
    if kind.on_delay_s:
        return _settled(alarm, delayed_until=event.at + kind.on_delay_s)
    return _called(alarm, event.at, kind)


def raised_again(alarm: Alarm, event: Event, kind: AlarmKind) -> Alarm:
    """While it is open. Within its off-delay that is chatter and is counted alone; an acknowledged one calls anew."""
    is_chatter = alarm.has_called and alarm.delayed_until > 0.0
    after = msgspec.structs.replace(
        alarm, stands=True, count=alarm.count + 1, last_at=event.at, event=event.seq, returned_at=0.0, priority=kind.priority
    )
    if alarm.held is not Held.NOT:
        return _settled(after, is_acked=False, delayed_until=0.0)
    if not alarm.has_called:  # its on-delay runs on
        return _settled(after)
    after = msgspec.structs.replace(after, delayed_until=0.0)
    return _called(after, event.at, kind) if alarm.is_acked and not is_chatter else _settled(after)


def restated(alarm: Alarm, event: Event) -> Alarm:
    """A start tells that it still stands: nothing of it is another, and whoever acknowledged it has."""
    return msgspec.structs.replace(alarm, event=event.seq)


def ended(alarm: Alarm, at: float, kind: AlarmKind) -> Alarm:
    """Its condition is gone: at once, or when it has stayed gone for the off-delay."""
    if not alarm.stands:
        return alarm
    if not alarm.has_called:
        return _settled(alarm, stands=False, is_acked=True, delayed_until=0.0, returned_at=at)
    if kind.off_delay_s and alarm.held is Held.NOT:
        return alarm if alarm.delayed_until else msgspec.structs.replace(alarm, delayed_until=at + kind.off_delay_s)
    return _settled(alarm, stands=False, delayed_until=0.0, returned_at=at)


def lapsed(alarm: Alarm, now: float, kind: AlarmKind) -> Alarm:
    """Every time of it that is over by `now`."""
    after = alarm
    if after.delayed_until and after.delayed_until <= now:
        if after.has_called:
            after = _settled(after, stands=False, returned_at=after.delayed_until, delayed_until=0.0)
        else:
            after = _called(after, now, kind)
    if after.held_until and after.held_until <= now:
        after = _taken_back(after, now, kind)
    return after


def _taken_back(alarm: Alarm, now: float, kind: AlarmKind) -> Alarm:
    if alarm.held is Held.BY_DESIGN:
        return _settled(alarm, stands=False, is_acked=True, returned_at=now, held_until=0.0)
    if alarm.held is Held.NOT:  # nobody has joined in the request
        return msgspec.structs.replace(alarm, **_FREE)
    return unshelved(alarm, now, kind)


# What people do.


def acked(alarm: Alarm, by: str, at: float, comment: str = "", *, kind: AlarmKind, is_gone: bool = False) -> Alarm:
    """Seen. Where nothing but a person ends it, this ends it; `is_gone`: whoever says so has made sure that the condition is gone.
    Raises: FormatError: there is nothing to acknowledge, or the sentence is missing."""
    may = state_of(alarm) in (*LIVE, AlarmState.SUPPRESSED)
    if not may or (alarm.is_acked and not is_gone):
        raise _cannot(alarm, "acknowledged", f"it is {state_of(alarm)}")
    if is_gone and not comment:
        raise _cannot(alarm, "ended", "whoever says that its condition is gone says how that is known: comment")
    is_end = kind.is_for_a_person or is_gone
    ending: dict[str, Any] = {"stands": False, "returned_at": at, "delayed_until": 0.0} if is_end and alarm.stands else {}
    seen: dict[str, Any] = {} if alarm.is_acked else {"is_acked": True, "acked_by": by, "acked_at": at}
    return _settled(alarm, comment=comment, **seen, **ending)


def shelved(alarm: Alarm, by: str, at: float, *, until: float, why: str) -> Alarm:
    """On the shelf; one that is HIGH when a second person asks for the same within ten minutes of the first, for as long as the first
    has asked. Raises: FormatError."""
    if state_of(alarm) not in LIVE:
        raise _cannot(alarm, "shelved", f"it is {state_of(alarm)}")
    if not why or not at < until <= at + SHELF_S:
        raise _cannot(alarm, "shelved", f"that takes a reason, and a time of at most {SHELF_S / 3600:.0f} h")
    if alarm.priority is not AlarmPriority.HIGH:
        return _settled(alarm, held=Held.SHELVED, held_by=by, held_why=why, held_at=at, held_until=until)
    if alarm.held_by not in ("", by) and at < alarm.held_until:
        return _settled(alarm, held=Held.SHELVED, held_second=by, held_at=at, held_until=at + alarm.held_for_s)
    return msgspec.structs.replace(alarm, held_by=by, held_why=why, held_for_s=until - at, held_at=at, held_until=at + ASKED_S)


def unshelved(alarm: Alarm, at: float, kind: AlarmKind) -> Alarm:
    """Back from the shelf, by time or by a person: what holds calls anew. Raises: FormatError: it is not there."""
    if alarm.held is not Held.SHELVED:
        raise _cannot(alarm, "unshelved", f"it is {state_of(alarm)}")
    return _back(alarm, at, kind)


def out_of_service(alarm: Alarm, by: str, at: float, why: str) -> Alarm:
    """Until a person says otherwise. Raises: FormatError: it is so already, is of an exercise, or the reason is missing."""
    if state_of(alarm) not in (*LIVE, AlarmState.SHELVED) or not why:
        says = "that takes a reason" if not why else f"it is {state_of(alarm)}"
        raise _cannot(alarm, "taken out of service", says)
    return _settled(alarm, held=Held.OUT_OF_SERVICE, held_by=by, held_why=why, held_second="", held_for_s=0.0, held_at=at, held_until=0.0)


def returned_to_service(alarm: Alarm, at: float, kind: AlarmKind) -> Alarm:
    """What holds calls anew. Raises: FormatError: it is in service."""
    if alarm.held is not Held.OUT_OF_SERVICE:
        raise _cannot(alarm, "returned to service", f"it is {state_of(alarm)}")
    return _back(alarm, at, kind)


def _back(alarm: Alarm, at: float, kind: AlarmKind) -> Alarm:
    after = msgspec.structs.replace(alarm, held=Held.NOT, **_FREE)
    return _called(after, at, kind) if after.stands else _settled(after)


def _called(alarm: Alarm, at: float, kind: AlarmKind) -> Alarm:
    return _settled(
        alarm,
        is_acked=False,
        raised_at=alarm.raised_at or at,
        called_at=at,
        respond_by=at + kind.response_s,
        delayed_until=0.0,
    )


def _settled(alarm: Alarm, **changes: Any) -> Alarm:
    after = msgspec.structs.replace(alarm, **changes)
    state = state_of(after)
    is_over = state is AlarmState.NORMAL and not after.delayed_until
    return msgspec.structs.replace(after, state=state, is_over=is_over)


def _cannot(alarm: Alarm, what: str, says: str) -> FormatError:
    return FormatError(f"alarm {alarm.id} cannot be {what}: {says}", code="bad-state", where="id")
