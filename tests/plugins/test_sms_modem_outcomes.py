from __future__ import annotations

import pytest

from fenghuo import Evidence, LinkBroken, LinkClosed, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.formats.modem_answers import report_failure
from fenghuo_adapters.at_modem import NotReadyToSend
from fenghuo_adapters.at_pool import BrokenOff, Sent
from fenghuo_adapters.at_session import NotHandedOver
from fenghuo_adapters.pdu_framing import Reported
from fenghuo_sms.modem_outcomes import outcome_of, outcome_of_failure


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        (Sent("1", (7,), "", 1), Reached(Evidence.ACCEPTED, ("ref",))),
        (Sent("1", (7, 8), "", 2), Reached(Evidence.ACCEPTED, ())),
        (Sent("1", (7, 8), "cms-1", 3), Unknown("2 of 3 parts taken, then cms-1", ("ref",), 3, is_short=True)),
        (Sent("1", (7, 8), "cms-332", 3), Unknown("2 of 3 parts taken, then cms-332", ("ref",), 3)),
        (Sent("1", (7,), "cms-332", 3), Unknown("1 of 3 parts taken, then cms-332", ("ref",), 3, is_short=True)),
        (Sent("1", (), "cms-1", 1), Permanent(Scope.RECIPIENT, "cms-1")),
        (Sent("1", (), "cms-304", 1), Permanent(Scope.MESSAGE, "cms-304")),
        (Sent("1", (), "cms-42", 1), Transient(Scope.MESSAGE, "cms-42", 2.0)),
        (Sent("1", (), "cms-500", 1), Transient(Scope.MESSAGE, "cms-500", 2.0)),
        (Sent("1", (), "cms-331", 1), Transient(Scope.CHANNEL, "cms-331", 5.0)),
        (Sent("1", (), "cms-332", 1), Unknown("cms-332")),
    ],
)
def test_what_a_modem_answered_decides(sent: Sent, outcome: Outcome) -> None:
    """One cell for each class of error, before the first part and after it; a whole of which a part has no name is confirmed by nothing."""
    assert outcome == outcome_of(sent, ("ref",), retry_after_s=2.0)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (NotReadyToSend("none"), Transient(Scope.CHANNEL, "modem-not-ready", 5.0)),
        (NotHandedOver("no prompt"), Transient(Scope.CHANNEL, "modem-not-ready", 5.0)),
        (LinkTimeout("late"), Unknown("no-response")),
        (LinkBroken("gone"), Unknown("modem-lost")),
        (LinkClosed("closed"), Unknown("link-lost")),
        (BrokenOff(LinkBroken("gone"), Sent("1", (), "", 3)), Unknown("modem-lost", (), 3, is_short=True)),
        (BrokenOff(LinkTimeout("late"), Sent("1", (7, 8), "", 3)), Unknown("2 of 3 parts taken, then no-response", ("a", "b"), 3)),
        (
            BrokenOff(NotHandedOver("no prompt"), Sent("1", (7, 8), "", 3)),
            Unknown("2 of 3 parts taken, then modem-lost", ("a", "b"), 3, is_short=True),
        ),
    ],
)
def test_what_was_not_answered_is_unsent_only_if_nothing_was_written(failure: LinkError, outcome: Outcome) -> None:
    """Anything else is in doubt."""
    assert outcome == outcome_of_failure(failure, ("a", "b"))


@pytest.mark.parametrize(("status", "code"), [(0x00, ""), (0x21, ""), (0x46, "report-46"), (0x63, "report-63")])
def test_a_report_that_the_centre_gave_up_is_the_recipients(status: int, code: str) -> None:
    """Neither the modem's nor the text's."""
    reported = Reported(1, "+8613800138000", None, None, status)
    found = report_failure(reported.status, is_failed=reported.is_failed)
    assert (Permanent(Scope.RECIPIENT, code) if code else None) == found
