"""Areas: codes digit by digit, rings to eleven metres."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_area import AREAS, from_bcd, is_area_code, rounded, to_bcd
from fenghuo.formats.compact_fields import Sink, Source
from fenghuo.model.message import AffectedArea, Geocode
from tests.core.formats.compact_values import areas as any_area


def octets_of(*areas: AffectedArea) -> bytes:
    sink = Sink()
    sink.speak(1)
    AREAS.put(sink, areas)
    return sink.bits.octets()


def read(octets: bytes) -> tuple[AffectedArea, ...]:
    source = Source(octets)
    source.listen()
    areas = AREAS.take(source)
    source.bits.end()
    return areas


@settings(max_examples=100, deadline=None)
@given(st.lists(any_area, max_size=3))
def test_any_area_comes_back(areas: list[AffectedArea]) -> None:
    """Names, rings, circles, codes and heights."""
    assert tuple(areas) == read(octets_of(*areas))


@pytest.mark.parametrize(
    ("code", "bcd"), [("320585110000", 0x320585110000), ("320585110", 0x320585110FFF), ("32", 0x32FFFFFFFFFF), ("000000000000", 0)]
)
def test_a_code_is_its_digits(code: str, bcd: int) -> None:
    """Twelve digits in six octets, a shorter code filled with F, so that 32 and 320000000000 stay two."""
    assert (bcd, code) == (to_bcd(code), from_bcd(bcd))


@pytest.mark.parametrize("code", ["", "3", "3205851100001", "32058511A", "３２０５"])
def test_what_is_no_code_has_no_bcd(code: str) -> None:
    """Neither too short nor too long, nor other digits than those of ASCII."""
    assert not is_area_code(code)
    with pytest.raises(FrameError) as caught:
        to_bcd(code)
    assert "not-carried" == caught.value.code


@pytest.mark.parametrize("bcd", [0xFFFFFFFFFFFF, 0x3FFFFFFFFFFF, 0xA20585110000, 0x32F585110000])
def test_what_is_no_bcd_is_refused(bcd: int) -> None:
    """A digit above nine, or one behind the fill."""
    with pytest.raises(FrameError) as caught:
        from_bcd(bcd)
    assert "bad-area" == caught.value.code


def test_our_code_stands_in_the_octets_as_bcd() -> None:
    """Whoever looks at the bits finds the twelve digits in a row."""
    octets = octets_of(AffectedArea("", geocodes=(Geocode("mca", "320585110000"),)))
    assert f"{0x320585110000:048b}" in f"{int.from_bytes(octets, 'big'):0{len(octets) * 8}b}"


def test_a_ring_is_told_to_four_decimals() -> None:
    """Eleven metres: a ring of more places is rounded before it is said."""
    assert ((31.1235, 121.0), (31.2, 121.1), (31.1235, 121.0)) == rounded(((31.12345678, 121.0), (31.2, 121.1), (31.12345678, 121.0)))


@pytest.mark.parametrize("point", [(90.1, 0.0), (0.0, 180.1), (float("nan"), 0.0)])
def test_a_point_off_the_earth_is_refused(point: tuple[float, float]) -> None:
    """It is not said, so it cannot be read."""
    with pytest.raises((FrameError, ValueError)):
        octets_of(AffectedArea("", polygons=((point, (0.0, 0.0), (1.0, 1.0), point),)))


def test_points_that_are_promised_and_not_there_are_refused() -> None:
    """A count that the frame cannot hold ends as a frame that is too short."""
    sink = Sink()
    sink.speak(1)
    # One area: no name, no codes, one ring to no decimals, order 0, open, of ninety thousand points.
    for value, width in ((0b010, 3), (0b001, 3), (0b010, 3), (0, 3 + 4 + 1)):
        sink.bits.put(value, width)
    sink.bits.put_count(90_000, 3)
    with pytest.raises(FrameError) as caught:
        read(sink.bits.octets())
    assert "truncated" == caught.value.code
