"""Alerts of another day, sent now."""

from __future__ import annotations

from datetime import UTC, datetime

from fenghuo.rig.stamping import restamped

NOW = datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=UTC)


def kept(name: bytes) -> bytes:
    return name


def test_durations_are_kept_in_the_zone_of_the_original() -> None:
    """Sent now, to the second; what lasted six hours lasts six hours."""
    raw = b"<a><sent>2026-07-15T08:00:00+08:00</sent><expires>2026-07-15T14:00:00+08:00</expires></a>"
    assert b"<a><sent>2026-11-24T20:00:00+08:00</sent><expires>2026-11-25T02:00:00+08:00</expires></a>" == restamped(
        raw, now=NOW, rename=kept
    )


def test_every_octet_else_is_as_it_came() -> None:
    """Prefixes, blanks and octets of another encoding."""
    raw = b"\xb0\xb1<cap:identifier> x </cap:identifier>\n<cap:sent>2026-11-24T12:00:00-00:00</cap:sent>"
    assert raw.replace(b" x ", b" y ").replace(b"-00:00", b"+00:00") == restamped(raw, now=NOW, rename=lambda _: b"y")


def test_what_is_no_instant_stays() -> None:
    """A fault of the sender is left for intake to judge."""
    raw = b"<sent>2026-11-24T12:00:00Z</sent><onset>soon</onset><expires>2026-11-24T12:00:00</expires>"
    assert b"<sent>2026-11-24T12:00:00+00:00</sent><onset>soon</onset><expires>2026-11-24T12:00:00</expires>" == restamped(
        raw, now=NOW, rename=kept
    )


def test_without_a_time_of_its_own_nothing_is_moved() -> None:
    """Neither times nor names: there is nothing to count from."""
    raw = b"<identifier>x</identifier><expires>2026-11-24T12:00:00Z</expires>"
    assert raw == restamped(raw, now=NOW, rename=lambda _: b"y")
