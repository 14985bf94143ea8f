"""Paper: widths of Chinese, escaped control characters, local time, and no colour where nobody sees it."""

from __future__ import annotations

import sys

import pytest

from fenghuo.cli.paper import clean, colour, local, print_table, rfc3339, width


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("sms-a", 5), ("太仓", 4), ("ａ", 2), ("e\u0301", 1), ("P0 太仓", 7)])
def test_width_is_columns(text: str, columns: int) -> None:
    """Wide characters take two columns, combining ones none."""
    assert width(text) == columns


def test_columns_stand_straight_in_chinese(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal every column begins at the same place, whatever the script."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(("name", "state"), [("太仓市", "up"), ("a", "down")])
    assert capsys.readouterr().out == "name    state\n太仓市  up\na       down\n"


def test_a_pipe_gets_tabs_without_heads(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe a table is tab-separated, for cut and awk."""
    print_table(("name", "state"), [("太仓市", None)])
    assert capsys.readouterr().out == "太仓市\t-\n"


def test_colour_only_where_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colour, NO_COLOR and a pipe do not."""
    assert colour("down", "down") == "down"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colour("down", "down") == "\x1b[31mdown\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert colour("down", "down") == "down"


def test_nothing_repaints_the_screen() -> None:
    """Control and bidi characters are written as their codes."""
    assert clean("a\x1b[2J\n\u202eb") == "a\\u001b[2J\\u000a\\u202eb"


def test_people_read_local_time() -> None:
    """Instants are shown in +08:00, in JSON as RFC 3339."""
    assert (local(0.0), local("2026-11-24T20:15:03Z"), local(None)) == ("01-01 08:00:00", "11-25 04:15:03", "-")
    assert rfc3339(0.0) == "1970-01-01T08:00:00.000+08:00"
