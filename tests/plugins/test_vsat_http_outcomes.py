"""What an answer over the satellite says, cell by cell."""

from __future__ import annotations

import pytest

from fenghuo import Evidence, LinkBroken, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient
from fenghuo.formats.http_status import status_outcome
from fenghuo_vsat.http_outcomes import doubt, not_connected


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Reached(Evidence.ACCEPTED)),
        (204, Reached(Evidence.ACCEPTED)),
        (302, Permanent(Scope.RECIPIENT, "http-302")),
        (401, Permanent(Scope.RECIPIENT, "http-401")),
        (413, Permanent(Scope.MESSAGE, "http-413")),
        (429, Transient(Scope.RECIPIENT, "http-429", 7.0)),
        (503, Transient(Scope.RECIPIENT, "http-503", 7.0)),
    ],
)
def test_a_status_is_about_the_far_end_or_the_message(status: int, outcome: Outcome) -> None:
    """Whatever answered has crossed the satellite: it is no failure of the path."""
    assert outcome == status_outcome(status, retry_after="7", reached=Evidence.ACCEPTED, far_end=Scope.RECIPIENT)


def test_only_a_connection_that_nobody_answers_is_about_the_path() -> None:
    """Refused is an answer."""
    assert Transient(Scope.RECIPIENT, "connection-refused") == not_connected(LinkBroken("no"), was_refused=True, far_end=Scope.RECIPIENT)
    assert Transient(Scope.CHANNEL, "connect-timeout") == not_connected(LinkTimeout("late"), was_refused=False, far_end=Scope.RECIPIENT)
    assert Transient(Scope.CHANNEL, "no-path") == not_connected(LinkBroken("gone"), was_refused=False, far_end=Scope.RECIPIENT)


def test_a_doubt_says_whose_clock_ran_out() -> None:
    """Ours, or the connection."""
    assert ("timeout", "connection-lost") == (doubt(LinkTimeout("late")), doubt(LinkBroken("gone")))


def test_a_retry_after_with_a_date_is_left_to_the_core() -> None:
    """And so is one that is no number."""
    for text in ("Thu, 26 Nov 2026 08:00:00 GMT", "nan", "inf", ""):
        assert Transient(Scope.CHANNEL, "http-503") == status_outcome(
            503, retry_after=text, reached=Evidence.ACCEPTED, far_end=Scope.CHANNEL
        )
