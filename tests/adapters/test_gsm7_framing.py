from __future__ import annotations

import pytest
import smpplib.gsm
from aiosmpplib.codec import GSM_BASIC_DECODE_MAP, GSM_EXTENDED_DECODE_MAP, GSM7BitCodec
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters import gsm7_framing

ALPHABET = "".join([*GSM_BASIC_DECODE_MAP.values(), *GSM_EXTENDED_DECODE_MAP.values()])


def test_two_foreign_codecs_agree_on_every_character() -> None:
    """Every character of the alphabet and its extension has the septets that aiosmpplib and smpplib give it."""
    assert GSM7BitCodec().encode(ALPHABET)[0] == gsm7_framing.encode(ALPHABET)
    known_to_both = "".join(char for char in ALPHABET if char in smpplib.gsm.GSM_CHARACTER_TABLE)
    assert len(known_to_both) > 130
    assert bytes(smpplib.gsm.gsm_encode(known_to_both)) == gsm7_framing.encode(known_to_both)


@given(st.text(st.sampled_from(ALPHABET)))
def test_text_comes_back(text: str) -> None:
    """What is encoded is decoded to itself."""
    assert text == gsm7_framing.decode(gsm7_framing.encode(text))


@given(st.binary())
def test_any_octets_decode(octets: bytes) -> None:
    """Decoding never fails, whatever came over the air."""
    assert isinstance(gsm7_framing.decode(octets), str)


def test_a_chinese_character_is_refused_by_name() -> None:
    """The sentence names the character that the alphabet lacks."""
    with pytest.raises(ValueError, match="'烽' is not in the GSM 7-bit alphabet"):
        gsm7_framing.encode("SOS 烽")


def test_an_unknown_extension_reads_as_its_basic_character() -> None:
    """An escape before a letter without extension shows the letter (3GPP TS 23.038 §6.2.1.1)."""
    assert "A" == gsm7_framing.decode(b"\x1bA")
