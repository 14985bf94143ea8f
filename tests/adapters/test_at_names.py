from __future__ import annotations

import pytest

from fenghuo_adapters.at_names import ref_of, refs_of_report
from fenghuo_adapters.pdu_framing import Reported

NUMBER, AT = "+8613800138000", 1_795_514_700.0
HOUR = 3600.0


def _names(taken_at: float | None, now: float = AT) -> tuple[str, ...]:
    return refs_of_report("567890", NUMBER, Reported(42, NUMBER, taken_at, None, 0), taken_at, now=now)


@pytest.mark.parametrize("apart", [0.0, 59.0, -60.0, 119.0, -119.0])
def test_a_report_finds_its_submission_as_far_as_clocks_differ(apart: float) -> None:
    """Two minutes either way, and what the modem takes to say that it has sent it."""
    assert ref_of("567890", NUMBER, 42, AT) in _names(AT + apart)
    assert ref_of("567890", NUMBER, 42, AT + 50) in _names(AT)


@pytest.mark.parametrize("hours", [-24, -8, -1, 1, 8])
def test_another_hours_submission_with_the_same_reference_is_another(hours: int) -> None:
    """The octet comes round again, and begins anew with the modem: a report must not confirm what is older or newer."""
    assert ref_of("567890", NUMBER, 42, AT + hours * HOUR) not in _names(AT)


def test_the_first_name_is_the_reports_own() -> None:
    """Copies of one report have it in common; no submission is called so, for the minute alone proves nothing."""
    first, *others = _names(AT)
    assert first not in {ref_of("567890", NUMBER, 42, AT + each) for each in range(-600, 600)}
    assert (first, others) == (_names(AT)[0], [*_names(AT)[1:]])
    assert first != _names(AT + 1)[0]


def test_a_report_without_a_moment_is_of_the_last_hour() -> None:
    """Some centres send zeros."""
    assert ref_of("567890", NUMBER, 42, AT - HOUR) in _names(None)
    assert ref_of("567890", NUMBER, 42, AT - 2 * HOUR) not in _names(None)


def test_a_number_is_in_no_name() -> None:
    """A name is shown where the number is masked."""
    assert NUMBER[3:] not in ref_of("567890", NUMBER, 42, AT)
    assert ref_of("567890", NUMBER, 42, AT) != ref_of("567890", "+8613800138001", 42, AT)


def test_another_sim_is_another_name() -> None:
    """Two modems of a pool count on their own."""
    assert ref_of("1", NUMBER, 42, AT) != ref_of("2", NUMBER, 42, AT)
