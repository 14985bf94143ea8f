from __future__ import annotations

import random

import pytest
from aiosmpplib.state import SmppCommandStatus as Status

from fenghuo import Evidence, LinkBroken, LinkClosed, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.smpp_line import BrokenOff, NotWritten, Submitted
from fenghuo_adapters.smpp_receipts import Report
from fenghuo_adapters.smpp_status import StatusClass, classify, status_name
from fenghuo_sms.outcomes import outcome_of, outcome_of_failure, receipt_failure, retry_after


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ESME_ROK], ids=lambda status: status.name)
def test_every_status_has_its_outcome(status: Status) -> None:
    """Cell by cell: scope and permanence follow from the class, the code from the name."""
    code = status_name(status)
    expected: dict[StatusClass, Outcome] = {
        StatusClass.LATER: Transient(Scope.MESSAGE, code, 3.0),
        StatusClass.REFUSED: Transient(Scope.MESSAGE, code, 3.0),
        StatusClass.RECIPIENT: Permanent(Scope.RECIPIENT, code),
        StatusClass.MESSAGE: Permanent(Scope.MESSAGE, code),
        StatusClass.CHANNEL: Transient(Scope.CHANNEL, code, 5.0),
    }
    assert expected[classify(status)] == outcome_of(Submitted((), status, 1), retry_after_s=3.0)


def test_throttling_is_no_failure_of_the_channel() -> None:
    """Message scope, with a time: health does not move."""
    assert Transient(Scope.MESSAGE, "throttled", 2.0) == outcome_of(Submitted((), 0x58, 1), retry_after_s=2.0)


def test_a_taken_text_has_the_ids_of_all_parts() -> None:
    """DEVICE will need a report for each."""
    assert Reached(Evidence.ACCEPTED, ("a", "b")) == outcome_of(Submitted(("a", "b"), 0, 2), retry_after_s=1.0)


def test_a_text_of_which_a_part_has_no_id_is_never_confirmed() -> None:
    """The centre answered with an empty id: the report of the other part is not that of the whole."""
    assert Reached(Evidence.ACCEPTED, ()) == outcome_of(Submitted(("a", ""), 0, 2), retry_after_s=1.0)


def test_half_a_text_is_unknown() -> None:
    """One part on the telephone, the other refused: neither sent nor unsent."""
    broken = Unknown("1 of 2 parts taken, then throttled", ("a",), 2, is_short=True)
    assert broken == outcome_of(Submitted(("a",), 0x58, 2), retry_after_s=1.0)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (NotWritten("x"), Transient(Scope.CHANNEL, "not-bound")),
        (LinkTimeout("x"), Unknown("no-response")),
        (LinkClosed("x"), Unknown("closed")),
        (LinkBroken("x"), Unknown("link-lost")),
        (LinkError("x"), Unknown("link-lost")),
        (BrokenOff(NotWritten("x"), Submitted(("a",), 0, 2)), Unknown("1 of 2 parts taken, then link-lost", ("a",), 2, is_short=True)),
        (BrokenOff(LinkTimeout("x"), Submitted(("a",), 0, 2)), Unknown("1 of 2 parts taken, then no-response", ("a",), 2)),
        (BrokenOff(LinkBroken("x"), Submitted((), 0, 2)), Unknown("link-lost", (), 2, is_short=True)),
    ],
)
def test_only_what_was_not_written_is_certainly_unsent(failure: LinkError, outcome: Outcome) -> None:
    """Every other failure leaves doubt."""
    assert outcome == outcome_of_failure(failure)


def test_refusals_come_back_spread_out_and_within_a_minute_and_a_quarter() -> None:
    """Doubling from two seconds, with jitter."""
    rng = random.Random(1)
    assert all(1.5 <= retry_after(1, rng) <= 2.5 for _ in range(100))
    assert all(45.0 <= retry_after(50, rng) <= 75.0 for _ in range(100))


def test_a_failed_report_names_state_and_error() -> None:
    """undeliv:005, or the state alone."""
    assert Permanent(Scope.RECIPIENT, "undeliv:005") == receipt_failure(Report(("1",), "UNDELIV", "005", is_failed=True))
    assert Permanent(Scope.RECIPIENT, "expired") == receipt_failure(Report(("1",), "EXPIRED", is_failed=True))
    assert receipt_failure(Report(("1",), "ENROUTE")) is None
