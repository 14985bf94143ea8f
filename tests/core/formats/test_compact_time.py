"""Instants: exact, whatever their zone, in the shortest form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_fields import Sink, Source
from fenghuo.formats.compact_time import Later, Sent, from_minutes, to_minutes
from tests.core.formats.compact_values import SENT, instants


def octets_of(sent: datetime, *later: datetime) -> bytes:
    sink = Sink()
    Sent().put(sink, sent)
    for at in later:
        Later().put(sink, at)
    return sink.bits.octets()


@given(instants, st.lists(instants | st.just(SENT), max_size=3))
def test_any_instant_comes_back(sent: datetime, later: list[datetime]) -> None:
    """To the microsecond, before and after."""
    source = Source(octets_of(sent, *later))
    assert (sent, later) == (Sent().take(source), [Later().take(source) for _ in later])


@pytest.mark.parametrize(
    ("sent", "octets"), [(SENT, 4), (SENT.replace(second=1), 5), (SENT.replace(microsecond=1), 8), (SENT.replace(year=1900), 8)]
)
def test_what_needs_less_takes_less(sent: datetime, octets: int) -> None:
    """A whole minute 27 bits, a second 34, anything else 62."""
    assert octets == len(octets_of(sent))


@pytest.mark.parametrize(("after", "bits"), [(timedelta(), 3), (timedelta(hours=24), 18), (timedelta(seconds=1), 16)])
def test_later_is_told_from_sent(after: timedelta, bits: int) -> None:
    """A day later is a few bits; the same instant is three."""
    assert (27 + bits + 7) // 8 == len(octets_of(SENT, SENT + after))


def test_a_whole_minute_after_a_crooked_second_is_told_in_minutes() -> None:
    """Sent at 17 seconds past and ending on the minute, as people set ends."""
    assert (34 + 18 + 7) // 8 == len(octets_of(SENT.replace(second=17), SENT + timedelta(hours=24)))


def test_the_zone_is_not_carried() -> None:
    """An instant of Beijing is read in UTC, and is the same instant."""
    got = Sent().take(Source(octets_of(SENT)))
    assert (SENT, UTC, timezone(timedelta(hours=8))) == (got, got.tzinfo, SENT.tzinfo)


def test_minutes_of_the_record() -> None:
    """From 2000 to 2063, the seconds dropped."""
    assert datetime(2026, 7, 15, 0, 30, tzinfo=UTC) == from_minutes(to_minutes(SENT.replace(second=59)))
    for out in (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), datetime(2064, 1, 1, tzinfo=UTC)):
        with pytest.raises(FrameError, match="is before 2000 or after 2063"):
            to_minutes(out)


@pytest.mark.parametrize(
    ("field", "octets"),
    [(Sent(), b"\xff"), (Sent(), b"\xbf"), (Later(), b"\xff"), (Later(), b"\x80" + b"\0" * 4 + b"\x7f")],
    ids=["form of sent", "sent beyond the calendar", "form of later", "later beyond the calendar"],
)
def test_what_is_no_time_is_refused(field: Sent | Later, octets: bytes) -> None:
    """A form that is not known; a figure that leads out of the calendar."""
    with pytest.raises(FrameError) as caught:
        field.take(Source(octets + b"\xff" * 20))
    assert "bad-value" == caught.value.code
