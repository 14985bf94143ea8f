"""Single values of CAP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fenghuo.formats.cap_values import closed_word, has_placeholder, read_instant

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "repair"),
    [
        ("2026-07-15T12:00:00+08:00", NOON, ""),
        ("2026-07-15T04:00:00-00:00", NOON, ""),
        ("2026-07-15T12:00:00.123+08:00", NOON, ""),
        ("2026-07-15T12:00:00", NOON, "no-offset"),
        ("2026-07-15T04:00:00Z", NOON, "no-offset"),
        ("2026-07-15 12:00:00+08:00", NOON, "time-form"),
        ("2026-07-15T12:00:00 +08:00", NOON, "time-form"),
        ("2026-07-15t12:00:00+08:00", NOON, "time-form"),
        ("2026-07-15T12:00:00+0800", NOON, "time-form"),
        ("2026-07-15T12:00:00+08", NOON, "time-form"),
        ("2026-07-15T12:00+08:00", NOON, "time-form"),
        ("2026-07-15T04:00:00z", NOON, "no-offset"),
        ("2026-07-15 12:00", NOON, "no-offset"),
        ("2026-07-14T23:30:00-0430", NOON, "time-form"),
        ("2026-07-15T24:00:00+20:00", NOON, ""),
        ("2026-07-14T24:00:00.0-12:00", datetime(2026, 7, 15, 12, 0, tzinfo=UTC), ""),
        ("2026-12-31T24:00:00+08:00", datetime(2026, 12, 31, 16, 0, tzinfo=UTC), ""),
        ("2026-07-15T24:00:01+08:00", None, ""),
        ("2026-07-15T24:00:00.5+08:00", None, ""),
        ("9999-12-31T24:00:00+08:00", None, ""),
        ("2026-07-15", None, ""),
        ("２０２６-07-15T12:00:00+08:00", None, ""),
        ("2026-02-30T12:00:00+08:00", None, ""),
        ("2026-07-15T12:00:00+99:99", None, ""),
        ("1969-12-31T12:00:00+08:00", None, ""),
        ("9999-12-31T23:59:59-12:00", None, ""),
    ],
)
def test_instant(text: str, at: datetime | None, repair: str) -> None:
    """An instant is read in UTC with the repair it took, or not at all."""
    assert (at, repair) == read_instant(text, chinese=True)


def test_no_zone_elsewhere() -> None:
    """A time without zone is unreadable where no zone may be assumed."""
    assert (None, "") == read_instant("2026-07-15T12:00:00", chinese=False)


@pytest.mark.parametrize(("text", "word"), [("Alert", "Alert"), ("ALERT", "Alert"), ("Cancle", "Cancel"), ("Warn", ""), ("", "")])
def test_closed_word(text: str, word: str) -> None:
    """A word of a closed set is known in any case and under its alias."""
    assert word == closed_word(text, ("Alert", "Cancel"))


@pytest.mark.parametrize("text", ["{}", "a { } b", "{{name}}", "((where))", "<<what>>"])
def test_placeholder(text: str) -> None:
    """Template text is recognised."""
    assert has_placeholder(text)


@pytest.mark.parametrize("text", ["", "(a) and (b)", "f(g(x))", "{x}", "a << b", "((" * 100_000])
def test_no_placeholder(text: str) -> None:
    """Plain brackets are none, and a hostile row of them costs no time."""
    assert not has_placeholder(text)
