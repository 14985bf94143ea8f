from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters.gsm7_framing import is_gsm7
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_adapters.short_message_octets_framing import SINGLE_CARRIES, characters_for, from_characters, to_characters


@given(st.binary(max_size=300))
def test_octets_come_back_from_characters_as_they_were(octets: bytes) -> None:
    """Of any length and content, in as many characters as were promised; a centre that normalises or pads changes nothing."""
    text = to_characters(octets)
    assert characters_for(len(octets)) == len(text)
    assert octets == from_characters(f" {text}\n")
    assert {text} == {unicodedata.normalize(form, text) for form in ("NFC", "NFKC")}


def test_one_message_carries_what_it_says_and_no_octet_more() -> None:
    """129 octets in 70 characters of UCS-2, which is more than 160 of the GSM alphabet would."""
    full, more = (to_characters(b"\xff" * octets) for octets in (SINGLE_CARRIES, SINGLE_CARRIES + 1))
    assert (70, 1, 2) == (len(full), part_count(full), part_count(more))
    assert not is_gsm7(full)


@given(st.text(max_size=80))
def test_any_text_is_octets_or_a_sentence(text: str) -> None:
    """What a person writes never does worse than a ValueError."""
    try:
        octets = from_characters(text)
    except ValueError:
        return
    assert text.strip() == to_characters(octets)


@pytest.mark.parametrize("text", ["", "烽", "烽A", "烽火😀", "收到", "烽一", "烽一一"])
def test_what_a_person_may_write_is_no_frame(text: str) -> None:
    """Too short, other characters, or nothing that ends: 一 stands for zeros."""
    with pytest.raises(ValueError, match=r"mark|no bits|does not end"):
        from_characters(text)
