from __future__ import annotations

import pytest

from fenghuo_adapters.at_names import ref_of, refs_of_report
from fenghuo_adapters.pdu_framing import Reported

NUMBER, AT = "+8613800138000", 1_795_514_700.0
HOUR = 3600.0


@pytest.mark.parametrize("apart", [0.0, 59 * 60.0, -HOUR, 8 * HOUR, -8 * HOUR])
def test_a_report_finds_its_submission_whatever_the_clocks(apart: float) -> None:
    """Also where a centre writes local time without its zone."""
    names = refs_of_report("567890", NUMBER, Reported(42, NUMBER, AT + apart, None, 0), AT)
    assert ref_of("567890", NUMBER, 42, AT) in names


def test_yesterdays_submission_with_the_same_reference_is_another() -> None:
    """The octet comes round again; a report must not confirm what is older."""
    names = refs_of_report("567890", NUMBER, Reported(42, NUMBER, AT, None, 0), AT)
    assert ref_of("567890", NUMBER, 42, AT - 24 * HOUR) not in names


def test_the_likeliest_name_comes_first() -> None:
    """The same hour, then its neighbours."""
    first, *_ = refs_of_report("567890", NUMBER, Reported(42, NUMBER, AT, None, 0), AT)
    assert ref_of("567890", NUMBER, 42, AT) == first


def test_a_report_without_a_moment_is_of_now() -> None:
    """Some centres send zeros."""
    first, *_ = refs_of_report("567890", NUMBER, Reported(42, NUMBER, None, None, 0), AT)
    assert ref_of("567890", NUMBER, 42, AT) == first


def test_a_number_is_in_no_name() -> None:
    """A name is shown where the number is masked."""
    assert NUMBER[3:] not in ref_of("567890", NUMBER, 42, AT)
    assert ref_of("567890", NUMBER, 42, AT) != ref_of("567890", "+8613800138001", 42, AT)


def test_another_sim_is_another_name() -> None:
    """Two modems of a pool count on their own."""
    assert ref_of("1", NUMBER, 42, AT) != ref_of("2", NUMBER, 42, AT)
