from __future__ import annotations

import pytest

from fenghuo_adapters.pdu_fields_framing import Octets, address, alphabet, stamp, validity

AT = 1_795_514_700.0
MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "octet"),
    [
        (1, 0),
        (5 * MINUTE, 0),
        (9 * MINUTE, 0),
        (10 * MINUTE, 1),
        (12 * HOUR, 143),
        (13 * HOUR, 145),
        (DAY, 167),
        (2 * DAY, 168),
        (30 * DAY, 196),
        (63 * 7 * DAY, 255),
        (10_000 * DAY, 255),
    ],
)
def test_a_validity_never_outlasts_the_content(seconds: float, octet: int) -> None:
    """The longest of TS 23.040 §9.2.3.12.1 that ends in time; five minutes is the shortest there is."""
    assert octet == validity(seconds)


@pytest.mark.parametrize("quarters", [32, 0, -20, 23])
def test_a_stamp_is_the_same_moment_in_any_zone(quarters: int) -> None:
    """East, Greenwich, west, and one with three quarters of an hour."""
    assert AT == Octets(stamp(AT, quarters=quarters)).stamp()


def test_the_zone_of_china_is_23() -> None:
    """32 quarters, digits swapped."""
    assert 0x23 == stamp(AT)[6]


def test_a_stamp_of_zeros_is_no_moment() -> None:
    """Some centres send it."""
    assert Octets(bytes(7)).stamp() is None


@pytest.mark.parametrize("number", ["+8613800138000", "10690001", "13800138000", "+1"])
def test_a_number_comes_back(number: str) -> None:
    """Odd and even, with `+` and without."""
    assert number == Octets(address(number)).address()


@pytest.mark.parametrize(
    ("coding", "found"),
    [(0x00, "gsm7"), (0x08, "ucs2"), (0x18, "ucs2"), (0x04, "octets"), (0xF0, "gsm7"), (0xF6, "octets"), (0xE0, "ucs2"), (0xC0, "gsm7")],
)
def test_the_alphabet_of_a_coding_scheme(coding: int, found: str) -> None:
    """TS 23.038 §4, each group."""
    assert found == alphabet(coding)
