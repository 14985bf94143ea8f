"""Event codes as numbers, and the sets whose order is the format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.cap_words import CATEGORIES, CERTAINTIES, RESPONSE_TYPES, SEVERITIES, URGENCIES
from fenghuo.formats.compact_event import CODED_ACTIONS, COLOURS, LANGUAGES, event_code, event_number, event_of
from fenghuo.formats.warning12379_words import EVENTS
from fenghuo.model.message import Geocode, Info


@given(st.from_regex(r"[1-4][0-9][A-P][0-9]{2}", fullmatch=True))
def test_a_code_is_a_number_and_back(code: str) -> None:
    """Every code of the standard's form, known or not."""
    text, codes = event_of(event_number(code))
    assert (EVENTS.get(code, code), (Geocode("12379", code),)) == (text, codes)


@pytest.mark.parametrize(
    ("code", "number"), [("", 0), ("暴雨", 0), ("51A00", 0), ("11Q00", 0), ("10A00", 1), ("11B06", 1707), ("49P99", 64_000)]
)
def test_numbers_of_codes(code: str, number: int) -> None:
    """What is no code is 0."""
    assert number == event_number(code)


def test_past_the_last_code_there_is_nothing() -> None:
    """A number that no code has is no event."""
    assert ("", ()) == event_of(0)
    with pytest.raises(FrameError, match="64001 is no number of an event"):
        event_of(64_001)


@pytest.mark.parametrize(
    ("info", "code"),
    [
        (Info(event="大风", event_codes=(Geocode("12379", "11B06"),)), "11B06"),
        (Info(event="大风"), "11B06"),
        (Info(event="Wind"), ""),
        (Info(event="10级大风", event_codes=(Geocode("12379", "11B06"),)), ""),
        (Info(event="大风", event_codes=(Geocode("SAME", "HWW"),)), "11B06"),
    ],
)
def test_a_code_stands_in_only_where_it_says_the_same(info: Info, code: str) -> None:
    """An event that says more than its code is said in words."""
    assert code == event_code(info)


def test_the_order_of_the_sets_is_the_format() -> None:
    """A word put in the middle of a set would change what every frame on the air says."""
    assert ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other") == CATEGORIES
    assert (*CODED_ACTIONS, "None") == RESPONSE_TYPES
    assert ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear") == CODED_ACTIONS
    assert ("Immediate", "Expected", "Future", "Past", "Unknown") == URGENCIES
    assert ("Extreme", "Severe", "Moderate", "Minor", "Unknown") == SEVERITIES
    assert ("Observed", "Likely", "Possible", "Unlikely", "Unknown") == CERTAINTIES
    assert ("", "Red", "Orange", "Yellow", "Blue") == COLOURS
    assert 15 == len(LANGUAGES)
