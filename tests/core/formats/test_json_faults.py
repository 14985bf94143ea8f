"""Faults of JSON that the fast reader passes over or tells badly."""

from __future__ import annotations

import pytest

from fenghuo.formats.json_faults import lone_surrogate, repeated_key
from fenghuo.formats.message_json import read_message


def test_a_key_that_comes_twice_is_refused_by_name() -> None:
    error = read_message(b'{"to":["org:a"],"text":"first","text":"second"}').error
    assert error is not None
    assert (error.where, "text is there more than once" in error.message) == ("$.text", True)


def test_keys_that_come_once_are_no_fault() -> None:
    assert repeated_key(b'{"a":1,"b":{"a":2},"c":' + b"9" * 5000 + b"}") == ""


@pytest.mark.parametrize(
    ("text", "at", "written"), [("x\\ud800", 22, "\\ud800"), ("\\udc00", 21, "\\udc00"), ("\\uD83D \\uDE00", 21, "\\uD83D")]
)
def test_half_a_character_is_told_by_field_and_octet(text: str, at: int, written: str) -> None:
    error = read_message(f'{{"to":["org:a"],"text":"{text}"}}'.encode()).error
    assert error is not None
    assert (error.where, f"octet {at + 3} " in error.message, written in error.message) == ("$.text", True, True)


def test_whole_pairs_and_escaped_backslashes_are_no_halves() -> None:
    assert lone_surrogate(rb'{"a":"\ud83d\ude00 \\ud800"}') is None


@pytest.mark.parametrize("raw", [b"null", b"1", b"[]", b'"to"'])
def test_json_that_is_no_object_is_told_that_an_object_is_wanted(raw: bytes) -> None:
    error = read_message(raw).error
    assert error is not None
    assert "must be one JSON object" in error.message


def test_xml_under_the_name_of_json_is_told_by_its_media_type() -> None:
    error = read_message(b"\xef\xbb\xbf <alert/>").error
    assert error is not None
    assert "application/json" in error.message
    assert "application/cap+xml" in error.message
