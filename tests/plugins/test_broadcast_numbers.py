"""Numbers of the emergency broadcast family keep their shape and never come twice."""

from __future__ import annotations

from datetime import datetime

import pytest

from fenghuo.formats.wording import BEIJING
from fenghuo_broadcast.ebd_numbers import area_of, ebdid, ebmid, ebrid, heartbeat_ebdid, is_ebmid, next_ebm_sequence

COUNTY = "010333112400000001"


def at(hour: int, minute: int = 0, second: int = 0) -> float:
    return datetime(2026, 7, 15, hour, minute, second, tzinfo=BEIJING).timestamp()


def test_a_county_platform_is_a_code_of_18_digits_around_its_area() -> None:
    """Blanks and hyphens are dropped, the area is the 12 digits in the middle."""
    assert COUNTY == ebrid(" 0103 331124000000-01 ")
    assert "331124000000" == area_of(COUNTY)


def test_the_code_of_2023_has_23_digits() -> None:
    """Its area stands behind the digit of the level."""
    assert "331124000000" == area_of(ebrid("43311240000000103010101"))


@pytest.mark.parametrize("text", ["", "0103331124", "01033311240000000x", "０１０３３１１２４０００００００１"])
def test_what_is_no_resource_code_is_told_with_what_one_is(text: str) -> None:
    """Digits of other scripts are none."""
    with pytest.raises(ValueError, match="is not an EBRID: 18 digits"):
        ebrid(text)


def test_the_id_of_a_heartbeat_is_the_one_seen_on_real_files() -> None:
    """The heartbeat of a county platform, captured in 2018, ends in sixteen zeros."""
    assert "010103331124000000010000000000000000" == heartbeat_ebdid(COUNTY)
    assert "010103331124000000010000000000000042" == ebdid(COUNTY, 42)


def test_a_message_is_numbered_by_the_day_in_beijing() -> None:
    """One minute past midnight there is still yesterday in UTC."""
    assert f"{COUNTY}202607150007" == ebmid(COUNTY, at(0, 1), 7)


def test_zeros_name_no_message() -> None:
    """They would stop everything in an area."""
    assert [True, True, False, False, False] == [
        is_ebmid(text) for text in (f"{COUNTY}202607150007", "1" * 35, "0" * 30, "0" * 35, "0" * 15)
    ]


def test_a_sequence_goes_on_and_never_lags_behind_the_day() -> None:
    """After a store that went back in time none is given twice, unless there were more than one in ten seconds."""
    assert 1 == next_ebm_sequence(0, at(0))
    assert 8 == next_ebm_sequence(7, at(0, 0, 30))
    assert 4321 == next_ebm_sequence(7, at(12))
    assert 8640 == next_ebm_sequence(7, at(23, 59, 59))
