"""Bits in and out: figures keep their value, and nothing is read that was not written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_bits import BitReader, BitWriter


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(41, 70)), max_size=80))
def test_figures_come_back(pairs: list[tuple[int, int]]) -> None:
    """Any row of figures in any widths is read back, across the borders at which octets are written out."""
    writer = BitWriter()
    for value, width in pairs:
        writer.put(value, width)
    reader = BitReader(writer.octets())
    assert [value for value, _ in pairs] == [reader.take(width) for _, width in pairs]
    reader.end()


@given(st.integers(-(2**38), 2**38), st.integers(0, 16), st.integers(0, 7))
def test_counts_come_back(value: int, order: int, before: int) -> None:
    """A figure with sign comes back at every order and at every place in an octet."""
    writer = BitWriter()
    writer.put(0, before)
    writer.put_signed(value, order)
    reader = BitReader(writer.octets())
    assert (0, value) == (reader.take(before), reader.take_signed(order))


@pytest.mark.parametrize(
    ("value", "order", "bits"), [(0, 0, "1"), (1, 0, "010"), (2, 0, "011"), (3, 0, "00100"), (0, 2, "100"), (3, 2, "111"), (4, 2, "01000")]
)
def test_counts_are_those_of_the_standard(value: int, order: int, bits: str) -> None:
    """ITU-T H.264 §9.1, table 9-2, for order 0; order k adds 2^k and spares k zeros."""
    writer = BitWriter()
    writer.put_count(value, order)
    assert bits.ljust(8, "0") == f"{writer.octets()[0]:08b}"


@pytest.mark.parametrize(("value", "width"), [(-1, 8), (256, 8), (1, 0)])
def test_what_does_not_fit_is_refused(value: int, width: int) -> None:
    """A figure is never wrapped."""
    with pytest.raises(FrameError) as caught:
        BitWriter().put(value, width)
    assert "bad-value" == caught.value.code


def test_a_count_without_end_is_refused() -> None:
    """More leading zeros than any field needs are no figure."""
    with pytest.raises(FrameError) as caught:
        BitReader(b"\0" * 10 + b"\1").take_count(0)
    assert "bad-value" == caught.value.code


def test_zeros_up_to_the_end_are_a_frame_that_is_too_short() -> None:
    """A count that has not begun when the frame ends is not the same mistake as one that never begins."""
    with pytest.raises(FrameError) as caught:
        BitReader(b"\0").take_count(0)
    assert "truncated" == caught.value.code


def test_more_than_there_is_cannot_be_taken() -> None:
    """A reader stops at the end, wherever in an octet."""
    reader = BitReader(b"\xff")
    assert 15 == reader.take(4)
    with pytest.raises(FrameError, match="the frame ends inside a field, at bit 4") as caught:
        reader.take(5)
    assert ("truncated", "bit 4") == (caught.value.code, caught.value.where)


@pytest.mark.parametrize("octets", [b"\x80\x00", b"\x81"])
def test_what_is_left_must_be_fill(octets: bytes) -> None:
    """Behind the last field there are only zeros, and not a whole octet of them."""
    reader = BitReader(octets)
    reader.take(1)
    with pytest.raises(FrameError) as caught:
        reader.end()
    assert "trailing" == caught.value.code
