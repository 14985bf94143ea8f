from __future__ import annotations

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters.short_message_framing import Concat, coding_for, decode_text, encode_text, part_count, read_part, split


def joined(text: str, reference: int = 7) -> str:
    coding, parts = split(text, reference)
    return "".join(decode_text(read_part(part.octets, has_header=part.has_header)[1], coding) for part in parts)


@pytest.mark.parametrize(
    ("characters", "parts"), [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (670, 10)], ids=lambda value: str(value)
)
def test_ucs2_takes_70_characters_or_67_a_part(characters: int, parts: int) -> None:
    """UCS-2: 140 octets alone, 134 beside a header."""
    assert parts == part_count("火" * characters) if characters else 1 == part_count("")


@pytest.mark.parametrize(("septets", "parts"), [(160, 1), (161, 2), (306, 2), (307, 3)])
def test_gsm7_takes_160_septets_or_153_a_part(septets: int, parts: int) -> None:
    """GSM 7-bit: 160 septets alone, 153 beside a header."""
    assert parts == part_count("a" * septets)


@pytest.mark.parametrize(("text", "parts"), [("火" * 70, 1), ("火" * 132, 2), ("火" * 133, 3), ("a" * 304, 2), ("a" * 305, 3)])
def test_wide_references_take_a_character_of_each_part(text: str, parts: int) -> None:
    """66 and 152 beside a header of seven octets, which numbers up to 65,535 messages."""
    assert parts == part_count(text, wide=True)
    _, found = split(text, 65_535, wide=True)
    named = [read_part(part.octets, has_header=part.has_header)[0] for part in found]
    assert parts == 1 or [Concat(65_535, number, parts) for number in range(1, parts + 1)] == named


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=700))
def test_the_parts_of_any_text_join_to_it(text: str) -> None:
    """Whatever is split is whole again at the other end, each part decoded by itself: no character is torn."""
    assert text == joined(text)


@given(st.text(alphabet="ab{}€^", min_size=150, max_size=700))
def test_no_escape_is_torn_from_its_character(text: str) -> None:
    """Extended characters at the seam of two parts stay whole."""
    assert text == joined(text)
    assert all(len(part.octets) <= 159 for part in split(text, 1)[1])


def test_the_header_counts_from_one() -> None:
    """05 00 03, the reference modulo 256, the total and the number."""
    _, parts = split("火" * 71, 0x1FE)
    assert [bytes.fromhex("050003FE0201"), bytes.fromhex("050003FE0202")] == [part.octets[:6] for part in parts]
    assert Concat(0xFE, 2, 2) == read_part(parts[1].octets, has_header=True)[0]


def test_the_parts_have_the_length_that_smpplib_gives_them() -> None:
    """A second implementation cuts the same text into parts of the same size."""
    text = "请红旗镇群众立即转移。" * 20
    theirs, coding, _ = smpplib.gsm.make_parts(text)
    ours = split(text, 1)
    assert coding == ours[0]
    assert [len(part) for part in theirs] == [len(part.octets) for part in ours[1]]


def test_a_16_bit_reference_is_read() -> None:
    """Element 08 carries two octets of reference."""
    header = bytes.fromhex("060804ABCD0301")
    assert (Concat(0xABCD, 1, 3), b"x") == read_part(header + b"x", has_header=True)


@pytest.mark.parametrize("octets", [b"", b"\x09\x00", bytes.fromhex("050003010203"), bytes.fromhex("0500030102")])
def test_a_header_that_does_not_hold_together_is_no_part(octets: bytes) -> None:
    """A short header, or a part beyond its total, is ignored and the octets are kept."""
    assert read_part(octets, has_header=True)[0] is None


@given(st.binary(max_size=160), st.integers(0, 255))
def test_any_octets_decode_in_any_coding(octets: bytes, coding: int) -> None:
    """Reading what a telephone sent never fails."""
    _, text = read_part(octets, has_header=True)
    assert isinstance(decode_text(text, coding), str)


def test_chinese_gateways_mean_gb18030_by_15() -> None:
    """data_coding 15 is read as GB 18030."""
    assert "收到" == decode_text("收到".encode("gb18030"), 15)


def test_a_lone_surrogate_does_not_stop_a_message() -> None:
    """A broken character becomes `?`; the rest goes out."""
    assert "火?" == encode_text("火\ud800", 8).decode("utf-16-be")


def test_more_than_255_parts_are_refused() -> None:
    """A header cannot count further."""
    with pytest.raises(ValueError, match="256 parts are more than a header can count"):
        split("火" * (67 * 255 + 1), 1)


def test_the_alphabet_decides_the_coding() -> None:
    """GSM where it is enough, else UCS-2."""
    assert (0, 8) == (coding_for("SOS {€}"), coding_for("SOS 烽"))
