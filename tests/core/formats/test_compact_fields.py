"""Kinds of fields: what they write they take back, and what lies outside of them they refuse."""

from __future__ import annotations

from math import copysign, inf, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_fields import Count, Figure, Flag, Many, Record, Sink, Source, Text, Word


class Pair(msgspec.Struct, frozen=True):
    """Two texts."""

    one: str = ""
    two: str = ""


PAIR = Record(Pair, Pair(), (("one", Text()), ("two", Text())))


def octets_of(field: Any, value: object) -> bytes:
    sink = Sink()
    sink.speak(0)
    field.put(sink, value)
    return sink.bits.octets()


def read(field: Any, octets: bytes) -> object:
    source = Source(octets)
    source.listen()
    return field.take(source)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_exactly(value: float) -> None:
    """In decimals where they give it, else as IEEE 754."""
    got = read(Figure(), octets_of(Figure(), value + 0.0))
    assert value == got


@pytest.mark.parametrize(("value", "octets"), [(0.0, 3), (31.5, 3), (121.2051, 6), (1 / 3, 10)])
def test_a_short_number_is_short(value: float, octets: int) -> None:
    """As many octets as its digits ask for, behind one for the dictionary."""
    assert octets == len(octets_of(Figure(), value))


@pytest.mark.parametrize("value", [inf, nan, copysign(inf, -1)])
def test_what_is_no_number_is_refused(value: float) -> None:
    """When written and when read."""
    with pytest.raises(FrameError, match="is no figure"):
        octets_of(Figure(), value)
    with pytest.raises(FrameError, match="is no figure"):
        read(Figure(), b"\0" + bytes([0b11111111]) + b"\xff" * 9)


@pytest.mark.parametrize("value", ["b", "ä", ""])
def test_a_stranger_goes_as_text(value: str) -> None:
    """A word outside the set is written out behind all bits set."""
    word = Word(("a", "b"), 2)
    assert value == read(word, octets_of(word, value))


def test_a_number_without_a_word_is_refused() -> None:
    """Between the last word and the stranger there is nothing."""
    with pytest.raises(FrameError, match="word 2 of a set of 2"):
        read(Word(("a", "b"), 2), bytes((0, 0b10000000)))


def test_too_many_are_refused() -> None:
    """A count above its bound, on both sides, before anything is built."""
    many = Many(Flag(), most=3)
    with pytest.raises(FrameError) as caught:
        octets_of(many, (True,) * 4)
    assert "too-many" == caught.value.code
    with pytest.raises(FrameError) as caught:
        read(many, octets_of(Count(0, 99), 4) + b"\xff")
    assert "too-many" == caught.value.code


@pytest.mark.parametrize(
    ("value", "before", "bits"),
    [(Pair(), None, "00"), (Pair(), Pair("a"), "00"), (Pair("a"), Pair("a", "b"), "110"), (Pair("", "b"), Pair("", "b"), "011")],
)
def test_what_is_usual_or_was_said_costs_a_bit(value: Pair, before: Pair | None, bits: str) -> None:
    """0 for the default, 11 for what the record before says too."""
    sink = Sink()
    PAIR.put_after(sink, value, before)
    octets = sink.bits.octets()
    assert bits.ljust(8, "0") == f"{octets[0]:08b}"
    assert value == PAIR.take_after(Source(octets), before)
