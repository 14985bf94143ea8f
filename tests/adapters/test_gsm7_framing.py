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


def test_septets_are_packed_as_the_standard_packs_them() -> None:
    """Eight in seven octets, lowest bits first (TS 23.038 §6.1.2.1.1); another reader's well-known example."""
    assert bytes.fromhex("E8329BFD4697D9EC37") == gsm7_framing.pack(gsm7_framing.encode("hellohello"))


@given(st.binary(max_size=170).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_packed_septets_come_back(septets: bytes, fill: int) -> None:
    """Behind a header of any length."""
    packed = gsm7_framing.pack(septets, fill=fill)
    assert septets == gsm7_framing.unpack(packed, len(septets), fill=fill)
    assert (7 * len(septets) + fill + 7) // 8 == len(packed)
