"""Instants of the compact frame. Source: docs/compact-frame.md §3.4. Aware in, UTC out; the same instant, whatever its zone was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fenghuo.errors import FrameError
from fenghuo.formats.compact_fields import Sink, Source

__all__ = ["MINUTES_FROM", "MINUTE_BITS", "Later", "Sent", "from_minutes", "to_minutes"]

MINUTES_FROM = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE_BITS = 25
"""Whole minutes are counted from here in 25 bits: until October 2063."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)


class Sent:
    """When a message was sent, as short as it can be told; what comes later is told from here.

    Form (2 bits) 0: whole minutes after 2000 (25 bits) · 1: seconds after 1970 (32) · 2: microseconds after year 1 (60).
    """

    _FORMS = ((MINUTES_FROM, _MINUTE, MINUTE_BITS), (_EPOCH, _SECOND, 32), (_FIRST, _MICROSECOND, 60))

    def put(self, sink: Sink, value: datetime) -> None:
        """Write it. It becomes what Later is told from."""
        at = value.astimezone(UTC)
        sink.sent = at
        for form, (start, unit, width) in enumerate(self._FORMS):
            units, rest = divmod(at - start, unit)
            if not rest and 0 <= units < 1 << width:
                sink.bits.put(form, 2)
                sink.bits.put(units, width)
                return

    def take(self, source: Source) -> datetime:
        form = source.bits.take(2)
        if form >= len(self._FORMS):
            raise FrameError("a form of time that is not known", code="bad-value")
        start, unit, width = self._FORMS[form]
        source.sent = _added(start, source.bits.take(width), unit)
        return source.sent


class Later:
    """An instant told from when the message was sent.

    Form (3 bits) 0: the same · 1: minutes from it · 2: minutes from its whole minute · 3: seconds · 4: microseconds from it.
    """

    _UNITS = ((_MINUTE, 8), (_MINUTE, 8), (_SECOND, 12), (_MICROSECOND, 30))

    def put(self, sink: Sink, value: datetime) -> None:
        after = value.astimezone(UTC) - sink.sent
        if not after:
            sink.bits.put(0, 3)
            return
        for form, (unit, order) in enumerate(self._UNITS, 1):
            units, rest = divmod(after + _past_minute(sink.sent) if form == 2 else after, unit)
            if not rest:
                sink.bits.put(form, 3)
                sink.bits.put_signed(units, order)
                return

    def take(self, source: Source) -> datetime:
        form = source.bits.take(3)
        if form == 0:
            return source.sent
        if form > len(self._UNITS):
            raise FrameError("a form of time that is not known", code="bad-value")
        unit, order = self._UNITS[form - 1]
        start = source.sent - _past_minute(source.sent) if form == 2 else source.sent
        return _added(start, source.bits.take_signed(order), unit)


def to_minutes(at: datetime) -> int:
    """Whole minutes after 2000, seconds dropped, for the fixed record. Raises: FrameError("not-carried") outside of 25 bits."""
    minutes = (at.astimezone(UTC) - MINUTES_FROM) // _MINUTE
    if not 0 <= minutes < 1 << MINUTE_BITS:
        raise FrameError(f"{at.isoformat()} is before 2000 or after 2063", code="not-carried")
    return minutes


def from_minutes(minutes: int) -> datetime:
    """The instant of to_minutes()."""
    return MINUTES_FROM + minutes * _MINUTE


def _past_minute(at: datetime) -> timedelta:
    return timedelta(seconds=at.second, microseconds=at.microsecond)


def _added(start: datetime, units: int, unit: timedelta) -> datetime:
    try:
        return start + units * unit
    except OverflowError as error:
        raise FrameError(f"{units} × {unit} leads out of the calendar", code="bad-value") from error
