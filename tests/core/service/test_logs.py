"""Logs: JSON for machines, secrets masked by type, and no character that a terminal would obey."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from fenghuo.service.logs import configure, escaped
from fenghuo.service.secrets import Secret


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = structlog.get_config()
    yield io.StringIO()
    structlog.configure(**before)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_pipe_gets_json(stream: io.StringIO) -> None:
    """Into anything but a terminal, each line is one JSON document with level and instant."""
    configure(stream)
    structlog.stdlib.get_logger().info("channel down", channel="sms-a", since=3)
    (line,) = lines(stream)
    assert ("channel down", "sms-a", 3, "info") == (line["event"], line["channel"], line["since"], line["level"])
    assert str(line["at"]).endswith("Z")


def test_secrets_are_masked_wherever_they_hide(stream: io.StringIO) -> None:
    """A secret shows in no line, however deep it lies."""
    configure(stream)
    structlog.stdlib.get_logger().info("tokens", one=Secret("hush"), many=[{"a": Secret("hush")}], raw=b"hush")
    assert "hush" not in stream.getvalue()


def test_what_a_terminal_would_obey_is_escaped(stream: io.StringIO) -> None:
    """Escape sequences, line breaks and bidi overrides come out as their codes; Chinese stays."""
    configure(stream, as_json=False)
    structlog.stdlib.get_logger().warning("headline", text="台风\x1b[2J\n\u202eevil")
    assert "台风\\u001b[2J\\u000a\\u202eevil" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


def test_an_exception_brings_its_trace_without_locals(stream: io.StringIO) -> None:
    """A trace says where, and shows no local variable."""
    configure(stream)
    password = "hush"
    try:
        raise ValueError(f"bad of length {len(password)}")
    except ValueError:
        structlog.stdlib.get_logger().exception("failed")
    (line,) = lines(stream)
    assert "ValueError: bad of length 4" in str(line["trace"])
    assert "'hush'" not in str(line["trace"]).replace('password = "hush"', "")


def test_the_level_is_kept(stream: io.StringIO) -> None:
    """Lines below the level are not written."""
    configure(stream, level=logging.WARNING)
    structlog.stdlib.get_logger().info("quiet")
    structlog.stdlib.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_plain_text_is_left_as_it_is() -> None:
    """Text without hidden characters is unchanged."""
    assert escaped("太仓市 a-1") == "太仓市 a-1"
